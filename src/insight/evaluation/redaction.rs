//! Masks against what must be masked.
//!
//! An item is found where its whole text is masked; a mask is right where it overlaps an item and takes at most
//! [`MAX_BEYOND`] characters that belong to none. Exact is a mask with the item's own borders and kind.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Figure, figure};
use crate::{
    domain::{EntityKind, Span},
    text::{Masked, Redactor},
};

/// Characters beyond an item that a mask may take and be right.
const MAX_BEYOND: usize = 2;

/// A text with the spans that must be masked, in order; none in a trap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RedactionRow {
    pub text: String,
    pub items: Vec<(EntityKind, Span)>,
}

/// What went wrong in one text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RedactionMiss {
    /// Counted from 1.
    pub row: usize,
    pub redacted: String,
    /// Kind and text of items that were not found.
    pub missed: Vec<(&'static str, String)>,
    /// Kind and text of masks that were not right.
    pub wrong: Vec<(&'static str, String)>,
}

/// The figures of one kind: of its items how many were found, of its masks how many were right.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize)]
pub struct RedactionCounts {
    pub items: usize,
    pub found: usize,
    pub exact: usize,
    pub masks: usize,
    pub right: usize,
}

/// The figures of a test set.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RedactionReport {
    pub n: usize,
    pub traps: usize,
    pub counts: RedactionCounts,
    pub recall: Figure,
    pub precision: Figure,
    pub exact: Figure,
    pub kinds: BTreeMap<&'static str, RedactionCounts>,
    #[serde(skip)]
    pub misses: Vec<RedactionMiss>,
}

impl RedactionCounts {
    /// Returns the share of items that were found; 1 where there are none.
    pub fn recall(&self) -> f64 {
        ratio(self.found, self.items)
    }

    /// Returns the share of masks that were right; 1 where there are none.
    pub fn precision(&self) -> f64 {
        ratio(self.right, self.masks)
    }

    fn exactness(&self) -> f64 {
        ratio(self.exact, self.items)
    }

    fn add(&mut self, other: &Self) {
        self.items += other.items;
        self.found += other.found;
        self.exact += other.exact;
        self.masks += other.masks;
        self.right += other.right;
    }
}

/// Masks every text as a stored one is masked, order numbers kept, and counts.
pub fn measure_redaction(rows: &[RedactionRow]) -> RedactionReport {
    let redactor = Redactor::new(false);
    let mut kinds: BTreeMap<&'static str, RedactionCounts> = BTreeMap::new();
    let mut counted = Vec::with_capacity(rows.len());
    let mut misses = Vec::new();
    for (idx, row) in rows.iter().enumerate() {
        let redacted = redactor.mask(&row.text);
        let mut miss = RedactionMiss { row: idx + 1, redacted: redacted.text, missed: Vec::new(), wrong: Vec::new() };
        let mut whole = RedactionCounts::default();
        for (kind, counts) in compare(row, &redacted.masked, &mut miss) {
            whole.add(&counts);
            kinds.entry(kind.as_str()).or_default().add(&counts);
        }
        counted.push(whole);
        if !(miss.missed.is_empty() && miss.wrong.is_empty()) {
            misses.push(miss);
        }
    }
    let of = |measure: fn(&RedactionCounts) -> f64| figure(&counted, |rows| measure(&sum(rows)));
    RedactionReport {
        n: rows.len(),
        traps: rows.iter().filter(|row| row.items.is_empty()).count(),
        counts: sum(&counted),
        recall: of(RedactionCounts::recall),
        precision: of(RedactionCounts::precision),
        exact: of(RedactionCounts::exactness),
        kinds,
        misses,
    }
}

fn compare(row: &RedactionRow, masks: &[Masked], miss: &mut RedactionMiss) -> Vec<(EntityKind, RedactionCounts)> {
    let text = &row.text;
    let chars = |span: Span| text[span.range()].char_indices().map(move |(at, _)| span.start + at);
    let is_in = |at: usize, span: Span| (span.start..span.end).contains(&at);
    let mut counts = Vec::with_capacity(row.items.len() + masks.len());
    for (kind, item) in &row.items {
        let is_found = chars(*item).all(|at| masks.iter().any(|mask| is_in(at, mask.original)));
        let is_exact = masks.iter().any(|mask| mask.kind == *kind && mask.original == *item);
        if !is_found {
            miss.missed.push((kind.as_str(), text[item.range()].to_owned()));
        }
        let (found, exact) = (usize::from(is_found), usize::from(is_exact));
        counts.push((*kind, RedactionCounts { items: 1, found, exact, ..RedactionCounts::default() }));
    }
    for mask in masks {
        let beyond = chars(mask.original).filter(|at| !row.items.iter().any(|(_, item)| is_in(*at, *item))).count();
        let is_right = beyond <= MAX_BEYOND && row.items.iter().any(|(_, item)| item.overlaps(mask.original));
        if !is_right {
            miss.wrong.push((mask.kind.as_str(), text[mask.original.range()].to_owned()));
        }
        let right = usize::from(is_right);
        counts.push((mask.kind, RedactionCounts { masks: 1, right, ..RedactionCounts::default() }));
    }
    counts
}

fn sum(rows: &[RedactionCounts]) -> RedactionCounts {
    rows.iter().fold(RedactionCounts::default(), |mut sum, row| {
        sum.add(row);
        sum
    })
}

fn ratio(part: usize, whole: usize) -> f64 {
    if whole == 0 { 1.0 } else { part as f64 / whole as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(text: &str, items: &[(EntityKind, &str)]) -> RedactionRow {
        let span = |item: &str| {
            let start = text.find(item).expect("the item is in the text");
            Span::new(start, start + item.len())
        };
        RedactionRow { text: text.to_owned(), items: items.iter().map(|(kind, item)| (*kind, span(item))).collect() }
    }

    #[test]
    fn found_right_and_exact_are_apart() {
        let rows = [
            row("电话13812345678", &[(EntityKind::Phone, "13812345678")]),
            // More than the item, yet within the allowance.
            row("电话13812345678急", &[(EntityKind::Phone, "812345678")]),
            row("电话13812345678", &[]),
            row("暗号天王盖地虎", &[(EntityKind::Credential, "天王盖地虎")]),
        ];
        let report = measure_redaction(&rows);
        assert_eq!((report.n, report.traps), (4, 1));
        assert_eq!(report.counts, RedactionCounts { items: 3, found: 2, exact: 1, masks: 3, right: 2 });
        assert_eq!(report.kinds["credential"].recall(), 0.0);
        let shown: Vec<(usize, usize, usize)> =
            report.misses.iter().map(|miss| (miss.row, miss.missed.len(), miss.wrong.len())).collect();
        assert_eq!(shown, [(3, 0, 1), (4, 1, 0)]);
    }

    #[test]
    fn no_rows_are_no_mistakes() {
        let report = measure_redaction(&[]);
        assert_eq!((report.recall.value, report.precision.value), (1.0, 1.0));
    }
}
