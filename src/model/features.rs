//! What the model sees of a message: keys of its units.
//!
//! Two views of the same text. *Entries* (characters, pairs of neighbors, words of two and more) have learned vectors whose mean
//! stands for the meaning. *Marks* (runs of one to three symbols, words and pairs of words, the length) have a weight
//! for each label; they catch wordings. A symbol is a character, or a whole run of letters and digits. Must not know the
//! weights. Invariants: spaces count for nothing; long numbers are alike, but those that name something (12315); nothing
//! here allocates but the symbol list; changing what is visited means a new bundle format.

use std::ops::Range;

use super::vocabulary::{joined_key, unit_key};
use crate::text::Word;

/// A normalized text with its words, as [`Segmenter::words`](crate::text::Segmenter::words) cuts it.
#[derive(Clone, Copy, Debug)]
pub struct Input<'t> {
    /// The normalized text.
    pub text: &'t str,
    /// Its words.
    pub words: &'t [Word],
}

/// Numbers that name something; others of three digits and more are only long.
const NAMED_NUMBERS: [&str; 11] =
    ["110", "119", "120", "315", "618", "996", "1111", "12315", "12321", "12345", "12378"];
/// The most characters read of a message: enough for any meaning, and a bound for the cost.
const MAX_CHARS: usize = 400;
const LENGTH_BOUNDS: [usize; 7] = [2, 4, 8, 14, 24, 44, 90];

#[derive(Clone, Copy)]
struct Symbol {
    key: u64,
    start: usize,
    end: usize,
    is_han: bool,
}

/// Calls `visit` with the key of each entry and the places of the symbols that it covers.
pub fn visit_entries(input: Input<'_>, mut visit: impl FnMut(u64, Range<usize>)) {
    let symbols = symbols(input.text);
    let mut previous: Option<Symbol> = None;
    for (place, symbol) in symbols.iter().enumerate() {
        visit(symbol.key, place..place + 1);
        if let Some(before) = previous.filter(|before| before.is_han && symbol.is_han && before.end == symbol.start) {
            visit(unit_key(&input.text[before.start..symbol.end]), place - 1..place + 1);
        }
        previous = Some(*symbol);
    }
    let end = symbols.last().map_or(0, |symbol| symbol.end);
    let mut first = 0;
    for word in input.words.iter().filter(|word| word.span.end <= end) {
        let text = word.text(input.text);
        if text.chars().nth(1).is_some() && !text.is_ascii() {
            first += symbols[first..].iter().take_while(|symbol| symbol.end <= word.span.start).count();
            let num = symbols[first..].iter().take_while(|symbol| symbol.start < word.span.end).count();
            visit(unit_key(text), first..first + num);
        }
    }
}

/// Calls `visit` with the key of each mark.
pub fn visit_marks(input: Input<'_>, mut visit: impl FnMut(u64)) {
    let border = unit_key("");
    let symbols = symbols(input.text);
    let (mut second, mut first) = (None, Some(border));
    for key in symbols.iter().map(|symbol| symbol.key).chain([border]) {
        visit(key);
        if let Some(first) = first {
            let pair = joined_key(first, key);
            visit(pair);
            if let Some(second) = second {
                visit(joined_key(second, pair));
            }
        }
        (second, first) = (first, Some(key));
    }
    let word_tag = unit_key("w");
    let mut previous = joined_key(word_tag, border);
    let end = symbols.last().map_or(0, |symbol| symbol.end);
    for word in input.words.iter().filter(|word| word.span.end <= end) {
        let key = joined_key(word_tag, symbol_key(word.text(input.text)));
        visit(key);
        visit(joined_key(previous, key));
        previous = key;
    }
    visit(length_key(symbols.len()));
}

fn length_key(num_symbols: usize) -> u64 {
    let bucket = LENGTH_BOUNDS.iter().filter(|bound| num_symbols > **bound).count();
    joined_key(unit_key("length"), bucket as u64)
}

fn symbols(text: &str) -> Vec<Symbol> {
    let mut symbols = Vec::with_capacity(text.len() / 3 + 4);
    let mut chars = text.char_indices().take(MAX_CHARS).peekable();
    while let Some((start, c)) = chars.next() {
        if c == ' ' {
            continue;
        }
        let mut end = start + c.len_utf8();
        if c.is_ascii_alphanumeric() {
            while let Some((at, next)) = chars.next_if(|(_, next)| next.is_ascii_alphanumeric()) {
                end = at + next.len_utf8();
            }
        }
        let is_han = ('\u{3400}'..='\u{9fff}').contains(&c);
        symbols.push(Symbol { key: symbol_key(&text[start..end]), start, end, is_han });
    }
    symbols
}

/// Returns the key of a symbol or word: long numbers that name nothing are alike by their length.
pub fn symbol_key(text: &str) -> u64 {
    let num_digits = text.bytes().filter(u8::is_ascii_digit).count();
    if num_digits < 3 || !text.is_ascii() || NAMED_NUMBERS.contains(&text) {
        return unit_key(text);
    }
    unit_key(match (num_digits == text.len(), num_digits) {
        (true, 3) => "<3>",
        (true, 4) => "<4>",
        (true, 5..=7) => "<5>",
        (true, 8..=12) => "<8>",
        (true, _) => "<13>",
        (false, 3..=7) => "<a3>",
        (false, _) => "<a8>",
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::{Segmenter, normalize};

    fn keys(text: &str) -> (Vec<u64>, Vec<u64>) {
        let normalized = normalize(text);
        let words = Segmenter::shared().words(normalized.as_str());
        let input = Input { text: normalized.as_str(), words: &words };
        let (mut entries, mut marks) = (Vec::new(), Vec::new());
        visit_entries(input, |key, _| entries.push(key));
        visit_marks(input, |key| marks.push(key));
        (entries, marks)
    }

    #[test]
    fn entries_are_characters_pairs_and_words() {
        let expected: Vec<u64> = ["退", "运", "退运", "费", "运费", "运费"].map(unit_key).to_vec();
        assert_eq!(keys("退运费").0, expected);
        assert!(keys("手续费多少").0.contains(&unit_key("手续费")));
        assert!(keys("").0.is_empty());
    }

    #[test]
    fn entries_tell_which_symbols_they_cover() {
        let normalized = normalize("寄 88320017 退运费");
        let words = Segmenter::shared().words(normalized.as_str());
        let mut covered = Vec::new();
        visit_entries(Input { text: normalized.as_str(), words: &words }, |key, places| covered.push((key, places)));
        let expected = [("寄", 0..1), ("<8>", 1..2), ("退", 2..3), ("运", 3..4), ("退运", 2..4), ("费", 4..5)];
        let expected = expected.into_iter().chain([("运费", 3..5), ("运费", 3..5)]);
        assert_eq!(covered, expected.map(|(unit, places)| (unit_key(unit), places)).collect::<Vec<_>>());
    }

    #[test]
    fn marks_hold_borders_and_order() {
        let (_, marks) = keys("退货");
        assert!(marks.contains(&joined_key(unit_key(""), unit_key("退"))));
        assert!(marks.contains(&joined_key(unit_key("退"), unit_key("货"))));
        assert_ne!(marks, keys("货退").1);
    }

    #[test]
    fn long_numbers_are_alike_but_named_ones() {
        for (a, b, is_alike) in [
            ("订单88320017", "订单77190023", true),
            ("打12315", "打12346", false),
            ("5g", "4g", false),
            ("123", "456", true),
        ] {
            assert_eq!(keys(a).0 == keys(b).0, is_alike, "{a} {b}");
        }
    }

    #[test]
    fn a_very_long_message_costs_no_more() {
        let text: String = (0..3000).map(|i| ['退', '货', '款', '呢'][i % 4]).collect();
        assert!(keys(&text).0.len() <= 3 * MAX_CHARS);
    }
}
