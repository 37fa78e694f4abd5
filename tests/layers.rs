//! The house rules that a compiler does not know: arrows between rooms, packages of one room, the length of files.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// A room with the rooms it may use.
const ARROWS: [(&str, &[&str]); 11] = [
    ("cli", &["app", "rpc", "insight", "assist", "knowledge", "model", "index", "store", "text", "domain"]),
    ("app", &["rpc", "insight", "assist", "knowledge", "model", "index", "store", "text", "domain"]),
    ("rpc", &["insight", "assist", "knowledge", "model", "index", "store", "text", "domain"]),
    ("insight", &["assist", "knowledge", "model", "index", "store", "text", "domain"]),
    ("assist", &["model", "index", "text", "domain"]),
    ("knowledge", &["store", "index", "text", "domain"]),
    ("model", &["text", "domain"]),
    ("index", &["text", "domain"]),
    ("store", &["domain", "text"]),
    ("text", &["domain"]),
    ("domain", &[]),
];

/// A package with the only rooms that may name it.
const PACKAGES: [(&str, &[&str]); 14] = [
    ("tonic", &["rpc"]),
    ("prost", &["rpc"]),
    ("tower", &["rpc"]),
    ("tonic_types", &["rpc"]),
    ("prost_reflect", &["rpc"]),
    ("tantivy", &["index"]),
    ("rusqlite", &["store"]),
    ("jieba_rs", &["text"]),
    ("hanconv", &["text"]),
    ("candle_core", &["model"]),
    ("candle_nn", &["model"]),
    ("tokenizers", &["model"]),
    ("clap", &["cli"]),
    ("anyhow", &["cli"]),
];

/// Lines of a file, tests not counted.
const MAX_LINES: usize = 500;

struct Source {
    path: PathBuf,
    room: String,
    text: String,
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    collect(&root, &root, &mut found);
    assert!(found.len() > 50, "the sources lie elsewhere");
    found
}

fn collect(root: &Path, dir: &Path, found: &mut Vec<Source>) {
    for entry in fs::read_dir(dir).expect("a folder").map(|entry| entry.expect("an entry").path()) {
        if entry.is_dir() {
            collect(root, &entry, found);
        } else if entry.extension().is_some_and(|extension| extension == "rs") {
            let inner = entry.strip_prefix(root).expect("below the root").to_owned();
            let mut parts = inner.components();
            let room = parts.next().expect("a name").as_os_str().to_string_lossy().into_owned();
            if parts.next().is_some() {
                let text = fs::read_to_string(&entry).expect("UTF-8");
                found.push(Source { path: inner, room, text });
            }
        }
    }
}

/// The code without comments and without the module of tests at its end.
fn code(source: &Source) -> String {
    let body = source.text.split("#[cfg(test)]").next().unwrap_or_default();
    let lines = body.lines().map(|line| line.split("//").next().unwrap_or_default());
    lines.collect::<Vec<_>>().join("\n")
}

/// Every room named as `crate::room`, grouped imports included.
fn rooms_named(code: &str) -> BTreeSet<String> {
    let mut named = BTreeSet::new();
    for (at, _) in code.match_indices("crate::") {
        let rest = &code[at + "crate::".len()..];
        if let Some(group) = rest.strip_prefix('{') {
            let mut depth = 0usize;
            let mut word = String::new();
            for c in group.chars() {
                match c {
                    '{' => depth += 1,
                    '}' if depth == 0 => break,
                    '}' => depth -= 1,
                    ',' | ':' if depth == 0 => {
                        named.insert(std::mem::take(&mut word));
                    }
                    c if depth == 0 && (c.is_alphanumeric() || c == '_') => word.push(c),
                    _ if depth == 0 => {}
                    _ => {}
                }
            }
            named.insert(word);
        } else {
            named.insert(rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect());
        }
    }
    let rooms: Vec<&str> = ARROWS.iter().map(|(room, _)| *room).collect();
    named.into_iter().filter(|name| rooms.contains(&name.as_str())).collect()
}

#[test]
fn arrows_point_down() {
    let mut wrong = Vec::new();
    for source in sources() {
        let Some((_, allowed)) = ARROWS.iter().find(|(room, _)| *room == source.room) else {
            panic!("{} is in no known room", source.path.display());
        };
        for named in rooms_named(&code(&source)) {
            if named != source.room && !allowed.contains(&named.as_str()) {
                wrong.push(format!("{} uses {named}", source.path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "forbidden arrows:\n{}", wrong.join("\n"));
}

#[test]
fn a_package_is_named_in_its_room_only() {
    let mut wrong = Vec::new();
    for source in sources() {
        let code = code(&source);
        for (package, rooms) in PACKAGES {
            let is_named = code.match_indices(&format!("{package}::")).any(|(at, _)| {
                !code[..at].chars().next_back().is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':')
            });
            if is_named && !rooms.contains(&source.room.as_str()) {
                wrong.push(format!("{} names {package}", source.path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "packages outside their room:\n{}", wrong.join("\n"));
}

#[test]
fn files_stay_readable() {
    let too_long: Vec<String> = sources()
        .iter()
        .filter(|source| !source.path.ends_with("tests.rs"))
        .map(|source| (source, source.text.split("#[cfg(test)]").next().unwrap_or_default().lines().count()))
        .filter(|(_, lines)| *lines > MAX_LINES)
        .map(|(source, lines)| format!("{}: {lines} lines", source.path.display()))
        .collect();
    assert!(too_long.is_empty(), "over {MAX_LINES} lines:\n{}", too_long.join("\n"));
}

#[test]
fn domain_knows_no_package() {
    for source in sources().iter().filter(|source| source.room == "domain") {
        let code = code(source);
        for line in code.lines().filter(|line| line.trim_start().starts_with("use ")) {
            let is_own = ["use super", "use std", "use crate"].iter().any(|own| line.trim_start().starts_with(own));
            assert!(is_own, "{}: {line}", source.path.display());
        }
    }
}

#[test]
fn the_reader_of_imports_reads_groups() {
    let code = "use crate::{\n    domain::{A, B},\n    text,\n};\nlet x = crate::model::Bundle;";
    let named: Vec<String> = rooms_named(code).into_iter().collect();
    assert_eq!(named, ["domain", "model", "text"]);
}
