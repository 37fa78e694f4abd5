//! What is kept of an answered call: masked, pseudonymous, once for a retried call.

use std::time::{Duration, Instant};

use yingda::{domain::AnswerRecord, rpc::pb};

use crate::harness::{
    sample::{Base, article, ask, id_of},
    server::{Running, Setup, demo},
};

/// Waits until a record is written: the writer is behind the answer.
async fn record(server: &Running, name: &str) -> AnswerRecord {
    let since = Instant::now();
    loop {
        if let Some(record) = server.app.store.answer_record(id_of(name)).expect("a store") {
            return record;
        }
        assert!(since.elapsed() < Duration::from_secs(20), "the record is never written");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn setup(id: &str) -> (Running, Base) {
    let server = Running::start(&Setup::default());
    let mut base = Base::create(server.clients().await, id).await;
    base.add("refund", article("退款多久到账", &[], "三天。")).await;
    (server, base)
}

#[tokio::test]
async fn personal_data_is_masked_before_it_is_kept() {
    let (server, mut base) = setup("record-masked").await;
    let text = "退款多久到账，电话13812345678，身份证11010519491231002X，邮箱wang@example.com，卡6222021001112223334";
    let mut request = base.request(text);
    request.customer = "customer-4711".to_owned();
    let reply = base.clients.assist.answer(request.clone()).await.expect("a reply").into_inner();
    let record = record(&server, &reply.answer_record).await;
    let kept = format!("{record:?}");
    for secret in ["13812345678", "11010519491231002X", "wang@example.com", "6222021001112223334", "customer-4711"] {
        assert!(!kept.contains(secret), "{secret} is kept: {kept}");
    }
    assert!(record.masked_text.starts_with("退款多久到账"), "{}", record.masked_text);
    assert!(!record.customer_key.is_empty());
    let again = base.clients.assist.answer(request).await.expect("a reply").into_inner();
    let again = self::record(&server, &again.answer_record).await;
    assert_eq!(record.customer_key, again.customer_key, "the same customer has the same pseudonym");
    assert_ne!(record.id, again.id);
}

#[tokio::test]
async fn a_record_tells_what_was_answered() {
    let (server, mut base) = setup("record-told").await;
    let reply = base.answer("退款多久到账").await;
    let record = record(&server, &reply.answer_record).await;
    let answer = reply.answer.expect("an answer");
    assert_eq!(record.outcome, "answered");
    assert_eq!(record.article_id.map(|id| id.to_string()).as_deref(), Some("refund"));
    assert_eq!(record.confidence, Some(answer.confidence));
    assert_eq!(record.bundle, reply.provenance.expect("a provenance").bundle);
    assert_eq!((record.channel.as_str(), record.customer_key.as_str()), ("im", ""));
    assert_eq!(record.create_time, crate::harness::MOMENT);
    let human = base.answer("转人工").await;
    let record = self::record(&server, &human.answer_record).await;
    assert_eq!((record.outcome.as_str(), record.handoff_reason.as_deref()), ("handoff", Some("CUSTOMER_REQUEST")));
}

#[tokio::test]
async fn a_policy_may_keep_order_numbers() {
    let (server, mut base) = setup("record-order").await;
    let text = "退款多久到账，订单号 SO20261122001234";
    let hidden = base.answer(text).await;
    assert!(!record(&server, &hidden.answer_record).await.masked_text.contains("20261122001234"));
    base.set_policy(pb::Policy { keep_order_numbers: true, ..pb::Policy::default() }, &["policy.keep_order_numbers"])
        .await;
    let shown = base.answer(text).await;
    assert!(record(&server, &shown.answer_record).await.masked_text.contains("20261122001234"));
}

#[tokio::test]
async fn a_retried_call_has_the_same_record() {
    let mut clients = demo().clients().await;
    let mut answer = async |request_id: &str| {
        let request = pb::AnswerRequest { request_id: request_id.to_owned(), ..ask(&["retail"], "怎么退货") };
        clients.assist.answer(request).await.expect("a reply").into_inner().answer_record
    };
    let first = answer("record-retry-1").await;
    assert_eq!(first, answer("record-retry-1").await);
    assert_ne!(first, answer("record-retry-2").await);
    assert_ne!(answer("").await, answer("").await);
}

#[tokio::test]
async fn records_are_counted() {
    let (server, mut base) = setup("record-count").await;
    for _ in 0..20 {
        base.answer("退款多久到账").await;
    }
    let since = Instant::now();
    loop {
        let request = pb::GetServerInfoRequest {};
        let info = base.clients.server_info.get_server_info(request).await.expect("a reply").into_inner();
        assert_eq!(info.answer_records_dropped, 0);
        if info.answer_records_written == 20 {
            break;
        }
        assert!(since.elapsed() < Duration::from_secs(20), "{info:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(server.app.recorder.counts().written, 20);
}

#[tokio::test]
async fn a_server_that_stops_writes_what_waits() {
    let (server, mut base) = setup("record-stop").await;
    let mut names = Vec::new();
    for _ in 0..50 {
        names.push(base.answer("退款多久到账").await.answer_record);
    }
    drop(base);
    server.stop().await.expect("it stops in order");
    for name in names {
        assert!(server.app.store.answer_record(id_of(&name)).expect("a store").is_some(), "{name} was lost");
    }
}
