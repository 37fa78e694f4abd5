//! `yingda import`, `export`, `reindex`: into a data folder and out again.

use std::path::Path;

use tempfile::TempDir;

use super::{argument, check_failed};
use crate::harness::{
    child::{Ran, run},
    repository,
};

struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Self(TempDir::new().expect("a folder"))
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.0.path().join(name)
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        let data = self.path("data");
        let all: Vec<&str> = ["--data", argument(&data)].iter().chain(arguments).copied().collect();
        run(&all)
    }

    fn write(&self, name: &str, text: &str) -> std::path::PathBuf {
        let path = self.path(name);
        std::fs::write(&path, text).expect("a file");
        path
    }
}

fn counts(ran: &Ran) -> [i64; 5] {
    let json = ran.json();
    ["created", "updated", "unchanged", "deleted", "failed"].map(|key| json[key].as_i64().expect("a number"))
}

fn read(path: &Path) -> Vec<u8> {
    std::fs::read(path).expect("a file")
}

#[test]
fn what_goes_out_comes_in_again() {
    let folder = Folder::new();
    let source = repository("data/kb/telecom/articles.jsonl");
    let imported = folder.run(&["--json", "import", "--kb", "tele", argument(&source)]);
    assert_eq!((imported.code, counts(&imported)), (Some(0), [80, 0, 0, 0, 0]), "{imported:?}");
    for extension in ["jsonl", "csv"] {
        let file = folder.path(&format!("out.{extension}"));
        let exported = folder.run(&["--json", "export", "--kb", "tele", argument(&file)]);
        assert_eq!(exported.code, Some(0), "{exported:?}");
        assert_eq!(exported.json()["bytes"].as_u64(), Some(read(&file).len() as u64));
        let again = folder.run(&["--json", "import", "--kb", "tele", "--mode", "replace", argument(&file)]);
        assert_eq!((again.code, counts(&again)), (Some(0), [0, 0, 80, 0, 0]), "{extension}: {again:?}");
        let copied = folder.run(&["--json", "import", "--kb", &format!("copy-{extension}"), argument(&file)]);
        assert_eq!(counts(&copied), [80, 0, 0, 0, 0]);
        let twin = folder.path(&format!("twin.{extension}"));
        folder.run(&["export", "--kb", &format!("copy-{extension}"), argument(&twin)]);
        assert_eq!(read(&file), read(&twin), "{extension}");
    }
    let asked = folder.run(&["--json", "ask", "--kb", "tele", "怎么开通国际漫游？"]);
    assert_eq!(asked.json()["answer"]["article"], "knowledgeBases/tele/articles/roaming-open", "{asked:?}");
    let reindexed = folder.run(&["--json", "reindex", "--kb", "tele"]);
    assert_eq!(reindexed.code, Some(0), "{reindexed:?}");
    assert_eq!(reindexed.json()["reindexed"][0]["knowledge_base"], "tele");
    let all = folder.run(&["reindex"]);
    assert_eq!((all.code, all.out.lines().count()), (Some(0), 3), "{all:?}");
    let part = folder.path("part.jsonl");
    folder.run(&["export", "--kb", "tele", "--filter", "id:roaming", argument(&part)]);
    assert_eq!(read(&part).split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).count(), 4);
}

#[test]
fn rows_that_fail_are_named_and_the_command_fails() {
    let folder = Folder::new();
    let good = r#"{"id": "a", "standard_question": "怎么退货", "answer": "点退货。"}"#;
    let file = folder.write("bad.jsonl", &format!("{good}\n{{\"id\": \"b\"}}\nnonsense\n"));
    let ran = folder.run(&["import", "--kb", "shop", argument(&file)]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.out.contains("line 2") && ran.out.contains("line 3"), "{}", ran.out);
    assert!(ran.out.contains("1 created") && ran.err.contains("2 rows failed"), "{ran:?}");
    let json = folder.run(&["--json", "import", "--kb", "shop", argument(&file)]);
    assert_eq!((json.code, counts(&json)), (Some(1), [0, 0, 1, 0, 2]));
    assert_eq!(json.json()["rows"][0]["line"], 2);
    let dry = folder.write("dry.jsonl", &good.replace("\"a\"", "\"c\""));
    let dry = folder.run(&["--json", "import", "--kb", "shop", "--dry-run", argument(&dry)]);
    assert_eq!(counts(&dry), [1, 0, 0, 0, 0]);
    let exported = folder.path("all.jsonl");
    folder.run(&["export", "--kb", "shop", argument(&exported)]);
    assert_eq!(String::from_utf8(read(&exported)).expect("UTF-8").lines().count(), 1, "a dry run changes nothing");
}

#[test]
fn slips_say_what_to_do() {
    let folder = Folder::new();
    check_failed(&folder.run(&["import", "--kb", "shop", "no/such.jsonl"]), 1, &["no/such.jsonl", "cannot be read"]);
    let text = folder.write("articles.txt", "");
    check_failed(&folder.run(&["import", "--kb", "shop", argument(&text)]), 1, &["articles.txt", ".jsonl or .csv"]);
    let file = folder.write("a.jsonl", "");
    check_failed(&folder.run(&["import", "--kb", "My Shop", argument(&file)]), 1, &["My Shop", "identifier"]);
    let out = folder.path("out.jsonl");
    check_failed(&folder.run(&["export", "--kb", "nowhere", argument(&out)]), 1, &["nowhere", "does not exist"]);
    assert!(!out.exists(), "a wrong name leaves no empty file");
    folder.run(&["import", "--kb", "shop", argument(&file)]);
    let filter = folder.run(&["export", "--kb", "shop", "--filter", "colour:red", argument(&out)]);
    check_failed(&filter, 1, &["filter", "colour"]);
    check_failed(&folder.run(&["reindex", "--kb", "nowhere"]), 1, &["nowhere", "does not exist"]);
}
