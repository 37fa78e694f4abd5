//! Lexicons as draft and published.

use super::sample::{base_id, lexicon};
use super::{create_base, everything, write};
use crate::domain::{KnowledgeBaseId, Lexicon, Revision};
use crate::store::{ChangedSubject, LexiconRecord, Result, Store, StoreError, WriteOp, Written};

fn save(store: &dyn Store, base: &KnowledgeBaseId, term: &str, expected: u64) -> Result<Written> {
    let (knowledge_base, expected) = (base.clone(), Revision(expected));
    write(store, WriteOp::SaveLexiconDraft { knowledge_base, draft: lexicon(term), expected })
}

fn publish(store: &dyn Store, base: &KnowledgeBaseId, expected: u64) -> Result<Written> {
    write(store, WriteOp::PublishLexicon { knowledge_base: base.clone(), expected: Revision(expected) })
}

pub(super) fn is_empty_at_first(store: &dyn Store) {
    let base = create_base(store, "shop");
    assert_eq!(store.lexicon(&base).unwrap(), LexiconRecord::default());
    assert_eq!(publish(store, &base, 0).unwrap().revision, Revision(2));
    let record = store.lexicon(&base).unwrap();
    assert_eq!((record.published.version, record.draft_revision), (1, Revision(0)));
}

pub(super) fn is_drafted_and_published(store: &dyn Store) {
    let base = create_base(store, "shop");
    let saved = save(store, &base, "花呗", 0).unwrap();
    assert_eq!((saved.revision, saved.knowledge_base, saved.article), (Revision(1), None, None));
    assert_eq!(store.feed(&base, Revision(1), 10).unwrap(), [], "a draft serves nobody");
    let drafted =
        LexiconRecord { draft: lexicon("花呗"), draft_revision: Revision(1), published: Lexicon::default() };
    assert_eq!(store.lexicon(&base).unwrap(), drafted);

    let before = everything(store);
    for stale in [save(store, &base, "白条", 0), publish(store, &base, 0), publish(store, &base, 2)] {
        assert!(
            matches!(stale, Err(StoreError::DraftChanged { what: "lexicon", knowledge_base }) if knowledge_base == "shop")
        );
    }
    assert_eq!(everything(store), before);

    assert_eq!(publish(store, &base, 1).unwrap().revision, Revision(2));
    let first = Lexicon { version: 1, ..lexicon("花呗") };
    let published = LexiconRecord { draft: first.clone(), draft_revision: Revision(1), published: first.clone() };
    assert_eq!(store.lexicon(&base).unwrap(), published, "no change is left in the draft");
    assert_eq!(store.feed(&base, Revision(1), 10).unwrap()[0].subject, ChangedSubject::Lexicon);

    save(store, &base, "白条", 1).unwrap();
    let record = store.lexicon(&base).unwrap();
    assert_eq!((record.draft.version, &record.draft.terms[0]), (1, &"白条".to_owned()));
    assert_eq!(record.published, first);
    publish(store, &base, 2).unwrap();
    assert_eq!(store.lexicon(&base).unwrap().published, Lexicon { version: 2, ..lexicon("白条") });
}

pub(super) fn goes_with_its_base(store: &dyn Store) {
    let (shop, bank) = (create_base(store, "shop"), create_base(store, "bank"));
    save(store, &shop, "花呗", 0).unwrap();
    save(store, &bank, "白条", 0).unwrap();
    write(store, WriteOp::DeleteKnowledgeBase { id: shop.clone(), expected: None, force: false }).unwrap();
    assert_eq!(store.lexicon(&shop).unwrap(), LexiconRecord::default());
    assert_eq!(store.lexicon(&bank).unwrap().draft, lexicon("白条"));
}

pub(super) fn needs_its_base(store: &dyn Store) {
    let base = base_id("shop");
    for result in [save(store, &base, "花呗", 0), publish(store, &base, 0)] {
        assert!(matches!(result, Err(StoreError::NotFound { what: "knowledge base", .. })));
    }
    assert_eq!(store.lexicon(&base).unwrap(), LexiconRecord::default());
}
