//! Numbers of identity cards, bank cards, travel documents and cars.
//!
//! Patterns propose, checks decide (check digits, dates of birth, issuers, the word before). Personal numbers err to the
//! safe side: after 身份证号 or 银行卡号 a number counts even with a slip in it.

use super::{
    context,
    numbers::{collect, group},
    scan::{Found, cuts_number, digits, pattern},
};
use crate::{domain::Span, text::chars::cuts_ascii_word};

pattern!(
    ID_CARD,
    r"[1-9]\d{3} \d{4} \d{4} \d{4} \d[\dXx]|[1-9]\d{5}[ -]?(?:19|20)\d{2}[ -]?(?:0[1-9]|1[0-2])[ -]?(?:0[1-9]|[12]\d|3[01])[ -]?\d{3}[ -]?[\dXx]"
);
pattern!(
    ID_CARD_NAMED,
    r"(?:身[份分]证|证件|身[份分])(?:件)?(?:号码|号)?\s*(?:是|为|:)?\s*([1-9]\d{5}[ -]?\d{8}[ -]?\d{3}[\dXx]|[1-9]\d{14,17}[\dXx]?)"
);
// A card of the mainland without a right check digit, and the old one of 15 digits.
pattern!(ID_CARD_LIKE, r"[1-8]\d{5}(?:(?:19|20)\d{6}\d{3}[\dXx]|\d{9})");
// Taiwan and Hong Kong.
pattern!(ID_CARD_OF_ISLANDS, r"(?-u:\b)(?:[A-Za-z][12]\d{8}(?-u:\b)|[A-Za-z]{1,2}\d{6}\([\dAa]\))");
pattern!(
    BANK_CARD,
    r"\d{4}[ -]\d{4}[ -]\d{4}[ -]\d{4}(?:[ -]\d{1,3})?|\d{6}[ -]\d{4}[ -]\d{4}[ -]\d{2,5}(?:[ -]\d{1,3})?|\d{6}[ -]\d{5}[ -]\d{4}|3\d{3}[ -]\d{6}[ -]\d{5}|\d{15,19}|\d{6,12}[ -]\d{6,13}"
);
pattern!(BANK_CARD_GROUPED, r"\d{3,12}(?:[ -]\d{2,12}){1,5}|\d{12,19}");
pattern!(
    DOCUMENT,
    r"(?:护照|通行证|回乡证|台胞证|军官证|港澳证|居留证|永居证|(?i:passport))(?:证件)?(?:号码|号|(?i:\s*(?:no\.?|number)))?\s*(?:是|为|:)?\s*([A-Za-z]{1,3}\d{6,12}|\d{8,10}|[\p{Han}]字第\d{4,8}号)"
);
// Passports and permits of the mainland, of Hong Kong, Macao and Taiwan by their form, for which any word of them will do.
pattern!(DOCUMENT_FORM, r"(?:[EGDPSKHMCWTLegdpskhmcwtl]|[A-Za-z]{2})\d{7,10}");
pattern!(
    PLATE,
    r"[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼]([A-HJ-NP-Za-hj-np-z])[ .·•-]?([A-HJ-NP-Za-hj-np-z0-9]{4,5}[A-HJ-NP-Za-hj-np-z0-9挂学警港澳])"
);

/// Words for identity cards.
const IDENTITY: [&str; 4] = ["身份", "身分", "证件", "证号"];
/// Words of what other long numbers are of.
const NO_IDENTITY: [&str; 12] =
    ["订单", "单号", "流水", "卡", "imei", "IMEI", "串号", "编号", "运单", "快递", "受理", "账号"];

/// Lengths of bank cards.
const CARD_DIGITS: std::ops::RangeInclusive<usize> = 13..=19;

/// Finds numbers of resident identity cards.
pub(super) fn id_cards(text: &str) -> Vec<Found> {
    let mut found = collect(&ID_CARD_NAMED, text, |captures, _| {
        let span = group(captures, 1)?;
        let value = id_value(text, span);
        (!cuts_number(text, span)).then_some(Found { span, value })
    });
    found.extend(collect(&ID_CARD, text, |_, span| {
        let value = id_value(text, span);
        (!cuts_number(text, span) && is_id_card(&value)).then_some(Found { span, value })
    }));
    if IDENTITY.iter().any(|word| text.contains(word)) {
        found.extend(collect(&ID_CARD_LIKE, text, |_, span| {
            let value = id_value(text, span);
            let is_old = value.len() == 15;
            let is_dated = has_birth_date(if is_old { &value[6..12] } else { &value[8..14] }, is_old);
            let is_one = is_dated && !cuts_number(text, span) && is_identity(text, span);
            is_one.then_some(Found { span, value })
        }));
        found.extend(collect(&ID_CARD_OF_ISLANDS, text, |_, span| {
            is_identity(text, span).then(|| Found { span, value: id_value(text, span) })
        }));
    }
    found
}

/// Finds numbers of bank cards.
pub(super) fn bank_cards(text: &str) -> Vec<Found> {
    let mut found = collect(&BANK_CARD_GROUPED, text, |_, span| {
        let value = digits(&text[span.range()]);
        let is_one =
            CARD_DIGITS.contains(&value.len()) && !cuts_number(text, span) && context::names_a_card(text, span);
        is_one.then_some(Found { span, value })
    });
    found.extend(collect(&BANK_CARD, text, |_, span| {
        let value = digits(&text[span.range()]);
        let is_one = !cuts_number(text, span) && is_bank_card(&value) && !context::names_a_thing(text, span);
        is_one.then_some(Found { span, value })
    }));
    found
}

/// Finds numbers of passports and permits, which only the word before tells from others.
pub(super) fn documents(text: &str) -> Vec<Found> {
    let upper = |span: Span| Found { span, value: text[span.range()].to_ascii_uppercase() };
    let mut found = collect(&DOCUMENT, text, |captures, _| {
        let span = group(captures, 1)?;
        (!cuts_number(text, span)).then(|| upper(span))
    });
    found.extend(collect(&DOCUMENT_FORM, text, |_, span| {
        let is_part = cuts_ascii_word(text, span.start, span.end) || text[..span.start].ends_with(['-', '_', '/']);
        let is_whole = (8..=11).contains(&span.len_bytes()) && !is_part && !text[span.end..].starts_with(['-', '*']);
        (is_whole && !context::names_a_thing(text, span)).then(|| upper(span))
    }));
    found
}

/// Finds plates of cars. Small letters, and 新, which is a word too, count only near 车 or 牌.
pub(super) fn plates(text: &str) -> Vec<Found> {
    collect(&PLATE, text, |captures, span| {
        let (letter, rest) = (&text[group(captures, 1)?.range()], &text[group(captures, 2)?.range()]);
        let goes_on = text[span.end..].starts_with(|c: char| c.is_ascii_alphanumeric());
        let is_named = context::reach(text, span).contains(['车', '牌']);
        let is_plain = !text[span.range()].starts_with('新') && letter.chars().all(|c| c.is_ascii_uppercase());
        let value: String = text[span.range()].chars().filter(|c| c.is_alphanumeric()).collect();
        (!goes_on && is_plate(rest) && (is_named || is_plain))
            .then(|| Found { span, value: value.to_ascii_uppercase() })
    })
}

/// Five signs with three digits or more; six of a car with a new engine, whose letter stands first or last.
fn is_plate(rest: &str) -> bool {
    let signs: Vec<char> = rest.chars().collect();
    let num_digits = signs.iter().filter(|c| c.is_ascii_digit()).count();
    match signs.len() {
        5 => num_digits >= 3,
        6 => {
            let is_energy = |c: char| matches!(c.to_ascii_uppercase(), 'A'..='H' | 'J' | 'K');
            num_digits >= 4 && (is_energy(signs[0]) || is_energy(signs[5]))
        }
        _ => false,
    }
}

/// Tells whether the words before speak of an identity card, and none nearer of another number.
fn is_identity(text: &str, span: Span) -> bool {
    let before = &text[..span.start];
    let named = IDENTITY.iter().filter_map(|word| before.rfind(word).map(|at| at + word.len())).max();
    named.is_some_and(|at| !NO_IDENTITY.iter().any(|word| before[at..].contains(word)))
        && !context::names_a_thing(text, span)
}

fn id_value(text: &str, span: Span) -> String {
    let value: String = text[span.range()].chars().filter(char::is_ascii_alphanumeric).collect();
    value.to_ascii_uppercase()
}

/// Tells whether region, date of birth and check digit (ISO 7064 MOD 11-2) hold.
fn is_id_card(value: &str) -> bool {
    const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let digits: Vec<u32> = value.chars().map_while(|c| c.to_digit(10)).collect();
    if value.len() != 18 || digits.len() < 17 {
        return false;
    }
    let sum: u32 = digits.iter().zip(WEIGHTS).map(|(digit, weight)| digit * weight).sum();
    let check = b"10X98765432"[(sum % 11) as usize];
    matches!(digits[0] * 10 + digits[1], 11..=82)
        && has_birth_date(&value[8..14], false)
        && value.as_bytes()[17] == check
}

/// Tells whether six digits are a date, year, month and day of two each.
fn has_birth_date(digits: &str, is_old: bool) -> bool {
    let number = |from: usize| digits.get(from..from + 2).and_then(|two| two.parse::<u32>().ok()).unwrap_or(0);
    let num_days = match number(2) {
        2 => 29,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    // Cards of 15 digits were given until 1999.
    (!is_old || number(0) >= 10) && (1..=12).contains(&number(2)) && (1..=num_days).contains(&number(4))
}

/// Tells whether a known issuer's prefix with its length and the check digit (Luhn) hold.
fn is_bank_card(value: &str) -> bool {
    let starts = |prefixes: &[&str]| prefixes.iter().any(|prefix| value.starts_with(prefix));
    let is_issued = match value.len() {
        15 => starts(&["34", "37"]),
        16 => starts(&["62", "4", "51", "52", "53", "54", "55", "352", "353", "354", "355", "356", "357", "358", "60"]),
        17..=19 => starts(&["62", "9558", "601"]),
        _ => false,
    };
    let doubled = |digit: u32| if digit > 4 { digit * 2 - 9 } else { digit * 2 };
    let digits = value.chars().rev().filter_map(|c| c.to_digit(10)).enumerate();
    let sum: u32 = digits.map(|(idx, digit)| if idx % 2 == 1 { doubled(digit) } else { digit }).sum();
    is_issued && sum.is_multiple_of(10)
}
