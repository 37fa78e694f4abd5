//! `yingda redact`, over lines of a file or of standard input.

use tempfile::TempDir;

use super::{argument, check_failed};
use crate::harness::child::{run, run_with_input};

#[test]
fn lines_are_masked() {
    let input = "我叫李建军，电话13812345678\n\n{\"text\": \"寄到幸福小区3栋2单元501\", \"price\": 299}\n订单号6222021234567890128\n";
    let ran = run_with_input(&["redact"], input.as_bytes());
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let expected =
        "我叫李**，电话138****5678\n\n{\"text\": \"寄到************\", \"price\": 299}\n订单号6222021234567890128\n";
    assert_eq!(ran.out, expected);
    let again = run_with_input(&["redact"], ran.out.as_bytes());
    assert_eq!(again.out, expected, "masking twice changes nothing");
}

#[test]
fn a_file_is_read_and_spans_are_told() {
    let folder = TempDir::new().expect("a folder");
    let file = folder.path().join("dump.csv");
    std::fs::write(&file, "订单号SO20261122001234,13812345678\r\n").expect("a file");
    let ran = run(&["--json", "redact", "--order-numbers", "--file", argument(&file)]);
    let line = ran.json();
    assert_eq!(line["redacted_text"], "订单号************1234,138****5678");
    let kinds: Vec<&str> =
        line["masked"].as_array().expect("a list").iter().filter_map(|one| one["kind"].as_str()).collect();
    assert_eq!(kinds, ["order_number", "phone"]);
    assert_eq!((line["masked"][1]["start"].as_u64(), line["masked"][1]["end"].as_u64()), (Some(26), Some(37)));
}

#[test]
fn what_cannot_be_read_is_named() {
    check_failed(&run(&["redact", "--file", "no/such.txt"]), 1, &["no/such.txt"]);
    let ran = run_with_input(&["redact"], b"\xff\xfe\n");
    check_failed(&ran, 1, &["standard input:1"]);
}
