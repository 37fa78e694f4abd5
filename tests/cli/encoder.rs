//! `yingda encoder check`, with an encoder that is one in form only.

use tempfile::TempDir;

use super::{argument, check_failed};
use crate::harness::{child::run, encoder};

#[test]
fn vectors_come_near_those_of_f32_however_often_a_text_is_read() {
    let folder = TempDir::new().expect("a folder");
    encoder::write(folder.path());
    let check = ["--json", "encoder", "check", "--encoder", argument(folder.path())];
    // The second prefix is longer, so the readings of a text differ in length.
    for prefixes in [&[][..], &["--prefix", "退"], &["--prefix", "退", "--second-prefix", "换货"]] {
        let arguments: Vec<&str> = check.iter().chain(prefixes).copied().collect();
        let ran = run(&arguments);
        assert_eq!(ran.code, Some(0), "{ran:?}");
        let report = ran.json();
        let rows = report["kernels"].as_array().expect("a list");
        assert!(rows.len() >= 2, "{report}");
        for row in rows {
            let least = row["least_cosine"].as_f64().expect("a number");
            assert!(least > if row["bits"] == 8 { 0.999 } else { 0.9 }, "{prefixes:?}: {row}");
            assert_eq!(row["is_batch_same"], true, "{prefixes:?}: {row}");
        }
    }
    let alone: Vec<&str> = check.iter().copied().chain(["--second-prefix", "换货"]).collect();
    check_failed(&run(&alone), 2, &["--prefix"]);
}
