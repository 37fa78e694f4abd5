//! How serving ends: first no new calls, then no calls at all.
//!
//! Owns the phases of the server and the streams that end with them. Must not know what the streams carry.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use tokio::sync::watch;
use tokio_stream::Stream;

/// How far the end has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Phase {
    Serving,
    /// New calls are refused, calls in flight go on, streams without an end of their own are ended.
    Draining,
    /// What is still in flight is broken off.
    Stopped,
}

/// Tells in which phase the server is.
#[derive(Clone, Debug)]
pub(super) struct Phases(watch::Receiver<Phase>);

impl Phases {
    /// Begins with serving; the sender moves the phase on.
    pub(super) fn begin() -> (watch::Sender<Phase>, Self) {
        let (sender, receiver) = watch::channel(Phase::Serving);
        (sender, Self(receiver))
    }

    /// Returns the present phase.
    pub(super) fn now(&self) -> Phase {
        *self.0.borrow()
    }

    /// Waits for the phase or a later one; a server that is gone has stopped.
    pub(super) async fn reached(mut self, phase: Phase) {
        // The error says that the sender is gone, which is the end as well.
        let _gone = self.0.wait_for(|now| *now >= phase).await.is_err();
    }

    /// Makes a stream that ends with the phase, after what is ready has been sent, with a last item if one is given.
    pub(super) fn end<S: Stream>(&self, stream: S, phase: Phase, last: Option<S::Item>) -> Ending<S> {
        let end = Box::pin(self.clone().reached(phase));
        Ending { stream: Box::pin(stream), end: Some(end), last }
    }
}

/// A stream that ends with a phase of the server.
pub(super) struct Ending<S: Stream> {
    stream: Pin<Box<S>>,
    /// None after the end.
    end: Option<Pin<Box<dyn Future<Output = ()> + Send + Sync>>>,
    last: Option<S::Item>,
}

impl<S: Stream> Stream for Ending<S>
where
    S::Item: Unpin,
{
    type Item = S::Item;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        let Some(end) = &mut this.end else { return Poll::Ready(None) };
        if let Poll::Ready(item) = this.stream.as_mut().poll_next(cx) {
            return Poll::Ready(item);
        }
        match end.as_mut().poll(cx) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(()) => {
                this.end = None;
                Poll::Ready(this.last.take())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio_stream::StreamExt;

    use super::*;

    #[tokio::test]
    async fn streams_end_with_their_phase_after_what_is_ready() {
        let (sender, phases) = Phases::begin();
        let endless = || tokio_stream::iter([1, 2]).chain(tokio_stream::pending());
        sender.send_replace(Phase::Draining);
        assert_eq!(phases.end(endless(), Phase::Draining, None).collect::<Vec<_>>().await, [1, 2]);
        let until_stopped = phases.end(endless(), Phase::Stopped, Some(9));
        sender.send_replace(Phase::Stopped);
        assert_eq!(until_stopped.collect::<Vec<_>>().await, [1, 2, 9]);
    }

    #[tokio::test]
    async fn streams_with_an_end_of_their_own_keep_it() {
        let (_sender, phases) = Phases::begin();
        let items = phases.end(tokio_stream::iter([1, 2]), Phase::Stopped, Some(9));
        assert_eq!(items.collect::<Vec<_>>().await, [1, 2]);
        assert_eq!(phases.now(), Phase::Serving);
    }
}
