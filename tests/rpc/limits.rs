//! What callers may send: sizes, numbers, bytes; and that the server stays up whatever they send.

use prost::Message;
use tonic::{Code, Status};
use yingda::rpc::pb;

use crate::harness::{
    refusal::{self, Refusal},
    sample::ask,
    server::{Clients, demo},
    wire,
};

const ANSWER: &str = "/yingda.v1.Assist/Answer";

fn turn(text: &str) -> pb::Turn {
    pb::Turn { speaker: pb::Speaker::Customer.into(), text: text.to_owned() }
}

#[tokio::test]
async fn sizes_at_the_limit_are_taken_and_beyond_it_refused() {
    type Change = fn(&mut pb::AnswerRequest, usize);
    let cases: [(usize, &str, Change); 8] = [
        (2_000, "text", |request, n| request.text = "退".repeat(n)),
        (2_000, "text", |request, n| request.text = "😀".repeat(n - 1) + "退"),
        (50, "history", |request, n| request.history = vec![turn("怎么退货"); n]),
        (2_000, "history[0].text", |request, n| request.history = vec![turn(&"退".repeat(n))]),
        (500, "slots[customer_name]", |request, n| {
            request.slots.insert("customer_name".to_owned(), "王".repeat(n));
        }),
        (128, "customer", |request, n| request.customer = "客".repeat(n)),
        (64, "request_id", |request, n| request.request_id = "r".repeat(n)),
        (50, "max_candidates", |request, n| request.max_candidates = i32::try_from(n).expect("small")),
    ];
    let mut clients = demo().clients().await;
    for (limit, field, change) in cases {
        let mut request = ask(&["retail"], "怎么退货");
        change(&mut request, limit);
        let taken = clients.assist.answer(request.clone()).await;
        assert!(taken.is_ok(), "{field}: {taken:?}");
        change(&mut request, limit + 1);
        refusal::check(clients.assist.answer(request).await, Refusal::fields(&[field]));
    }
    let mut slots = ask(&["retail"], "怎么退货");
    slots.slots = (b'a'..=b'z')
        .flat_map(|a| [1, 2].map(|n| (char::from(a).to_string().repeat(n), String::new())))
        .take(33)
        .collect();
    refusal::check(clients.assist.answer(slots).await, Refusal::fields(&["slots"]));
    let mut named = ask(&["retail"], "怎么退货");
    named.slots.insert("Customer-Name".to_owned(), "王".to_owned());
    refusal::check(clients.assist.answer(named).await, Refusal::fields(&["slots"]));
}

#[tokio::test]
async fn unknown_numbers_of_enums_are_refused_by_name() {
    let mut clients = demo().clients().await;
    for unknown in [-1, 99, i32::MAX] {
        let request = pb::AnswerRequest {
            channel: unknown,
            audience: unknown,
            offset_encoding: unknown,
            history: vec![pb::Turn { speaker: unknown, text: "怎么退货".to_owned() }],
            ..ask(&["retail"], "怎么退货")
        };
        let status = clients.assist.answer(request).await.expect_err("unknown numbers");
        refusal::check_status(
            &status,
            Refusal::fields(&["channel", "audience", "offset_encoding", "history[0].speaker"]),
        );
    }
    let unspecified = pb::AnswerRequest { history: vec![pb::Turn::default()], ..ask(&["retail"], "怎么退货") };
    refusal::check(clients.assist.answer(unspecified).await, Refusal::fields(&["history[0].speaker"]));
}

#[tokio::test]
async fn everything_wrong_is_named_at_once() {
    let mut clients = demo().clients().await;
    let request = pb::AnswerRequest {
        text: String::new(),
        channel: 9,
        max_candidates: -1,
        request_id: "r".repeat(65),
        knowledge_bases: vec!["retail".to_owned()],
        consistency_tokens: vec!["nonsense".to_owned()],
        ..Default::default()
    };
    let fields = ["text", "channel", "max_candidates", "request_id", "knowledge_bases[0]", "consistency_tokens[0]"];
    refusal::check(clients.assist.answer(request).await, Refusal::fields(&fields));
}

#[tokio::test]
async fn refusals_do_not_repeat_the_customer() {
    let mut clients = demo().clients().await;
    let secret = "13812345678";
    let mut request = ask(&["retail"], &secret.repeat(200));
    request.customer = secret.repeat(20);
    request.slots.insert(secret.to_owned(), secret.to_owned());
    let status = clients.assist.answer(request).await.expect_err("too long");
    assert!(!format!("{status:?}").contains(secret), "{status:?}");
}

#[tokio::test]
async fn broken_utf8_names_its_field() {
    let clients = demo().clients().await;
    for (message, field) in [
        // Field 2, length-delimited.
        (b"\x12\x03\xff\xfe\xfd".to_vec(), "text"),
        // Field 6.
        (b"\x12\x03\xe9\x80\x80\x32\x01\xff".to_vec(), "customer"),
    ] {
        let status = wire::call(&clients.channel, ANSWER, message).await.expect_err("it is no text");
        assert_eq!(status.code(), Code::InvalidArgument, "{status:?}");
        assert!(status.message().contains(field), "{status:?}");
    }
    check_up(&clients).await;
}

#[tokio::test]
async fn a_message_too_large_is_refused() {
    let clients = demo().clients().await;
    let request = ask(&["retail"], &"退".repeat(2 << 20)).encode_to_vec();
    let status = wire::call(&clients.channel, ANSWER, request).await.expect_err("6 MiB");
    assert!(matches!(status.code(), Code::OutOfRange | Code::ResourceExhausted), "{status:?}");
    check_up(&clients).await;
}

#[tokio::test]
async fn an_unknown_method_is_unimplemented() {
    let clients = demo().clients().await;
    for method in ["/yingda.v1.Assist/Nothing", "/yingda.v1.Nothing/Answer"] {
        let status = wire::call(&clients.channel, method, Vec::new()).await.expect_err("no such method");
        assert_eq!(status.code(), Code::Unimplemented, "{method}: {status:?}");
    }
}

async fn check_up(clients: &Clients) {
    let reply = clients.assist.clone().answer(ask(&["retail"], "怎么查我的快递到哪了？")).await;
    assert!(reply.is_ok(), "the server is up: {reply:?}");
}

/// A request of random parts, most of which make sense.
fn random_request(rng: &mut fastrand::Rng) -> pb::AnswerRequest {
    let scraps = [
        "怎么", "退貨", "😀", "投诉", "\u{200d}", "\0", "123", "(tuì)", "１", "？", " ", "人工", "\u{e000}", "ﷺ",
        "a\u{301}",
    ];
    let text = |rng: &mut fastrand::Rng| -> String {
        (0..rng.usize(..30)).map(|_| scraps[rng.usize(..scraps.len())]).collect()
    };
    let bases = ["knowledgeBases/retail", "knowledgeBases/bank", "knowledgeBases/telecom"];
    let names = ["customer_name", "order_id", "x"];
    let first = rng.usize(..bases.len());
    let mut request = pb::AnswerRequest {
        knowledge_bases: (0..rng.usize(..3)).map(|n| bases[(first + n) % bases.len()].to_owned()).collect(),
        text: format!("{}退", text(rng)),
        history: (0..rng.usize(..4)).map(|_| pb::Turn { speaker: rng.i32(1..4), text: text(rng) }).collect(),
        channel: rng.i32(0..4),
        audience: rng.i32(0..3),
        customer: text(rng),
        slots: (0..rng.usize(..3)).map(|_| (names[rng.usize(..names.len())].to_owned(), text(rng))).collect(),
        offset_encoding: rng.i32(0..4),
        max_candidates: rng.i32(0..51),
        explain: rng.bool(),
        consistency_tokens: Vec::new(),
        request_id: text(rng).chars().take(64).collect(),
    };
    match rng.u8(..16) {
        0 => request.channel = rng.i32(..),
        1 => request.text.clear(),
        2 => request.knowledge_bases.push(text(rng)),
        3 => request.max_candidates = rng.i32(..),
        4 => drop(request.slots.insert(text(rng), text(rng))),
        5 => request.consistency_tokens.push(text(rng)),
        _ => {}
    }
    request
}

/// Bytes that are a request, or nearly one, or none at all.
fn random_bytes(rng: &mut fastrand::Rng) -> Vec<u8> {
    if rng.u8(..8) == 0 {
        return (0..rng.usize(..200)).map(|_| rng.u8(..)).collect();
    }
    let mut bytes = random_request(rng).encode_to_vec();
    for _ in 0..rng.usize(..4) {
        if bytes.is_empty() {
            break;
        }
        let at = rng.usize(..bytes.len());
        match rng.u8(..4) {
            0 => bytes[at] = rng.u8(..),
            1 => bytes.truncate(at),
            2 => bytes.insert(at, rng.u8(..)),
            _ => drop(bytes.remove(at)),
        }
    }
    bytes
}

#[tokio::test]
async fn garbage_never_brings_the_server_down() {
    let clients = demo().clients().await;
    let mut rng = fastrand::Rng::with_seed(20_261_122);
    let (mut num_taken, mut num_refused) = (0, 0);
    for round in 0..3_000 {
        let bytes = random_bytes(&mut rng);
        let shown = bytes.clone();
        match wire::call(&clients.channel, ANSWER, bytes).await {
            Ok(reply) => {
                pb::AnswerResponse::decode(reply.as_slice()).expect("a reply");
                num_taken += 1;
            }
            Err(status) => {
                check_refusal(&status, round, &shown);
                num_refused += 1;
            }
        }
    }
    assert!(num_taken > 100 && num_refused > 100, "{num_taken} taken, {num_refused} refused");
    check_up(&clients).await;
}

fn check_refusal(status: &Status, round: usize, bytes: &[u8]) {
    let is_callers_fault = matches!(status.code(), Code::InvalidArgument | Code::NotFound);
    assert!(is_callers_fault, "round {round}: {status:?} for {bytes:02x?}");
}

#[tokio::test]
async fn every_method_survives_garbage() {
    let clients = demo().clients().await;
    let mut rng = fastrand::Rng::with_seed(7);
    for method in [
        "/yingda.v1.Assist/Suggest",
        "/yingda.v1.Assist/Analyze",
        "/yingda.v1.Assist/BatchAnalyze",
        "/yingda.v1.Assist/SearchArticles",
        "/yingda.v1.TextTools/Segment",
        "/yingda.v1.TextTools/Redact",
        "/yingda.v1.Knowledge/GetArticle",
        "/yingda.v1.Knowledge/ListArticles",
        "/yingda.v1.Knowledge/UpdateArticle",
        "/yingda.v1.Lexicon/ListTerms",
        "/yingda.v1.Rules/CreateRule",
        "/yingda.v1.Rules/TestRules",
        "/yingda.v1.Feedback/RecordFeedback",
        "/yingda.v1.Indexing/GetIndexStatus",
        "/google.longrunning.Operations/ListOperations",
    ] {
        for round in 0..60 {
            let bytes: Vec<u8> =
                if rng.bool() { random_bytes(&mut rng) } else { (0..rng.usize(..60)).map(|_| rng.u8(..)).collect() };
            if let Err(status) = wire::call(&clients.channel, method, bytes.clone()).await {
                check_refusal(&status, round, &bytes);
            }
        }
    }
    check_up(&clients).await;
}
