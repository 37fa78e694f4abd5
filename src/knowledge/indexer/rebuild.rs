//! A reindex: a new generation built from the store in a thread of its own, beside the one that serves.
//!
//! Nothing of it is seen before the follower has caught it up and switched; where it is cut short, the old generation
//! serves on and the folder is a leftover for the next start.

use std::{
    sync::{
        Arc,
        mpsc::{Receiver, sync_channel},
    },
    thread::{self, JoinHandle},
};

use super::{
    Progress, Reindexed,
    board::Handover,
    follow::guarded,
    view::{Context, View},
};
use crate::{
    domain::KnowledgeBaseId,
    knowledge::error::{KnowledgeError, Result},
};

/// A reindex under way.
pub(super) struct Rebuild {
    /// Told once, at the end; closed without a word where the indexer stops.
    pub outcome: Receiver<Result<Reindexed>>,
    pub thread: JoinHandle<()>,
}

/// Begins a reindex; fails where one of the base is running.
pub(super) fn spawn(context: &Arc<Context>, id: &KnowledgeBaseId, progress: Arc<Progress>) -> Result<Rebuild> {
    let now = context.sources.clock.now();
    let generation = context.board.begin_reindex(id, context.folder.last_number(id), now)?;
    let (reply, outcome) = sync_channel(1);
    let (shared, base) = (Arc::clone(context), id.clone());
    let work = move || {
        let report = |done: u64, total: u64| {
            shared.board.reindex_at(&base, done, total);
            progress(done, total);
        };
        match guarded(|| View::build(&shared, &base, &generation, &report)) {
            Ok(view) => shared.board.hand_over(Handover { id: base, view, reply }),
            Err(error) => {
                shared.folder.drop_generation(&base, &generation);
                shared.board.end_reindex(&base);
                // Whoever asked may have left.
                let _ = reply.send(Err(error));
            }
        }
    };
    let spawned = thread::Builder::new().name(format!("reindex-{id}")).spawn(work);
    let thread = spawned.map_err(|source| {
        context.board.end_reindex(id);
        KnowledgeError::System { what: "reindex thread".to_owned(), source }
    })?;
    Ok(Rebuild { outcome, thread })
}
