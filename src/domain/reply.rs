//! What comes back for a message.

use super::{Analysis, Article, ArticleId, KnowledgeBaseId, PhrasingKind, Revision, Span, StoreEpoch, Timestamp};
use std::sync::Arc;

/// What was decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    Answered,
    Clarify,
    SmallTalk,
    Handoff,
    NoAnswer,
    Blocked,
}

impl Outcome {
    /// Returns the stable string.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::Clarify => "clarify",
            Self::SmallTalk => "small_talk",
            Self::Handoff => "handoff",
            Self::NoAnswer => "no_answer",
            Self::Blocked => "blocked",
        }
    }
}

macro_rules! reasons {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $name { $($(#[$vdoc])* $variant),+ }

        impl $name {
            /// All reasons, in the order of their declaration.
            pub const ALL: &'static [$name] = &[$($name::$variant),+];

            /// Returns the stable string.
            pub fn as_str(self) -> &'static str {
                match self { $($name::$variant => $text),+ }
            }
        }
    };
}

reasons! {
    /// Why there is no answer.
    NoAnswerReason {
        /// Nothing is left after normalizing.
        Empty = "EMPTY",
        AllStopWords = "ALL_STOP_WORDS",
        NoCandidate = "NO_CANDIDATE",
        BelowThreshold = "BELOW_THRESHOLD",
        /// Several articles are as likely.
        Ambiguous = "AMBIGUOUS",
        /// The nearest wording is a negative question of the article.
        NegativeQuestion = "NEGATIVE_QUESTION",
        /// The article says the opposite of what is asked.
        PolarityConflict = "POLARITY_CONFLICT",
        /// What matches is not active, or not for this channel or audience.
        FilteredOut = "FILTERED_OUT",
        /// What matches is out of its validity period.
        Expired = "EXPIRED",
        OutOfScope = "OUT_OF_SCOPE",
        Deadline = "DEADLINE",
    }
}

reasons! {
    /// Why a human takes over.
    HandoffReason {
        CustomerRequest = "CUSTOMER_REQUEST",
        Complaint = "COMPLAINT",
        Suggestion = "SUGGESTION",
        Urgent = "URGENT",
        NoAnswer = "NO_ANSWER",
        RepeatedFailure = "REPEATED_FAILURE",
    }
}

/// How a wording met the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MatchType {
    /// Equal after normalizing.
    Exact,
    /// Equal after folding synonyms and courtesy.
    Synonym,
    /// By words and characters shared.
    Lexical,
    /// By meaning.
    Semantic,
}

/// A stretch of the original message that the wording shares.
pub type Highlight = Span;

/// Whether the candidate may answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CandidateVerdict {
    Eligible,
    NegativeQuestion,
    PolarityConflict,
}

/// An article that may answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    pub knowledge_base: KnowledgeBaseId,
    pub article: Arc<Article>,
    pub matched_question: String,
    pub matched_kind: PhrasingKind,
    pub match_type: MatchType,
    pub highlights: Vec<Highlight>,
    /// Probability that the article answers the message, in [0, 1].
    pub confidence: f32,
    /// BM25; comparable within this reply only.
    pub raw_score: f32,
    pub verdict: CandidateVerdict,
    /// Filled with `explain`.
    pub features: Vec<FeatureShare>,
}

/// One feature of the ranker and what it added to the log-odds.
#[derive(Clone, Debug, PartialEq)]
pub struct FeatureShare {
    pub name: &'static str,
    pub value: f32,
    pub share: f32,
}

/// The text to send and where it comes from.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    pub text: String,
    pub knowledge_base: KnowledgeBaseId,
    pub article_id: ArticleId,
    pub article_revision: Revision,
    pub confidence: f32,
    /// Slots the answer names and nobody gave.
    pub missing_slots: Vec<String>,
}

/// One of the options of a clarification.
#[derive(Clone, Debug, PartialEq)]
pub struct ClarifyOption {
    pub knowledge_base: KnowledgeBaseId,
    pub article_id: ArticleId,
    pub question: String,
    pub answer: String,
    pub confidence: f32,
}

/// A question to go on with (猜你想问).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SuggestedQuestion {
    pub knowledge_base: KnowledgeBaseId,
    pub article_id: ArticleId,
    pub question: String,
}

/// The handing over to a human; queue, priority and due times are in the analysis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handoff {
    pub reason: HandoffReason,
    /// The department that owns a suggestion.
    pub department: Option<String>,
    pub priority: u8,
    pub queue_id: String,
    pub queue_name: String,
    pub respond_by: Timestamp,
    pub resolve_by: Timestamp,
    pub within_working_hours: bool,
}

/// Where one knowledge base stood when it was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    pub knowledge_base: KnowledgeBaseId,
    pub store_epoch: StoreEpoch,
    pub index_revision: Revision,
    pub generation: String,
    pub lexicon_version: u64,
    /// The revision of the policy's last change.
    pub policy_revision: Revision,
    /// The revision it was calibrated at by its own questions.
    pub calibration_revision: Option<Revision>,
}

/// What the reply was made with.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Provenance {
    pub bundle: String,
    pub rules_version: String,
    pub sources: Vec<Source>,
}

/// How long a stage took.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StageTiming {
    pub stage: &'static str,
    pub micros: u64,
}

/// The whole why, with `explain`.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Explanation {
    pub normalized_text: String,
    pub words: Vec<String>,
    pub synonyms_used: Vec<String>,
    pub ignored_words: Vec<String>,
    pub negations: Vec<String>,
    /// `(article, why)` of what was dropped.
    pub filtered: Vec<(String, String)>,
    pub answer_threshold: f32,
    pub clarify_threshold: f32,
    /// Confidence of the first minus the answer threshold.
    pub distance_to_answer: f32,
    /// What was compared with the articles of the first base; empty where nothing was searched.
    pub compared_text: String,
}

/// The reply to a message.
#[derive(Clone, Debug, PartialEq)]
pub struct Reply {
    pub outcome: Outcome,
    /// What to show to the customer (or to read to them): the composed text, whatever the outcome.
    pub message: String,
    pub answer: Option<Answer>,
    /// The second answer where two questions were asked.
    pub further_answers: Vec<Answer>,
    pub no_answer_reason: Option<NoAnswerReason>,
    pub handoff: Option<Handoff>,
    pub clarify_options: Vec<ClarifyOption>,
    pub candidates: Vec<Candidate>,
    pub related_questions: Vec<SuggestedQuestion>,
    pub popular_questions: Vec<SuggestedQuestion>,
    pub analysis: Analysis,
    pub effective_query: String,
    pub small_talk_intent: Option<String>,
    pub provenance: Provenance,
    pub timings: Vec<StageTiming>,
    /// Stages skipped or failed, e.g. `deadline:rank`.
    pub degraded: Vec<String>,
    pub explanation: Option<Explanation>,
}
