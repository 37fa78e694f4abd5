//! The file shape of a rule set.

use serde::Deserialize;
use thiserror::Error;

use crate::domain::{Condition, Effect, InquiryType, Rule, RuleSet, Sentiment, SignalKind, Urgency};

/// The version of the file shape this program reads.
const FORMAT: u32 = 1;

/// A rule file that cannot be read.
#[derive(Debug, Error)]
pub enum RuleFileError {
    #[error("the rule file is not of the form this program reads")]
    Json(#[from] serde_json::Error),
    #[error("rule file format {0} is unknown, this program reads 1")]
    Format(u32),
    #[error("rule {rule}: {label:?} is not a label of {question}")]
    Label { rule: String, label: String, question: &'static str },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    format: u32,
    version: String,
    rules: Vec<RuleShape>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleShape {
    id: String,
    when: ConditionShape,
    #[serde(default)]
    unless: Vec<String>,
    effect: EffectShape,
    /// What kind of signal a rule that raises the urgency gives.
    signal: Option<String>,
    #[serde(default)]
    negation_aware: bool,
    example: String,
    counter_example: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum ConditionShape {
    Phrases(Vec<String>),
    Pattern(String),
    Near { first: Vec<String>, second: Vec<String>, max_chars: usize },
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum EffectShape {
    RaiseUrgency(String),
    SetType(String),
    SetDomain(String),
    SetSentiment(String),
    RequestHuman,
    Block,
}

/// Reads a rule set from JSON; fails on an unknown format, field or label.
pub fn parse(json: &str) -> Result<RuleSet, RuleFileError> {
    let file: File = serde_json::from_str(json)?;
    if file.format != FORMAT {
        return Err(RuleFileError::Format(file.format));
    }
    let rules: Result<Vec<Rule>, RuleFileError> = file.rules.into_iter().map(rule).collect();
    Ok(RuleSet { version: file.version, rules: rules? })
}

fn rule(shape: RuleShape) -> Result<Rule, RuleFileError> {
    let condition = match shape.when {
        ConditionShape::Phrases(phrases) => Condition::Phrases(phrases),
        ConditionShape::Pattern(pattern) => Condition::Pattern(pattern),
        ConditionShape::Near { first, second, max_chars } => Condition::Near { first, second, max_chars },
    };
    let unknown = |label: String, question| RuleFileError::Label { rule: shape.id.clone(), label, question };
    let effect = match shape.effect {
        EffectShape::RaiseUrgency(label) => {
            Effect::RaiseUrgency(Urgency::from_label(&label).ok_or_else(|| unknown(label, "urgency"))?)
        }
        EffectShape::SetType(label) => {
            Effect::SetType(InquiryType::from_label(&label).ok_or_else(|| unknown(label, "type"))?)
        }
        EffectShape::SetSentiment(label) => {
            Effect::SetSentiment(Sentiment::from_label(&label).ok_or_else(|| unknown(label, "sentiment"))?)
        }
        EffectShape::SetDomain(domain) => Effect::SetDomain(domain),
        EffectShape::RequestHuman => Effect::RequestHuman,
        EffectShape::Block => Effect::Block,
    };
    let kind = |name: String| SignalKind::from_name(&name).ok_or_else(|| unknown(name, "urgency signals"));
    let signal = shape.signal.map(kind).transpose()?;
    Ok(Rule {
        id: shape.id,
        condition,
        unless: shape.unless,
        effect,
        signal,
        negation_aware: shape.negation_aware,
        example: shape.example,
        counter_example: shape.counter_example,
    })
}
