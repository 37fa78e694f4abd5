//! What happens to every call around its handler.
//!
//! In order: a request id and a span (method and id, never text), the phase of the server, a permit (none free = refused
//! at once), the deadline; then the handler, whose panic becomes `INTERNAL` and a count; then one line in the log for
//! what failed. The standard services, health before all, need no permit and answer while the server drains. Must not
//! know any message. To add a step: a function here, called in `Guard::call`.

use std::{
    convert::Infallible,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::{Pin, pin},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll},
    time::Instant,
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tonic::{
    Code, Status,
    body::Body,
    codegen::http::{HeaderMap, HeaderValue, Request, Response},
};
use tower::{Layer, Service};
use tracing::Instrument;

use super::{
    call::{Call, CallCounts},
    deadline,
    drain::{Phase, Phases},
    status::{Failure, chain, undecodable},
};
use crate::domain::ErrorKind;

const REQUEST_ID: &str = "x-request-id";
const MAX_REQUEST_ID_CHARS: usize = 64;
/// Paths of the standard services: `/grpc.health.v1.Health/Check` and the like.
const STANDARD: &str = "/grpc.";

/// Puts a [`Guard`] before a service.
#[derive(Clone, Debug)]
pub(super) struct GuardLayer(Arc<Gate>);

/// What all calls pass through.
#[derive(Debug)]
struct Gate {
    permits: Arc<Semaphore>,
    phases: Phases,
    counts: Arc<CallCounts>,
    /// Of this process; the number of the call follows.
    id_prefix: String,
    next_id: AtomicU64,
}

/// What all calls share.
#[derive(Clone, Debug)]
pub(super) struct Shared {
    pub permits: Arc<Semaphore>,
    pub phases: Phases,
    pub counts: Arc<CallCounts>,
    pub id_prefix: String,
}

impl GuardLayer {
    /// Makes the layer.
    pub(super) fn new(shared: Shared) -> Self {
        let Shared { permits, phases, counts, id_prefix } = shared;
        Self(Arc::new(Gate { permits, phases, counts, id_prefix, next_id: AtomicU64::new(0) }))
    }
}

impl<S> Layer<S> for GuardLayer {
    type Service = Guard<S>;

    fn layer(&self, inner: S) -> Guard<S> {
        Guard { inner, gate: Arc::clone(&self.0) }
    }
}

/// A service with all that happens around a call.
#[derive(Clone, Debug)]
pub(super) struct Guard<S> {
    inner: S,
    gate: Arc<Gate>,
}

type Answer = Result<Response<Body>, Infallible>;

impl<S, B> Service<Request<B>> for Guard<S>
where
    S: Service<Request<B>, Response = Response<Body>, Error = Infallible>,
    S::Future: Send + 'static,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Answer> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let arrival = Instant::now();
        let is_standard = request.uri().path().starts_with(STANDARD);
        let id = self.gate.request_id(request.headers());
        let span = tracing::info_span!("rpc.call", method = request.uri().path(), request_id = id.as_str());
        let permit = match self.gate.admit(is_standard) {
            Ok(permit) => permit.map(Arc::new),
            Err(failure) => {
                let response = finished(Status::from(failure).into_http(), &id, arrival);
                return Box::pin(std::future::ready(Ok(response)).instrument(span));
            }
        };
        let deadline = deadline::of(request.headers(), arrival);
        request.extensions_mut().insert(Call {
            deadline,
            permit: permit.clone(),
            counts: Arc::clone(&self.gate.counts),
        });
        let handled = self.inner.call(request);
        let gate = Arc::clone(&self.gate);
        let guarded = async move {
            let response = gate.run(handled).await;
            drop(permit);
            Ok(finished(response, &id, arrival))
        };
        Box::pin(guarded.instrument(span))
    }
}

impl Gate {
    /// Takes the caller's request id where it is a plain one, else gives the call a number.
    fn request_id(&self, headers: &HeaderMap) -> String {
        let is_plain = |id: &&str| {
            (1..=MAX_REQUEST_ID_CHARS).contains(&id.len())
                && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
        };
        let given = headers.get(REQUEST_ID).and_then(|id| id.to_str().ok()).filter(is_plain);
        let number = || format!("{}-{}", self.id_prefix, self.next_id.fetch_add(1, Ordering::Relaxed));
        given.map_or_else(number, str::to_owned)
    }

    fn admit(&self, is_standard: bool) -> Result<Option<OwnedSemaphorePermit>, Failure> {
        if is_standard {
            return Ok(None);
        }
        if self.phases.now() > Phase::Serving {
            return Err(Failure::new(ErrorKind::Unavailable, "DRAINING", "the server is stopping, try another"));
        }
        Arc::clone(&self.permits).try_acquire_owned().map(Some).map_err(|_| {
            self.counts.add_refused();
            Failure::new(ErrorKind::ResourceExhausted, "TOO_MANY_IN_FLIGHT", "too many calls are in flight")
        })
    }

    /// Runs the handler to its end, its panic or the end of the server.
    async fn run(&self, handled: impl Future<Output = Answer>) -> Response<Body> {
        tokio::select! {
            biased;
            outcome = caught(handled) => match outcome {
                Ok(Ok(response)) => response,
                Err(Panicked) => {
                    self.counts.add_panic();
                    tracing::error!("a call panicked");
                    Status::from(Failure::defect()).into_http()
                }
            },
            () = self.phases.clone().reached(Phase::Stopped) => {
                let failure = Failure::new(ErrorKind::Unavailable, "STOPPED", "the server has stopped, try another");
                Status::from(failure).into_http()
            }
        }
    }
}

/// A handler that panicked.
struct Panicked;

async fn caught<F: Future>(future: F) -> Result<F::Output, Panicked> {
    let mut future = pin!(future);
    // After a panic the future is dropped and never polled again, so no broken state of it is seen.
    std::future::poll_fn(|cx| match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(cx))) {
        Ok(Poll::Pending) => Poll::Pending,
        Ok(Poll::Ready(output)) => Poll::Ready(Ok(output)),
        Err(_) => Poll::Ready(Err(Panicked)),
    })
    .await
}

/// Names the call in the response and writes what failed into the log.
fn finished(mut response: Response<Body>, id: &str, arrival: Instant) -> Response<Body> {
    if let Some(failure) = response.extensions().get::<Status>().and_then(undecodable) {
        response = Status::from(failure).into_http();
    }
    if let Ok(value) = HeaderValue::from_str(id) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    if let Some(status) = response.extensions().get::<Status>() {
        log(status, id, arrival);
    }
    response
}

/// Defects are errors, what an operator may have to look at is a warning, a caller's mistakes are of no interest.
fn log(status: &Status, request_id: &str, arrival: Instant) {
    let source = std::error::Error::source(status).map(chain);
    let micros = arrival.elapsed().as_micros();
    let (code, message, inside) = (status.code(), status.message(), source.as_deref().unwrap_or_default());
    match code {
        Code::Internal | Code::Unknown | Code::DataLoss => {
            tracing::error!(request_id, ?code, message, inside, micros, "call failed");
        }
        Code::Unavailable | Code::ResourceExhausted | Code::DeadlineExceeded => {
            tracing::warn!(request_id, ?code, message, inside, micros, "call failed");
        }
        _ => tracing::debug!(request_id, ?code, message, inside, micros, "call refused"),
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::watch;
    use tower::{ServiceExt, service_fn};

    use super::*;

    fn layer(permits: usize) -> (watch::Sender<Phase>, Arc<Semaphore>, GuardLayer) {
        let (sender, phases) = Phases::begin();
        let permits = Arc::new(Semaphore::new(permits));
        let shared =
            Shared { permits: Arc::clone(&permits), phases, counts: Arc::default(), id_prefix: "t".to_owned() };
        (sender, permits, GuardLayer::new(shared))
    }

    fn request(path: &str) -> Request<Body> {
        Request::builder().uri(path).body(Body::empty()).expect("a good path")
    }

    async fn code<S>(service: S, path: &str) -> (Code, String)
    where
        S: Service<Request<Body>, Response = Response<Body>, Error = Infallible>,
    {
        let response = service.oneshot(request(path)).await.unwrap_or_else(|never| match never {});
        let id = response.headers()[REQUEST_ID].to_str().expect("ascii").to_owned();
        (Status::from_header_map(response.headers()).map_or(Code::Ok, |status| status.code()), id)
    }

    #[tokio::test]
    async fn calls_are_numbered_and_keep_a_plain_id() {
        let (_sender, _permits, layer) = layer(1);
        let service = layer.layer(service_fn(async |_: Request<Body>| Ok(Response::new(Body::empty()))));
        assert_eq!(code(service.clone(), "/a/b").await, (Code::Ok, "t-0".to_owned()));
        for (given, want) in [("abc-1", "abc-1"), ("退款", "t-1"), (&"x".repeat(65), "t-2")] {
            let mut request = request("/a/b");
            request.headers_mut().insert(REQUEST_ID, HeaderValue::from_bytes(given.as_bytes()).expect("bytes"));
            let response = service.clone().oneshot(request).await.expect("infallible");
            assert_eq!(response.headers()[REQUEST_ID], want);
        }
    }

    #[tokio::test]
    async fn no_free_permit_is_refused_at_once() {
        let (_sender, permits, layer) = layer(1);
        let service = layer.layer(service_fn(async |request: Request<Body>| {
            assert!(request.extensions().get::<Call>().is_some_and(|call| call.permit.is_some()));
            Ok(Response::new(Body::empty()))
        }));
        let held = Arc::clone(&permits).try_acquire_owned().expect("one is free");
        assert_eq!(code(service.clone(), "/a/b").await.0, Code::ResourceExhausted);
        assert_eq!(layer.0.counts.refused(), 1);
        drop(held);
        assert_eq!(code(service.clone(), "/a/b").await.0, Code::Ok);
        assert_eq!(permits.available_permits(), 1, "the permit came back");
    }

    #[tokio::test]
    async fn a_draining_server_refuses_all_but_the_standard_services() {
        let (sender, _permits, layer) = layer(1);
        let service = layer.layer(service_fn(async |_: Request<Body>| Ok(Response::new(Body::empty()))));
        sender.send_replace(Phase::Draining);
        assert_eq!(code(service.clone(), "/yingda.v1.Assist/Answer").await.0, Code::Unavailable);
        assert_eq!(code(service, "/grpc.health.v1.Health/Check").await.0, Code::Ok);
    }

    #[tokio::test]
    async fn a_panic_is_internal_and_counted() {
        let (_sender, permits, layer) = layer(1);
        let service = layer.layer(service_fn(async |_: Request<Body>| -> Answer { panic!("on purpose") }));
        assert_eq!(code(service, "/a/b").await.0, Code::Internal);
        assert_eq!((layer.0.counts.panics(), permits.available_permits()), (1, 1));
    }

    #[tokio::test]
    async fn a_stopped_server_breaks_calls_off() {
        let (sender, _permits, layer) = layer(1);
        let service = layer.layer(service_fn(async |_: Request<Body>| -> Answer { std::future::pending().await }));
        let call = tokio::spawn(async move { code(service, "/a/b").await.0 });
        tokio::task::yield_now().await;
        sender.send_replace(Phase::Stopped);
        assert_eq!(call.await.expect("no panic"), Code::Unavailable);
    }
}
