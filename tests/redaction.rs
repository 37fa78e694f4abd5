//! Redaction on its test set, against floors.

use yingda::{
    domain::{EntityKind, Span},
    insight::evaluation::{RedactionRow, measure_redaction},
    text::Redactor,
};

use crate::harness::json_lines;

fn rows() -> Vec<RedactionRow> {
    let row = |row: serde_json::Value| {
        let text = row["text"].as_str().expect("a text").to_owned();
        let mut from = 0;
        let item = |mask: &serde_json::Value| {
            let (kind, item) = (mask["kind"].as_str().expect("a kind"), mask["text"].as_str().expect("a text"));
            let start = from + text[from..].find(item).unwrap_or_else(|| panic!("{item} is not in {text}"));
            from = start + item.len();
            let kind = EntityKind::from_label(kind).unwrap_or_else(|| panic!("{kind} of {text}"));
            assert!(kind.is_personal(), "{text}");
            (kind, Span::new(start, from))
        };
        let items = row["masks"].as_array().expect("a list").iter().map(item).collect();
        RedactionRow { text, items }
    };
    json_lines("data/redaction/test.jsonl").into_iter().map(row).collect()
}

#[test]
fn the_set_is_large_and_half_of_traps() {
    let rows = rows();
    let traps = rows.iter().filter(|row| row.items.is_empty()).count();
    assert!(rows.len() >= 400 && traps * 2 >= rows.len(), "{} rows, {traps} traps", rows.len());
    for kind in EntityKind::ALL.iter().filter(|kind| kind.is_personal()) {
        assert!(rows.iter().any(|row| row.items.iter().any(|(one, _)| one == kind)), "no row has a {}", kind.as_str());
    }
}

#[test]
fn recall_and_precision_keep_above_their_floors() {
    let report = measure_redaction(&rows());
    let misses = &report.misses;
    assert!(report.counts.recall() >= 0.99, "recall {}: {misses:#?}", report.counts.recall());
    assert!(report.counts.precision() >= 0.98, "precision {}: {misses:#?}", report.counts.precision());
    for (kind, counts) in &report.kinds {
        assert!(counts.recall() >= 0.95 && counts.precision() >= 0.95, "{kind} {counts:?}: {misses:#?}");
    }
}

#[test]
fn masking_the_set_twice_changes_nothing() {
    let redactor = Redactor::new(true);
    for row in rows() {
        let once = redactor.mask(&row.text).text;
        assert_eq!(redactor.mask(&once).text, once, "{}", row.text);
    }
}
