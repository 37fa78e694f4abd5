//! Deadlines, admission, and how serving ends.

use std::time::{Duration, Instant};

use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Code, Request};
use yingda::rpc::pb::{self, import_articles_request::Content};

use crate::harness::{
    refusal::{self, Refusal},
    sample::{Base, article, ask},
    server::{Clients, Running, Setup, demo},
};

/// An upload whose end the test decides: a call that is in flight as long as it likes.
struct Upload {
    pieces: mpsc::Sender<pb::ImportArticlesRequest>,
    reply: tokio::task::JoinHandle<Result<pb::ImportArticlesResponse, tonic::Status>>,
}

impl Upload {
    async fn begin(base: &Base) -> Self {
        let (pieces, receiver) = mpsc::channel(4);
        let settings = pb::ImportSettings {
            parent: base.name.clone(),
            format: pb::FileFormat::Jsonl.into(),
            mode: pb::ImportMode::Merge.into(),
            ..Default::default()
        };
        let mut clients = base.clients.clone();
        let messages = ReceiverStream::new(receiver);
        let reply =
            tokio::spawn(
                async move { clients.knowledge.import_articles(messages).await.map(tonic::Response::into_inner) },
            );
        let upload = Self { pieces, reply };
        upload.send(Content::Settings(settings)).await;
        // More than the windows of a connection hold: once all of it is taken, the call itself is reading.
        let blank_lines = (" ".repeat(1_023) + "\n").repeat(256).into_bytes();
        for _ in 0..16 {
            upload.send(Content::Data(blank_lines.clone())).await;
        }
        upload
    }

    async fn send(&self, content: Content) {
        self.pieces.send(pb::ImportArticlesRequest { content: Some(content) }).await.expect("the call is in flight");
    }

    async fn finish(self) -> Result<pb::ImportArticlesResponse, tonic::Status> {
        let row = serde_json::json!({"id": "a", "standard_question": "怎么退货", "answer": "点退货。"});
        self.send(Content::Data(row.to_string().into_bytes())).await;
        drop(self.pieces);
        self.reply.await.expect("no panic")
    }
}

#[tokio::test]
async fn a_call_in_flight_is_finished_and_a_new_one_refused() {
    let server = Running::start(&Setup { in_folder: true, ..Setup::default() });
    let mut base = Base::create(server.clients().await, "drain-finish").await;
    let upload = Upload::begin(&base).await;
    server.begin_stop();
    let since = Instant::now();
    // New calls on a connection that is open are refused as soon as the stop is seen.
    loop {
        match base.clients.assist.answer(ask(&[], "怎么退货")).await {
            Ok(_) => assert!(since.elapsed() < Duration::from_secs(20), "calls are taken for ever"),
            Err(status) => {
                // The server refuses the call, or the connection is being closed.
                assert!(matches!(status.code(), Code::Unavailable | Code::Cancelled), "{status:?}");
                break;
            }
        }
    }
    let report = upload.finish().await.expect("a call in flight is finished");
    assert_eq!(report.created, 1);
    drop(base);
    server.stop().await.expect("it ends in order");
    let id = yingda::domain::KnowledgeBaseId::try_new("drain-finish").expect("an id");
    let article = yingda::domain::ArticleId::try_new("a").expect("an id");
    assert!(server.app.store.article(&id, &article).is_ok(), "what was acknowledged is kept");
}

#[tokio::test]
async fn a_call_that_never_ends_is_broken_off() {
    let server = Running::start(&Setup { drain_timeout_ms: 500, ..Setup::default() });
    let base = Base::create(server.clients().await, "drain-break").await;
    let upload = Upload::begin(&base).await;
    server.begin_stop();
    let status = tokio::time::timeout(Duration::from_secs(20), upload.reply).await.expect("it does not hang");
    let status = status.expect("no panic").expect_err("the server has stopped");
    assert!(matches!(status.code(), Code::Unavailable | Code::Cancelled | Code::Unknown), "{status:?}");
    server.stop().await.expect("it ends in order");
}

#[tokio::test]
async fn a_port_is_free_again_after_the_stop() {
    let server = Running::start(&Setup::default());
    let address = server.address;
    server.stop().await.expect("it ends in order");
    let listener = tokio::net::TcpListener::bind(address).await;
    assert!(listener.is_ok(), "{listener:?}");
}

#[tokio::test]
async fn no_free_permit_is_refused_at_once() {
    let server = Running::start(&Setup { max_in_flight: 1, in_folder: true, ..Setup::default() });
    let base = Base::create(server.clients().await, "permits").await;
    let (pieces, receiver) = mpsc::channel(4);
    let mut uploading = base.clients.clone();
    let reply = tokio::spawn(async move { uploading.knowledge.import_articles(ReceiverStream::new(receiver)).await });
    let mut other = server.clients().await;
    let since = Instant::now();
    let refused = loop {
        // Asked without a pause, the questions would hold the one permit when the upload comes, and refuse that.
        tokio::time::sleep(Duration::from_millis(50)).await;
        match other.assist.answer(ask(&["permits"], "怎么退货")).await {
            // The upload has not come to the server yet.
            Ok(_) => assert!(since.elapsed() < Duration::from_secs(20), "nothing is refused"),
            Err(status) if status.code() == Code::NotFound => {}
            Err(status) => break status,
        }
    };
    refusal::check_status(&refused, Refusal::of(Code::ResourceExhausted, "TOO_MANY_IN_FLIGHT"));
    let health = tonic_health::pb::HealthCheckRequest::default();
    assert!(other.health.check(health).await.is_ok(), "health needs no permit");
    drop(pieces);
    let status = reply.await.expect("no panic").expect_err("no settings came");
    refusal::check_status(&status, Refusal::fields(&["settings"]));
    let since = Instant::now();
    while let Err(status) = other.assist.answer(ask(&["permits"], "怎么退货")).await {
        assert!(since.elapsed() < Duration::from_secs(20), "the permit never comes back: {status:?}");
    }
}

#[tokio::test]
async fn a_short_deadline_ends_in_time() {
    let mut clients = demo().clients().await;
    for micros in [1, 100, 1_000, 5_000] {
        for _ in 0..20 {
            let mut request = Request::new(ask(&[], "怎么退货，运费谁出？发票怎么开？"));
            request.set_timeout(Duration::from_micros(micros));
            let reply = tokio::time::timeout(Duration::from_secs(20), clients.assist.answer(request)).await;
            match reply.expect("it does not hang") {
                Ok(reply) => assert_ne!(reply.get_ref().outcome, 0),
                Err(status) => {
                    assert!(matches!(status.code(), Code::DeadlineExceeded | Code::Cancelled), "{micros}: {status:?}");
                }
            }
        }
    }
    let reply = clients.assist.answer(ask(&["retail"], "怎么查我的快递到哪了？")).await;
    assert_eq!(reply.expect("the server is up").into_inner().outcome(), pb::Outcome::Answered);
}

#[tokio::test]
async fn a_batch_with_a_short_deadline_is_given_up() {
    let mut clients = demo().clients().await;
    let texts = vec!["快递三天没动了，我要投诉你们，电话13800138000".repeat(40); 1_000];
    let mut request = Request::new(pb::BatchAnalyzeRequest { texts, ..Default::default() });
    request.set_timeout(Duration::from_millis(20));
    let reply = tokio::time::timeout(Duration::from_secs(30), clients.assist.batch_analyze(request)).await;
    let status = reply.expect("it does not hang").expect_err("no machine is that fast");
    assert!(matches!(status.code(), Code::DeadlineExceeded | Code::Cancelled), "{status:?}");
}

#[tokio::test]
async fn a_caller_who_leaves_disturbs_nobody() {
    let server = Running::start(&Setup { in_folder: true, ..Setup::default() });
    let mut base = Base::create(server.clients().await, "leaving").await;
    for n in 0..30 {
        let mut clients = server.clients().await;
        let request = pb::CreateArticleRequest {
            parent: base.name.clone(),
            article_id: format!("a{n}"),
            article: Some(article(&format!("第{n}个问题"), &[], "答案。")),
            ..Default::default()
        };
        let call = clients.knowledge.create_article(request);
        // Gone before the reply, at some moment of the call.
        let _ = tokio::time::timeout(Duration::from_micros(n * 200), call).await;
    }
    base.add("last", article("最后的问题", &[], "答案。")).await;
    let found = base.search("最后的问题").await;
    assert!(found.contains(&"last".to_owned()));
    let listed = base
        .clients
        .knowledge
        .list_articles(pb::ListArticlesRequest { parent: base.name.clone(), ..Default::default() });
    let listed = listed.await.expect("a page").into_inner();
    // What had begun when its caller left is written, and comes to the index, a little later.
    let since = Instant::now();
    loop {
        let request = pb::GetIndexStatusRequest { knowledge_base: base.name.clone() };
        let status = base.clients.indexing.get_index_status(request).await.expect("a status").into_inner();
        if status.article_count >= i64::from(listed.total_size) {
            break;
        }
        assert!(since.elapsed() < Duration::from_secs(20), "{status:?} {}", listed.total_size);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn many_callers_at_once_are_all_served() {
    let clients: Clients = demo().clients().await;
    let tasks: Vec<_> = (0..64)
        .map(|n| {
            let mut clients = clients.clone();
            tokio::spawn(async move {
                for _ in 0..10 {
                    let text = ["怎么查我的快递到哪了？", "转人工", "你好", "我要投诉"][n % 4];
                    clients.assist.answer(ask(&["retail", "bank"], text)).await.expect("a reply");
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.expect("every call is served");
    }
}
