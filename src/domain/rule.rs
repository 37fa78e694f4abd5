//! Classification rules as data.

use super::{InquiryType, Sentiment, SignalKind, Urgency};

/// When a rule fires, on the normalized text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    /// Any of the phrases stands in the text.
    Phrases(Vec<String>),
    /// The regular expression matches.
    Pattern(String),
    /// A word of `first` and one of `second` stand within `max_chars` of one another, in either order.
    Near { first: Vec<String>, second: Vec<String>, max_chars: usize },
}

/// What a rule does where it fires.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Lifts the urgency to at least this level.
    RaiseUrgency(Urgency),
    SetType(InquiryType),
    SetDomain(String),
    SetSentiment(Sentiment),
    /// The customer asks for a human; always honoured.
    RequestHuman,
    /// Policy forbids to answer.
    Block,
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
}

/// A versioned list of rules.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct RuleSet {
    pub version: String,
    pub rules: Vec<Rule>,
}
