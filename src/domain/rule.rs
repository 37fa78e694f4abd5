//! Classification and routing rules as data.

use super::{InquiryType, Sentiment, SignalKind, Urgency};

/// When a rule fires, on the normalized text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    /// Any of the phrases stands in the text.
    Phrases(Vec<String>),
    /// The regular expression matches; a group named `hit` says which part of the match counts.
    Pattern(String),
    /// A word of `first` and one of `second` stand within `max_chars` of one another, in either order.
    Near { first: Vec<String>, second: Vec<String>, max_chars: usize },
    /// On every text, so there is no span to show; only [`Effect::DisableRule`] may go with it.
    Always,
}

/// What a rule does where it fires.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Lifts the urgency to at least this level.
    RaiseUrgency(Urgency),
    /// Keeps the urgency from going above this level, whatever raises it.
    CapUrgency(Urgency),
    SetType(InquiryType),
    /// The message is not of this type, whatever says so.
    ForbidType(InquiryType),
    SetDomain(String),
    /// The message is not about this domain, whatever says so.
    ForbidDomain(String),
    SetSentiment(Sentiment),
    /// Goes to the queue of this id of the policy.
    SetQueue(String),
    /// The customer asks for a human; always honored.
    RequestHuman,
    /// Policy forbids to answer.
    Block,
    /// The rule of this id among those of the server counts not.
    DisableRule(String),
}

/// One rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    pub id: String,
    pub condition: Condition,
    /// Does not fire where any of these phrases stands in the text.
    pub unless: Vec<String>,
    pub effect: Effect,
    /// What a rule that raises the urgency has found; none where it is of no kind but its own.
    pub signal: Option<SignalKind>,
    /// Whether a hit inside the scope of a negation counts not.
    pub negation_aware: bool,
    /// A message that a test runs and that must fire the rule.
    pub example: String,
    /// A near message that must not fire it.
    pub counter_example: Option<String>,
    /// One that is not is kept and does nothing.
    pub is_enabled: bool,
    /// Why the rule is there, for its editors.
    pub note: String,
}

/// A versioned list of rules.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct RuleSet {
    pub version: String,
    pub rules: Vec<Rule>,
}

/// The rules of a knowledge base, as one published version or a draft.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Rulebook {
    /// In the order of their ids, in which they take effect: the later one has the last word.
    pub rules: Vec<Rule>,
    /// Counts publications, from 0 for the empty book.
    pub version: u64,
}
