//! The shape of the rules of a knowledge base.

use serde::{Deserialize, Serialize};

use super::{Format, Result, named};
use crate::domain::{Condition, Effect, InquiryType, Rule, Rulebook, Sentiment, Urgency};

/// The rules of one knowledge base, draft or published.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::store) struct RulebookBody {
    format: Format<1>,
    rules: Vec<RuleShape>,
    version: u64,
}

#[derive(Debug, Serialize, Deserialize)]
struct RuleShape {
    id: String,
    condition: ConditionShape,
    unless: Vec<String>,
    negation_aware: bool,
    effect: EffectShape,
    example: String,
    counter_example: Option<String>,
    enabled: bool,
    note: String,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum ConditionShape {
    Phrases(Vec<String>),
    Pattern(String),
    Near { first: Vec<String>, second: Vec<String>, max_chars: usize },
    Always,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum EffectShape {
    RaiseUrgency(String),
    CapUrgency(String),
    SetType(String),
    ForbidType(String),
    SetDomain(String),
    ForbidDomain(String),
    SetSentiment(String),
    SetQueue(String),
    RequestHuman,
    Block,
    DisableRule(String),
}

impl RulebookBody {
    /// Makes the rules; fails where a stored label is unknown.
    pub fn into_rulebook(self) -> Result<Rulebook> {
        let rules: Result<Vec<Rule>> = self.rules.into_iter().map(RuleShape::into_rule).collect();
        Ok(Rulebook { rules: rules?, version: self.version })
    }
}

impl From<&Rulebook> for RulebookBody {
    fn from(book: &Rulebook) -> Self {
        Self { format: Format, rules: book.rules.iter().map(RuleShape::from).collect(), version: book.version }
    }
}

impl RuleShape {
    fn into_rule(self) -> Result<Rule> {
        Ok(Rule {
            id: self.id,
            condition: self.condition.into(),
            unless: self.unless,
            effect: self.effect.into_effect()?,
            signal: None,
            negation_aware: self.negation_aware,
            example: self.example,
            counter_example: self.counter_example,
            is_enabled: self.enabled,
            note: self.note,
        })
    }
}

impl From<&Rule> for RuleShape {
    fn from(rule: &Rule) -> Self {
        let rule = rule.clone();
        Self {
            id: rule.id,
            condition: rule.condition.into(),
            unless: rule.unless,
            negation_aware: rule.negation_aware,
            effect: rule.effect.into(),
            example: rule.example,
            counter_example: rule.counter_example,
            enabled: rule.is_enabled,
            note: rule.note,
        }
    }
}

impl From<ConditionShape> for Condition {
    fn from(shape: ConditionShape) -> Self {
        match shape {
            ConditionShape::Phrases(phrases) => Self::Phrases(phrases),
            ConditionShape::Pattern(pattern) => Self::Pattern(pattern),
            ConditionShape::Near { first, second, max_chars } => Self::Near { first, second, max_chars },
            ConditionShape::Always => Self::Always,
        }
    }
}

impl From<Condition> for ConditionShape {
    fn from(condition: Condition) -> Self {
        match condition {
            Condition::Phrases(phrases) => Self::Phrases(phrases),
            Condition::Pattern(pattern) => Self::Pattern(pattern),
            Condition::Near { first, second, max_chars } => Self::Near { first, second, max_chars },
            Condition::Always => Self::Always,
        }
    }
}

impl EffectShape {
    fn into_effect(self) -> Result<Effect> {
        let urgency = |name: &str| named("urgency", name, Urgency::from_label);
        let kind = |name: &str| named("inquiry type", name, InquiryType::from_label);
        Ok(match self {
            Self::RaiseUrgency(name) => Effect::RaiseUrgency(urgency(&name)?),
            Self::CapUrgency(name) => Effect::CapUrgency(urgency(&name)?),
            Self::SetType(name) => Effect::SetType(kind(&name)?),
            Self::ForbidType(name) => Effect::ForbidType(kind(&name)?),
            Self::SetDomain(domain) => Effect::SetDomain(domain),
            Self::ForbidDomain(domain) => Effect::ForbidDomain(domain),
            Self::SetSentiment(name) => Effect::SetSentiment(named("sentiment", &name, Sentiment::from_label)?),
            Self::SetQueue(queue) => Effect::SetQueue(queue),
            Self::RequestHuman => Effect::RequestHuman,
            Self::Block => Effect::Block,
            Self::DisableRule(id) => Effect::DisableRule(id),
        })
    }
}

impl From<Effect> for EffectShape {
    fn from(effect: Effect) -> Self {
        match effect {
            Effect::RaiseUrgency(level) => Self::RaiseUrgency(level.as_str().to_owned()),
            Effect::CapUrgency(level) => Self::CapUrgency(level.as_str().to_owned()),
            Effect::SetType(kind) => Self::SetType(kind.as_str().to_owned()),
            Effect::ForbidType(kind) => Self::ForbidType(kind.as_str().to_owned()),
            Effect::SetDomain(domain) => Self::SetDomain(domain),
            Effect::ForbidDomain(domain) => Self::ForbidDomain(domain),
            Effect::SetSentiment(sentiment) => Self::SetSentiment(sentiment.as_str().to_owned()),
            Effect::SetQueue(queue) => Self::SetQueue(queue),
            Effect::RequestHuman => Self::RequestHuman,
            Effect::Block => Self::Block,
            Effect::DisableRule(id) => Self::DisableRule(id),
        }
    }
}
