use super::*;
use crate::knowledge::{
    page::PageRequest,
    tests::{Fixture, article, base_id, no_id},
};

fn line(id: &str, question: &str) -> String {
    format!("{{\"id\": \"{id}\", \"standard_question\": \"{question}\", \"answer\": \"答复\"}}\n")
}

fn options(mode: ImportMode) -> ImportOptions {
    ImportOptions { format: FileFormat::Jsonl, mode, dry_run: false }
}

/// A shop with the articles a and b.
fn shop() -> Fixture {
    let fixture = Fixture::shop();
    for (id, question) in [("a", "退款"), ("b", "换货")] {
        fixture.knowledge.create_article(&no_id(), &base_id("shop"), article(id, question), false).expect("created");
    }
    fixture
}

fn ids(fixture: &Fixture) -> Vec<String> {
    let page = fixture.knowledge.list_articles(&base_id("shop"), "", &PageRequest::default()).expect("listed");
    page.items.into_iter().map(|article| format!("{}={}", article.id, article.standard_question)).collect()
}

fn check(mode: ImportMode, file: &str, counts: [u64; 5], left: &[&str]) {
    let fixture = shop();
    let import = |options| {
        let saved = fixture.knowledge.import_articles(&no_id(), &base_id("shop"), options, file.as_bytes());
        saved.expect("imported").value
    };
    let before = ids(&fixture);
    let dry = import(ImportOptions { dry_run: true, ..options(mode) });
    assert_eq!(ids(&fixture), before, "a dry run changes nothing");
    let report = import(options(mode));
    assert_eq!(dry, report, "a dry run tells what would be done");
    let ImportReport { created, updated, unchanged, deleted, failed, .. } = report;
    assert_eq!([created, updated, unchanged, deleted, failed], counts, "{mode:?} {report:?}");
    assert_eq!(ids(&fixture), left, "{mode:?}");
}

#[test]
fn modes_differ_in_what_is_there_already() {
    let file = [line("a", "退款"), line("b", "换新"), line("c", "发票")].concat();
    check(ImportMode::Append, &file, [1, 0, 0, 0, 2], &["a=退款", "b=换货", "c=发票"]);
    check(ImportMode::Merge, &file, [1, 1, 1, 0, 0], &["a=退款", "b=换新", "c=发票"]);
    check(ImportMode::Replace, &file, [1, 1, 1, 0, 0], &["a=退款", "b=换新", "c=发票"]);
    check(ImportMode::Replace, &line("c", "发票"), [1, 0, 0, 2, 0], &["c=发票"]);
    check(ImportMode::Merge, "", [0; 5], &["a=退款", "b=换货"]);
    check(ImportMode::Replace, "", [0, 0, 0, 2, 0], &[]);
}

#[test]
fn bad_rows_fail_alone_but_for_replace() {
    let file = [line("c", "发票"), line("d", ""), line("c", "抬头"), line("a", "钱")].concat();
    check(ImportMode::Merge, &file, [1, 1, 0, 0, 2], &["a=钱", "b=换货", "c=发票"]);
    check(ImportMode::Append, &file, [1, 0, 0, 0, 3], &["a=退款", "b=换货", "c=发票"]);
    check(ImportMode::Replace, &file, [0, 0, 0, 0, 2], &["a=退款", "b=换货"]);
}

#[test]
fn reports_name_lines_and_warn() {
    let file = [line("c", "退款"), line("d", ""), line("c", "抬头")].concat();
    let with_follow_up =
        r#"{"id": "e", "standard_question": "q", "answer": "x", "follow_up_questions": ["c", "nowhere"]}"#;
    let fixture = shop();
    let data = format!("{file}{with_follow_up}");
    let saved =
        fixture.knowledge.import_articles(&no_id(), &base_id("shop"), options(ImportMode::Merge), data.as_bytes());
    let rows = saved.expect("imported").value.rows;
    let seen: Vec<(u64, Option<&str>, bool)> =
        rows.iter().map(|row| (row.line, row.article.as_deref(), row.error.is_some())).collect();
    assert_eq!(seen, [(1, Some("c"), false), (2, Some("d"), true), (3, Some("c"), true), (4, Some("e"), false)]);
    assert_eq!(rows[0].warnings, ["the question \"退款\" is one of article a too"]);
    assert_eq!(rows[2].error.as_deref(), Some("id: c is on line 1 already"));
    assert_eq!(rows[3].warnings, ["follow_up_questions: article nowhere does not exist"]);
}

#[test]
fn the_first_thousand_failures_are_told() {
    let file: String = (0..1_500).map(|n| line(&format!("x{n}"), "")).collect();
    let fixture = shop();
    let saved =
        fixture.knowledge.import_articles(&no_id(), &base_id("shop"), options(ImportMode::Merge), file.as_bytes());
    let report = saved.expect("imported").value;
    assert_eq!((report.failed, report.rows.len()), (1_500, 1_000));
}

#[test]
fn a_retried_import_is_exact() {
    let fixture = shop();
    let shop = base_id("shop");
    let request = Request { credential: "c".to_owned(), request_id: Some("1".to_owned()), fingerprint: "f".to_owned() };
    let import = || {
        let data = line("c", "发票");
        let saved = fixture.knowledge.import_articles(&request, &shop, options(ImportMode::Append), data.as_bytes());
        saved.expect("imported")
    };
    let first = import();
    fixture.knowledge.create_article(&no_id(), &shop, article("d", "别的"), false).expect("created");
    assert_eq!(import(), first);
    assert_eq!(first.value.created, 1);
}

#[test]
fn an_export_is_imported_unchanged() {
    for format in [FileFormat::Jsonl, FileFormat::Csv] {
        let fixture = shop();
        let shop = base_id("shop");
        let many: String = (0..1_200).map(|n| line(&format!("n{n}"), &format!("问题{n}"))).collect();
        let imported = fixture.knowledge.import_articles(&no_id(), &shop, options(ImportMode::Merge), many.as_bytes());
        assert_eq!(imported.expect("imported").value.created, 1_200);
        let mut data = Vec::new();
        let sink = &mut |piece: Vec<u8>| {
            assert!(piece.len() < 1 << 20);
            data.extend(piece);
            true
        };
        fixture.knowledge.export_articles(&shop, format, "", sink).expect("exported");
        let again = ImportOptions { format, mode: ImportMode::Replace, dry_run: false };
        let saved = fixture.knowledge.import_articles(&no_id(), &shop, again, &data).expect("imported");
        assert_eq!(saved.value, ImportReport { unchanged: 1_202, ..ImportReport::default() });

        let mut some = Vec::new();
        fixture
            .knowledge
            .export_articles(&shop, format, "id:a", &mut |piece| {
                some.extend(piece);
                true
            })
            .expect("exported");
        assert_eq!(read_articles(format, &some).expect("a file").len(), 1);
    }
}
