//! The original made readable for patterns, character by character, so that places in it are places in the original.
//!
//! Only width and script are folded; nothing is dropped, for a mask must fit. Invariant: as many characters as the original.

use crate::domain::Span;
use crate::text::normalize::fold::half_width;
use crate::text::normalize::script::simplify_char;

/// Declares a pattern, compiled at its first use.
macro_rules! pattern {
    ($name:ident, $regex:expr) => {
        static $name: std::sync::LazyLock<regex::Regex> =
            std::sync::LazyLock::new(|| regex::Regex::new($regex).expect("the pattern is constant and tested"));
    };
}
pub(super) use pattern;

/// One byte that no pattern takes.
const BLANK: &str = "\u{1}";

/// A folded original and the way back.
pub(super) struct Scan {
    pub(super) text: String,
    /// Start of each character here and in the original; empty where the two agree.
    starts: Vec<(usize, usize)>,
    original_len: usize,
}

impl Scan {
    pub(super) fn new(original: &str) -> Self {
        let mut text = String::with_capacity(original.len());
        let mut starts = Vec::with_capacity(original.len() / 2);
        let mut is_same_length = true;
        for (at, c) in original.char_indices() {
            let folded = if c.is_ascii() { c } else { simplify_char(half_width(c)) };
            is_same_length &= folded.len_utf8() == c.len_utf8();
            starts.push((text.len(), at));
            text.push(folded);
        }
        if is_same_length {
            starts.clear();
        }
        Self { text, starts, original_len: original.len() }
    }

    /// Hides what is recognized from the patterns still to come.
    pub(super) fn blank(&mut self, span: Span) {
        self.text.replace_range(span.range(), &BLANK.repeat(span.len_bytes()));
    }

    /// Returns the place in the original of a span of this text.
    pub(super) fn original_span(&self, span: Span) -> Span {
        if self.starts.is_empty() {
            return span;
        }
        let back = |at: usize| {
            let idx = self.starts.partition_point(|(start, _)| *start < at);
            self.starts.get(idx).map_or(self.original_len, |(_, original)| *original)
        };
        Span::new(back(span.start), back(span.end))
    }
}

/// Something recognized in a scan.
pub(super) struct Found {
    pub(super) span: Span,
    pub(super) value: String,
}

/// Tells whether digits go on beyond the span, so that it is only a part of a longer number.
pub(super) fn cuts_number(text: &str, span: Span) -> bool {
    let bytes = text.as_bytes();
    let is_digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    let starts = span.start > 0 && is_digit(span.start - 1) && is_digit(span.start);
    // An X closes an identity number whatever follows.
    let ends = span.end > 0 && is_digit(span.end - 1) && is_digit(span.end);
    starts || ends
}

/// Returns the digits of a text.
pub(super) fn digits(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}
