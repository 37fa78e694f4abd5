//! Mends slips of the pen: 怎么退宽 asks about 退款 where the base writes 退款 and nowhere 退宽.
//!
//! What a base writes means what it says; only pairs of characters that stand nowhere in it are looked at, so that a clean
//! message costs a look-up a pair. A character gives way to one of its sound or shape where the pairs around it become ones
//! that the base knows, and the more so where they make a word of the dictionary and did not before. Negations and numerals
//! never change, nor do words of the lexicon. Must not know articles or ranks. Invariant: a pair that the base knows stays.

use std::cell::LazyCell;

use super::live::Base;
use crate::text::{Overlay, Segmenter, gram_hash, look_alikes, sound_alikes};

/// So many slips of one message are mended.
const MAX_MENDED: usize = 2;
/// Characters that change what is asked, from whichever side.
const FIXED: &str = "不没未无别勿非否莫〇零一二两三四五六七八九十百千万亿";
/// Evidence for a change: for each pair that the base knows then, for a character that it writes nowhere, for a pair that
/// is a word of the dictionary then; and against it, where it was one before.
const PAIR: f32 = 1.0;
const STRANGE: f32 = 0.5;
const WORD: f32 = 0.5;
const WAS_WORD: f32 = 0.75;
/// As much is needed: two pairs, or one with a strange character that makes a word.
const ENOUGH: f32 = 2.0;
/// As much where two neighbors change together.
const ENOUGH_FOR_TWO: f32 = 2.5;

/// Returns the content with its slips mended; `None` where there are none.
pub(super) fn mended(base: &Base, content: &str) -> Option<String> {
    mended_by(&|gram| base.snapshot.table.document_frequency(gram) > 0, &base.overlay, content)
}

fn mended_by(knows: &dyn Fn(u64) -> bool, overlay: &Overlay, content: &str) -> Option<String> {
    let mut text = Text::read(content, knows);
    if !text.has_strange_pair() {
        return None;
    }
    text.protect(overlay, content);
    let mut num_mended = 0;
    while num_mended < MAX_MENDED {
        let Some(change) = text.best_change() else { break };
        text.apply(change);
        num_mended += 1;
    }
    (num_mended > 0).then(|| text.chars.iter().collect())
}

/// Characters to be put in at a place: one or two.
#[derive(Clone, Copy)]
struct Change {
    at: usize,
    first: char,
    second: Option<char>,
    evidence: f32,
}

struct Text<'a> {
    chars: Vec<char>,
    /// Whether the base knows the pair that begins at a character; `None` where there is no pair of Han characters.
    known: Vec<Option<bool>>,
    /// Characters that stay as they are.
    fixed: Vec<bool>,
    knows: &'a dyn Fn(u64) -> bool,
}

impl<'a> Text<'a> {
    fn read(content: &str, knows: &'a dyn Fn(u64) -> bool) -> Self {
        let chars: Vec<char> = content.chars().collect();
        let known = chars.windows(2).map(|pair| is_pair(pair).then(|| knows(pair_hash(pair[0], pair[1])))).collect();
        let fixed = chars.iter().map(|c| FIXED.contains(*c)).collect();
        Self { chars, known, fixed, knows }
    }

    fn has_strange_pair(&self) -> bool {
        self.known.contains(&Some(false))
    }

    /// Leaves the words of the lexicon as they are: the base knows them by the first of their set.
    fn protect(&mut self, overlay: &Overlay, content: &str) {
        for hit in overlay.matches(content) {
            let start = content[..hit.span.start].chars().count();
            let end = start + content[hit.span.range()].chars().count();
            self.fixed[start..end].fill(true);
            let last = end.min(self.known.len());
            self.known[start.saturating_sub(1).min(last)..last].fill(None);
        }
    }

    fn best_change(&self) -> Option<Change> {
        let singles = (0..self.chars.len()).filter(|at| !self.fixed[*at]).filter_map(|at| self.single(at));
        let doubles = (0..self.known.len()).filter(|at| !self.fixed[*at] && !self.fixed[at + 1]);
        let doubles = doubles.filter_map(|at| self.double(at));
        singles.chain(doubles).max_by(|a, b| a.evidence.total_cmp(&b.evidence))
    }

    /// Whether the base knows the pairs before and after some characters from `at` on.
    fn around(&self, at: usize, num: usize) -> [Option<bool>; 2] {
        [at.checked_sub(1).and_then(|left| self.known[left]), self.known.get(at + num - 1).copied().flatten()]
    }

    /// The best other character at a place, where there is evidence enough.
    fn single(&self, at: usize) -> Option<Change> {
        let [left, right] = self.around(at, 1);
        let num_strange = [left, right].into_iter().filter(|known| *known == Some(false)).count();
        let c = self.chars[at];
        let most = num_strange as f32 * PAIR + WORD;
        if num_strange == 0 || most + STRANGE < ENOUGH {
            return None;
        }
        let strange = if (self.knows)(char_hash(c)) { 0.0 } else { STRANGE };
        if most + strange < ENOUGH {
            return None;
        }
        let was_word = LazyCell::new(|| self.was_word(at));
        let change = |other: char| {
            let before = left.map(|known| (known, [self.chars[at - 1], other]));
            let after = right.map(|known| (known, [other, self.chars[at + 1]]));
            let num_new = self.num_new([before, after]).filter(|num_new| *num_new > 0)?;
            let makes_word = [before, after].into_iter().flatten().any(|(_, [first, second])| is_word(first, second));
            let evidence = strange + num_new as f32 * PAIR + if makes_word { WORD } else { 0.0 } - *was_word;
            Some(Change { at, first: other, second: None, evidence }).filter(|change| change.evidence >= ENOUGH)
        };
        alikes(c).filter_map(change).max_by(|a, b| a.evidence.total_cmp(&b.evidence))
    }

    /// Counts the pairs that the base knows and did not before; `None` where it knew one that it does not know any more.
    fn num_new(&self, pairs: [Option<(bool, [char; 2])>; 2]) -> Option<usize> {
        let mut num_new = 0;
        for (was_known, [first, second]) in pairs.into_iter().flatten() {
            let is_known = (self.knows)(pair_hash(first, second));
            if was_known && !is_known {
                return None;
            }
            num_new += usize::from(is_known && !was_known);
        }
        Some(num_new)
    }

    /// The best other word for a word of two characters that stands nowhere, where there is evidence enough.
    fn double(&self, at: usize) -> Option<Change> {
        let [left, right] = self.around(at, 2);
        let is_strange = self.known[at] == Some(false) && [left, right].contains(&Some(false));
        let (a, b) = (self.chars[at], self.chars[at + 1]);
        if !is_strange || !is_word(a, b) {
            return None;
        }
        let firsts = sound_alikes(a).iter().copied().filter(|first| *first != a && is_free(*first));
        let seconds = || sound_alikes(b).iter().copied().filter(|second| *second != b && is_free(*second));
        let change = |(first, second): (char, char)| {
            let before = left.map(|known| (known, [self.chars[at - 1], first]));
            let after = right.map(|known| (known, [second, self.chars[at + 2]]));
            let pair = Some((false, [first, second]));
            let num_new = self.num_new([pair, None]).filter(|num_new| *num_new > 0)? + self.num_new([before, after])?;
            let evidence = num_new as f32 * PAIR + if is_word(first, second) { WORD } else { 0.0 };
            Some(Change { at, first, second: Some(second), evidence })
                .filter(|change| change.evidence >= ENOUGH_FOR_TWO)
        };
        let pairs = firsts.flat_map(|first| seconds().map(move |second| (first, second)));
        pairs.filter_map(change).max_by(|a, b| a.evidence.total_cmp(&b.evidence))
    }

    /// What a word of the dictionary that the character is part of says against a change.
    fn was_word(&self, at: usize) -> f32 {
        let left = at.checked_sub(1).is_some_and(|left| is_word(self.chars[left], self.chars[at]));
        let right = self.chars.get(at + 1).is_some_and(|next| is_word(self.chars[at], *next));
        if left || right { WAS_WORD } else { 0.0 }
    }

    fn apply(&mut self, change: Change) {
        let num = 1 + usize::from(change.second.is_some());
        self.chars[change.at] = change.first;
        if let Some(second) = change.second {
            self.chars[change.at + 1] = second;
        }
        self.fixed[change.at..change.at + num].fill(true);
        for at in change.at.saturating_sub(1)..(change.at + num).min(self.known.len()) {
            if self.known[at].is_some() {
                self.known[at] = Some((self.knows)(pair_hash(self.chars[at], self.chars[at + 1])));
            }
        }
    }
}

/// Characters that `c` may have been meant for.
fn alikes(c: char) -> impl Iterator<Item = char> {
    sound_alikes(c).iter().chain(look_alikes(c)).copied().filter(move |other| *other != c && is_free(*other))
}

fn is_free(c: char) -> bool {
    !FIXED.contains(c)
}

fn is_pair(pair: &[char]) -> bool {
    pair.iter().all(|c| matches!(c, '\u{4E00}'..='\u{9FFF}'))
}

fn is_word(first: char, second: char) -> bool {
    with_text(&[first, second], |text| Segmenter::shared().has_word(text))
}

fn pair_hash(first: char, second: char) -> u64 {
    with_text(&[first, second], gram_hash)
}

fn char_hash(c: char) -> u64 {
    with_text(&[c], gram_hash)
}

/// Calls with one or two characters as text, without allocating.
fn with_text<T>(chars: &[char], call: impl Fn(&str) -> T) -> T {
    let mut buffer = [0; 8];
    let mut len = 0;
    for c in chars {
        len += c.encode_utf8(&mut buffer[len..]).len();
    }
    call(std::str::from_utf8(&buffer[..len]).unwrap_or_default())
}

#[cfg(test)]
mod tests;
