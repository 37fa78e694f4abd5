//! Random writes from a seed: two backends must agree on them, and a follower of the feed must end at the snapshot.

use super::sample::{article, article_id, base, base_id, lexicon, rulebook};
use super::{Everything, everything, key, open_sqlite};
use crate::domain::{Article, Etag, KnowledgeBase, Revision, Timestamp};
use crate::store::{ArticleChange, MemoryStore, Store, Write, WriteOp};

pub(super) const BASES: [&str; 2] = ["bank", "shop"];

/// A write that succeeds more often than not.
pub(super) fn random_write(rng: &mut fastrand::Rng, now: i64) -> Write {
    let id = BASES[rng.usize(..BASES.len())];
    let knowledge_base = base_id(id);
    let op = match rng.u8(..18) {
        0..=1 => WriteOp::CreateKnowledgeBase(Box::new(base(id))),
        2 => WriteOp::UpdateKnowledgeBase {
            knowledge_base: Box::new(KnowledgeBase { description: rng.u32(..).to_string(), ..base(id) }),
            expected: random_etag(rng),
        },
        3 => WriteOp::DeleteKnowledgeBase { id: knowledge_base, expected: random_etag(rng), force: rng.bool() },
        4 => WriteOp::SaveLexiconDraft {
            knowledge_base,
            draft: lexicon(&rng.u32(..).to_string()),
            expected: Revision(rng.u64(..3)),
        },
        5 => WriteOp::PublishLexicon { knowledge_base, expected: Revision(rng.u64(..3)) },
        6 => WriteOp::SaveRulesDraft {
            knowledge_base,
            draft: rulebook(&rng.u32(..).to_string()),
            expected: Revision(rng.u64(..3)),
        },
        7 => WriteOp::PublishRules { knowledge_base, expected: Revision(rng.u64(..3)) },
        _ => {
            let changes = (0..rng.usize(..5)).map(|_| random_change(rng)).collect();
            WriteOp::ChangeArticles { knowledge_base, changes }
        }
    };
    let request = rng.bool().then(|| key("editor", &rng.u8(..).to_string(), &rng.u8(..2).to_string()));
    Write { now: Timestamp(now), request, op, payload: rng.u32(..).to_string() }
}

fn random_change(rng: &mut fastrand::Rng) -> ArticleChange {
    let id = rng.u8(..6).to_string();
    let given = Box::new(Article { standard_question: rng.u32(..).to_string(), ..article(&id) });
    match rng.u8(..10) {
        0..=1 => ArticleChange::Create(given),
        2..=3 => ArticleChange::Update { article: given, expected: random_etag(rng) },
        4..=7 => ArticleChange::Upsert(given),
        _ => ArticleChange::Delete { id: article_id(&id), expected: random_etag(rng) },
    }
}

fn random_etag(rng: &mut fastrand::Rng) -> Option<Etag> {
    (rng.u8(..4) == 0).then(|| Etag::of(Revision(rng.u64(..20))))
}

/// All that both must agree on: the reply in words and the state after it. Article numbers may differ between
/// backends, for only their order is promised; here both count from one, and a failed write gives none away.
fn outcome(store: &dyn Store, write: &Write) -> (String, Everything) {
    let reply = match store.write(write) {
        Ok(written) => format!("{written:?}"),
        Err(error) => format!("{error} ({:?})", error.kind()),
    };
    (reply, everything(store))
}

#[test]
fn backends_agree() {
    for seed in 0..6 {
        let folder = tempfile::tempdir().unwrap();
        let (memory, sqlite) = (MemoryStore::new("epoch"), open_sqlite(folder.path()));
        let mut rng = fastrand::Rng::with_seed(seed);
        for step in 0..150 {
            let write = random_write(&mut rng, step * 3_600_000);
            assert_eq!(outcome(&memory, &write), outcome(&sqlite, &write), "seed {seed}, step {step}: {write:?}");
        }
    }
}
