//! `Feedback`: durable when acknowledged, masked, once for a retried call.

use tonic::Code;
use yingda::{
    domain::{FeedbackVerdict, Revision},
    rpc::pb,
};

use crate::harness::{
    refusal::{self, Refusal},
    sample::{Base, article, article_name, id_of},
    server::{Running, Setup},
};

struct Desk {
    server: Running,
    base: Base,
    record: String,
}

impl Desk {
    async fn open(id: &str) -> Self {
        let server = Running::start(&Setup::default());
        let mut base = Base::create(server.clients().await, id).await;
        base.add("refund", article("退款多久到账", &[], "三天。")).await;
        let record = base.answer("退款多久到账").await.answer_record;
        Self { server, base, record }
    }

    fn feedback(&self) -> pb::RecordFeedbackRequest {
        pb::RecordFeedbackRequest {
            answer_record: self.record.clone(),
            verdict: pb::FeedbackVerdict::Edited.into(),
            article: article_name(&self.base.id, "refund"),
            article_revision: 2,
            confidence: Some(0.75),
            comment: "客户电话13812345678".to_owned(),
            edited_text: "王先生13812345678，三天到账。".to_owned(),
            ..Default::default()
        }
    }

    fn rating(&self, score: i32) -> pb::RecordSatisfactionRequest {
        pb::RecordSatisfactionRequest {
            answer_record: self.record.clone(),
            score,
            comment: "打13812345678找我".to_owned(),
            ..Default::default()
        }
    }
}

#[tokio::test]
async fn feedback_is_kept_masked_with_what_it_is_about() {
    let mut desk = Desk::open("feedback-kept").await;
    let reply = desk.base.clients.feedback.record_feedback(desk.feedback()).await.expect("it is taken").into_inner();
    assert!(reply.name.starts_with("knowledgeBases/feedback-kept/feedback/"), "{}", reply.name);
    let kept = desk.server.app.store.feedback_of(id_of(&desk.record)).expect("a store");
    let [kept] = kept.as_slice() else { panic!("{kept:?}") };
    assert_eq!(kept.id, id_of(&reply.name));
    assert_eq!(kept.verdict, FeedbackVerdict::Edited);
    assert_eq!(kept.article_id.as_ref().map(ToString::to_string).as_deref(), Some("refund"));
    assert_eq!((kept.article_revision, kept.confidence), (Some(Revision(2)), Some(0.75)));
    assert!(!format!("{kept:?}").contains("13812345678"), "{kept:?}");
    assert_eq!(kept.create_time, crate::harness::MOMENT);
}

#[tokio::test]
async fn ratings_are_kept() {
    let mut desk = Desk::open("feedback-rating").await;
    for score in 1..=5 {
        let reply = desk.base.clients.feedback.record_satisfaction(desk.rating(score)).await.expect("it is taken");
        assert!(reply.into_inner().name.starts_with("knowledgeBases/feedback-rating/"));
    }
    let kept = desk.server.app.store.satisfaction_of(id_of(&desk.record)).expect("a store");
    let mut scores: Vec<u8> = kept.iter().map(|one| one.score).collect();
    scores.sort_unstable();
    assert_eq!(scores, [1, 2, 3, 4, 5]);
    assert!(!format!("{kept:?}").contains("13812345678"), "{kept:?}");
}

#[tokio::test]
async fn every_verdict_is_taken() {
    let mut desk = Desk::open("feedback-verdicts").await;
    for number in 1..=5 {
        let request = pb::RecordFeedbackRequest { verdict: number, ..desk.feedback() };
        desk.base.clients.feedback.record_feedback(request).await.expect("a known verdict");
    }
    assert_eq!(desk.server.app.store.feedback_of(id_of(&desk.record)).expect("a store").len(), 5);
}

#[tokio::test]
async fn a_retried_call_is_kept_once() {
    let mut desk = Desk::open("feedback-retry").await;
    let feedback = pb::RecordFeedbackRequest { request_id: "feedback-retry-1".to_owned(), ..desk.feedback() };
    let first = desk.base.clients.feedback.record_feedback(feedback.clone()).await.expect("it is taken").into_inner();
    let again = desk.base.clients.feedback.record_feedback(feedback).await.expect("a retry").into_inner();
    assert_eq!(first, again);
    assert_eq!(desk.server.app.store.feedback_of(id_of(&desk.record)).expect("a store").len(), 1);
    let rating = pb::RecordSatisfactionRequest { request_id: "feedback-retry-1".to_owned(), ..desk.rating(4) };
    let first = desk.base.clients.feedback.record_satisfaction(rating.clone()).await.expect("it is taken").into_inner();
    let again = desk.base.clients.feedback.record_satisfaction(rating).await.expect("a retry").into_inner();
    assert_eq!(first, again);
    assert_eq!(desk.server.app.store.satisfaction_of(id_of(&desk.record)).expect("a store").len(), 1);
}

#[tokio::test]
async fn nothing_acknowledged_is_lost_to_an_id_used_twice() {
    let mut desk = Desk::open("feedback-reused").await;
    let mut acknowledged = 0;
    for verdict in [pb::FeedbackVerdict::Helpful, pb::FeedbackVerdict::NotHelpful] {
        let request = pb::RecordFeedbackRequest {
            verdict: verdict.into(),
            request_id: "feedback-reused-1".to_owned(),
            ..desk.feedback()
        };
        match desk.base.clients.feedback.record_feedback(request).await {
            Ok(_) => acknowledged += 1,
            Err(status) => assert_eq!(status.code(), Code::InvalidArgument, "{status:?}"),
        }
    }
    let kept = desk.server.app.store.feedback_of(id_of(&desk.record)).expect("a store");
    assert_eq!(kept.len(), acknowledged, "{kept:?}");
}

#[tokio::test]
async fn feedback_about_an_article_belongs_to_its_base() {
    let mut desk = Desk::open("feedback-own").await;
    let other = Base::create(desk.base.clients.clone(), "feedback-other").await;
    let request = pb::RecordFeedbackRequest { article: article_name(&other.id, "x"), ..desk.feedback() };
    let reply = desk.base.clients.feedback.record_feedback(request).await.expect("it is taken").into_inner();
    assert!(reply.name.starts_with("knowledgeBases/feedback-other/feedback/"), "{}", reply.name);
}

#[tokio::test]
async fn what_makes_no_sense_is_refused_by_field() {
    let mut desk = Desk::open("feedback-wrong").await;
    let good = desk.feedback();
    for (request, field) in [
        (pb::RecordFeedbackRequest { answer_record: "x".to_owned(), ..good.clone() }, "answer_record"),
        (pb::RecordFeedbackRequest { verdict: 0, ..good.clone() }, "verdict"),
        (pb::RecordFeedbackRequest { verdict: 99, ..good.clone() }, "verdict"),
        (pb::RecordFeedbackRequest { article: "refund".to_owned(), ..good.clone() }, "article"),
        (pb::RecordFeedbackRequest { article_revision: -1, ..good.clone() }, "article_revision"),
        (pb::RecordFeedbackRequest { confidence: Some(1.5), ..good.clone() }, "confidence"),
        (pb::RecordFeedbackRequest { confidence: Some(f32::NAN), ..good.clone() }, "confidence"),
        (pb::RecordFeedbackRequest { comment: "评".repeat(2_001), ..good.clone() }, "comment"),
        (pb::RecordFeedbackRequest { edited_text: "改".repeat(4_001), ..good.clone() }, "edited_text"),
        (pb::RecordFeedbackRequest { request_id: "x".repeat(65), ..good.clone() }, "request_id"),
    ] {
        refusal::check(desk.base.clients.feedback.record_feedback(request).await, Refusal::fields(&[field]));
    }
    for score in [0, 6, -1, 256, 257] {
        let refused = desk.base.clients.feedback.record_satisfaction(desk.rating(score)).await;
        refusal::check(refused, Refusal::fields(&["score"]));
    }
    let nowhere = pb::RecordSatisfactionRequest {
        answer_record: "knowledgeBases/nowhere/answerRecords/x".to_owned(),
        ..desk.rating(3)
    };
    let refused = desk.base.clients.feedback.record_satisfaction(nowhere).await.expect_err("no such base");
    assert_eq!(refused.code(), Code::NotFound, "{refused:?}");
    assert_eq!(desk.server.app.store.feedback_of(id_of(&desk.record)).expect("a store").len(), 0);
}

#[tokio::test]
async fn feedback_outlives_the_process() {
    let folder = tempfile::TempDir::new().expect("a folder");
    let setup = || Setup { folder: Some(folder.path().to_owned()), ..Setup::default() };
    let server = Running::start(&setup());
    let mut base = Base::create(server.clients().await, "feedback-restart").await;
    let record = base.answer("退款多久到账").await.answer_record;
    let request = pb::RecordSatisfactionRequest { answer_record: record.clone(), score: 5, ..Default::default() };
    base.clients.feedback.record_satisfaction(request).await.expect("it is taken");
    drop(base);
    server.stop().await.expect("it ends in order");
    drop(server);
    let server = Running::start(&setup());
    let kept = server.app.store.satisfaction_of(id_of(&record)).expect("a store");
    assert_eq!(kept.len(), 1);
}
