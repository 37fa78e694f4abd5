//! What only this backend promises: files, damage, other processes.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::sync::Barrier;
use std::thread;
use std::time::Duration;

use rusqlite::Connection;
use tempfile::TempDir;

use super::SqliteStore;
use crate::domain::{BundleId, ErrorKind, KnowledgeBaseId, Revision};
use crate::store::contract::sample::{
    answer_record, article, article_id, base_id, feedback, lexicon, rulebook, satisfaction,
};
use crate::store::contract::{NOW, change, create_base, everything, open_sqlite, write};
use crate::store::{ArticleChange, BundleChoice, RequestKey, Store, StoreError, Write, WriteOp};

fn file(folder: &TempDir) -> PathBuf {
    folder.path().join("store.db")
}

fn create(id: &str) -> ArticleChange {
    ArticleChange::Create(Box::new(article(id)))
}

fn request() -> RequestKey {
    RequestKey { credential: "editor".into(), request_id: "r-1".into(), fingerprint: "f".into() }
}

/// One row in every table.
fn fill(store: &SqliteStore) -> KnowledgeBaseId {
    let base = create_base(store, "shop");
    let op = WriteOp::ChangeArticles { knowledge_base: base.clone(), changes: vec![create("a")] };
    store.write(&Write { now: NOW, request: Some(request()), op, payload: "p".into() }).unwrap();
    let draft = lexicon("花呗");
    write(store, WriteOp::SaveLexiconDraft { knowledge_base: base.clone(), draft, expected: Revision(0) }).unwrap();
    let draft = rulebook("冒烟");
    write(store, WriteOp::SaveRulesDraft { knowledge_base: base.clone(), draft, expected: Revision(0) }).unwrap();
    store.add_answer_records(&[answer_record("record")]).unwrap();
    store.add_feedback(&feedback("f", 1)).unwrap();
    store.add_satisfaction(&satisfaction("s", 1)).unwrap();
    store.choose_bundle(&[BundleId::parse("acme/1").unwrap()], Revision(0)).unwrap();
    base
}

fn tamper(path: &Path, sql: &str) {
    Connection::open(path).unwrap().execute_batch(sql).unwrap();
}

#[test]
fn reopening_keeps_everything() {
    let folder = tempfile::tempdir().unwrap();
    let store = open_sqlite(folder.path());
    let base = fill(&store);
    let no = store.article(&base, &article_id("a")).unwrap().no;
    change(&store, &base, vec![ArticleChange::Delete { id: article_id("a"), expected: None }]).unwrap();
    let (before, reply) = (everything(&store), store.replay(&request()).unwrap());
    drop(store);

    let store = SqliteStore::open(&file(&folder), "another").unwrap();
    assert_eq!(store.epoch().0, "epoch");
    assert_eq!(store.backend(), "sqlite");
    assert_eq!(everything(&store), before);
    assert!(reply.is_some());
    assert_eq!(store.replay(&request()).unwrap(), reply);
    assert_eq!(store.answer_record("record").unwrap(), Some(answer_record("record")));
    assert_eq!(store.feedback_of("record").unwrap(), [feedback("f", 1)]);
    assert_eq!(store.satisfaction_of("record").unwrap(), [satisfaction("s", 1)]);
    let history = vec![BundleId::parse("acme/1").unwrap()];
    assert_eq!(store.bundle_choice().unwrap(), BundleChoice { history, revision: Revision(1) });
    let again = change(&store, &base, vec![create("a")]).unwrap().article.unwrap();
    assert!(again.no > no, "a number is not given twice, not even by another process");
}

#[test]
fn settings_are_durable() {
    let folder = tempfile::tempdir().unwrap();
    let store = open_sqlite(folder.path());
    let writer = store.lock_writer();
    let setting = |name: &str| -> String {
        writer.connection.pragma_query_value(None, name, |row| row.get_ref(0).map(|v| format!("{v:?}"))).unwrap()
    };
    assert_eq!(setting("synchronous"), "Integer(2)", "FULL");
    assert_eq!(setting("foreign_keys"), "Integer(1)");
    assert_eq!(setting("busy_timeout"), "Integer(5000)");
    let mode: String = writer.connection.pragma_query_value(None, "journal_mode", |row| row.get(0)).unwrap();
    assert_eq!(mode, "wal");
    let reader = store.readers.take();
    assert!(reader.execute("DELETE FROM feed", []).is_err(), "readers cannot write");
}

#[test]
fn a_newer_schema_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    drop(open_sqlite(folder.path()));
    tamper(&file(&folder), "PRAGMA user_version = 4; PRAGMA journal_mode = DELETE");
    let before = std::fs::read(file(&folder)).unwrap();
    let error = SqliteStore::open(&file(&folder), "epoch").unwrap_err();
    assert!(matches!(error, StoreError::UnknownSchema { found: 4, known: 3 }), "{error:?}");
    assert_eq!(std::fs::read(file(&folder)).unwrap(), before);
}

/// A store as the first version of the program left it.
#[test]
fn an_older_schema_is_brought_up_to_date() {
    let folder = tempfile::tempdir().unwrap();
    tamper(&file(&folder), include_str!("../migrations/sqlite/0001_tables.sql"));
    tamper(&file(&folder), "INSERT INTO meta VALUES ('epoch', 'old'); PRAGMA user_version = 1");
    let store = SqliteStore::open(&file(&folder), "another").unwrap();
    assert_eq!(store.epoch().0, "old");
    let base = fill(&store);
    let before = everything(&store);
    drop(store);
    let store = SqliteStore::open(&file(&folder), "another").unwrap();
    assert_eq!(everything(&store), before);
    assert_eq!(store.rulebook(&base).unwrap().draft, rulebook("冒烟"));
}

#[test]
fn what_is_no_store_is_refused() {
    #[track_caller]
    fn check(prepare: impl FnOnce(&Path), expected: ErrorKind) {
        let folder = tempfile::tempdir().unwrap();
        prepare(&file(&folder));
        let error = SqliteStore::open(&file(&folder), "epoch").unwrap_err();
        assert_eq!(error.kind(), expected, "{error:?}");
    }
    check(|path| tamper(path, "CREATE TABLE photos (id)"), ErrorKind::Internal);
    check(|path| tamper(path, "CREATE TABLE photos (id); PRAGMA user_version = 1"), ErrorKind::Internal);
    check(|path| tamper(path, "PRAGMA user_version = -1"), ErrorKind::FailedPrecondition);
    check(
        |path| std::fs::write(path, "a text that is longer than the header of a file, ".repeat(30)).unwrap(),
        ErrorKind::Internal,
    );
    check(|path| std::fs::create_dir(path).unwrap(), ErrorKind::Unavailable);
    check(
        |path| {
            drop(SqliteStore::open(path, "epoch").unwrap());
            tamper(path, "DELETE FROM meta");
        },
        ErrorKind::Internal,
    );
    let nowhere = SqliteStore::open(Path::new("/nowhere/at/all/store.db"), "epoch").unwrap_err();
    assert_eq!(nowhere.kind(), ErrorKind::Unavailable);
}

#[test]
fn two_handles_see_each_other() {
    let folder = tempfile::tempdir().unwrap();
    let (one, two) = (open_sqlite(folder.path()), open_sqlite(folder.path()));
    let base = create_base(&one, "shop");
    assert_eq!(change(&two, &base, vec![create("a")]).unwrap().revision, Revision(2));
    assert_eq!(change(&one, &base, vec![create("b")]).unwrap().revision, Revision(3));
    assert_eq!(everything(&one), everything(&two));
    let run = |store: &SqliteStore, name: &str| {
        for idx in 0..50 {
            change(store, &base, vec![create(&format!("{name}-{idx}"))]).unwrap();
        }
    };
    thread::scope(|scope| {
        scope.spawn(|| run(&one, "one"));
        scope.spawn(|| run(&two, "two"));
    });
    assert_eq!(one.snapshot(&base).unwrap().1, Revision(103));
    assert_eq!(everything(&one), everything(&two));
}

#[test]
fn many_open_a_new_file_at_once() {
    const NUM_THREADS: usize = 8;
    for _ in 0..10 {
        let folder = tempfile::tempdir().unwrap();
        let barrier = Barrier::new(NUM_THREADS);
        let open = |idx: usize| {
            barrier.wait();
            SqliteStore::open(&file(&folder), &format!("epoch-{idx}")).unwrap().epoch().clone()
        };
        let epochs: Vec<_> = thread::scope(|scope| {
            let threads: Vec<_> = (0..NUM_THREADS).map(|idx| scope.spawn(move || open(idx))).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert!(epochs.iter().all(|epoch| *epoch == epochs[0]), "{epochs:?}");
    }
}

#[test]
fn reads_do_not_wait_for_a_write() {
    let folder = tempfile::tempdir().unwrap();
    let store = open_sqlite(folder.path());
    let base = fill(&store);
    let other = Connection::open(file(&folder)).unwrap();
    other.execute_batch("BEGIN IMMEDIATE; DELETE FROM lexicons").unwrap();
    let writer = store.lock_writer();
    assert_eq!(store.snapshot(&base).unwrap().0.len(), 1);
    assert_eq!(store.lexicon(&base).unwrap().draft_revision, Revision(1), "what is not committed is not seen");
    writer.connection.busy_timeout(Duration::from_millis(1)).unwrap();
    drop(writer);
    let before = everything(&store);
    let error = change(&store, &base, vec![create("b")]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable, "{error:?}");
    assert!(error.source().is_some());
    assert_eq!(everything(&store), before);
    drop(other);
    change(&store, &base, vec![create("b")]).unwrap();
}

#[test]
fn a_full_disk_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let store = open_sqlite(folder.path());
    let base = fill(&store);
    let before = everything(&store);
    let limit = |pages: i64| {
        let writer = store.lock_writer();
        writer.connection.pragma_update_and_check(None, "max_page_count", pages, |_| Ok(())).unwrap();
    };
    limit(1);
    let changes = || (0..500).map(|idx| create(&format!("b-{idx}"))).collect();
    let error = change(&store, &base, changes()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable, "{error:?}");
    assert_eq!(everything(&store), before);
    limit(1_000_000);
    assert_eq!(change(&store, &base, changes()).unwrap().revision, Revision(502));
}

#[test]
fn a_panic_leaves_the_store_usable() {
    let folder = tempfile::tempdir().unwrap();
    let store = open_sqlite(folder.path());
    let base = fill(&store);
    let before = everything(&store);
    thread::scope(|scope| {
        let write = scope.spawn(|| {
            store.append::<()>(|transaction| {
                transaction.execute("DELETE FROM articles", []).unwrap();
                panic!("in the middle of a write")
            })
        });
        assert!(write.join().is_err());
        for _ in 0..10 {
            let read = scope.spawn(|| store.read::<()>(|_| panic!("in the middle of a read")));
            assert!(read.join().is_err());
        }
    });
    assert!(store.writer.is_poisoned());
    assert_eq!(everything(&store), before);
    change(&store, &base, vec![create("b")]).unwrap();
}

#[track_caller]
fn check_corrupt(sql: &str, read: impl FnOnce(&SqliteStore) -> Result<(), StoreError>, expected: (&str, &str, &str)) {
    let folder = tempfile::tempdir().unwrap();
    let store = open_sqlite(folder.path());
    fill(&store);
    tamper(&file(&folder), sql);
    match read(&store) {
        Err(StoreError::Corrupt { table, row, source }) => {
            assert_eq!((table, row.as_str()), (expected.0, expected.1), "{sql}");
            assert!(source.to_string().contains(expected.2), "{sql}: {source}");
        }
        other => panic!("{sql}: {other:?}"),
    }
}

#[test]
fn corrupt_rows_are_named() {
    let shop = || base_id("shop");
    let snapshot = |store: &SqliteStore| store.snapshot(&shop()).map(drop);
    let bases = |store: &SqliteStore| store.knowledge_bases().map(drop);
    let feed = |store: &SqliteStore| store.feed(&shop(), Revision(0), 9).map(drop);
    let json = |table: &str, column: &str, from: &str, to: &str| {
        format!("UPDATE {table} SET {column} = replace({column}, '{from}', '{to}')")
    };
    check_corrupt("UPDATE articles SET body = '{'", snapshot, ("articles", "shop/a", "EOF"));
    check_corrupt("UPDATE articles SET body = CAST(x'ff' AS TEXT)", snapshot, ("articles", "shop/a", "utf-8"));
    check_corrupt("UPDATE articles SET revision = -4", snapshot, ("articles", "shop/a", "-4 is not a count"));
    check_corrupt("UPDATE articles SET id = 'A B'", snapshot, ("articles", "shop/A B", "not an identifier"));
    let format = "format 2 is unknown, this program knows 1";
    let newer = |table: &str, column: &str| json(table, column, "\"format\":1", "\"format\":2");
    check_corrupt(&newer("articles", "body"), snapshot, ("articles", "shop/a", format));
    let state = json("articles", "body", "in_review", "sleeping");
    check_corrupt(&state, snapshot, ("articles", "shop/a", "state has the unknown value \"sleeping\""));
    let newest = json("knowledge_bases", "body", "\"format\":3", "\"format\":4");
    let known = "format 4 is unknown, this program knows 1 to 3";
    check_corrupt(&newest, bases, ("knowledge_bases", "shop", known));
    let urgency = json("knowledge_bases", "body", "\"urgency\":\"urgent", "\"urgency\":\"x");
    check_corrupt(&urgency, bases, ("knowledge_bases", "shop", "unknown"));
    check_corrupt(
        "UPDATE feed SET subject = 'x' WHERE revision = 2",
        feed,
        ("feed", "shop/2", "subject has the unknown value"),
    );
    check_corrupt("UPDATE feed SET article_no = NULL", feed, ("feed", "shop/2", "Null"));
    check_corrupt("UPDATE counters SET revision = -1", |store| store.counters().map(drop), ("counters", "shop", "-1"));
    let draft = newer("lexicons", "draft");
    check_corrupt(&draft, |store| store.lexicon(&shop()).map(drop), ("lexicons", "shop", format));
    let rules = |store: &SqliteStore| store.rulebook(&shop()).map(drop);
    check_corrupt(&newer("rulebooks", "published"), rules, ("rulebooks", "shop", format));
    let level = json("rulebooks", "draft", "\"raise_urgency\":\"urgent", "\"raise_urgency\":\"x");
    check_corrupt(&level, rules, ("rulebooks", "shop", "urgency has the unknown value"));
    let reply = newer("requests", "written");
    check_corrupt(&reply, |store| store.replay(&request()).map(drop), ("requests", "editor/r-1", format));
    let record = newer("answer_records", "body");
    check_corrupt(&record, |store| store.answer_record("record").map(drop), ("answer_records", "record", format));
    let verdict = json("feedback", "body", "edited\"", "x\"");
    check_corrupt(&verdict, |store| store.feedback_of("record").map(drop), ("feedback", "f", "verdict"));
    let rating = newer("satisfaction", "body");
    check_corrupt(&rating, |store| store.satisfaction_of("record").map(drop), ("satisfaction", "s", format));
    let choice = |store: &SqliteStore| store.bundle_choice().map(drop);
    check_corrupt(&newer("meta", "value"), choice, ("meta", "bundle_choice", format));
    let odd = json("meta", "value", "acme/1", "../1");
    check_corrupt(&odd, choice, ("meta", "bundle_choice", "not an identifier"));
    check_corrupt("DROP TABLE feed", feed, ("feed", "no row in particular", "no such table"));
}
