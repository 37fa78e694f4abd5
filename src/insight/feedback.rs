//! What people say of answers, masked and durable before it is acknowledged.

use std::sync::{Arc, Mutex, PoisonError};

use super::{InsightError, recorder::digest};
use crate::{
    domain::{ArticleId, Feedback, FeedbackVerdict, KnowledgeBaseId, Revision, Satisfaction, Timestamp},
    store::Store,
    text::Redactor,
};

/// Feedback as given. It carries article, revision and confidence itself, so that it stands without the record.
#[derive(Clone, Debug)]
pub struct FeedbackGiven {
    pub knowledge_base: KnowledgeBaseId,
    pub answer_record: String,
    pub article: Option<ArticleId>,
    pub article_revision: Option<Revision>,
    pub confidence: Option<f32>,
    pub verdict: FeedbackVerdict,
    pub comment: String,
    pub edited_text: String,
    /// Credential and request id: a retried call is kept once.
    pub request: Option<(String, String)>,
    pub now: Timestamp,
}

/// A rating as given.
#[derive(Clone, Debug)]
pub struct SatisfactionGiven {
    pub knowledge_base: KnowledgeBaseId,
    pub answer_record: String,
    /// 1 to 5.
    pub score: u8,
    pub comment: String,
    pub request: Option<(String, String)>,
    pub now: Timestamp,
}

/// Takes feedback and ratings.
pub struct FeedbackDesk {
    store: Arc<dyn Store>,
    ids: Mutex<fastrand::Rng>,
    masking: Redactor,
}

impl FeedbackDesk {
    /// Makes a desk over the store.
    pub fn new(store: Arc<dyn Store>, ids: fastrand::Rng) -> Self {
        Self { store, ids: Mutex::new(ids), masking: Redactor::new(true) }
    }

    /// Keeps feedback, durable on return. Fails where the confidence is not a probability, the knowledge base does not
    /// exist, or the store cannot write. The record itself may be written later, or have been lost under overload.
    pub fn record_feedback(&self, given: FeedbackGiven) -> Result<Feedback, InsightError> {
        if given.confidence.is_some_and(|confidence| !(0.0..=1.0).contains(&confidence)) {
            return Err(InsightError::Invalid { field: "confidence", allowed: "a number from 0 to 1" });
        }
        self.store.knowledge_base(&given.knowledge_base)?;
        let feedback = Feedback {
            id: self.id_of(given.request.as_ref()),
            knowledge_base: given.knowledge_base,
            answer_record: given.answer_record,
            article_id: given.article,
            article_revision: given.article_revision,
            confidence: given.confidence,
            verdict: given.verdict,
            comment: self.masking.mask(&given.comment).text,
            edited_text: self.masking.mask(&given.edited_text).text,
            create_time: given.now,
        };
        self.store.add_feedback(&feedback)?;
        Ok(feedback)
    }

    /// Keeps a rating, durable on return. Fails where the score is not 1 to 5, the knowledge base does not exist, or the
    /// store cannot write.
    pub fn record_satisfaction(&self, given: SatisfactionGiven) -> Result<Satisfaction, InsightError> {
        if !(1..=5).contains(&given.score) {
            return Err(InsightError::Invalid { field: "score", allowed: "1 to 5" });
        }
        self.store.knowledge_base(&given.knowledge_base)?;
        let satisfaction = Satisfaction {
            id: self.id_of(given.request.as_ref()),
            knowledge_base: given.knowledge_base,
            answer_record: given.answer_record,
            score: given.score,
            comment: self.masking.mask(&given.comment).text,
            create_time: given.now,
        };
        self.store.add_satisfaction(&satisfaction)?;
        Ok(satisfaction)
    }

    fn id_of(&self, request: Option<&(String, String)>) -> String {
        match request {
            Some((credential, request_id)) => digest(&["feedback", credential, request_id]),
            None => format!("{:032x}", self.ids.lock().unwrap_or_else(PoisonError::into_inner).u128(..)),
        }
    }
}
