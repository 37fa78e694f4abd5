//! A thread that does the same work again and again: what follows the store without being told.

use std::{
    io,
    panic::AssertUnwindSafe,
    sync::{
        Mutex, PoisonError,
        mpsc::{RecvTimeoutError, SyncSender, sync_channel},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

/// The running thread; dropping it stops it without waiting.
pub struct Rounds {
    stop: SyncSender<()>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Rounds {
    /// Starts to do the work every so often. Fails where the thread cannot be started.
    pub(super) fn spawn(
        name: &'static str,
        interval: Duration,
        mut round: impl FnMut() + Send + 'static,
    ) -> io::Result<Self> {
        let (stop, stopped) = sync_channel(1);
        let work = move || {
            while stopped.recv_timeout(interval) == Err(RecvTimeoutError::Timeout) {
                // A defect in one round must not end the rounds.
                if std::panic::catch_unwind(AssertUnwindSafe(&mut round)).is_err() {
                    tracing::error!(thread = name, "a round was broken off by a defect");
                }
            }
        };
        let thread = thread::Builder::new().name(name.to_owned()).spawn(work)?;
        Ok(Self { stop, thread: Mutex::new(Some(thread)) })
    }

    /// Stops, and waits until the round under way is done.
    pub fn stop(&self) {
        // It may have been told before.
        let _ = self.stop.try_send(());
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if thread.is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("a thread that does rounds panicked");
        }
    }
}
