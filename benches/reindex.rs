//! Whether answers flow while an index of 100,000 phrasings is built anew.
//!
//! Measured: four clients ask over gRPC without a pause, each over its own connection, from before the reindex to after
//! the switch; printed are the calls, the failed calls (must be 0), the slowest call, how long the reindex took, and the
//! same clients' latency before it. Store and index are in a folder. Clients and server share this process and its
//! processors, so latencies are an upper bound. `YINGDA_BENCH_PHRASINGS=10000` makes it smaller.
//!
//! Custom main: `cargo bench --bench reindex`.

#[path = "common/base.rs"]
mod base;
#[path = "common/quantile.rs"]
mod quantile;
#[path = "common/questions.rs"]
mod questions;
#[path = "common/setup.rs"]
mod setup;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use tempfile::TempDir;
use tokio::sync::{oneshot, watch};
use tonic::transport::Endpoint;
use yingda::{
    app::{self, App, Hooks, StoreKind},
    domain::ManualClock,
    rpc::pb::{
        self,
        assist_client::AssistClient,
        google::longrunning::{GetOperationRequest, operations_client::OperationsClient},
        indexing_client::IndexingClient,
    },
};

const CLIENTS: usize = 4;
const BEFORE: Duration = Duration::from_secs(3);

/// What one client saw.
#[derive(Default)]
struct Seen {
    millis: Vec<f64>,
    failed: Vec<tonic::Status>,
}

async fn keep_asking(endpoint: Endpoint, questions: Arc<Vec<String>>, stop: watch::Receiver<bool>) -> Seen {
    let mut client = AssistClient::new(endpoint.connect().await.expect("a connection"));
    let mut seen = Seen::default();
    for text in questions.iter().cycle() {
        if *stop.borrow() {
            break;
        }
        let request = pb::AnswerRequest {
            knowledge_bases: vec!["knowledgeBases/bench".to_owned()],
            text: text.clone(),
            ..Default::default()
        };
        let since = Instant::now();
        match client.answer(request).await {
            Ok(_) => seen.millis.push(since.elapsed().as_secs_f64() * 1e3),
            Err(status) => seen.failed.push(status),
        }
    }
    seen
}

struct Callers {
    stop: watch::Sender<bool>,
    tasks: Vec<tokio::task::JoinHandle<Seen>>,
}

impl Callers {
    fn begin(endpoint: &Endpoint, questions: &Arc<Vec<String>>) -> Self {
        let (stop, stopped) = watch::channel(false);
        let one = |_| tokio::spawn(keep_asking(endpoint.clone(), Arc::clone(questions), stopped.clone()));
        Self { stop, tasks: (0..CLIENTS).map(one).collect() }
    }

    async fn end(self, name: &str) -> usize {
        self.stop.send_replace(true);
        let (mut millis, mut failed) = (Vec::new(), Vec::new());
        for task in self.tasks {
            let seen = task.await.expect("no panic");
            millis.extend(seen.millis);
            failed.extend(seen.failed);
        }
        millis.sort_unstable_by(f64::total_cmp);
        let [p50, p99, max] = [0.5, 0.99, 1.0].map(|share| quantile::quantile(&millis, share));
        let (num_calls, num_failed) = (millis.len() + failed.len(), failed.len());
        println!(
            "reindex/{name}: {num_calls} calls, {num_failed} failed; {p50:.2} ms p50, {p99:.2} ms p99, {max:.1} ms slowest"
        );
        failed.iter().take(3).for_each(|status| println!("  {status:?}"));
        num_failed
    }
}

async fn reindex(endpoint: &Endpoint) -> pb::ReindexResponse {
    let channel = endpoint.connect().await.expect("a connection");
    let request = pb::ReindexRequest { knowledge_base: "knowledgeBases/bench".to_owned(), ..Default::default() };
    let begun = IndexingClient::new(channel.clone()).reindex(request).await.expect("an operation").into_inner();
    let mut operations = OperationsClient::new(channel);
    loop {
        let request = GetOperationRequest { name: begun.name.clone() };
        let operation = operations.get_operation(request).await.expect("an operation").into_inner();
        match operation.result {
            Some(pb::google::longrunning::operation::Result::Response(response)) => {
                return prost::Message::decode(response.value.as_slice()).expect("packed");
            }
            Some(pb::google::longrunning::operation::Result::Error(status)) => panic!("{status:?}"),
            None => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    }
}

fn num_phrasings() -> usize {
    let given = app::environment();
    given.get("YINGDA_BENCH_PHRASINGS").map_or(100_000, |text| text.parse().expect("a number of phrasings"))
}

async fn bench() {
    let size = num_phrasings();
    let folder = TempDir::new().expect("a folder");
    let config = setup::config(Some(folder.path().to_owned()));
    let clock = Arc::new(ManualClock::new(setup::MOMENT));
    let app = App::start_with(&config, &StoreKind::Folder, clock, None).expect("the application starts");
    let articles = base::articles(size);
    let since = Instant::now();
    base::fill(&app, &articles);
    println!(
        "reindex: {size} phrasings stored and indexed for the first time in {:.1} s",
        since.elapsed().as_secs_f64()
    );
    let questions = Arc::new(questions::questions(&articles, 2_000));
    let (tell_address, address) = oneshot::channel();
    let (tell_ready, ready) = oneshot::channel();
    let (stop, stopped) = oneshot::channel::<()>();
    let hooks = Hooks {
        on_listening: Box::new(|address| tell_address.send(address).expect("somebody listens")),
        on_serving: Box::new(|| tell_ready.send(()).expect("somebody listens")),
    };
    let served = tokio::spawn(async move {
        app::serve(Arc::new(app), &config, hooks, async {
            let _ = stopped.await;
        })
        .await
    });
    let endpoint = Endpoint::from_shared(format!("http://{}", address.await.expect("it listens"))).expect("an address");
    ready.await.expect("it gets ready");
    let callers = Callers::begin(&endpoint, &questions);
    tokio::time::sleep(BEFORE).await;
    callers.end("before").await;
    let callers = Callers::begin(&endpoint, &questions);
    let since = Instant::now();
    let done = reindex(&endpoint).await;
    let took = since.elapsed();
    let num_failed = callers.end("meanwhile").await;
    println!("reindex: generation {} in {:.1} s; failed calls: {num_failed}", done.generation, took.as_secs_f64());
    stop.send(()).expect("the server runs");
    served.await.expect("no panic").expect("it ends in order");
    assert_eq!(num_failed, 0, "a reindex made calls fail");
}

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    runtime.block_on(bench());
}
