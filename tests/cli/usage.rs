//! Help, versions, wrong usage, wrong configuration.

use tempfile::TempDir;

use super::{argument, check_failed};
use crate::harness::child::{program, run};

#[test]
fn help_names_every_command() {
    let ran = run(&["--help"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    for command in ["serve", "ask", "import", "export", "reindex", "train", "models", "eval", "encoder"] {
        assert!(ran.out.contains(command), "{command}: {}", ran.out);
        let own = run(&[command, "--help"]);
        assert_eq!(own.code, Some(0), "{own:?}");
        assert!(own.out.contains("--data"), "{}", own.out);
    }
    let version = run(&["--version"]);
    assert_eq!((version.code, version.out.trim()), (Some(0), concat!("yingda ", env!("CARGO_PKG_VERSION"))));
}

#[test]
fn wrong_usage_is_two() {
    for (arguments, word) in [
        (&["frobnicate"][..], "frobnicate"),
        (&["ask"], "<TEXT>"),
        (&["ask", "--channel", "fax", "你好"], "fax"),
        (&["import", "x.jsonl"], "--kb"),
        (&["import", "--kb", "a", "--mode", "mix", "x.jsonl"], "mix"),
        (&["eval"], "golden"),
        (&["eval", "retrieval"], "--articles"),
        (&["train", "--ranker-only", "--teacher", "x"], "--teacher"),
        (&["train", "--messages", "x.csv", "--ranker-only"], "--ranker-only"),
        (&["train", "--name", "acme"], "--messages"),
        (&["models"], "load"),
        (&["encoder", "check"], "--encoder"),
        (&["models", "load"], "<NAME/VERSION>"),
        (&[], "Usage"),
    ] {
        check_failed(&run(arguments), 2, &[word]);
    }
}

#[test]
fn a_wrong_configuration_names_its_key() {
    let folder = TempDir::new().expect("a folder");
    let file = folder.path().join("yingda.toml");
    for (toml, word) in [
        ("colour = 1", "colour"),
        ("listen = \"nowhere\"", "listen"),
        ("max_in_flight = 0", "max_in_flight"),
        ("listen =", "line 1"),
    ] {
        std::fs::write(&file, toml).expect("a file");
        check_failed(&run(&["--config", argument(&file), "ask", "你好"]), 1, &["error:", word]);
    }
    check_failed(&run(&["--config", "no/such.toml", "ask", "你好"]), 1, &["no/such.toml"]);
    for (name, value, word) in
        [("YINGDA_COLOUR", "1", "YINGDA_COLOUR"), ("YINGDA_INDEX_POLL_MS", "soon", "index_poll_ms")]
    {
        let output = program().env(name, value).args(["ask", "你好"]).output().expect("the program is there");
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.code() == Some(1) && text.contains(word), "{text}");
    }
}

#[test]
fn a_missing_bundle_says_where_it_was_looked_for() {
    let folder = TempDir::new().expect("a folder");
    let mut command = program();
    command.env("YINGDA_MODELS_DIR", folder.path()).args(["ask", "你好"]);
    let output = command.output().expect("the program is there");
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(
        text.contains("yingda-base/1") && text.contains(argument(folder.path())) && text.contains("models_dir"),
        "{text}"
    );
}
