//! `yingda serve`: start, work, stop.

use std::process::Stdio;

use tempfile::TempDir;
use yingda::rpc::pb;

use super::{argument, check_failed};
use crate::harness::{
    child::{ServeChild, program, run, signal},
    sample::ask,
    server::Clients,
};

#[tokio::test]
async fn a_server_starts_serves_and_stops_in_order() {
    let folder = TempDir::new().expect("a folder");
    let child = ServeChild::start(folder.path(), &["--demo"]);
    let mut clients = Clients::connect(child.address).await;
    let health = clients.health.check(tonic_health::pb::HealthCheckRequest::default()).await.expect("a reply");
    assert_eq!(health.into_inner().status(), tonic_health::pb::health_check_response::ServingStatus::Serving);
    let reply = clients.assist.answer(ask(&["retail"], "怎么查我的快递到哪了？")).await.expect("a reply").into_inner();
    assert_eq!(reply.outcome(), pb::Outcome::Answered);
    let info = clients.server_info.get_server_info(pb::GetServerInfoRequest {}).await.expect("a reply").into_inner();
    assert_eq!((info.store.as_str(), info.knowledge_base_count), ("sqlite", 4));
    // Beside the server, on the same folder.
    let data = argument(folder.path());
    let asked = run(&["--data", data, "--json", "ask", "--kb", "bank", "怎么开存款证明？"]);
    assert_eq!(asked.json()["answer"]["article"], "knowledgeBases/bank/articles/deposit-proof", "{asked:?}");
    check_failed(&run(&["--data", data, "reindex"]), 1, &["in use"]);
    check_failed(&run(&["--data", data, "serve", "--listen", "127.0.0.1:0"]), 1, &["in use"]);
    drop(clients);
    let (status, rest) = child.terminate();
    assert_eq!(status.code(), Some(0), "{status:?}");
    assert!(rest.is_empty(), "{rest}");
    // What it held is there at the next start, and nothing is installed twice.
    let child = ServeChild::start(folder.path(), &["--demo"]);
    let mut clients = Clients::connect(child.address).await;
    let again = clients.server_info.get_server_info(pb::GetServerInfoRequest {}).await.expect("a reply").into_inner();
    assert_eq!((again.knowledge_base_count, again.store_epoch), (4, info.store_epoch));
}

#[test]
fn an_import_beside_a_server_reaches_it() {
    let folder = TempDir::new().expect("a folder");
    let child = ServeChild::start(folder.path(), &[]);
    let file = folder.path().join("a.jsonl");
    std::fs::write(&file, r#"{"id": "a", "standard_question": "怎么退货", "answer": "点退货。"}"#).expect("a file");
    let data = argument(folder.path());
    let imported = run(&["--data", data, "import", "--kb", "shop", argument(&file)]);
    assert_eq!(imported.code, Some(0), "{imported:?}");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let mut clients = Clients::connect(child.address).await;
        let since = std::time::Instant::now();
        loop {
            let reply = clients.assist.answer(ask(&["shop"], "怎么退货")).await;
            if reply.is_ok_and(|reply| reply.into_inner().answer.is_some()) {
                break;
            }
            assert!(since.elapsed() < std::time::Duration::from_secs(20), "the server never sees it");
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    });
}

#[test]
fn a_port_that_is_taken_says_so() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("an address").to_string();
    let folder = TempDir::new().expect("a folder");
    let ran = run(&["--data", argument(folder.path()), "serve", "--listen", &address]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.err.contains("cannot listen") && ran.err.contains(&address), "{}", ran.err);
}

#[test]
fn logs_hold_no_customer_text() {
    let folder = TempDir::new().expect("a folder");
    let mut command = program();
    command.arg("--data").arg(folder.path()).args(["serve", "--demo", "--listen", "127.0.0.1:0"]);
    command.env("YINGDA_LOG", "info").stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the program is there");
    let mut lines = std::io::BufRead::lines(std::io::BufReader::new(child.stdout.take().expect("a pipe")));
    let mut next = || lines.next().expect("a line").expect("UTF-8");
    let address = next().trim_start_matches("listening on ").parse().expect("an address");
    while next() != "SERVING" {}
    let secret = "独一无二的客户原话13812345678";
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let mut clients = Clients::connect(address).await;
        for text in [secret.to_owned(), secret.repeat(200)] {
            let request = pb::AnswerRequest { customer: secret.to_owned(), ..ask(&["retail"], &text) };
            // The long one is refused, and refusals must not be told apart from answers here.
            let _ = clients.assist.answer(request).await;
        }
        let mut broken = ask(&["retail"], secret);
        broken.knowledge_bases.push(secret.to_owned());
        let _ = clients.assist.answer(broken).await;
    });
    signal("-15", child.id());
    let output = child.wait_with_output().expect("it ends");
    let log = String::from_utf8_lossy(&output.stderr);
    assert!(!log.contains("独一无二") && !log.contains("13812345678"), "{log}");
    assert_eq!(output.status.code(), Some(0), "{log}");
}
