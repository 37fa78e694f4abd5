//! Retried writes.

use super::sample::{article, article_id, base, base_id, lexicon, rulebook};
use super::{NOW, change, create_base, everything, key, write, write_at};
use crate::domain::{Revision, Timestamp};
use crate::store::{ArticleChange, RequestKey, Store, StoreError, Write, WriteOp, Written};

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

fn create(id: &str) -> WriteOp {
    let changes = vec![ArticleChange::Create(Box::new(article(id)))];
    WriteOp::ChangeArticles { knowledge_base: base_id("shop"), changes }
}

fn request(key: &RequestKey, op: WriteOp) -> Write {
    Write { now: NOW, request: Some(key.clone()), op, payload: "{\"rows\":1}".into() }
}

pub(super) fn is_replayed(store: &dyn Store) {
    create_base(store, "shop");
    let key = key("editor", "r-1", "f");
    assert_eq!(store.replay(&key).unwrap(), None);
    let first = store.write(&request(&key, create("a"))).unwrap();
    assert_eq!((first.payload.as_str(), first.is_replay), ("{\"rows\":1}", false));
    assert!(first.article.is_some());

    let delete = ArticleChange::Delete { id: article_id("a"), expected: None };
    change(store, &base_id("shop"), vec![delete]).unwrap();
    let before = everything(store);
    let replay = Written { is_replay: true, ..first };
    let again = Write { payload: "another".into(), now: Timestamp(NOW.0 + 1), ..request(&key, create("a")) };
    assert_eq!(store.write(&again).unwrap(), replay);
    assert_eq!(store.replay(&key).unwrap(), Some(replay));
    assert_eq!(everything(store), before);
}

pub(super) fn is_refused_with_another_fingerprint(store: &dyn Store) {
    create_base(store, "shop");
    store.write(&request(&key("editor", "r-1", "f"), create("a"))).unwrap();
    let before = everything(store);
    let other = key("editor", "r-1", "g");
    for result in [store.write(&request(&other, create("b"))).map(Some), store.replay(&other)] {
        assert!(matches!(result, Err(StoreError::FingerprintMismatch { request_id }) if request_id == "r-1"));
    }
    assert_eq!(everything(store), before);
}

pub(super) fn is_apart_by_credential(store: &dyn Store) {
    create_base(store, "shop");
    store.write(&request(&key("ann", "r-1", "f"), create("a"))).unwrap();
    assert_eq!(store.replay(&key("bob", "r-1", "f")).unwrap(), None);
    let written = store.write(&request(&key("bob", "r-1", "g"), create("b"))).unwrap();
    assert_eq!((written.revision, written.is_replay), (Revision(3), false));
}

pub(super) fn is_free_after_a_failure(store: &dyn Store) {
    create_base(store, "shop");
    let key = key("editor", "r-1", "f");
    write(store, create("a")).unwrap();
    store.write(&request(&key, create("a"))).unwrap_err();
    assert_eq!(store.replay(&key).unwrap(), None);
    assert!(!store.write(&request(&key, create("b"))).unwrap().is_replay);
}

pub(super) fn is_forgotten_after_a_week(store: &dyn Store) {
    create_base(store, "shop");
    let (old, young) = (key("editor", "old", "f"), key("editor", "young", "f"));
    let after = |days: i64| Timestamp(NOW.0 + days * DAY_MS);
    store.write(&request(&old, create("a"))).unwrap();
    store.write(&Write { now: after(3), ..request(&young, create("b")) }).unwrap();
    write_at(store, after(7), create("c")).unwrap();
    assert!(store.replay(&old).unwrap().is_some(), "a week old is not older than a week");
    write_at(store, after(8), create("d")).unwrap();
    assert_eq!(store.replay(&old).unwrap(), None);
    assert!(store.replay(&young).unwrap().is_some());
}

pub(super) fn is_replayed_for_every_write(store: &dyn Store) {
    let knowledge_base = base_id("shop");
    let ops = [
        WriteOp::CreateKnowledgeBase(Box::new(base("shop"))),
        WriteOp::UpdateKnowledgeBase { knowledge_base: Box::new(base("shop")), expected: None },
        create("a"),
        WriteOp::SaveLexiconDraft {
            knowledge_base: knowledge_base.clone(),
            draft: lexicon("花呗"),
            expected: Revision(0),
        },
        WriteOp::PublishLexicon { knowledge_base: knowledge_base.clone(), expected: Revision(1) },
        WriteOp::SaveRulesDraft {
            knowledge_base: knowledge_base.clone(),
            draft: rulebook("花呗"),
            expected: Revision(0),
        },
        WriteOp::PublishRules { knowledge_base: knowledge_base.clone(), expected: Revision(1) },
        WriteOp::ChangeArticles {
            knowledge_base: knowledge_base.clone(),
            changes: vec![ArticleChange::Delete { id: article_id("a"), expected: None }],
        },
        WriteOp::DeleteKnowledgeBase { id: knowledge_base, expected: None, force: false },
    ];
    for (idx, op) in ops.into_iter().enumerate() {
        let write = request(&key("editor", &format!("r-{idx}"), "f"), op);
        let first = store.write(&write).unwrap();
        let before = everything(store);
        assert_eq!(store.write(&write).unwrap(), Written { is_replay: true, ..first }, "{:?}", write.op);
        assert_eq!(everything(store), before);
    }
}
