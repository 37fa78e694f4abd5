//! grpc.health.v1: before, during and after serving.

use std::{sync::Arc, time::Duration};

use tokio::{
    net::TcpListener,
    sync::{oneshot, watch},
};
use tonic::{Code, Streaming};
use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse, health_check_response::ServingStatus};
use yingda::rpc::{Parts, Server, ServerFacts, Settings};

use crate::harness::{
    MOMENT,
    server::{Clients, demo},
};

const SERVICES: [&str; 11] = [
    "",
    "yingda.v1.Assist",
    "yingda.v1.TextTools",
    "yingda.v1.Knowledge",
    "yingda.v1.Lexicon",
    "yingda.v1.Rules",
    "yingda.v1.Feedback",
    "yingda.v1.Indexing",
    "yingda.v1.Evaluation",
    "yingda.v1.Models",
    "yingda.v1.ServerInfo",
];

async fn check(clients: &mut Clients, service: &str, want: ServingStatus) {
    let request = HealthCheckRequest { service: service.to_owned() };
    let status = clients.health.check(request).await.expect("a known service").into_inner().status();
    assert_eq!(status, want, "{service:?}");
}

async fn next(watch: &mut Streaming<HealthCheckResponse>) -> Option<ServingStatus> {
    let message = tokio::time::timeout(Duration::from_secs(20), watch.message()).await.expect("it does not hang");
    message.expect("no error").map(|message| message.status())
}

#[tokio::test]
async fn a_server_serves_from_ready_to_stop() {
    let app = &demo().app;
    let parts = Parts {
        live: Arc::clone(&app.live),
        knowledge: Arc::clone(&app.knowledge),
        recorder: Arc::clone(&app.recorder),
        feedback: Arc::clone(&app.feedback),
        bundles: Arc::clone(&app.bundles),
        calibration: Arc::clone(&app.calibration),
        clock: Arc::clone(&app.clock),
        facts: ServerFacts { version: "test".to_owned(), start_time: MOMENT, store_backend: "memory" },
        settings: Settings { drain_timeout: Duration::from_secs(10), ..Settings::default() },
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let (tell_ready, ready) = watch::channel(false);
    let (stop, stopped) = oneshot::channel::<()>();
    let server = tokio::spawn(Server::new(parts).serve(listener, (ready, || {}), async {
        let _ = stopped.await;
    }));
    let mut clients = Clients::connect(address).await;
    for service in SERVICES {
        check(&mut clients, service, ServingStatus::NotServing).await;
    }
    let request = HealthCheckRequest { service: "yingda.v1.Assist".to_owned() };
    let mut watching = clients.health.watch(request).await.expect("a known service").into_inner();
    assert_eq!(next(&mut watching).await, Some(ServingStatus::NotServing));
    tell_ready.send_replace(true);
    assert_eq!(next(&mut watching).await, Some(ServingStatus::Serving));
    for service in SERVICES {
        check(&mut clients, service, ServingStatus::Serving).await;
    }
    stop.send(()).expect("the server runs");
    assert_eq!(next(&mut watching).await, Some(ServingStatus::NotServing));
    assert_eq!(next(&mut watching).await, None, "a watch ends with the server");
    let ended = tokio::time::timeout(Duration::from_secs(20), server).await.expect("the server ends");
    ended.expect("no panic").expect("it ends in order");
}

#[tokio::test]
async fn an_unknown_service_is_not_found() {
    let mut clients = demo().clients().await;
    let request = HealthCheckRequest { service: "yingda.v1.Nothing".to_owned() };
    assert_eq!(clients.health.check(request).await.expect_err("unknown").code(), Code::NotFound);
}
