//! `yingda.v1.Feedback`: unpack, call, wrap.

use std::sync::Arc;

use tonic::{Request, Response, Status};

use super::{
    call::Call,
    convert::enums::{given, read_verdict},
    limits::{self, Violations},
    names,
    pb::{self, feedback_server::Feedback},
    status::Failure,
};
use crate::{
    domain::{Clock, KnowledgeBaseId, Revision},
    insight::{FeedbackDesk, FeedbackGiven, SatisfactionGiven},
};

const MAX_COMMENT_CHARS: usize = 2_000;
const MAX_EDITED_CHARS: usize = 4_000;

/// The service.
pub(super) struct FeedbackService {
    pub desk: Arc<FeedbackDesk>,
    pub clock: Arc<dyn Clock>,
}

#[tonic::async_trait]
impl Feedback for FeedbackService {
    async fn record_feedback(
        &self,
        request: Request<pb::RecordFeedbackRequest>,
    ) -> Result<Response<pb::RecordFeedbackResponse>, Status> {
        let call = Call::of(&request);
        let given = self.read_feedback(&call, request.into_inner())?;
        let desk = Arc::clone(&self.desk);
        let feedback = call.write(move || desk.record_feedback(given)).await?;
        let name = names::of_child(&feedback.knowledge_base, "feedback", &feedback.id);
        Ok(Response::new(pb::RecordFeedbackResponse { name }))
    }

    async fn record_satisfaction(
        &self,
        request: Request<pb::RecordSatisfactionRequest>,
    ) -> Result<Response<pb::RecordSatisfactionResponse>, Status> {
        let call = Call::of(&request);
        let given = self.read_satisfaction(&call, request.into_inner())?;
        let desk = Arc::clone(&self.desk);
        let satisfaction = call.write(move || desk.record_satisfaction(given)).await?;
        let name = names::of_child(&satisfaction.knowledge_base, "satisfaction", &satisfaction.id);
        Ok(Response::new(pb::RecordSatisfactionResponse { name }))
    }
}

impl FeedbackService {
    fn read_feedback(&self, call: &Call, mut request: pb::RecordFeedbackRequest) -> Result<FeedbackGiven, Failure> {
        let mut violations = Violations::default();
        let verdict = read_verdict(request.verdict, "verdict", &mut violations);
        let verdict = given(verdict, request.verdict, "verdict", &mut violations);
        let record = violations.take("answer_record", names::answer_record(&request.answer_record));
        let article = match request.article.as_str() {
            "" => None,
            name => violations.take("article", names::article(name)),
        };
        let is_probability = request.confidence.is_none_or(|confidence| (0.0..=1.0).contains(&confidence));
        violations.check(is_probability, "confidence", "must be within 0 and 1");
        let revision = u64::try_from(request.article_revision).ok();
        violations.check(revision.is_some(), "article_revision", "must not be negative");
        limits::at_most(&mut violations, "comment", &request.comment, MAX_COMMENT_CHARS);
        limits::at_most(&mut violations, "edited_text", &request.edited_text, MAX_EDITED_CHARS);
        limits::request_id(&mut violations, &request.request_id);
        let retried = call.retried(&mut request);
        let now = self.clock.now();
        let given = verdict.zip(record).map(|(verdict, (record_base, answer_record))| {
            let (knowledge_base, article) = subject(record_base, article);
            FeedbackGiven {
                knowledge_base,
                answer_record,
                article,
                article_revision: revision.filter(|revision| *revision > 0).map(Revision),
                confidence: request.confidence,
                verdict,
                comment: request.comment,
                edited_text: request.edited_text,
                request: retried,
                now,
            }
        });
        violations.finish_with(given)
    }

    fn read_satisfaction(
        &self,
        call: &Call,
        mut request: pb::RecordSatisfactionRequest,
    ) -> Result<SatisfactionGiven, Failure> {
        let mut violations = Violations::default();
        let record = violations.take("answer_record", names::answer_record(&request.answer_record));
        let score = u8::try_from(request.score).ok().filter(|score| (1..=5).contains(score));
        violations.check(score.is_some(), "score", "must be 1 to 5");
        limits::at_most(&mut violations, "comment", &request.comment, MAX_COMMENT_CHARS);
        limits::request_id(&mut violations, &request.request_id);
        let retried = call.retried(&mut request);
        let now = self.clock.now();
        let given = record.zip(score).map(|((knowledge_base, answer_record), score)| SatisfactionGiven {
            knowledge_base,
            answer_record,
            score,
            comment: request.comment,
            request: retried,
            now,
        });
        violations.finish_with(given)
    }
}

/// Feedback about an article belongs to the article's base, which need not be the one that gave the policy.
fn subject<A>(record_base: KnowledgeBaseId, article: Option<(KnowledgeBaseId, A)>) -> (KnowledgeBaseId, Option<A>) {
    match article {
        Some((base, id)) => (base, Some(id)),
        None => (record_base, None),
    }
}
