//! Revisions and the change feed.

use std::collections::BTreeMap;

use super::random::{BASES, random_write};
use super::sample::{article, article_id, base, base_id};
use super::{change, create_base, write};
use crate::domain::{ArticleId, ArticleNo, KnowledgeBaseId, Revision};
use crate::store::{ArticleChange, ChangedSubject, FeedEntry, Store, WriteOp};

fn upsert(id: &str) -> ArticleChange {
    ArticleChange::Upsert(Box::new(article(id)))
}

pub(super) fn counts_each_base_apart(store: &dyn Store) {
    let (shop, bank) = (create_base(store, "shop"), create_base(store, "bank"));
    let mut expected = BTreeMap::from([(&bank, 1), (&shop, 1)]);
    for (base, num) in [(&shop, 1), (&bank, 3), (&shop, 2), (&bank, 0), (&bank, 1)] {
        let written = change(store, base, (0..num).map(|_| upsert("a")).collect()).unwrap();
        *expected.get_mut(base).unwrap() += num;
        assert_eq!(written.revision, Revision(expected[base]));
    }
    assert_eq!(store.counters().unwrap(), [(bank.clone(), Revision(5)), (shop.clone(), Revision(4))]);
    for (base, last) in [(&bank, 5), (&shop, 4)] {
        let revisions = store.feed(base, Revision(0), 100).unwrap().into_iter().map(|entry| entry.revision.0);
        assert!(revisions.eq(1..=last));
    }
}

pub(super) fn names_what_changed(store: &dyn Store) {
    let id = create_base(store, "shop");
    let no = change(store, &id, vec![upsert("a")]).unwrap().article.unwrap().no;
    change(store, &id, vec![upsert("a"), ArticleChange::Delete { id: article_id("a"), expected: None }]).unwrap();
    write(store, WriteOp::UpdateKnowledgeBase { knowledge_base: Box::new(base("shop")), expected: None }).unwrap();
    write(store, WriteOp::PublishLexicon { knowledge_base: id.clone(), expected: Revision(0) }).unwrap();
    write(store, WriteOp::PublishRules { knowledge_base: id.clone(), expected: Revision(0) }).unwrap();
    write(store, WriteOp::DeleteKnowledgeBase { id: id.clone(), expected: None, force: false }).unwrap();
    let changed = ChangedSubject::Article { no, id: article_id("a") };
    let subjects = [
        ChangedSubject::KnowledgeBase,
        changed.clone(),
        changed,
        ChangedSubject::ArticleDeleted { no, id: article_id("a") },
        ChangedSubject::KnowledgeBase,
        ChangedSubject::Lexicon,
        ChangedSubject::Rules,
        ChangedSubject::KnowledgeBaseDeleted,
    ];
    let entries = subjects.into_iter().zip(1..).map(|(subject, at)| FeedEntry { revision: Revision(at), subject });
    assert_eq!(store.feed(&id, Revision(0), 100).unwrap(), entries.collect::<Vec<_>>());
}

pub(super) fn is_read_in_pages(store: &dyn Store) {
    #[track_caller]
    fn check(store: &dyn Store, (after, limit): (u64, usize), expected: &[u64]) {
        let entries = store.feed(&base_id("shop"), Revision(after), limit).unwrap();
        let revisions: Vec<u64> = entries.iter().map(|entry| entry.revision.0).collect();
        assert_eq!(revisions, expected);
    }
    let id = create_base(store, "shop");
    change(store, &id, vec![upsert("a"), upsert("b"), upsert("c")]).unwrap();
    check(store, (0, 2), &[1, 2]);
    check(store, (2, 2), &[3, 4]);
    check(store, (3, usize::MAX), &[4]);
    check(store, (4, 2), &[]);
    check(store, (u64::MAX, 2), &[]);
    check(store, (0, 0), &[]);
}

/// What an indexer knows of a base from its feed alone.
#[derive(Default)]
struct Follower {
    articles: BTreeMap<ArticleNo, ArticleId>,
    applied: Revision,
}

impl Follower {
    fn pull(&mut self, store: &dyn Store, base: &KnowledgeBaseId, limit: usize) {
        for FeedEntry { revision, subject } in store.feed(base, self.applied, limit).unwrap() {
            assert_eq!(revision.0, self.applied.0 + 1, "no gap");
            self.applied = revision;
            match subject {
                ChangedSubject::Article { no, id } => drop(self.articles.insert(no, id)),
                ChangedSubject::ArticleDeleted { no, id } => assert_eq!(self.articles.remove(&no), Some(id)),
                ChangedSubject::KnowledgeBaseDeleted => self.articles.clear(),
                ChangedSubject::KnowledgeBase | ChangedSubject::Lexicon | ChangedSubject::Rules => {}
            }
        }
    }

    fn check(&self, store: &dyn Store, base: &KnowledgeBaseId) {
        let nos: Vec<ArticleNo> = self.articles.keys().copied().collect();
        let mut found = store.articles_by_no(base, &nos).unwrap();
        let ids: Vec<&ArticleId> = found.iter().map(|article| &article.id).collect();
        assert_eq!(ids, self.articles.values().collect::<Vec<_>>());
        found.sort_by(|a, b| a.id.cmp(&b.id));
        match store.snapshot(base) {
            Ok(snapshot) => assert_eq!((found, self.applied), snapshot),
            Err(_) => assert!(found.is_empty()),
        }
    }
}

/// The questions of a base by article, as the successful writes say.
type Naive = BTreeMap<ArticleId, String>;

fn apply(naive: &mut BTreeMap<KnowledgeBaseId, Naive>, op: &WriteOp) {
    match op {
        WriteOp::DeleteKnowledgeBase { id, .. } => drop(naive.remove(id)),
        WriteOp::ChangeArticles { knowledge_base, changes } => {
            let articles = naive.entry(knowledge_base.clone()).or_default();
            for change in changes {
                match change {
                    ArticleChange::Delete { id, .. } => articles.remove(id),
                    ArticleChange::Create(given)
                    | ArticleChange::Upsert(given)
                    | ArticleChange::Update { article: given, .. } => {
                        articles.insert(given.id.clone(), given.standard_question.clone())
                    }
                };
            }
        }
        _ => {}
    }
}

pub(super) fn tells_a_follower_all(store: &dyn Store) {
    let mut rng = fastrand::Rng::with_seed(7);
    let mut naive = BTreeMap::new();
    let mut followers: Vec<(KnowledgeBaseId, Follower)> =
        BASES.map(|id| (base_id(id), Follower::default())).into_iter().collect();
    for step in 0..400 {
        let write = random_write(&mut rng, step);
        if store.write(&write).is_ok_and(|written| !written.is_replay) {
            apply(&mut naive, &write.op);
        }
        let (base, follower) = &mut followers[rng.usize(..BASES.len())];
        follower.pull(store, base, rng.usize(..4));
        if rng.u8(..10) == 0 {
            follower.pull(store, base, usize::MAX);
            follower.check(store, base);
            let present = store.snapshot(base).map(|(articles, _)| articles).unwrap_or_default();
            let present: Naive = present.into_iter().map(|article| (article.id, article.standard_question)).collect();
            assert_eq!(present, naive.get(base).cloned().unwrap_or_default());
        }
    }
    assert!(followers.iter().all(|(_, follower)| follower.applied > Revision(50)), "the writes did something");
}
