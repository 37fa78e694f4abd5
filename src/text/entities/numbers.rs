//! Numbers of orders and parcels, and addresses of the net; and how every pattern is walked through.

use regex::{Captures, Regex};

use super::scan::{Found, pattern};
use crate::domain::Span;

pattern!(EMAIL, r"[A-Za-z0-9][A-Za-z0-9._%+-]*@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}");
pattern!(
    URL,
    r"(?i)(?:https?://|www\.)[!-~]+|(?:[a-z0-9-]+\.)+(?:com|cn|net|org|top|io|me|cc|shop|vip|xyz|tv|co|hk|tw)(?-u:\b)(?:[/?:][!-~]*)?"
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
pub(super) fn collect(
    regex: &Regex,
    text: &str,
    mut check: impl FnMut(&Captures<'_>, Span) -> Option<Found>,
) -> Vec<Found> {
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

/// Returns the place of a group of a match.
pub(super) fn group(captures: &Captures<'_>, idx: usize) -> Option<Span> {
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
