//! How soon the program serves, and how much memory it holds.
//!
//! Measured: wall time from the start of the process to SERVING, on a new data folder (which installs the demo bases)
//! and on one that holds them, and the resident memory after the start and after 5,000 answers, from /proc. Not
//! measured: cold files (the program and the bundle have been read before).
//!
//! Custom main: `cargo bench --bench start`.

#[path = "common/child.rs"]
mod child;

use std::{path::Path, time::Instant};

use child::ServerChild;
use tempfile::TempDir;
use tonic::transport::Endpoint;
use yingda::rpc::pb::{self, assist_client::AssistClient};

const ROUNDS: usize = 5;
const CALLS: usize = 5_000;

/// Returns a figure of the process's status, such as `VmRSS`, in megabytes.
fn memory_mb(server: &ServerChild, field: &str) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.id())).expect("the process runs");
    let line = status.lines().find(|line| line.starts_with(field)).expect("a known field");
    let kilobytes: f64 = line.split_whitespace().nth(1).and_then(|text| text.parse().ok()).expect("a number");
    kilobytes / 1024.0
}

fn print_memory(name: &str, server: &ServerChild) {
    let (now, most) = (memory_mb(server, "VmRSS"), memory_mb(server, "VmHWM"));
    println!("start/{name}: {now:.0} MB resident, {most:.0} MB at most");
}

/// Starts a server and says how long that took.
fn start(name: &str, folder: &Path) -> ServerChild {
    let since = Instant::now();
    let server = ServerChild::serve(folder, &["--demo"]);
    println!("start/{name}: serving after {:.0} ms", since.elapsed().as_secs_f64() * 1e3);
    print_memory(name, &server);
    server
}

async fn ask(server: &ServerChild) {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/data/golden/retail.jsonl");
    let text = std::fs::read_to_string(path).expect("the golden questions");
    let endpoint = Endpoint::from_shared(format!("http://{}", server.address)).expect("an address");
    let mut client = AssistClient::new(endpoint.connect().await.expect("a connection"));
    for line in text.lines().cycle().take(CALLS) {
        let row: serde_json::Value = serde_json::from_str(line).expect("a row");
        let text = row["query"].as_str().expect("a question").to_owned();
        client.answer(pb::AnswerRequest { text, ..Default::default() }).await.expect("a reply");
    }
}

fn main() {
    let folder = TempDir::new().expect("a folder");
    drop(start("new_folder", folder.path()));
    for round in 1..ROUNDS {
        drop(start(&format!("again_{round}"), folder.path()));
    }
    let server = start(&format!("again_{ROUNDS}"), folder.path());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(ask(&server));
    print_memory(&format!("after_{CALLS}_answers"), &server);
}
