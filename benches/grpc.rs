//! What an answer costs over gRPC, beside a canned reply: server processor time per call at 64 calls in flight.
//!
//! Measured: user and system time of the server's process, from /proc, over 20,000 calls after a warm-up, divided by
//! the calls; one client process with one connection keeps 64 calls in flight. Both servers run in the same run, one after the other, each
//! a process of its own: `yingda serve --demo` asked over the retail base, and this very program with `--canned`, which
//! answers each call with one and the same reply of that server. The difference is what understanding costs; the canned
//! figure is the transport's. Then `BatchAnalyze` of 10,000 messages, the labelled test messages over and over, in calls
//! of 1,000, one at a time: messages per second of the server's processor time. Not measured: the client, latency under
//! other load.
//!
//! Custom main: `cargo bench --bench grpc`.

#[path = "common/child.rs"]
mod child;

use std::{
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use child::ServerChild;
use prost::Message;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tonic::{
    Request, Response, Status,
    transport::{Endpoint, Server, server::TcpIncoming},
};
use yingda::rpc::pb::{
    self,
    assist_client::AssistClient,
    assist_server::{Assist, AssistServer},
};

const IN_FLIGHT: usize = 64;
const WARM_UP: usize = 4_000;
const CALLS: usize = 20_000;
const BATCH: usize = 1_000;
const BATCHES: usize = 10;

/// Answers every call with one reply.
struct Canned(pb::AnswerResponse);

#[tonic::async_trait]
impl Assist for Canned {
    async fn answer(&self, _: Request<pb::AnswerRequest>) -> Result<Response<pb::AnswerResponse>, Status> {
        Ok(Response::new(self.0.clone()))
    }

    async fn suggest(&self, _: Request<pb::SuggestRequest>) -> Result<Response<pb::SuggestResponse>, Status> {
        Err(Status::unimplemented("canned"))
    }

    async fn analyze(&self, _: Request<pb::AnalyzeRequest>) -> Result<Response<pb::AnalyzeResponse>, Status> {
        Err(Status::unimplemented("canned"))
    }

    async fn batch_analyze(
        &self,
        _: Request<pb::BatchAnalyzeRequest>,
    ) -> Result<Response<pb::BatchAnalyzeResponse>, Status> {
        Err(Status::unimplemented("canned"))
    }

    async fn search_articles(
        &self,
        _: Request<pb::SearchArticlesRequest>,
    ) -> Result<Response<pb::SearchArticlesResponse>, Status> {
        Err(Status::unimplemented("canned"))
    }
}

/// The other side of this program: a server of canned replies, read from a file.
async fn serve_canned(file: &str) {
    let reply = std::fs::read(file).expect("the reply");
    let reply = pb::AnswerResponse::decode(reply.as_slice()).expect("a reply");
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    println!("listening on {}", listener.local_addr().expect("an address"));
    println!("SERVING");
    let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
    let service = AssistServer::new(Canned(reply));
    Server::builder().add_service(service).serve_with_incoming(incoming).await.expect("it serves");
}

/// One field of each row of a data file.
fn texts(file: &str, field: &str) -> Vec<String> {
    let path = format!("{}/data/{file}", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).expect("a data file");
    let rows = text.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).expect("a row"));
    rows.map(|row| row[field].as_str().expect("a text").to_owned()).collect()
}

fn request(text: &str) -> pb::AnswerRequest {
    pb::AnswerRequest {
        knowledge_bases: vec!["knowledgeBases/retail".to_owned()],
        text: text.to_owned(),
        ..Default::default()
    }
}

/// What a run gave: processor time and wall time per call, in microseconds, and the failed calls.
struct Figures {
    cpu_us: f64,
    calls_per_second: f64,
    num_failed: usize,
}

async fn keep_asking(server: &ServerChild, questions: &Arc<Vec<String>>, num_calls: usize) -> usize {
    let endpoint = Endpoint::from_shared(format!("http://{}", server.address)).expect("an address");
    let channel = endpoint.connect().await.expect("a connection");
    let (next, num_failed) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let mut callers = Vec::new();
    for _ in 0..IN_FLIGHT {
        let mut client = AssistClient::new(channel.clone());
        let (next, num_failed, questions) = (Arc::clone(&next), Arc::clone(&num_failed), Arc::clone(questions));
        callers.push(tokio::spawn(async move {
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= num_calls {
                    break;
                }
                if client.answer(request(&questions[number % questions.len()])).await.is_err() {
                    num_failed.fetch_add(1, Ordering::Relaxed);
                }
            }
        }));
    }
    for caller in callers {
        caller.await.expect("no panic");
    }
    num_failed.load(Ordering::Relaxed)
}

/// Returns the processor time that a process has used, in steps of ten milliseconds.
fn cpu_time(server: &ServerChild) -> Duration {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", server.id())).expect("the process runs");
    // The second field is the name in brackets, which may hold spaces; user and system time are fields 14 and 15.
    let fields: Vec<&str> = stat.rsplit(") ").next().expect("fields").split(' ').collect();
    let ticks: u64 = fields[11..13].iter().map(|field| field.parse::<u64>().expect("a number")).sum();
    Duration::from_millis(ticks * 10)
}

async fn measure(server: &ServerChild, questions: &Arc<Vec<String>>) -> Figures {
    keep_asking(server, questions, WARM_UP).await;
    let (cpu, since) = (cpu_time(server), Instant::now());
    let num_failed = keep_asking(server, questions, CALLS).await;
    let wall = since.elapsed();
    let micros = |time: Duration| time.as_secs_f64() * 1e6 / CALLS as f64;
    Figures {
        cpu_us: micros(cpu_time(server).saturating_sub(cpu)),
        calls_per_second: CALLS as f64 / wall.as_secs_f64(),
        num_failed,
    }
}

/// Classifies all messages in batches and returns messages per second of the server's processor time.
async fn batches(server: &ServerChild) -> f64 {
    let messages = texts("messages/test.jsonl", "text");
    let endpoint = Endpoint::from_shared(format!("http://{}", server.address)).expect("an address");
    let mut client = AssistClient::new(endpoint.connect().await.expect("a connection"));
    let mut next = messages.iter().cycle();
    let mut begun = cpu_time(server);
    for number in 0..=BATCHES {
        let texts = next.by_ref().take(BATCH).cloned().collect();
        let request = pb::BatchAnalyzeRequest { texts, ..Default::default() };
        let reply = client.batch_analyze(request).await.expect("a reply").into_inner();
        assert_eq!(reply.analyses.len(), BATCH);
        // The first batch is the warm-up.
        if number == 0 {
            begun = cpu_time(server);
        }
    }
    (BATCH * BATCHES) as f64 / cpu_time(server).saturating_sub(begun).as_secs_f64()
}

fn print(name: &str, figures: &Figures) {
    let Figures { cpu_us, calls_per_second, num_failed } = figures;
    println!("grpc/{name}: server cpu {cpu_us:.1} us a call, {calls_per_second:.0} calls/s, {num_failed} failed");
}

async fn bench() {
    let folder = TempDir::new().expect("a folder");
    let questions = Arc::new(texts("golden/retail.jsonl", "query"));
    let server = ServerChild::serve(&folder.path().join("data"), &["--demo"]);
    let endpoint = Endpoint::from_shared(format!("http://{}", server.address)).expect("an address");
    let mut client = AssistClient::new(endpoint.connect().await.expect("a connection"));
    let reply = client.answer(request("怎么查我的快递到哪了？")).await.expect("a reply").into_inner();
    let file = folder.path().join("reply.bin");
    std::fs::write(&file, reply.encode_to_vec()).expect("a file");
    drop(client);
    println!("grpc: {CALLS} calls, {IN_FLIGHT} in flight, one connection; a reply has {} bytes", reply.encoded_len());
    let answered = measure(&server, &questions).await;
    print("answer", &answered);
    println!("grpc/batch_analyze: {:.0} messages/s a core", batches(&server).await);
    drop(server);
    let mut command = Command::new(std::env::current_exe().expect("this program"));
    command.arg("--canned").arg(&file);
    let canned = measure(&ServerChild::start(command), &questions).await;
    print("canned", &canned);
    println!("grpc/difference: {:.1} us a call", answered.cpu_us - canned.cpu_us);
}

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    let mut arguments = std::env::args().skip(1);
    if arguments.next().as_deref() == Some("--canned") {
        runtime.block_on(serve_canned(&arguments.next().expect("a file")));
    } else {
        runtime.block_on(bench());
    }
}
