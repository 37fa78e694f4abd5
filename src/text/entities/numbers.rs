//! Numbers that name something: identity and bank cards, phones, orders, parcels; and addresses of the net.
//!
//! Patterns propose, checks decide (check digits, dates of birth, the digits around). Personal numbers err to the safe
//! side: after 身份证号 or 银行卡号 a number counts even with a slip in it. Hotlines (400, 800, 95) name nobody.

use std::sync::LazyLock;

use regex::{Captures, Regex};

use super::scan::{Found, cuts_number, digits};
use crate::domain::Span;

macro_rules! pattern {
    ($name:ident, $regex:expr) => {
        static $name: LazyLock<Regex> =
            LazyLock::new(|| Regex::new($regex).expect("the pattern is constant and tested"));
    };
}

pattern!(EMAIL, r"[A-Za-z0-9][A-Za-z0-9._%+-]*@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}");
pattern!(
    URL,
    r"(?i)(?:https?://|www\.)[!-~]+|(?:[a-z0-9-]+\.)+(?:com|cn|net|org|top|io|me|cc|shop|vip|xyz|tv|co|hk|tw)(?-u:\b)(?:[/?:][!-~]*)?"
);
pattern!(ID_CARD, r"[1-9]\d{5}[ -]?(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])[ -]?\d{3}[\dXx]");
pattern!(ID_CARD_NAMED, r"身份证(?:件)?(?:号码|号)?\s*(?:是|为|:)?\s*(\d{17}[\dXx]|\d{15})");
pattern!(MOBILE, r"(?:(?:\+|00)?86[- ]?)?(1[3-9]\d[- ]?\d{4}[- ]?\d{4})");
pattern!(LANDLINE, r"\(?0(?:10|2\d|[3-9]\d{2})\)?[- ]?[2-9]\d{6,7}");
pattern!(BANK_CARD, r"\d{4}[ -]\d{4}[ -]\d{4}[ -]\d{4}(?:[ -]\d{1,3})?|3\d{3}[ -]\d{6}[ -]\d{5}|\d{13,19}");
pattern!(
    BANK_CARD_NAMED,
    r"(?:银行卡|储蓄卡|信用卡|借记卡)(?:号码|卡号|号)?\s*(?:是|为|:)?\s*(\d{4}(?:[ -]?\d{4}){2,3}(?:[ -]?\d{1,3})?)"
);
pattern!(
    TRACKING_NAMED,
    r"(?:运单|快递单|物流单|包裹单|货运单)(?:编号|号码|号)?\s*(?:是|为|:|#)?\s*([A-Za-z]{0,6}\d[A-Za-z0-9]{5,})|(?:快递|物流|包裹)(?:编号|单号|号)\s*(?:是|为|:|#)?\s*([A-Za-z]{0,6}\d[A-Za-z0-9]{5,})"
);
pattern!(
    TRACKING,
    r"(?i)(?-u:\b)(?:SF\d{12,15}|YT\d{13,15}|ZTO\d{10,13}|JD[A-Z]{0,3}\d{10,15}|JT\d{13}|STO\d{12,13}|DPK\d{12}|YD\d{13,15}|EMS\d{9,13}|[A-Z]{2}\d{9}CN)(?-u:\b)"
);
pattern!(
    ORDER_NAMED,
    r"(?i)(?:订单|单号|(?-u:\b)order)\s*(?:编号|号码|单号|号|id|no\.?|number)?\s*(?:是|为|:|#|=)?\s*([a-z]{0,6}\d[a-z0-9]{2,}(?:-[a-z0-9]{3,})*)"
);
pattern!(ORDER, r"(?-u:\b)[A-Za-z]{0,6}\d[A-Za-z0-9]{8,39}(?-u:\b)");

/// Finds e-mail addresses.
pub(super) fn emails(text: &str) -> Vec<Found> {
    collect(&EMAIL, text, |_, span| Some(Found { span, value: text[span.range()].to_owned() }))
}

/// Finds links, without the punctuation after them.
pub(super) fn urls(text: &str) -> Vec<Found> {
    collect(&URL, text, |_, span| {
        let kept = text[span.range()].trim_end_matches(['.', ',', ';', ':', '!', '?', ')', '"', '\'']);
        let span = Span::new(span.start, span.start + kept.len());
        (!text[..span.start].ends_with(['@', '.'])).then(|| Found { span, value: kept.to_owned() })
    })
}

/// Finds numbers of resident identity cards.
pub(super) fn id_cards(text: &str) -> Vec<Found> {
    let mut found = collect(&ID_CARD_NAMED, text, |captures, _| {
        let span = group(captures, 1)?;
        (!cuts_number(text, span)).then(|| Found { span, value: text[span.range()].to_ascii_uppercase() })
    });
    found.extend(collect(&ID_CARD, text, |_, span| {
        let value: String = text[span.range()].chars().filter(char::is_ascii_alphanumeric).collect();
        let value = value.to_ascii_uppercase();
        (!cuts_number(text, span) && is_id_card(&value)).then_some(Found { span, value })
    }));
    found
}

/// Finds mobile numbers and numbers of the fixed net with their area code.
pub(super) fn phones(text: &str) -> Vec<Found> {
    let mut found = collect(&MOBILE, text, |captures, span| {
        let number = group(captures, 1)?;
        (!cuts_number(text, span)).then(|| Found { span, value: digits(&text[number.range()]) })
    });
    found.extend(collect(&LANDLINE, text, |_, span| {
        (!cuts_number(text, span)).then(|| Found { span, value: digits(&text[span.range()]) })
    }));
    found
}

/// Finds numbers of bank cards.
pub(super) fn bank_cards(text: &str) -> Vec<Found> {
    let mut found = collect(&BANK_CARD_NAMED, text, |captures, _| {
        let span = group(captures, 1)?;
        (!cuts_number(text, span)).then(|| Found { span, value: digits(&text[span.range()]) })
    });
    found.extend(collect(&BANK_CARD, text, |_, span| {
        let value = digits(&text[span.range()]);
        (!cuts_number(text, span) && is_bank_card(&value)).then_some(Found { span, value })
    }));
    found
}

/// Finds numbers of parcels, by the word before them or the carrier's prefix.
pub(super) fn tracking_numbers(text: &str) -> Vec<Found> {
    let mut found = collect(&TRACKING_NAMED, text, |captures, _| {
        let span = group(captures, 1).or_else(|| group(captures, 2))?;
        named_number(text, span)
    });
    found.extend(collect(&TRACKING, text, |_, span| Some(upper(text, span))));
    found
}

/// Finds numbers of orders that a word before them names.
pub(super) fn named_orders(text: &str) -> Vec<Found> {
    collect(&ORDER_NAMED, text, |captures, _| named_number(text, group(captures, 1)?))
}

/// Finds long numbers that are most likely of orders.
pub(super) fn orders(text: &str) -> Vec<Found> {
    collect(&ORDER, text, |_, span| {
        let found = upper(text, span);
        // Of an address, or what a mask left of a number.
        let is_rest = text[..span.start].ends_with(['.', '@', '*']) || text[span.end..].starts_with('*');
        let is_hotline = found.value.len() == 10 && (found.value.starts_with("400") || found.value.starts_with("800"));
        (num_digits(&found.value) >= 8 && !is_hotline && !is_rest && !counts(text, span)).then_some(found)
    })
}

/// Walks over all matches; after a refused one the search goes on behind its first character.
fn collect(regex: &Regex, text: &str, mut check: impl FnMut(&Captures<'_>, Span) -> Option<Found>) -> Vec<Found> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(captures) = regex.captures_at(text, at) {
        let Some(span) = group(&captures, 0) else { break };
        match check(&captures, span) {
            Some(hit) => {
                at = hit.span.end.max(span.start + 1);
                found.push(hit);
            }
            None => at = span.start + text[span.start..].chars().next().map_or(1, char::len_utf8),
        }
    }
    found
}

fn group(captures: &Captures<'_>, idx: usize) -> Option<Span> {
    captures.get(idx).map(|group| group.range().into())
}

fn upper(text: &str, span: Span) -> Found {
    Found { span, value: text[span.range()].to_ascii_uppercase() }
}

fn named_number(text: &str, span: Span) -> Option<Found> {
    let found = upper(text, span);
    (found.value.len() >= 6 && num_digits(&found.value) >= 4 && !counts(text, span)).then_some(found)
}

/// Tells whether the number counts something: 订单100000元.
fn counts(text: &str, span: Span) -> bool {
    text[span.end..].starts_with(['元', '块', '天', '年', '个', '件', '万'])
}

fn num_digits(text: &str) -> usize {
    text.bytes().filter(u8::is_ascii_digit).count()
}

/// Tells whether region, date of birth and check digit (ISO 7064 MOD 11-2) hold.
fn is_id_card(value: &str) -> bool {
    const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let digits: Vec<u32> = value.chars().map_while(|c| c.to_digit(10)).collect();
    if value.len() != 18 || digits.len() < 17 {
        return false;
    }
    let number = |from: usize, to: usize| digits[from..to].iter().fold(0, |number, digit| number * 10 + digit);
    let num_days = match number(10, 12) {
        2 => 29,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    let sum: u32 = digits.iter().zip(WEIGHTS).map(|(digit, weight)| digit * weight).sum();
    let check = b"10X98765432"[(sum % 11) as usize];
    matches!(number(0, 2), 11..=82) && number(12, 14) <= num_days && value.as_bytes()[17] == check
}

/// Tells whether a known issuer's prefix and the check digit (Luhn) hold.
fn is_bank_card(value: &str) -> bool {
    let is_issued = ["62", "4", "5", "34", "37", "9"].iter().any(|prefix| value.starts_with(prefix));
    let doubled = |digit: u32| if digit > 4 { digit * 2 - 9 } else { digit * 2 };
    let digits = value.chars().rev().filter_map(|c| c.to_digit(10)).enumerate();
    let sum: u32 = digits.map(|(idx, digit)| if idx % 2 == 1 { doubled(digit) } else { digit }).sum();
    matches!(value.len(), 13..=19) && is_issued && sum.is_multiple_of(10)
}
