//! The way in: starting the indexer, and what others may ask of it.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread::{self, JoinHandle},
};

use super::{
    IndexStatus, Progress, Reindexed, Settings, Sources, board::Board, folder::Folder, follow::Follower, rebuild,
    view::Context,
};
use crate::{
    domain::KnowledgeBaseId,
    knowledge::error::{KnowledgeError, Result},
};

/// Starts indexers.
pub struct Indexer;

/// A running indexer. Dropping the last handle stops it without waiting.
#[derive(Clone)]
pub struct IndexerHandle(Arc<Running>);

struct Running {
    context: Arc<Context>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

impl Indexer {
    /// Starts the thread that follows all bases. Fails where the index folder cannot be made or another process holds
    /// it.
    pub fn spawn(sources: Sources, settings: Settings) -> Result<IndexerHandle> {
        let folder = Folder::open(settings.index_dir.clone())?;
        let context = Arc::new(Context { sources, settings, folder, board: Board::default() });
        let follower = Follower::new(Arc::clone(&context));
        let shared = Arc::clone(&context);
        let work = move || {
            follower.run();
            // Whoever waits for the follower must not wait for ever.
            shared.board.stop();
        };
        let spawned = thread::Builder::new().name("indexer".to_owned()).spawn(work);
        let thread = spawned.map_err(|source| KnowledgeError::System { what: "indexer thread".to_owned(), source })?;
        Ok(IndexerHandle(Arc::new(Running { context, threads: Mutex::new(vec![thread]) })))
    }
}

impl IndexerHandle {
    /// Tells the indexer that a base changed, so that it need not wait for the next poll.
    pub fn nudge(&self, id: &KnowledgeBaseId) {
        self.0.context.board.nudge(id);
    }

    /// Waits until every base that existed at the start is published; false where the indexer was stopped before. A base
    /// in trouble is tried again and again, and waited for.
    pub fn wait_ready(&self) -> bool {
        self.0.context.board.wait_ready()
    }

    /// Tells whether every base that existed at the start is published.
    pub fn is_ready(&self) -> bool {
        self.0.context.board.is_ready()
    }

    /// Tells how far a base has come, as last seen; `None` where it was never seen.
    pub fn status(&self, id: &KnowledgeBaseId) -> Option<IndexStatus> {
        self.0.context.board.status(id)
    }

    /// Builds the index of a base anew and switches to it; returns when that is done. Fails where a reindex of the base
    /// is running, and where the indexer stops meanwhile.
    pub fn reindex(&self, id: &KnowledgeBaseId, progress: Arc<Progress>) -> Result<Reindexed> {
        let rebuild = rebuild::spawn(&self.0.context, id, progress)?;
        let mut threads = self.0.threads();
        threads.retain(|thread| !thread.is_finished());
        threads.push(rebuild.thread);
        drop(threads);
        rebuild.outcome.recv().unwrap_or(Err(KnowledgeError::Stopped))
    }

    /// Stops following and waits until every thread has ended; what was published serves on.
    pub fn stop(&self) {
        self.0.context.board.stop();
        let threads = std::mem::take(&mut *self.0.threads());
        for thread in threads {
            if thread.join().is_err() {
                tracing::error!("a thread of the indexer panicked");
            }
        }
        self.0.context.folder.release();
    }
}

impl Running {
    fn threads(&self) -> MutexGuard<'_, Vec<JoinHandle<()>>> {
        // A list of handles cannot be half changed.
        self.threads.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.context.board.stop();
    }
}
