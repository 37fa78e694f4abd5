//! Changes of articles, and fetching them.

use super::sample::{article, article_id, base_id};
use super::{change, create_base, everything, write, write_at};
use crate::domain::{Article, ArticleNo, Etag, Revision, Timestamp};
use crate::store::{ArticleChange, ChangedSubject, Store, StoreError, WriteOp};

fn create(id: &str) -> ArticleChange {
    ArticleChange::Create(Box::new(article(id)))
}

fn upsert(id: &str) -> ArticleChange {
    ArticleChange::Upsert(Box::new(article(id)))
}

fn update(id: &str, expected: Option<u64>) -> ArticleChange {
    ArticleChange::Update { article: Box::new(article(id)), expected: expected.map(|at| Etag::of(Revision(at))) }
}

fn delete(id: &str, expected: Option<u64>) -> ArticleChange {
    ArticleChange::Delete { id: article_id(id), expected: expected.map(|at| Etag::of(Revision(at))) }
}

pub(super) fn is_created(store: &dyn Store) {
    let base = create_base(store, "shop");
    let op = WriteOp::ChangeArticles { knowledge_base: base.clone(), changes: vec![create("a"), create("b")] };
    let written = write_at(store, Timestamp(5), op).unwrap();
    let stored = store.article(&base, &article_id("a")).unwrap();
    let expected = Article {
        no: stored.no,
        revision: Revision(2),
        create_time: Timestamp(5),
        update_time: Timestamp(5),
        ..article("a")
    };
    assert_eq!(stored, expected);
    assert_eq!(written.article, Some(stored));
    assert_eq!((written.revision, written.knowledge_base), (Revision(3), None));
    assert_eq!(store.article(&base, &article_id("b")).unwrap().revision, Revision(3));
    let missing = store.article(&base, &article_id("c"));
    assert!(matches!(missing, Err(StoreError::NotFound { what: "article", id }) if id == "shop/c"));
}

pub(super) fn changes_fail_as_promised(store: &dyn Store) {
    #[track_caller]
    fn check(store: &dyn Store, change_to_fail: ArticleChange, expected: &str) {
        let before = everything(store);
        let error = change(store, &base_id("shop"), vec![change_to_fail]).unwrap_err();
        assert_eq!(error.to_string(), expected);
        assert_eq!(everything(store), before);
    }
    let base = create_base(store, "shop");
    change(store, &base, vec![create("a")]).unwrap();
    check(store, create("a"), "article shop/a exists already");
    check(store, update("b", None), "article shop/b does not exist");
    check(store, update("b", Some(2)), "article shop/b does not exist");
    check(store, update("a", Some(1)), "article shop/a was changed, its etag is now r2");
    check(store, delete("b", None), "article shop/b does not exist");
    check(store, delete("a", Some(3)), "article shop/a was changed, its etag is now r2");
    change(store, &base, vec![update("a", Some(2))]).unwrap();
    check(store, update("a", Some(2)), "article shop/a was changed, its etag is now r3");
    change(store, &base, vec![delete("a", Some(3))]).unwrap();
}

pub(super) fn keeps_number_and_create_time(store: &dyn Store) {
    let base = create_base(store, "shop");
    let at = |time, change| {
        let op = WriteOp::ChangeArticles { knowledge_base: base.clone(), changes: vec![change] };
        write_at(store, Timestamp(time), op).unwrap().article.unwrap()
    };
    let created = at(5, upsert("a"));
    let edited = Article { standard_question: "改过".into(), ..article("a") };
    let updated = at(6, ArticleChange::Update { article: Box::new(edited), expected: None });
    assert_eq!(updated.standard_question, "改过");
    assert_eq!((updated.no, updated.create_time, updated.update_time), (created.no, Timestamp(5), Timestamp(6)));
    let upserted = at(7, upsert("a"));
    assert_eq!((upserted.no, upserted.create_time, upserted.update_time), (created.no, Timestamp(5), Timestamp(7)));
    assert_eq!(store.article(&base, &article_id("a")).unwrap(), upserted);
}

pub(super) fn sees_earlier_changes(store: &dyn Store) {
    let base = create_base(store, "shop");
    let changes = vec![create("a"), update("a", Some(2)), delete("a", Some(3)), create("a"), delete("a", None)];
    let written = change(store, &base, changes).unwrap();
    assert_eq!(written.revision, Revision(6));
    assert_eq!(written.article.unwrap().revision, Revision(2), "as the first change stored it");
    assert_eq!(store.snapshot(&base).unwrap(), (vec![], Revision(6)));
    let twice = change(store, &base, vec![create("b"), create("b")]);
    assert!(matches!(twice, Err(StoreError::AlreadyExists { .. })));
    let written = change(store, &base, vec![upsert("b"), delete("b", None)]).unwrap();
    assert_eq!(written.revision, Revision(8));
    let written = change(store, &base, vec![create("b"), create("c")]).unwrap();
    assert_eq!(written.revision, Revision(10));
    assert_eq!(change(store, &base, vec![delete("b", None), create("d")]).unwrap().article, None);
}

pub(super) fn does_all_or_nothing(store: &dyn Store) {
    let base = create_base(store, "shop");
    change(store, &base, vec![create("a"), create("b")]).unwrap();
    let before = everything(store);
    for last in [create("a"), update("x", None), delete("b", Some(1))] {
        let changes = vec![create("c"), upsert("a"), delete("b", None), create("b"), last];
        change(store, &base, changes).unwrap_err();
        assert_eq!(everything(store), before);
    }
    assert_eq!(change(store, &base, vec![create("c")]).unwrap().revision, Revision(4));
}

pub(super) fn does_nothing_with_no_changes(store: &dyn Store) {
    let base = create_base(store, "shop");
    let before = everything(store);
    let written = change(store, &base, vec![]).unwrap();
    assert_eq!((written.revision, written.article), (Revision(1), None));
    assert_eq!(everything(store), before);
}

pub(super) fn never_gives_a_number_twice(store: &dyn Store) {
    let (shop, bank) = (create_base(store, "shop"), create_base(store, "bank"));
    let mut nos = Vec::new();
    for base in [&shop, &bank, &shop] {
        nos.push(change(store, base, vec![create("a")]).unwrap().article.unwrap().no);
        change(store, base, vec![delete("a", None)]).unwrap();
    }
    write(store, WriteOp::DeleteKnowledgeBase { id: shop, expected: None, force: true }).unwrap();
    let shop = create_base(store, "shop");
    nos.push(change(store, &shop, vec![create("a")]).unwrap().article.unwrap().no);
    assert!(nos.is_sorted_by(|a, b| a < b), "{nos:?}");
}

pub(super) fn is_fetched_by_number(store: &dyn Store) {
    let (shop, bank) = (create_base(store, "shop"), create_base(store, "bank"));
    change(store, &shop, vec![create("b"), create("a")]).unwrap();
    change(store, &bank, vec![create("c")]).unwrap();
    let no = |base, id| store.article(base, &article_id(id)).unwrap().no;
    let nos = [no(&shop, "a"), no(&shop, "b"), no(&bank, "c"), no(&shop, "b"), ArticleNo(u64::MAX), ArticleNo(0)];
    let found = store.articles_by_no(&shop, &nos).unwrap();
    let ids: Vec<&str> = found.iter().map(|article| article.id.as_str()).collect();
    assert_eq!(ids, ["b", "a"], "once each, by number, of this base");
}

pub(super) fn holds_odd_texts(store: &dyn Store) {
    let base = create_base(store, "shop");
    let odd = "\0\"'\\|\n\r\u{feff}👨‍👩‍👧\u{10ffff} {order_id} %_";
    let given = Article {
        standard_question: odd.into(),
        similar_questions: vec![String::new(), odd.into()],
        tags: vec![odd.into(), String::new()],
        metadata: [(odd.to_owned(), odd.to_owned())].into(),
        effective_time: Some(Timestamp(i64::MIN)),
        expire_time: Some(Timestamp(i64::MAX)),
        ..article("a")
    };
    let written = change(store, &base, vec![ArticleChange::Create(Box::new(given.clone()))]).unwrap();
    let stored = store.article(&base, &given.id).unwrap();
    assert_eq!(written.article.as_ref(), Some(&stored));
    assert_eq!((&stored.standard_question, &stored.tags), (&given.standard_question, &given.tags));
    assert_eq!((&stored.metadata, stored.expire_time), (&given.metadata, given.expire_time));
}

pub(super) fn lives_in_its_base(store: &dyn Store) {
    let (shop, bank) = (create_base(store, "shop"), create_base(store, "bank"));
    change(store, &shop, vec![create("a")]).unwrap();
    change(store, &bank, vec![create("a")]).unwrap();
    change(store, &shop, vec![delete("a", None)]).unwrap();
    let kept = store.article(&bank, &article_id("a")).unwrap();
    assert_eq!(store.snapshot(&bank).unwrap(), (vec![kept.clone()], Revision(2)));
    let entry = store.feed(&bank, Revision(1), 1).unwrap().remove(0);
    assert_eq!(entry.subject, ChangedSubject::Article { no: kept.no, id: kept.id });
}
