//! The thread that follows every base, one after another.
//!
//! Each round looks at the counters of the store and takes each base that is behind one stretch further. What goes wrong
//! with a base is noted, and it is left alone for a number of rounds that doubles each time, or until it is nudged.

use std::{collections::BTreeMap, error::Error as _, panic::AssertUnwindSafe, sync::Arc, time::Duration};

use super::{
    Reindexed,
    board::{Handover, Wake},
    view::{Context, Step, View},
};
use crate::{
    domain::{KnowledgeBaseId, Revision},
    knowledge::error::{KnowledgeError, Result},
    store::StoreError,
};

/// The longest pause is two to the power of this, in rounds.
const MAX_PAUSE_POWER: u32 = 6;

/// Follows every base of a store.
pub(super) struct Follower {
    context: Arc<Context>,
    views: BTreeMap<KnowledgeBaseId, View>,
    /// Deleted bases with the revision at which they were found so.
    gone: BTreeMap<KnowledgeBaseId, Revision>,
    troubles: BTreeMap<KnowledgeBaseId, Trouble>,
    is_store_down: bool,
}

#[derive(Clone, Copy, Default)]
struct Trouble {
    failures: u32,
    rounds_left: u32,
}

impl Follower {
    /// Begins with nothing followed.
    pub(super) fn new(context: Arc<Context>) -> Self {
        let (views, gone, troubles) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        Self { context, views, gone, troubles, is_store_down: false }
    }

    /// Follows until the board is stopped.
    pub(super) fn run(mut self) {
        let mut is_behind = true;
        loop {
            let timeout = if is_behind { Duration::ZERO } else { self.context.settings.poll_interval };
            let Some(wake) = self.context.board.wait(timeout) else { break };
            is_behind = self.round(wake);
        }
        for (id, view) in &mut self.views {
            if let Err(error) = view.rest() {
                tracing::warn!(knowledge_base = %id, error = chain(&error), "index was not closed in order");
            }
        }
    }

    /// Takes each base one stretch further; tells whether any is still behind.
    fn round(&mut self, wake: Wake) -> bool {
        for handover in wake.handovers {
            self.take_over(handover);
        }
        let counters = match self.context.sources.store.counters() {
            Ok(counters) => counters,
            Err(error) => {
                if !std::mem::replace(&mut self.is_store_down, true) {
                    tracing::warn!(error = chain(&error.into()), "indexer cannot read the store");
                }
                return false;
            }
        };
        if std::mem::take(&mut self.is_store_down) {
            tracing::info!("indexer reads the store again");
        }
        self.context.board.await_bases(counters.iter().map(|(id, _)| id.clone()));
        let mut is_behind = false;
        for (id, revision) in counters {
            if self.context.board.is_stopped() {
                return false;
            }
            if self.is_due(&id, revision, wake.nudged.contains(&id)) {
                let followed = guarded(|| self.follow(&id, revision));
                is_behind |= self.note(&id, revision, followed);
            }
        }
        is_behind
    }

    fn is_due(&mut self, id: &KnowledgeBaseId, revision: Revision, is_nudged: bool) -> bool {
        if self.gone.get(id).is_some_and(|gone| *gone >= revision) {
            return false;
        }
        match self.troubles.get_mut(id) {
            Some(trouble) if trouble.rounds_left > 0 && !is_nudged => {
                trouble.rounds_left -= 1;
                false
            }
            _ => true,
        }
    }

    /// Takes a base one stretch further; tells whether it is still behind.
    fn follow(&mut self, id: &KnowledgeBaseId, revision: Revision) -> Result<bool> {
        let Some(view) = self.views.get_mut(id) else {
            let view = self.open(id)?;
            let is_behind = view.revision < revision;
            self.publish(id, view);
            return Ok(is_behind);
        };
        if view.revision >= revision {
            view.idle()?;
            return Ok(false);
        }
        match view.step(&self.context, id)? {
            Step::Moved => {
                let is_behind = view.revision < revision;
                self.context.sources.publisher.publish(view.published());
                self.context.board.published(id, view.status());
                Ok(is_behind)
            }
            Step::Gone => {
                self.forget(id, revision);
                Ok(false)
            }
            Step::Lost => {
                tracing::warn!(knowledge_base = %id, "change feed has a gap, the index is built anew");
                self.views.remove(id);
                Ok(true)
            }
        }
    }

    /// Notes how it went with a base; tells whether it is still behind.
    fn note(&mut self, id: &KnowledgeBaseId, revision: Revision, followed: Result<bool>) -> bool {
        let error = match followed {
            Ok(is_behind) => {
                self.troubles.remove(id);
                self.context.board.seen(id, revision, None);
                return is_behind;
            }
            Err(KnowledgeError::Store(StoreError::NotFound { .. })) => {
                self.forget(id, revision);
                return false;
            }
            Err(KnowledgeError::Stopped) => return false,
            Err(error) => error,
        };
        if !matches!(error, KnowledgeError::Store(_)) {
            // What the index or a defect left behind is not to be trusted; what was published serves on.
            self.views.remove(id);
        }
        let error = chain(&error);
        let trouble = self.troubles.entry(id.clone()).or_default();
        trouble.failures += 1;
        trouble.rounds_left = 1 << trouble.failures.min(MAX_PAUSE_POWER);
        tracing::warn!(knowledge_base = %id, failures = trouble.failures, error, "knowledge base is not followed");
        self.context.board.seen(id, revision, Some(error));
        false
    }

    /// Opens the generation that served last, or builds another beside it.
    fn open(&self, id: &KnowledgeBaseId) -> Result<View> {
        let Context { folder, board, .. } = &*self.context;
        let current = folder.current(id);
        let reopened = current.as_deref().map(|generation| View::reopen(&self.context, id, generation)).transpose()?;
        let view = match reopened.flatten() {
            Some(view) => view,
            None => {
                let generation = board.next_generation(id, folder.last_number(id));
                let view = View::build(&self.context, id, &generation, &|_, _| ());
                let view = view.inspect_err(|_| folder.drop_generation(id, &generation))?;
                folder.set_current(id, &generation)?;
                view
            }
        };
        let building = board.reindexing(id).unwrap_or_default();
        folder.keep_only(id, &[&view.generation, &building]);
        tracing::info!(knowledge_base = %id, generation = view.generation, revision = view.revision.0, "index is open");
        Ok(view)
    }

    fn publish(&mut self, id: &KnowledgeBaseId, view: View) {
        self.context.sources.publisher.publish(view.published());
        self.context.board.published(id, view.status());
        self.gone.remove(id);
        self.views.insert(id.clone(), view);
    }

    fn forget(&mut self, id: &KnowledgeBaseId, revision: Revision) {
        self.views.remove(id);
        self.troubles.remove(id);
        self.gone.insert(id.clone(), revision);
        self.context.sources.publisher.remove(id);
        self.context.board.gone(id);
        self.context.folder.remove(id);
    }

    /// Catches a new generation up with the serving one and puts it in its place.
    fn take_over(&mut self, handover: Handover) {
        let Handover { id, view, reply } = handover;
        let generation = view.generation.clone();
        let switched = guarded(|| self.switch(&id, view));
        if switched.is_err() {
            self.context.folder.drop_generation(&id, &generation);
        }
        self.context.board.end_reindex(&id);
        // Whoever asked may have left; the switch stands.
        let _ = reply.send(switched);
    }

    fn switch(&mut self, id: &KnowledgeBaseId, mut view: View) -> Result<Reindexed> {
        let served = self.views.get(id).map(|view| view.revision);
        let target = served.max(self.gone.get(id).copied()).unwrap_or_default();
        while view.revision < target {
            match view.step(&self.context, id)? {
                Step::Moved => {}
                Step::Gone => return Err(StoreError::NotFound { what: "knowledge base", id: id.to_string() }.into()),
                Step::Lost => return Err(KnowledgeError::Defect),
            }
        }
        let reindexed = Reindexed { generation: view.generation.clone(), revision: view.revision };
        self.context.folder.set_current(id, &view.generation)?;
        // The old one is closed before its folder goes.
        self.publish(id, view);
        self.context.folder.keep_only(id, &[&reindexed.generation]);
        tracing::info!(knowledge_base = %id, generation = reindexed.generation, "index generation serves");
        Ok(reindexed)
    }
}

/// Does some work of one base; a panic in it ends that work, not the thread.
pub(super) fn guarded<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    std::panic::catch_unwind(AssertUnwindSafe(work)).unwrap_or(Err(KnowledgeError::Defect))
}

/// Writes an error with all its causes.
fn chain(error: &KnowledgeError) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(source) = cause {
        text = format!("{text}: {source}");
        cause = source.source();
    }
    text
}
