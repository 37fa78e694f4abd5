//! The thread that does what the choice of a bundle says, whoever made it.

use std::{
    io,
    panic::AssertUnwindSafe,
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{RecvTimeoutError, SyncSender, sync_channel},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use super::BundleDesk;

/// The running thread; dropping it stops it without waiting.
pub struct BundleFollower {
    stop: SyncSender<()>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl BundleFollower {
    /// Starts to look at the choice every so often.
    pub fn spawn(desk: Arc<BundleDesk>, poll_interval: Duration) -> io::Result<Self> {
        let (stop, stopped) = sync_channel(1);
        let work = move || {
            while stopped.recv_timeout(poll_interval) == Err(RecvTimeoutError::Timeout) {
                // A defect in one round must not end the rounds.
                if std::panic::catch_unwind(AssertUnwindSafe(|| desk.follow())).is_err() {
                    tracing::error!("following the choice of a bundle was broken off by a defect");
                }
            }
        };
        let thread = thread::Builder::new().name("bundles".to_owned()).spawn(work)?;
        Ok(Self { stop, thread: Mutex::new(Some(thread)) })
    }

    /// Stops looking, and waits until a switch under way is done.
    pub fn stop(&self) {
        // It may have been told before.
        let _ = self.stop.try_send(());
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if thread.is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the thread that follows the choice of a bundle panicked");
        }
    }
}
