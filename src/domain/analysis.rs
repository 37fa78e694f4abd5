//! What was understood of a message.

use super::{Domain, Entity, InquiryType, KnowledgeBaseId, Sentiment, Span, Timestamp, Urgency, UrgencySignal};

/// A label with the probability that it is right.
#[derive(Clone, Debug, PartialEq)]
pub struct LabelProbability<L> {
    pub label: L,
    /// Calibrated, in [0, 1].
    pub probability: f32,
}

/// A rule that fired.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleHit {
    pub rule_id: String,
    /// Whose rule it is; none for a rule of the server.
    pub knowledge_base: Option<KnowledgeBaseId>,
    /// Of the original text.
    pub span: Span,
    /// The effect in words, e.g. `raise_urgency:urgent`.
    pub effect: String,
    /// Whether, by this rule, the result differs from what the model said alone.
    pub changed_result: bool,
    /// The rule of the knowledge base by which this one counts not.
    pub disabled_by: Option<String>,
}

/// Who should take the message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Routing {
    pub queue_id: String,
    pub queue_name: String,
    pub skills: Vec<String>,
    /// Why this queue, e.g. `domain:repair`.
    pub reason: String,
    /// 1 (first) to 3.
    pub priority: u8,
}

/// When somebody must act.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FollowUpPlan {
    pub respond_by: Timestamp,
    pub resolve_by: Timestamp,
    pub follow_up_times: Vec<Timestamp>,
    /// Whether the queue works at the moment of the message.
    pub within_working_hours: bool,
    /// The earliest moment by which the customer needs it; the times above keep it where they can.
    pub customer_deadline: Option<Timestamp>,
}

/// The analysis of one message; labels are merged from model and rules, the most probable first. What the model alone
/// says stands beside them.
#[derive(Clone, Debug, PartialEq)]
pub struct Analysis {
    /// The primary type first.
    pub types: Vec<LabelProbability<InquiryType>>,
    /// What the model alone says of the primary type.
    pub model_type: LabelProbability<InquiryType>,
    /// A second type that is really there too.
    pub secondary_type: Option<InquiryType>,
    pub urgency: LabelProbability<Urgency>,
    /// What the model alone says of the urgency.
    pub model_urgency: LabelProbability<Urgency>,
    pub domains: Vec<LabelProbability<Domain>>,
    /// What the model alone says of the domain.
    pub model_domain: LabelProbability<Domain>,
    pub sentiment: LabelProbability<Sentiment>,
    /// What the model alone says of the sentiment.
    pub model_sentiment: LabelProbability<Sentiment>,
    pub urgency_signals: Vec<UrgencySignal>,
    pub rule_hits: Vec<RuleHit>,
    pub entities: Vec<Entity>,
    pub requests_human: bool,
    pub is_blocked: bool,
    /// Set where the most probable type is below the policy's threshold.
    pub abstained: bool,
    pub routing: Routing,
    pub follow_up: FollowUpPlan,
}

impl Analysis {
    /// Returns the primary type.
    pub fn primary_type(&self) -> InquiryType {
        self.types.first().map_or(InquiryType::Other, |top| top.label)
    }

    /// Returns the most probable domain.
    pub fn primary_domain(&self) -> &str {
        self.domains.first().map_or(Domain::OTHER, |top| top.label.as_str())
    }
}
