//! Product names from a list, however they are spaced: iPhone 15 Pro, iphone15pro, IPHONE-15-PRO.
//!
//! Invariant: the longest name at a place wins, and none is found inside a longer word of letters or digits.

use std::cmp::Reverse;

use aho_corasick::AhoCorasick;

use super::scan::{Found, Scan};
use crate::domain::Span;
use crate::text::chars::cuts_ascii_word;

/// The names of one knowledge base's products, ready to be found.
#[derive(Clone, Debug)]
pub(super) struct Products {
    automaton: AhoCorasick,
    names: Vec<String>,
}

/// A text without case, spaces and dashes, and the way back.
struct Squeezed {
    text: String,
    /// For each byte, the bytes of the character it is from.
    source: Vec<Span>,
}

impl Products {
    pub(super) fn new(names: &[String]) -> Self {
        let patterns = names.iter().map(|name| (name, Squeezed::new(&Scan::new(name).text).text));
        let (names, patterns): (Vec<String>, Vec<String>) =
            patterns.filter(|(_, pattern)| !pattern.is_empty()).map(|(name, pattern)| (name.clone(), pattern)).unzip();
        let automaton =
            AhoCorasick::new(patterns).expect("a list of product names is far below the automaton's limits");
        Self { automaton, names }
    }

    pub(super) fn find(&self, text: &str) -> Vec<Found> {
        if self.names.is_empty() {
            return Vec::new();
        }
        let squeezed = Squeezed::new(text);
        let spans = self.automaton.find_overlapping_iter(&squeezed.text).map(|found| {
            let span = Span::new(squeezed.source[found.start()].start, squeezed.source[found.end() - 1].end);
            (span, found.pattern().as_usize())
        });
        let mut found: Vec<(Span, usize)> =
            spans.filter(|(span, _)| !cuts_ascii_word(text, span.start, span.end)).collect();
        found.sort_unstable_by_key(|(span, _)| (span.start, Reverse(span.end)));
        let mut free_from = 0;
        found.retain(|(span, _)| {
            span.start >= free_from && {
                free_from = span.end;
                true
            }
        });
        found.into_iter().map(|(span, idx)| Found { span, value: self.names[idx].clone() }).collect()
    }
}

impl Squeezed {
    fn new(text: &str) -> Self {
        let mut squeezed = Self { text: String::with_capacity(text.len()), source: Vec::with_capacity(text.len()) };
        for (at, c) in text.char_indices().filter(|(_, c)| !c.is_whitespace() && !matches!(c, '-' | '_')) {
            squeezed.text.extend(c.to_lowercase());
            squeezed.source.resize(squeezed.text.len(), Span::new(at, at + c.len_utf8()));
        }
        squeezed
    }
}
