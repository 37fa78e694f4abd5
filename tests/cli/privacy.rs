//! Personal data leaves no trace: not in the data folder, not in the log, not even at debug level.

use std::{
    fs,
    io::{BufRead, BufReader},
    path::Path,
    process::Stdio,
    time::{Duration, Instant},
};

use tempfile::TempDir;
use yingda::rpc::pb;

use crate::harness::{
    child::{program, signal},
    sample::ask,
    server::Clients,
};

/// What a customer writes, and what of it nobody may find again.
const MESSAGE: &str = "怎么退货？我叫诸葛青云，收件人 Li Wei，电话１３８-6204-7715，地址廣東省佛山市順德區東樂路268號12樓B室，身份证11010119491231002X，\
    卡6225880968250671，邮箱lihua.1988@163.com，车牌粤B·D8K52，护照E12345678，加我微信liming_1990，密码Abc12345!";
const SECRETS: &[&str] = &[
    "诸葛青云",
    "青云",
    "Li Wei",
    "li wei",
    "-6204-",
    "東樂路",
    "东乐路",
    "路268",
    "11010119491231002",
    "6225880968250671",
    "lihua",
    "D8K52",
    "d8k52",
    "E12345678",
    "e12345678",
    "liming",
    "Abc12345",
    "abc12345",
    "customer-4711",
];

async fn talk(address: std::net::SocketAddr) {
    let mut clients = Clients::connect(address).await;
    let request = pb::AnswerRequest { customer: "customer-4711".to_owned(), ..ask(&["retail"], MESSAGE) };
    let reply = clients.assist.answer(request).await.expect("a reply").into_inner();
    let feedback = pb::RecordFeedbackRequest {
        answer_record: reply.answer_record,
        verdict: pb::FeedbackVerdict::Edited.into(),
        comment: MESSAGE.to_owned(),
        edited_text: MESSAGE.to_owned(),
        ..Default::default()
    };
    clients.feedback.record_feedback(feedback).await.expect("a reply");
    let redact = pb::RedactRequest { text: MESSAGE.to_owned(), ..Default::default() };
    clients.text_tools.redact(redact).await.expect("a reply");
    // What is refused is logged too.
    let refused = pb::RedactRequest { kinds: vec![MESSAGE.to_owned()], text: MESSAGE.to_owned(), ..Default::default() };
    assert!(clients.text_tools.redact(refused).await.is_err());
    let since = Instant::now();
    loop {
        let info = clients.server_info.get_server_info(pb::GetServerInfoRequest {}).await.expect("a reply");
        if info.into_inner().answer_records_written > 0 {
            break;
        }
        assert!(since.elapsed() < Duration::from_secs(20), "the record is never written");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Returns the names of the secrets that the bytes hold.
fn found(bytes: &[u8]) -> Vec<&'static str> {
    let holds = |secret: &str| bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
    SECRETS.iter().copied().filter(|secret| holds(secret)).collect()
}

fn check_folder(folder: &Path, num_bytes: &mut usize) {
    for entry in fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()) {
        if entry.is_dir() {
            // The index holds articles only.
            continue;
        }
        let bytes = fs::read(&entry).expect("a file");
        *num_bytes += bytes.len();
        assert!(found(&bytes).is_empty(), "{} holds {:?}", entry.display(), found(&bytes));
    }
}

#[test]
fn personal_data_leaves_no_trace() {
    assert_eq!(found(MESSAGE.as_bytes()).len(), 13, "the secrets are those of the message");
    let folder = TempDir::new().expect("a folder");
    let mut command = program();
    command.arg("--data").arg(folder.path()).args(["serve", "--listen", "127.0.0.1:0", "--demo"]);
    command.env("YINGDA_LOG", "debug").stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the program is there");
    // Read meanwhile, or the pipe fills and the server stands still.
    let mut log = child.stderr.take().expect("a pipe");
    let log = std::thread::spawn(move || {
        let mut bytes = Vec::new();
        std::io::Read::read_to_end(&mut log, &mut bytes).expect("a log");
        bytes
    });
    let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
    let mut next = || lines.next().expect("a line").expect("UTF-8");
    let address = next().trim_start_matches("listening on ").parse().expect("an address");
    while next() != "SERVING" {}
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(talk(address));
    // The log beside the table is there too before the server ends.
    let mut num_bytes = 0;
    check_folder(folder.path(), &mut num_bytes);
    signal("-15", child.id());
    assert_eq!(child.wait().expect("it ends").code(), Some(0));
    check_folder(folder.path(), &mut num_bytes);
    assert!(num_bytes > 10_000, "the store lies elsewhere");
    let log = log.join().expect("a log");
    let text = String::from_utf8_lossy(&log);
    assert!(text.contains("DEBUG") && text.contains("call refused"), "{text}");
    assert!(found(&log).is_empty(), "the log holds {:?}", found(&log));
}
