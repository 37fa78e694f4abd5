//! The shapes of what is kept of a call: answer records, feedback, ratings.

use serde::{Deserialize, Serialize};

use super::{Format, Result, named};
use crate::domain::{
    AnswerRecord, ArticleId, Feedback, FeedbackVerdict, KnowledgeBaseId, Revision, Satisfaction, Timestamp,
};

/// One answer record.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::store) struct AnswerRecordBody {
    format: Format<1>,
    id: String,
    knowledge_base: String,
    customer_key: String,
    channel: String,
    masked_text: String,
    masked_effective_query: String,
    outcome: String,
    no_answer_reason: Option<String>,
    handoff_reason: Option<String>,
    article_id: Option<String>,
    article_knowledge_base: Option<String>,
    article_revision: Option<u64>,
    confidence: Option<f32>,
    inquiry_type: String,
    urgency: String,
    domain: String,
    sentiment: String,
    bundle: String,
    index_revision: u64,
    create_time: i64,
}

impl TryFrom<AnswerRecordBody> for AnswerRecord {
    type Error = super::RowError;

    fn try_from(body: AnswerRecordBody) -> Result<Self> {
        Ok(Self {
            id: body.id,
            knowledge_base: KnowledgeBaseId::try_new(body.knowledge_base)?,
            customer_key: body.customer_key,
            channel: body.channel,
            masked_text: body.masked_text,
            masked_effective_query: body.masked_effective_query,
            outcome: body.outcome,
            no_answer_reason: body.no_answer_reason,
            handoff_reason: body.handoff_reason,
            article_id: body.article_id.map(ArticleId::try_new).transpose()?,
            article_knowledge_base: body.article_knowledge_base.map(KnowledgeBaseId::try_new).transpose()?,
            article_revision: body.article_revision.map(Revision),
            confidence: body.confidence,
            inquiry_type: body.inquiry_type,
            urgency: body.urgency,
            domain: body.domain,
            sentiment: body.sentiment,
            bundle: body.bundle,
            index_revision: Revision(body.index_revision),
            create_time: Timestamp(body.create_time),
        })
    }
}

impl From<&AnswerRecord> for AnswerRecordBody {
    fn from(record: &AnswerRecord) -> Self {
        let record = record.clone();
        Self {
            format: Format,
            id: record.id,
            knowledge_base: record.knowledge_base.to_string(),
            customer_key: record.customer_key,
            channel: record.channel,
            masked_text: record.masked_text,
            masked_effective_query: record.masked_effective_query,
            outcome: record.outcome,
            no_answer_reason: record.no_answer_reason,
            handoff_reason: record.handoff_reason,
            article_id: record.article_id.map(|id| id.to_string()),
            article_knowledge_base: record.article_knowledge_base.map(|id| id.to_string()),
            article_revision: record.article_revision.map(|revision| revision.0),
            confidence: record.confidence,
            inquiry_type: record.inquiry_type,
            urgency: record.urgency,
            domain: record.domain,
            sentiment: record.sentiment,
            bundle: record.bundle,
            index_revision: record.index_revision.0,
            create_time: record.create_time.0,
        }
    }
}

/// One piece of feedback.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::store) struct FeedbackBody {
    format: Format<1>,
    id: String,
    knowledge_base: String,
    answer_record: String,
    article_id: Option<String>,
    article_revision: Option<u64>,
    confidence: Option<f32>,
    verdict: String,
    comment: String,
    edited_text: String,
    create_time: i64,
}

impl TryFrom<FeedbackBody> for Feedback {
    type Error = super::RowError;

    fn try_from(body: FeedbackBody) -> Result<Self> {
        let verdict_of = |name: &str| FeedbackVerdict::ALL.into_iter().find(|verdict| verdict.as_str() == name);
        Ok(Self {
            id: body.id,
            knowledge_base: KnowledgeBaseId::try_new(body.knowledge_base)?,
            answer_record: body.answer_record,
            article_id: body.article_id.map(ArticleId::try_new).transpose()?,
            article_revision: body.article_revision.map(Revision),
            confidence: body.confidence,
            verdict: named("verdict", &body.verdict, verdict_of)?,
            comment: body.comment,
            edited_text: body.edited_text,
            create_time: Timestamp(body.create_time),
        })
    }
}

impl From<&Feedback> for FeedbackBody {
    fn from(feedback: &Feedback) -> Self {
        let feedback = feedback.clone();
        Self {
            format: Format,
            id: feedback.id,
            knowledge_base: feedback.knowledge_base.to_string(),
            answer_record: feedback.answer_record,
            article_id: feedback.article_id.map(|id| id.to_string()),
            article_revision: feedback.article_revision.map(|revision| revision.0),
            confidence: feedback.confidence,
            verdict: feedback.verdict.as_str().to_owned(),
            comment: feedback.comment,
            edited_text: feedback.edited_text,
            create_time: feedback.create_time.0,
        }
    }
}

/// One rating.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::store) struct SatisfactionBody {
    format: Format<1>,
    id: String,
    knowledge_base: String,
    answer_record: String,
    score: u8,
    comment: String,
    create_time: i64,
}

impl TryFrom<SatisfactionBody> for Satisfaction {
    type Error = super::RowError;

    fn try_from(body: SatisfactionBody) -> Result<Self> {
        Ok(Self {
            id: body.id,
            knowledge_base: KnowledgeBaseId::try_new(body.knowledge_base)?,
            answer_record: body.answer_record,
            score: body.score,
            comment: body.comment,
            create_time: Timestamp(body.create_time),
        })
    }
}

impl From<&Satisfaction> for SatisfactionBody {
    fn from(satisfaction: &Satisfaction) -> Self {
        let satisfaction = satisfaction.clone();
        Self {
            format: Format,
            id: satisfaction.id,
            knowledge_base: satisfaction.knowledge_base.to_string(),
            answer_record: satisfaction.answer_record,
            score: satisfaction.score,
            comment: satisfaction.comment,
            create_time: satisfaction.create_time.0,
        }
    }
}
