//! The server: all services on one port, from the first health report to the last reply.
//!
//! On stop, health says NOT_SERVING, new calls are refused, calls in flight finish, streams without an end are ended;
//! what is left when the drain timeout has almost passed is broken off with a reply. Must not know what a call does. To
//! add a service: a file with its implementation, a line in `routes`, a name in `standard::SERVICES`, a file in
//! `proto/build.rs`.

use std::{error::Error, pin::pin, sync::Arc, time::Duration};

use thiserror::Error;
use tokio::{
    net::TcpListener,
    sync::{Semaphore, watch},
    time::timeout,
};
use tonic::{
    service::{Routes, RoutesBuilder},
    transport::server::TcpIncoming,
};
use tonic_health::server::HealthReporter;

use super::{
    assist::AssistService,
    call::CallCounts,
    drain::{Phase, Phases},
    evaluation::EvaluationService,
    feedback::FeedbackService,
    indexing::IndexingService,
    knowledge::KnowledgeService,
    layers::{GuardLayer, Shared},
    lexicon::LexiconService,
    models::ModelsService,
    operations::{OperationsService, registry::Registry},
    pb::{
        self, assist_server::AssistServer, evaluation_server::EvaluationServer, feedback_server::FeedbackServer,
        google::longrunning::operations_server::OperationsServer, indexing_server::IndexingServer,
        knowledge_server::KnowledgeServer, lexicon_server::LexiconServer, models_server::ModelsServer,
        rules_server::RulesServer, server_info_server::ServerInfoServer, text_tools_server::TextToolsServer,
    },
    rules::RulesService,
    server_info::ServerInfoService,
    standard::{self, Draining},
    text_tools::TextToolsService,
};
use crate::{
    assist::Live,
    domain::{Clock, ErrorKind, Timestamp},
    insight::{FeedbackDesk, Recorder, bundles::BundleDesk, calibration::CalibrationDesk},
    knowledge::Knowledge,
};

/// What is kept of the drain timeout for the last replies.
const LAST_WORDS: Duration = Duration::from_millis(200);
/// How often a silent connection is asked whether it still lives, and how long it may take to say so.
const KEEPALIVE: (Duration, Duration) = (Duration::from_secs(30), Duration::from_secs(20));

/// A server that cannot serve.
#[derive(Debug, Error)]
pub enum RpcError {
    /// The descriptors do not make a reflection service.
    #[error("reflection cannot be built")]
    Reflection { source: Box<dyn Error + Send + Sync> },
    /// The transport failed.
    #[error("server failed")]
    Transport { source: Box<dyn Error + Send + Sync> },
}

impl RpcError {
    /// Returns the kind for the boundaries.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Reflection { .. } => ErrorKind::Internal,
            Self::Transport { .. } => ErrorKind::Unavailable,
        }
    }
}

/// What the server says of itself.
#[derive(Clone, Debug)]
pub struct ServerFacts {
    pub version: String,
    pub start_time: Timestamp,
    /// `sqlite` or `memory`.
    pub store_backend: &'static str,
}

/// How the server serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Calls at a time; one more is refused at once.
    pub max_in_flight: usize,
    /// Imports at a time; each is held in memory, up to 64 MiB.
    pub max_imports: usize,
    /// Within this the server has ended after it was told to.
    pub drain_timeout: Duration,
    /// The largest message taken.
    pub max_message_bytes: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            max_in_flight: 1_024,
            max_imports: 4,
            drain_timeout: Duration::from_secs(20),
            max_message_bytes: 4 << 20,
        }
    }
}

/// All that the server serves.
pub struct Parts {
    pub live: Arc<Live>,
    pub knowledge: Arc<Knowledge>,
    pub recorder: Arc<Recorder>,
    pub feedback: Arc<FeedbackDesk>,
    pub bundles: Arc<BundleDesk>,
    pub calibration: Arc<CalibrationDesk>,
    pub clock: Arc<dyn Clock>,
    pub facts: ServerFacts,
    pub settings: Settings,
}

/// The gRPC server.
pub struct Server {
    parts: Parts,
    counts: Arc<CallCounts>,
}

impl Server {
    /// Puts the server together; nothing is served yet.
    pub fn new(parts: Parts) -> Self {
        Self { parts, counts: Arc::default() }
    }

    /// Returns the counts of calls that went wrong as a whole, which go on counting.
    pub fn counts(&self) -> Arc<CallCounts> {
        Arc::clone(&self.counts)
    }

    /// Serves until `stop`, then drains and returns within the drain timeout. Health follows `ready`, and the function
    /// beside it hears when it first says SERVING. Fails where the transport fails.
    pub async fn serve(
        self,
        listener: TcpListener,
        ready: (watch::Receiver<bool>, impl FnOnce() + Send),
        stop: impl Future<Output = ()> + Send,
    ) -> Result<(), RpcError> {
        let settings = self.parts.settings;
        let (phase, phases) = Phases::begin();
        let reporter = HealthReporter::new();
        standard::report(&reporter, false).await;
        // No more than can be counted when all are to come back.
        let most = u32::try_from(settings.max_in_flight.min(Semaphore::MAX_PERMITS)).unwrap_or(u32::MAX);
        let permits = Arc::new(Semaphore::new(settings.max_in_flight.min(Semaphore::MAX_PERMITS)));
        let shared = Shared {
            permits: Arc::clone(&permits),
            phases: phases.clone(),
            counts: self.counts(),
            id_prefix: format!("{:x}", self.parts.facts.start_time.0),
        };
        let routes = routes(self.parts, &phases, &reporter)?;
        let (interval, patience) = KEEPALIVE;
        let mut server = tonic::transport::Server::builder()
            .http2_keepalive_interval(Some(interval))
            .http2_keepalive_timeout(Some(patience))
            .max_concurrent_streams(most)
            // Callers behind one connection may give up together: that is no attack, and the others keep their calls.
            .http2_max_pending_accept_reset_streams(Some(settings.max_in_flight))
            .layer(GuardLayer::new(shared));
        let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
        let draining = phases.reached(Phase::Draining);
        let mut serving = pin!(server.add_routes(routes).serve_with_incoming_shutdown(incoming, draining));
        tokio::select! {
            result = &mut serving => return ended(result),
            () = follow(&reporter, ready, stop) => {}
        }
        standard::report(&reporter, false).await;
        phase.send_replace(Phase::Draining);
        tracing::info!("draining");
        let all_ended = async {
            let result = serving.await;
            // Writes whose callers have left hold their permits to the end; the semaphore is never closed.
            let _is_open = permits.acquire_many(most).await.is_ok();
            ended(result)
        };
        drain(all_ended, &phase, settings.drain_timeout).await
    }
}

/// Tells health whether the server is ready, until it is told to stop.
async fn follow(
    reporter: &HealthReporter,
    (mut ready, on_serving): (watch::Receiver<bool>, impl FnOnce() + Send),
    stop: impl Future<Output = ()>,
) {
    let mut on_serving = Some(on_serving);
    let reporting = async {
        loop {
            let is_ready = *ready.borrow_and_update();
            standard::report(reporter, is_ready).await;
            if is_ready && let Some(tell) = on_serving.take() {
                tell();
            }
            if ready.changed().await.is_err() {
                // Nobody will say otherwise.
                std::future::pending::<()>().await;
            }
        }
    };
    tokio::select! {
        () = stop => {}
        () = reporting => {}
    }
}

/// Waits for what is in flight, then breaks off what is left.
async fn drain(
    all_ended: impl Future<Output = Result<(), RpcError>>,
    phase: &watch::Sender<Phase>,
    drain_timeout: Duration,
) -> Result<(), RpcError> {
    let mut all_ended = pin!(all_ended);
    let last_words = LAST_WORDS.min(drain_timeout / 2);
    if let Ok(result) = timeout(drain_timeout - last_words, &mut all_ended).await {
        return result;
    }
    tracing::warn!("calls were still in flight when the drain timeout passed, they are broken off");
    phase.send_replace(Phase::Stopped);
    timeout(last_words, all_ended).await.unwrap_or(Ok(()))
}

fn ended(result: Result<(), tonic::transport::Error>) -> Result<(), RpcError> {
    result.map_err(|error| RpcError::Transport { source: Box::new(error) })
}

/// Puts every service on its path.
fn routes(parts: Parts, phases: &Phases, reporter: &HealthReporter) -> Result<Routes, RpcError> {
    let Parts { live, knowledge, recorder, feedback, bundles, calibration, clock, facts, settings } = parts;
    let most = settings.max_message_bytes;
    let registry = Arc::new(Registry::default());
    let mut routes = RoutesBuilder::default();
    let assist = AssistService { live: Arc::clone(&live), recorder: Arc::clone(&recorder), clock: Arc::clone(&clock) };
    let editing = KnowledgeService {
        knowledge: Arc::clone(&knowledge),
        phases: phases.clone(),
        imports: Arc::new(Semaphore::new(settings.max_imports.min(Semaphore::MAX_PERMITS))),
    };
    let lexicon = LexiconService { knowledge: Arc::clone(&knowledge) };
    let rules = RulesService { knowledge: Arc::clone(&knowledge), live: Arc::clone(&live), clock: Arc::clone(&clock) };
    let evaluation = EvaluationService {
        live: Arc::clone(&live),
        knowledge: Arc::clone(&knowledge),
        desk: calibration,
        registry: Arc::clone(&registry),
        clock: Arc::clone(&clock),
    };
    let indexing = IndexingService { knowledge, registry: Arc::clone(&registry), clock: Arc::clone(&clock) };
    let feedback = FeedbackService { desk: feedback, clock: Arc::clone(&clock) };
    let models =
        ModelsService { desk: Arc::clone(&bundles), registry: Arc::clone(&registry), clock: Arc::clone(&clock) };
    let operations = OperationsService { registry, clock, phases: phases.clone() };
    let info = ServerInfoService { live: Arc::clone(&live), recorder, bundles, facts };
    routes
        .add_service(AssistServer::new(assist).max_decoding_message_size(most))
        .add_service(TextToolsServer::new(TextToolsService { live }).max_decoding_message_size(most))
        .add_service(KnowledgeServer::new(editing).max_decoding_message_size(most))
        .add_service(LexiconServer::new(lexicon).max_decoding_message_size(most))
        .add_service(RulesServer::new(rules).max_decoding_message_size(most))
        .add_service(FeedbackServer::new(feedback).max_decoding_message_size(most))
        .add_service(IndexingServer::new(indexing).max_decoding_message_size(most))
        .add_service(EvaluationServer::new(evaluation).max_decoding_message_size(most))
        .add_service(ModelsServer::new(models).max_decoding_message_size(most))
        .add_service(ServerInfoServer::new(info).max_decoding_message_size(most))
        .add_service(OperationsServer::new(operations).max_decoding_message_size(most))
        .add_service(standard::health(reporter, phases.clone()));
    let v1 = reflection().build_v1().map_err(reflection_error)?;
    let v1alpha = reflection().build_v1alpha().map_err(reflection_error)?;
    routes
        .add_service(Draining { inner: v1, phases: phases.clone() })
        .add_service(Draining { inner: v1alpha, phases: phases.clone() });
    Ok(routes.routes())
}

fn reflection() -> tonic_reflection::server::Builder<'static> {
    tonic_reflection::server::Builder::configure()
        .register_encoded_file_descriptor_set(pb::DESCRIPTOR_SET)
        .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
}

fn reflection_error(error: tonic_reflection::server::Error) -> RpcError {
    RpcError::Reflection { source: Box::new(error) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn draining_ends_with_the_last_call_or_with_the_timeout() {
        let limit = Duration::from_millis(300);
        let check = async |calls: &mut (dyn Future<Output = ()> + Unpin), stopped: bool| {
            let (phase, phases) = Phases::begin();
            let begun = tokio::time::Instant::now();
            let all_ended = async {
                calls.await;
                Ok(())
            };
            drain(all_ended, &phase, limit).await.expect("it ends");
            assert_eq!((phases.now() == Phase::Stopped, begun.elapsed() >= limit), (stopped, stopped));
        };
        check(&mut std::future::ready(()), false).await;
        check(&mut std::future::pending(), true).await;
    }

    #[test]
    fn reflection_knows_every_service() {
        assert!(reflection().build_v1().is_ok());
        assert!(reflection().build_v1alpha().is_ok());
    }
}
