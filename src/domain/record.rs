//! What is kept of a call.

use super::{ArticleId, KnowledgeBaseId, Revision, Timestamp};

/// The record of one answered call; personal data is masked before it gets here.
#[derive(Clone, Debug, PartialEq)]
pub struct AnswerRecord {
    /// Names the record; the same for a retried call.
    pub id: String,
    /// The knowledge base that gave the policy.
    pub knowledge_base: KnowledgeBaseId,
    /// Pseudonymous; empty where the caller named no customer.
    pub customer_key: String,
    pub channel: String,
    pub masked_text: String,
    pub masked_effective_query: String,
    pub outcome: String,
    pub no_answer_reason: Option<String>,
    pub handoff_reason: Option<String>,
    pub article_id: Option<ArticleId>,
    pub article_knowledge_base: Option<KnowledgeBaseId>,
    pub article_revision: Option<Revision>,
    pub confidence: Option<f32>,
    pub inquiry_type: String,
    pub urgency: String,
    pub domain: String,
    pub sentiment: String,
    pub bundle: String,
    pub index_revision: Revision,
    pub create_time: Timestamp,
}

/// What somebody says of a suggestion or an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FeedbackVerdict {
    /// The suggestion was sent as it is.
    Adopted,
    /// Sent after changes.
    Edited,
    Rejected,
    Helpful,
    NotHelpful,
}

impl FeedbackVerdict {
    pub const ALL: [FeedbackVerdict; 5] =
        [Self::Adopted, Self::Edited, Self::Rejected, Self::Helpful, Self::NotHelpful];

    /// Returns the stable string.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Adopted => "adopted",
            Self::Edited => "edited",
            Self::Rejected => "rejected",
            Self::Helpful => "helpful",
            Self::NotHelpful => "not_helpful",
        }
    }
}

/// Feedback on an answer; carries article, revision and confidence itself, so that it stands without the record.
#[derive(Clone, Debug, PartialEq)]
pub struct Feedback {
    pub id: String,
    pub knowledge_base: KnowledgeBaseId,
    pub answer_record: String,
    pub article_id: Option<ArticleId>,
    pub article_revision: Option<Revision>,
    pub confidence: Option<f32>,
    pub verdict: FeedbackVerdict,
    /// Masked.
    pub comment: String,
    /// What was sent instead, masked.
    pub edited_text: String,
    pub create_time: Timestamp,
}

/// A customer's rating of a conversation.
#[derive(Clone, Debug, PartialEq)]
pub struct Satisfaction {
    pub id: String,
    pub knowledge_base: KnowledgeBaseId,
    pub answer_record: String,
    /// 1 to 5.
    pub score: u8,
    /// Masked.
    pub comment: String,
    pub create_time: Timestamp,
}
