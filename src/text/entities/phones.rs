//! Phone numbers: mobile, of the fixed net with area code, of other nets, and those spoken in Chinese numerals (幺三八…).
//!
//! An extension is of the house, not of the number: it stays outside. Hotlines (400, 800, 95, 12345) name nobody, and what
//! a word before says to be of an order is none.

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
pattern!(LANDLINE, r"\(?0(?:10|2\d|[3-9]\d{2})\)?[- ]?[2-9]\d{2,3}[- ]?\d{4}");
pattern!(LANDLINE_NAMED, r"(?:座机|固话|固定电话|宅电|电话)(?:号码|号)?\s*(?:是|为|:)?\s*([2-8]\d{2,3}[- ]?\d{4})");
// Hong Kong, Macao and Taiwan with their codes, the mobile net of Taiwan without; other countries with a plus.
pattern!(
    ABROAD,
    r"(?:\+|\(|(?-u:\b)00)\(?(?:852|853)\)?[- ]?[235689]\d{3}[- ]?\d{4}|(?:\+|(?-u:\b)00)\(?886\)?[- ]?(?:\(0\))?0?\d{1,3}[- ]?\d{3,4}[- ]?\d{3,4}|(?-u:\b)09\d{2}[- ]\d{3}[- ]?\d{3}|\+\(?[1-79]\d{0,2}\)?[- ]?(?:\(\d{1,4}\)[- ]?)?\d{1,5}(?:[- ]?\d{2,5}){1,4}"
);
// What tells a number of eight digits of Hong Kong or Macao, or the mobile net of Taiwan written in one.
pattern!(
    ISLANDS,
    r"(?:电话|手机|致电|联络|whatsapp|WhatsApp|WHATSAPP)(?:号码|号)?\s*(?:是|为|:)?\s*([5-9]\d{3}[- ]?\d{4}|09\d{8})"
);
pattern!(SPOKEN_LANDLINE, r"[零〇][一二三四五六七八九][零〇幺一二两三四五六七八九]{8,10}");
pattern!(SPOKEN, r"[幺一][三四五六七八九](?:[ ,、]?[零〇一幺二两三四五六七八九]){9}");

/// Digits of a mobile number.
const MOBILE_DIGITS: usize = 11;
/// Digits of a number with the code of a country.
const ABROAD_DIGITS: std::ops::RangeInclusive<usize> = 10..=15;
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
            && !is_of_code(text, span)
            && !context::names_a_thing(text, span);
        is_one.then_some(Found { span, value })
    });
    found.extend(collect(&LANDLINE, text, |_, span| {
        let is_one = !cuts_number(text, span)
            && !is_in_decimal(text, span)
            && !goes_on_a_group(text, span)
            && !context::names_a_thing(text, span);
        is_one.then(|| Found { span, value: digits(&text[span.range()]) })
    }));
    for named in [&*LANDLINE_NAMED, &*ISLANDS] {
        if text.contains("话") || text.contains("机") || text.contains("联络") || text.contains("致电") {
            found.extend(collect(named, text, |captures, whole| {
                let span = group(captures, 1)?;
                let is_hotline = text[..whole.start].ends_with("客服") || text[..whole.start].ends_with("服务");
                let is_one = !is_hotline && !cuts_number(text, span) && !text[span.end..].starts_with(['*', '-']);
                is_one.then(|| Found { span, value: digits(&text[span.range()]) })
            }));
        }
    }
    if text.contains(['+', '0', '(']) {
        found.extend(abroad(text));
    }
    found
}

/// Finds numbers of other nets than the mainland's.
fn abroad(text: &str) -> Vec<Found> {
    collect(&ABROAD, text, |_, span| {
        let value = digits(&text[span.range()]);
        let is_of_mainland = text[span.range()].starts_with("+86") && value.len() == "86".len() + MOBILE_DIGITS;
        let is_sum = text[..span.start].ends_with(|c: char| c.is_ascii_alphanumeric());
        let is_one = ABROAD_DIGITS.contains(&value.len())
            && !is_of_mainland
            && !is_sum
            && !cuts_number(text, span)
            && !is_in_decimal(text, span)
            && !text[span.end..].starts_with('*')
            && !context::names_a_thing(text, span);
        is_one.then_some(Found { span, value })
    })
}

/// Finds mobile numbers in Chinese numerals.
pub(super) fn spoken(text: &str) -> Vec<Found> {
    let is_numeral = |c: char| c == '〇' || c == '一' || c == '两' || HAN_DIGITS.contains(c);
    let digit = |c: char| match c {
        '〇' => Some(0),
        '一' => Some(1),
        '两' => Some(2),
        _ => HAN_DIGITS.chars().position(|known| known == c),
    };
    let find = |_: &regex::Captures<'_>, span: Span| {
        let is_longer = text[..span.start].ends_with(is_numeral) || text[span.end..].starts_with(is_numeral);
        let value = text[span.range()].chars().filter_map(digit).map(|digit| digit.to_string()).collect();
        (!is_longer).then_some(Found { span, value })
    };
    let mut found = collect(&SPOKEN, text, find);
    found.extend(collect(&SPOKEN_LANDLINE, text, find));
    found
}

/// Tells whether the digits are of a decimal or of a number with a dot before: 0.13812345678.
fn is_in_decimal(text: &str, span: Span) -> bool {
    let mut before = text[..span.start].chars().rev();
    matches!(before.next(), Some('.' | '-')) && before.next().is_some_and(|c| c.is_ascii_digit())
}

/// Tells whether a short group of digits stands before, as in 2021 0815 6630 4471.
fn goes_on_a_group(text: &str, span: Span) -> bool {
    let before = &text[..span.start];
    before.strip_suffix([' ', '-']).is_some_and(|before| {
        let num_digits = before.bytes().rev().take_while(u8::is_ascii_digit).count();
        let is_of_code = before[..before.len() - num_digits].ends_with(|c: char| c.is_ascii_alphanumeric());
        (2..=6).contains(&num_digits) && !is_of_code
    })
}

/// Tells whether the letters before make one number with it: MZ13800527164, but tel13800527164.
fn is_of_code(text: &str, span: Span) -> bool {
    let before = &text[..span.start];
    let num_letters = before.bytes().rev().take_while(u8::is_ascii_uppercase).count();
    let letters = &before[before.len() - num_letters..];
    num_letters >= 2 && !matches!(letters, "TEL" | "VX" | "WX" | "QQ" | "PHONE" | "MOBILE")
}

/// Tells whether the number is a part of a link's path, which names pages, not persons.
fn is_in_path(text: &str, span: Span) -> bool {
    let before = &text[..span.start];
    before.ends_with('/') && {
        let run = before.rfind(|c: char| !c.is_ascii_graphic()).map_or(0, |at| at + 1);
        before.get(run..).is_some_and(|run| run.contains("://") || run.contains('.'))
    }
}
