//! Knowledge bases.

use super::sample::{article, article_id, base, base_id, lexicon, rulebook};
use super::{change, create_base, everything, write, write_at};
use crate::domain::{Etag, KnowledgeBase, Revision, Timestamp};
use crate::store::{ArticleChange, LexiconRecord, RulebookRecord, Store, StoreError, WriteOp};

pub(super) fn is_created(store: &dyn Store) {
    let written = write_at(store, Timestamp(5), WriteOp::CreateKnowledgeBase(Box::new(base("shop")))).unwrap();
    let (revision, time) = (Revision(1), Timestamp(5));
    let expected =
        KnowledgeBase { revision, record_revision: revision, create_time: time, update_time: time, ..base("shop") };
    assert_eq!(written.revision, revision);
    assert_eq!(written.knowledge_base.as_ref(), Some(&expected));
    assert_eq!(written.article, None);
    assert!(!written.is_replay);
    assert_eq!(store.knowledge_base(&base_id("shop")).unwrap(), expected);

    create_base(store, "bank");
    let ids: Vec<String> = store.knowledge_bases().unwrap().iter().map(|base| base.id.to_string()).collect();
    assert_eq!(ids, ["bank", "shop"]);
}

pub(super) fn is_not_created_twice(store: &dyn Store) {
    create_base(store, "shop");
    let before = everything(store);
    let result = write(store, WriteOp::CreateKnowledgeBase(Box::new(base("shop"))));
    assert!(matches!(result, Err(StoreError::AlreadyExists { what: "knowledge base", id }) if id == "shop"));
    assert_eq!(everything(store), before);
}

pub(super) fn is_updated(store: &dyn Store) {
    write_at(store, Timestamp(5), WriteOp::CreateKnowledgeBase(Box::new(base("shop")))).unwrap();
    change(store, &base_id("shop"), vec![ArticleChange::Create(Box::new(article("a")))]).unwrap();
    let given = KnowledgeBase { display_name: "银行".into(), ..base("shop") };
    let op = WriteOp::UpdateKnowledgeBase { knowledge_base: Box::new(given.clone()), expected: Some(etag(1)) };
    let written = write_at(store, Timestamp(9), op).unwrap();
    let expected = KnowledgeBase {
        revision: Revision(3),
        record_revision: Revision(3),
        create_time: Timestamp(5),
        update_time: Timestamp(9),
        ..given
    };
    assert_eq!(written.revision, Revision(3));
    assert_eq!(written.knowledge_base.as_ref(), Some(&expected));
    assert_eq!(store.knowledge_base(&expected.id).unwrap(), expected);

    change(store, &expected.id, vec![ArticleChange::Upsert(Box::new(article("a")))]).unwrap();
    let present = store.knowledge_base(&expected.id).unwrap();
    assert_eq!(present, KnowledgeBase { revision: Revision(4), ..expected }, "the etag holds, the count goes on");
    assert_eq!(store.knowledge_bases().unwrap(), [present]);
}

pub(super) fn is_guarded_by_its_etag(store: &dyn Store) {
    create_base(store, "shop");
    let before = everything(store);
    let expected = Some(etag(7));
    for op in [
        WriteOp::UpdateKnowledgeBase { knowledge_base: Box::new(base("shop")), expected: expected.clone() },
        WriteOp::DeleteKnowledgeBase { id: base_id("shop"), expected, force: true },
    ] {
        let result = write(store, op);
        let current = etag(1);
        assert!(matches!(result, Err(StoreError::EtagMismatch { current: found, .. }) if found == current));
    }
    assert_eq!(everything(store), before);
}

pub(super) fn is_deleted_when_empty(store: &dyn Store) {
    let id = create_base(store, "shop");
    change(store, &id, vec![ArticleChange::Create(Box::new(article("a")))]).unwrap();
    let delete = || WriteOp::DeleteKnowledgeBase { id: id.clone(), expected: Some(etag(1)), force: false };
    let before = everything(store);
    assert!(matches!(write(store, delete()), Err(StoreError::NotEmpty { id }) if id == "shop"));
    assert_eq!(everything(store), before);

    change(store, &id, vec![ArticleChange::Delete { id: article_id("a"), expected: None }]).unwrap();
    let written = write(store, delete()).unwrap();
    assert_eq!((written.revision, written.knowledge_base, written.article), (Revision(4), None, None));
    assert_eq!(store.counters().unwrap(), [(id, Revision(4))]);
}

pub(super) fn takes_all_along_when_forced(store: &dyn Store) {
    let id = create_base(store, "shop");
    let other = create_base(store, "bank");
    for base in [&id, &other] {
        change(store, base, vec![ArticleChange::Create(Box::new(article("a")))]).unwrap();
    }
    let no = store.article(&id, &article_id("a")).unwrap().no;
    write(store, WriteOp::DeleteKnowledgeBase { id: id.clone(), expected: None, force: true }).unwrap();
    create_base(store, "shop");
    assert_eq!(store.snapshot(&id).unwrap(), (vec![], Revision(4)));
    assert_eq!(store.articles_by_no(&id, &[no]).unwrap(), []);
    assert_eq!(store.snapshot(&other).unwrap().0.len(), 1, "another base loses nothing");
}

pub(super) fn counts_on_when_made_anew(store: &dyn Store) {
    let id = create_base(store, "shop");
    let draft =
        WriteOp::SaveLexiconDraft { knowledge_base: id.clone(), draft: lexicon("花呗"), expected: Revision(0) };
    write(store, draft).unwrap();
    let draft =
        WriteOp::SaveRulesDraft { knowledge_base: id.clone(), draft: rulebook("花呗"), expected: Revision(0) };
    write(store, draft).unwrap();
    write(store, WriteOp::DeleteKnowledgeBase { id: id.clone(), expected: None, force: false }).unwrap();
    let again = write(store, WriteOp::CreateKnowledgeBase(Box::new(base("shop")))).unwrap();
    assert_eq!(again.revision, Revision(3));
    assert_eq!(again.knowledge_base.unwrap().record_revision, Revision(3));
    assert_eq!(store.lexicon(&id).unwrap(), LexiconRecord::default());
    assert_eq!(store.rulebook(&id).unwrap(), RulebookRecord::default());
    assert_eq!(store.feed(&id, Revision(0), 10).unwrap().len(), 3);
}

pub(super) fn is_missing(store: &dyn Store) {
    let id = base_id("shop");
    let knowledge_base = Box::new(base("shop"));
    let missing = |result: Result<(), StoreError>| {
        assert!(matches!(result, Err(StoreError::NotFound { what: "knowledge base", id }) if id == "shop"));
    };
    missing(store.knowledge_base(&id).map(drop));
    missing(store.snapshot(&id).map(drop));
    missing(store.articles(&id, &Default::default(), None, 10).map(drop));
    missing(change(store, &id, vec![]).map(drop));
    missing(change(store, &id, vec![ArticleChange::Create(Box::new(article("a")))]).map(drop));
    missing(write(store, WriteOp::UpdateKnowledgeBase { knowledge_base, expected: None }).map(drop));
    let delete = WriteOp::DeleteKnowledgeBase { id: id.clone(), expected: None, force: true };
    missing(write(store, delete).map(drop));
    assert_eq!(store.articles_by_no(&id, &[]).unwrap(), []);
    assert_eq!(store.feed(&id, Revision(0), 10).unwrap(), []);
    assert_eq!(store.knowledge_bases().unwrap(), []);
    assert_eq!(store.counters().unwrap(), [], "a write that failed leaves no counter");
}

fn etag(revision: u64) -> Etag {
    Etag::of(Revision(revision))
}
