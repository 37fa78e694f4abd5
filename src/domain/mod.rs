//! The shared vocabulary: plain types every room speaks.
//!
//! Owns the names of the field and their invariants. Knows no wire format, no storage, no clock but as an argument, and
//! no package outside the standard library. To add a type: give it a file named after the noun, export it here, and
//! write its conversions at each boundary that carries it (`rpc::convert`, `store::sqlite`, `knowledge::file`).

mod analysis;
mod article;
mod calibration;
mod clock;
mod entity;
mod error;
mod ids;
mod inquiry;
mod keyed_map;
mod knowledge_base;
mod labels;
mod lexicon;
mod policy;
mod record;
mod reply;
mod rule;
mod span;
mod urgency;

#[cfg(test)]
pub(crate) mod samples;

pub use analysis::{Analysis, FollowUpPlan, LabelProbability, Routing, RuleHit};
pub use article::{Article, ArticleState, Audience, Channel, ChannelAnswers, Phrasing, PhrasingKind};
pub use calibration::{Calibration, CalibrationPolicy, CurvePoint, QuestionCounts};
pub use clock::{Clock, ManualClock, Timestamp};
pub use entity::{Entity, EntityKind};
pub use error::ErrorKind;
pub use ids::{ArticleId, ArticleNo, BundleId, Etag, IdError, KnowledgeBaseId, Revision, StoreEpoch};
pub use inquiry::{Inquiry, Speaker, Turn};
pub use keyed_map::KeyedMap;
pub use knowledge_base::KnowledgeBase;
pub use labels::{DOMAINS, Domain, InquiryType, Sentiment, Urgency};
pub use lexicon::{Lexicon, SynonymSet};
pub use policy::{
    CalendarDay, DayKind, Department, DueTimes, HandoffTriggers, Policy, Queue, ReplyTexts, Thresholds, Weekday,
    WorkingHours,
};
pub use record::{AnswerRecord, Feedback, FeedbackVerdict, Satisfaction};
pub use reply::{
    Answer, Candidate, CandidateVerdict, ClarifyOption, Explanation, FeatureShare, Handoff, HandoffReason, Highlight,
    MatchType, NoAnswerReason, Outcome, Provenance, Reply, Source, StageTiming, SuggestedQuestion,
};
pub use rule::{Condition, Effect, Rule, RuleSet, Rulebook};
pub use span::Span;
pub use urgency::{SignalKind, UrgencyPolicy, UrgencySignal};
