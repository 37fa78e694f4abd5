//! The units of the index and of the model: characters, bigrams, runs of letters and digits.
//!
//! Knows no dictionary, so that what is indexed never changes with one. Each Han character is a unit, and each pair of
//! neighbors; a maximal run of letters or digits of another script is one unit. Punctuation and spaces break pairs, and
//! so does the border between Han and a run.
//!
//! Invariants: nothing is allocated; units come in the order of their ends, a character before the pair it ends;
//! [`gram_hash`] is part of stored formats and never changes.

use crate::domain::Span;

use super::chars::{is_han, is_plain};

/// Returns where the units of a normalized text lie.
pub fn gram_spans(normalized: &str) -> impl Iterator<Item = Span> + '_ {
    GramSpans { text: normalized, at: 0, previous: None, pending: None }
}

/// Returns the units of a normalized text.
pub fn grams(normalized: &str) -> impl Iterator<Item = &str> + '_ {
    gram_spans(normalized).map(|span| &normalized[span.range()])
}

/// Returns the 64-bit FNV-1a hash of a unit.
///
/// Offset basis and prime as published (Fowler, Noll, Vo). Where only a few bits are used, take the remainder, not the
/// high bits, which vary little for short units.
pub fn gram_hash(gram: &str) -> u64 {
    gram.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3))
}

struct GramSpans<'t> {
    text: &'t str,
    at: usize,
    /// Where the Han character just before `at` starts.
    previous: Option<usize>,
    pending: Option<Span>,
}

impl Iterator for GramSpans<'_> {
    type Item = Span;

    fn next(&mut self) -> Option<Span> {
        if let Some(pair) = self.pending.take() {
            return Some(pair);
        }
        loop {
            let rest = &self.text[self.at..];
            let c = rest.chars().next()?;
            let start = self.at;
            self.at += c.len_utf8();
            if is_han(c) {
                self.pending = self.previous.replace(start).map(|first| Span::new(first, self.at));
                return Some(Span::new(start, self.at));
            }
            self.previous = None;
            if is_plain(c) {
                self.at = start + rest.find(|c| !is_plain(c)).unwrap_or(rest.len());
                return Some(Span::new(start, self.at));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[&str]) {
        assert_eq!(grams(text).collect::<Vec<_>>(), expected, "{text}");
    }

    #[test]
    fn units_are_characters_pairs_and_runs() {
        check("", &[]);
        check("退", &["退"]);
        check("退货款", &["退", "货", "退货", "款", "货款"]);
        check("iphone15怎么", &["iphone15", "怎", "么", "怎么"]);
        check("退,货 a-1", &["退", "货", "a", "1"]);
        check("退5g货", &["退", "5g", "货"]);
    }

    #[test]
    fn hashes_are_the_published_ones() {
        for (gram, hash) in
            [("", 0xcbf2_9ce4_8422_2325), ("a", 0xaf63_dc4c_8601_ec8c), ("foobar", 0x8594_4171_f739_67e8)]
        {
            assert_eq!(gram_hash(gram), hash, "{gram}");
        }
    }

    #[test]
    fn random_text_gives_each_character_once() {
        let mut rng = fastrand::Rng::with_seed(3);
        let letters: Vec<char> = "退货款a1é ,。の".chars().collect();
        for _ in 0..500 {
            let text: String = (0..rng.usize(..16)).map(|_| letters[rng.usize(..letters.len())]).collect();
            let is_pair = |span: &Span| text[span.range()].chars().filter(|c| is_han(*c)).count() == 2;
            let (pairs, units): (Vec<Span>, Vec<Span>) = gram_spans(&text).partition(is_pair);
            let joined: String = units.iter().map(|span| &text[span.range()]).collect();
            assert_eq!(joined, text.chars().filter(|c| is_han(*c) || is_plain(*c)).collect::<String>());
            let neighbors = text.chars().zip(text.chars().skip(1)).filter(|(a, b)| is_han(*a) && is_han(*b)).count();
            assert_eq!(pairs.len(), neighbors, "{text}");
        }
    }
}
