//! Whole phrases that say nothing of what is asked, to be looked up at the start or the end of a text.
//!
//! Must not know what becomes of what is found. Short ones are weak: 亲 opens 亲,在吗 and 亲子装 alike, so they count only
//! where a mark sets them off.

use std::collections::HashMap;

/// A shorter phrase is weak, unless the program knows it.
const MIN_STRONG_CHARS: usize = 3;

/// Where a phrase stands beside what is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Before,
    Between,
    After,
}

/// A phrase that was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Found {
    /// In bytes.
    pub len: usize,
    pub is_weak: bool,
}

/// Phrases of one place, by the character that they begin with, or end with where they are looked for at an end; the
/// longest first.
pub(super) struct Phrases(HashMap<char, Vec<(&'static str, bool)>>);

impl Phrases {
    /// Takes the phrases that are known to the program, the weak ones among them, and those of the file for a place. What
    /// people say before a question they say within it as well.
    pub fn of(place: Place, known: &[&'static str], weak: &[&'static str]) -> Self {
        let known = known.iter().map(|phrase| (*phrase, false)).chain(weak.iter().map(|phrase| (*phrase, true)));
        let also = Some(Place::Before).filter(|_| place == Place::Between).into_iter().flat_map(listed);
        let is_weak = |phrase: &str| phrase.chars().nth(MIN_STRONG_CHARS - 1).is_none();
        let listed = listed(place).chain(also).map(|phrase| (phrase, is_weak(phrase)));
        let mut phrases: HashMap<char, Vec<(&'static str, bool)>> = HashMap::new();
        for (phrase, is_weak) in known.chain(listed) {
            let end = if place == Place::After { phrase.chars().next_back() } else { phrase.chars().next() };
            let of_end = phrases.entry(end.unwrap_or_default()).or_default();
            if of_end.iter().all(|(other, _)| *other != phrase) {
                of_end.push((phrase, is_weak));
            }
        }
        phrases.values_mut().for_each(|phrases| phrases.sort_by_key(|(phrase, _)| std::cmp::Reverse(phrase.len())));
        Self(phrases)
    }

    /// Lists the phrases that a text begins with, the longest first.
    pub fn opening<'p>(&'p self, text: &'p str) -> impl Iterator<Item = Found> + 'p {
        self.at(text.chars().next(), move |phrase| text.starts_with(phrase))
    }

    /// Lists the phrases that a text ends with, the longest first.
    pub fn closing<'p>(&'p self, text: &'p str) -> impl Iterator<Item = Found> + 'p {
        self.at(text.chars().next_back(), move |phrase| text.ends_with(phrase))
    }

    fn at<'p>(&'p self, end: Option<char>, fits: impl Fn(&str) -> bool + 'p) -> impl Iterator<Item = Found> + 'p {
        let phrases = end.and_then(|end| self.0.get(&end)).into_iter().flatten();
        let fitting = phrases.filter(move |(phrase, _)| fits(phrase));
        fitting.map(|(phrase, is_weak)| Found { len: phrase.len(), is_weak: *is_weak })
    }
}

/// Lists the phrases of the file for a place.
pub(super) fn listed(place: Place) -> impl Iterator<Item = &'static str> {
    let name = match place {
        Place::Before => "before",
        Place::Between => "between",
        Place::After => "after",
    };
    let lines = include_str!("../../../data/text/fillers.txt").lines().filter(|line| !line.starts_with('#'));
    lines.filter_map(move |line| line.strip_prefix(name)?.strip_prefix(' '))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::normalize;

    #[test]
    fn the_longest_comes_first_and_short_ones_are_weak() {
        let phrases = Phrases::of(Place::Before, &["嗯"], &["喂"]);
        let found =
            |text: &'static str| phrases.opening(text).map(|one| (one.len / 3, one.is_weak)).collect::<Vec<_>>();
        assert_eq!(found("嗯怎么退货"), [(1, false)]);
        assert_eq!(found("喂怎么退货").last(), Some(&(1, true)));
        let known = Phrases::of(Place::After, &["就这样吧", "这样吧"], &[]);
        let lens: Vec<usize> = known.closing("退货就这样吧").map(|one| one.len / 3).collect();
        assert!(lens.is_sorted_by(|a, b| a > b) && lens.contains(&4) && lens.contains(&3), "{lens:?}");
        assert_eq!(known.opening("").count(), 0);
    }

    #[test]
    fn phrases_stand_as_messages_are_compared() {
        for place in [Place::Before, Place::Between, Place::After] {
            assert!(listed(place).count() > 100);
            for phrase in listed(place) {
                assert_eq!(normalize(phrase).as_str(), phrase);
            }
        }
    }
}
