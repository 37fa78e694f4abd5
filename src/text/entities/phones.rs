//! Phone numbers: mobile, of the fixed net with area code and extension, and those spoken in Chinese numerals (幺三八…).
//!
//! Hotlines (400, 800, 95, 12345) name nobody, and what a word before says to be of an order is none.

use super::{
    context,
    numbers::{collect, group},
    scan::{Found, cuts_number, digits, pattern},
};
use crate::domain::Span;

pattern!(
    MOBILE,
    r"(?:\(?(?:\+|00|0)?86\)?[- ]?)?(1[3-9]\d[-. ]?\d{4}[-. ]?\d{4}|1[3-9]\d(?:[- ]\d{2,4}){2,4}|1(?: [3-9])(?: \d){9})"
);
pattern!(
    LANDLINE,
    r"\(?0(?:10|2\d|[3-9]\d{2})\)?[- ]?[2-9]\d{2,3}[- ]?\d{4}(?:\s*(?:转|-|分机|(?i:ext\.?))\s*\d{1,6})?"
);
pattern!(
    LANDLINE_NAMED,
    r"(?:座机|固话|固定电话|宅电|家庭电话|办公电话)(?:号码|号)?\s*(?:是|为|:)?\s*([2-8]\d{2,3}[- ]?\d{4}(?:\s*(?:转|-|分机)\s*\d{1,6})?)"
);
pattern!(SPOKEN, r"[幺一][三四五六七八九](?:[ ,、]?[零〇一幺二两三四五六七八九]){9}");

/// Digits of a mobile number.
const MOBILE_DIGITS: usize = 11;
const HAN_DIGITS: &str = "零幺二三四五六七八九";

/// Finds phone numbers in figures.
pub(super) fn phones(text: &str) -> Vec<Found> {
    let mut found = collect(&MOBILE, text, |captures, span| {
        let number = group(captures, 1)?;
        let value = digits(&text[number.range()]);
        let is_one = value.len() == MOBILE_DIGITS
            && !cuts_number(text, span)
            && !is_in_decimal(text, span)
            && !is_in_path(text, span)
            && !context::names_a_thing(text, span);
        is_one.then_some(Found { span, value })
    });
    found.extend(collect(&LANDLINE, text, |_, span| {
        let is_one = !cuts_number(text, span) && !is_in_decimal(text, span) && !context::names_a_thing(text, span);
        is_one.then(|| Found { span, value: digits(&text[span.range()]) })
    }));
    found.extend(collect(&LANDLINE_NAMED, text, |captures, _| {
        let span = group(captures, 1)?;
        (!cuts_number(text, span)).then(|| Found { span, value: digits(&text[span.range()]) })
    }));
    found
}

/// Finds mobile numbers in Chinese numerals.
pub(super) fn spoken(text: &str) -> Vec<Found> {
    let is_numeral = |c: char| c == '〇' || c == '一' || c == '两' || HAN_DIGITS.contains(c);
    collect(&SPOKEN, text, |_, span| {
        let is_longer = text[..span.start].ends_with(is_numeral) || text[span.end..].starts_with(is_numeral);
        let digit = |c: char| match c {
            '〇' => Some(0),
            '一' => Some(1),
            '两' => Some(2),
            _ => HAN_DIGITS.chars().position(|known| known == c),
        };
        let value = text[span.range()].chars().filter_map(digit).map(|digit| digit.to_string()).collect();
        (!is_longer).then_some(Found { span, value })
    })
}

/// Tells whether the digits are of a decimal or of a number with a dot before: 0.13812345678.
fn is_in_decimal(text: &str, span: Span) -> bool {
    let mut before = text[..span.start].chars().rev();
    matches!(before.next(), Some('.' | '-')) && before.next().is_some_and(|c| c.is_ascii_digit())
}

/// Tells whether the number is a part of a link's path, which names pages, not persons.
fn is_in_path(text: &str, span: Span) -> bool {
    let before = &text[..span.start];
    before.ends_with('/') && {
        let run = before.rfind(|c: char| !c.is_ascii_graphic()).map_or(0, |at| at + 1);
        before.get(run..).is_some_and(|run| run.contains("://") || run.contains('.'))
    }
}
