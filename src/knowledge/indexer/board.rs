//! What the threads of the indexer and its callers tell one another, behind one lock.
//!
//! Must not do any work: each call takes the lock, reads or writes, and wakes who waits. Once stopped it stays so, and
//! whoever waits is let go.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Condvar, Mutex, MutexGuard, PoisonError, mpsc::SyncSender},
    time::Duration,
};

use super::{IndexStatus, ReindexProgress, Reindexed, folder::generation_name, view::View};
use crate::{
    domain::{KnowledgeBaseId, Revision, Timestamp},
    knowledge::error::{KnowledgeError, Result},
};

/// A generation that was built beside and is to serve.
pub(super) struct Handover {
    pub id: KnowledgeBaseId,
    pub view: View,
    /// Whoever asked for it.
    pub reply: SyncSender<Result<Reindexed>>,
}

/// What woke the follower.
#[derive(Default)]
pub(super) struct Wake {
    pub nudged: BTreeSet<KnowledgeBaseId>,
    pub handovers: Vec<Handover>,
}

/// The board itself.
#[derive(Default)]
pub(super) struct Board {
    state: Mutex<State>,
    /// Something for the follower.
    work: Condvar,
    /// Something for whoever waits for the start.
    ready: Condvar,
}

#[derive(Default)]
struct State {
    is_stopped: bool,
    wake: Wake,
    statuses: BTreeMap<KnowledgeBaseId, IndexStatus>,
    reindexes: BTreeMap<KnowledgeBaseId, ReindexProgress>,
    /// The highest number of a generation given out, for those that have no folder yet.
    last_numbers: BTreeMap<KnowledgeBaseId, u64>,
    /// The bases of the start that are not published yet; none before they are known.
    awaited: Option<BTreeSet<KnowledgeBaseId>>,
}

impl Board {
    fn lock(&self) -> MutexGuard<'_, State> {
        // Each change under the lock is whole by itself, so a panic elsewhere leaves nothing half done.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells the follower that a base changed.
    pub(super) fn nudge(&self, id: &KnowledgeBaseId) {
        self.lock().wake.nudged.insert(id.clone());
        self.work.notify_one();
    }

    /// Gives a generation to the follower; after the stop it is dropped, and with it the reply.
    pub(super) fn hand_over(&self, handover: Handover) {
        let mut state = self.lock();
        if !state.is_stopped {
            state.wake.handovers.push(handover);
            self.work.notify_one();
        }
    }

    /// Waits for something to do, or for the time to pass; `None` once stopped.
    pub(super) fn wait(&self, timeout: Duration) -> Option<Wake> {
        let is_idle =
            |state: &mut State| !state.is_stopped && state.wake.nudged.is_empty() && state.wake.handovers.is_empty();
        let waited = self.work.wait_timeout_while(self.lock(), timeout, is_idle);
        let (mut state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        (!state.is_stopped).then(|| std::mem::take(&mut state.wake))
    }

    /// Stops everything that looks at the board.
    pub(super) fn stop(&self) {
        let mut state = self.lock();
        state.is_stopped = true;
        let dropped = std::mem::take(&mut state.wake);
        drop(state);
        self.work.notify_all();
        self.ready.notify_all();
        // Closing an index takes a while; nobody should wait for the lock meanwhile.
        drop(dropped);
    }

    pub(super) fn is_stopped(&self) -> bool {
        self.lock().is_stopped
    }

    /// Sets the bases that the start waits for; only the first call counts.
    pub(super) fn await_bases(&self, ids: impl Iterator<Item = KnowledgeBaseId>) {
        let mut state = self.lock();
        if state.awaited.is_none() {
            state.awaited = Some(ids.collect());
            self.ready.notify_all();
        }
    }

    /// Notes that a base is published.
    pub(super) fn published(&self, id: &KnowledgeBaseId, status: IndexStatus) {
        let mut state = self.lock();
        state.statuses.insert(id.clone(), status);
        self.settled(&mut state, id);
    }

    /// Notes that a base is gone.
    pub(super) fn gone(&self, id: &KnowledgeBaseId) {
        let mut state = self.lock();
        state.statuses.remove(id);
        self.settled(&mut state, id);
    }

    fn settled(&self, state: &mut State, id: &KnowledgeBaseId) {
        if state.awaited.as_mut().is_some_and(|awaited| awaited.remove(id)) {
            self.ready.notify_all();
        }
    }

    /// Notes how far the store has come, and what keeps the base from being followed.
    pub(super) fn seen(&self, id: &KnowledgeBaseId, store_revision: Revision, error: Option<String>) {
        let mut state = self.lock();
        if error.is_none() && !state.statuses.contains_key(id) {
            return;
        }
        let status = state.statuses.entry(id.clone()).or_default();
        status.store_revision = store_revision.max(status.applied_revision);
        status.last_error = error;
    }

    /// Tells how far a base has come; `None` where it was never heard of.
    pub(super) fn status(&self, id: &KnowledgeBaseId) -> Option<IndexStatus> {
        let state = self.lock();
        let reindex = state.reindexes.get(id).cloned();
        state.statuses.get(id).map(|status| IndexStatus { reindex, ..status.clone() })
    }

    /// Waits until every base of the start is published or gone; false where it was stopped before.
    pub(super) fn wait_ready(&self) -> bool {
        let waited = self.ready.wait_while(self.lock(), |state| !state.is_stopped && !is_ready(state));
        is_ready(&waited.unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn is_ready(&self) -> bool {
        is_ready(&self.lock())
    }

    /// Gives out the name of a new generation; `last` is the highest number on disk.
    pub(super) fn next_generation(&self, id: &KnowledgeBaseId, last: u64) -> String {
        next_generation(&mut self.lock(), id, last)
    }

    /// Begins a reindex and names its generation; fails where one is running, or once stopped.
    pub(super) fn begin_reindex(&self, id: &KnowledgeBaseId, last: u64, start_time: Timestamp) -> Result<String> {
        let mut state = self.lock();
        if state.is_stopped {
            return Err(KnowledgeError::Stopped);
        }
        if let Some(running) = state.reindexes.get(id) {
            let generation = running.generation.clone();
            return Err(KnowledgeError::ReindexRunning { knowledge_base: id.clone(), generation });
        }
        let generation = next_generation(&mut state, id, last);
        let progress = ReindexProgress { generation: generation.clone(), done: 0, total: 0, start_time };
        state.reindexes.insert(id.clone(), progress);
        Ok(generation)
    }

    /// Notes how far a reindex has come.
    pub(super) fn reindex_at(&self, id: &KnowledgeBaseId, done: u64, total: u64) {
        if let Some(progress) = self.lock().reindexes.get_mut(id) {
            (progress.done, progress.total) = (done, total);
        }
    }

    /// Returns the generation that a reindex is building.
    pub(super) fn reindexing(&self, id: &KnowledgeBaseId) -> Option<String> {
        self.lock().reindexes.get(id).map(|progress| progress.generation.clone())
    }

    /// Ends a reindex, done or failed.
    pub(super) fn end_reindex(&self, id: &KnowledgeBaseId) {
        self.lock().reindexes.remove(id);
    }
}

fn is_ready(state: &State) -> bool {
    state.awaited.as_ref().is_some_and(BTreeSet::is_empty)
}

fn next_generation(state: &mut State, id: &KnowledgeBaseId, last: u64) -> String {
    let number = state.last_numbers.entry(id.clone()).or_insert(0);
    *number = last.max(*number) + 1;
    generation_name(*number)
}
