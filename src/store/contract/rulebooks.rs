//! Rules as draft and published.

use super::sample::{base_id, lexicon, rulebook};
use super::{create_base, everything, write};
use crate::domain::{KnowledgeBaseId, Revision, Rulebook};
use crate::store::{ChangedSubject, Result, RulebookRecord, Store, StoreError, WriteOp, Written};

fn save(store: &dyn Store, base: &KnowledgeBaseId, phrase: &str, expected: u64) -> Result<Written> {
    let (knowledge_base, expected) = (base.clone(), Revision(expected));
    write(store, WriteOp::SaveRulesDraft { knowledge_base, draft: rulebook(phrase), expected })
}

fn publish(store: &dyn Store, base: &KnowledgeBaseId, expected: u64) -> Result<Written> {
    write(store, WriteOp::PublishRules { knowledge_base: base.clone(), expected: Revision(expected) })
}

pub(super) fn is_empty_at_first(store: &dyn Store) {
    let base = create_base(store, "shop");
    assert_eq!(store.rulebook(&base).unwrap(), RulebookRecord::default());
    assert_eq!(publish(store, &base, 0).unwrap().revision, Revision(2));
    let record = store.rulebook(&base).unwrap();
    assert_eq!((record.published.version, record.draft_revision), (1, Revision(1)));
}

pub(super) fn is_drafted_and_published(store: &dyn Store) {
    let base = create_base(store, "shop");
    let saved = save(store, &base, "花呗", 0).unwrap();
    assert_eq!((saved.revision, saved.knowledge_base, saved.article), (Revision(1), None, None));
    assert_eq!(store.feed(&base, Revision(1), 10).unwrap(), [], "a draft serves nobody");
    let drafted =
        RulebookRecord { draft: rulebook("花呗"), draft_revision: Revision(1), published: Rulebook::default() };
    assert_eq!(store.rulebook(&base).unwrap(), drafted);

    let before = everything(store);
    for stale in [save(store, &base, "白条", 0), publish(store, &base, 0), publish(store, &base, 2)] {
        assert!(
            matches!(stale, Err(StoreError::DraftChanged { what: "rules", knowledge_base }) if knowledge_base == "shop")
        );
    }
    assert_eq!(everything(store), before);

    assert_eq!(publish(store, &base, 1).unwrap().revision, Revision(2));
    let first = Rulebook { version: 1, ..rulebook("花呗") };
    let published = RulebookRecord { draft: first.clone(), draft_revision: Revision(2), published: first.clone() };
    assert_eq!(store.rulebook(&base).unwrap(), published, "no change is left in the draft");
    assert_eq!(store.feed(&base, Revision(1), 10).unwrap()[0].subject, ChangedSubject::Rules);

    let stale = save(store, &base, "白条", 1);
    assert!(matches!(stale, Err(StoreError::DraftChanged { .. })), "what was read before the publication");
    save(store, &base, "白条", 2).unwrap();
    let record = store.rulebook(&base).unwrap();
    assert_eq!((record.draft.version, record.draft.rules), (1, rulebook("白条").rules));
    assert_eq!(record.published, first);
    publish(store, &base, 3).unwrap();
    assert_eq!(store.rulebook(&base).unwrap().published, Rulebook { version: 2, ..rulebook("白条") });
}

pub(super) fn goes_with_its_base(store: &dyn Store) {
    let (shop, bank) = (create_base(store, "shop"), create_base(store, "bank"));
    save(store, &shop, "花呗", 0).unwrap();
    save(store, &bank, "白条", 0).unwrap();
    write(store, WriteOp::DeleteKnowledgeBase { id: shop.clone(), expected: None, force: false }).unwrap();
    assert_eq!(store.rulebook(&shop).unwrap(), RulebookRecord::default());
    assert_eq!(store.rulebook(&bank).unwrap().draft, rulebook("白条"));
}

pub(super) fn needs_its_base(store: &dyn Store) {
    let base = base_id("shop");
    for result in [save(store, &base, "花呗", 0), publish(store, &base, 0)] {
        assert!(matches!(result, Err(StoreError::NotFound { what: "knowledge base", .. })));
    }
    assert_eq!(store.rulebook(&base).unwrap(), RulebookRecord::default());
}

pub(super) fn is_apart_from_the_lexicon(store: &dyn Store) {
    let base = create_base(store, "shop");
    save(store, &base, "花呗", 0).unwrap();
    let op =
        WriteOp::SaveLexiconDraft { knowledge_base: base.clone(), draft: lexicon("花呗"), expected: Revision(0) };
    write(store, op).unwrap();
    write(store, WriteOp::PublishLexicon { knowledge_base: base.clone(), expected: Revision(1) }).unwrap();
    let record = store.rulebook(&base).unwrap();
    assert_eq!((record.draft_revision, record.published.version), (Revision(1), 0));
    publish(store, &base, 1).unwrap();
    assert_eq!(store.lexicon(&base).unwrap().draft_revision, Revision(1));
    let subjects = store.feed(&base, Revision(1), 10).unwrap().into_iter().map(|entry| entry.subject);
    assert_eq!(subjects.collect::<Vec<_>>(), [ChangedSubject::Lexicon, ChangedSubject::Rules]);
}
