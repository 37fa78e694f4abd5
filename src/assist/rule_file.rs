//! The file shape of a rule set, as those of the server ship. Queues and disabling are for rules of a knowledge base.

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
    CapUrgency(String),
    SetType(String),
    ForbidType(String),
    SetDomain(String),
    ForbidDomain(String),
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
    let effect = effect(shape.effect).map_err(|(label, question)| {
        let rule = shape.id.clone();
        RuleFileError::Label { rule, label, question }
    })?;
    let kind = |label: String| {
        let unknown =
            RuleFileError::Label { rule: shape.id.clone(), label: label.clone(), question: "urgency signals" };
        SignalKind::from_name(&label).ok_or(unknown)
    };
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
        is_enabled: true,
        note: String::new(),
    })
}

/// Reads an effect; fails with a label that is unknown, and of which question.
fn effect(shape: EffectShape) -> Result<Effect, (String, &'static str)> {
    let urgency = |label: String| Urgency::from_label(&label).ok_or((label, "urgency"));
    let kind = |label: String| InquiryType::from_label(&label).ok_or((label, "type"));
    let sentiment = |label: String| Sentiment::from_label(&label).ok_or((label, "sentiment"));
    Ok(match shape {
        EffectShape::RaiseUrgency(label) => Effect::RaiseUrgency(urgency(label)?),
        EffectShape::CapUrgency(label) => Effect::CapUrgency(urgency(label)?),
        EffectShape::SetType(label) => Effect::SetType(kind(label)?),
        EffectShape::ForbidType(label) => Effect::ForbidType(kind(label)?),
        EffectShape::SetSentiment(label) => Effect::SetSentiment(sentiment(label)?),
        EffectShape::SetDomain(domain) => Effect::SetDomain(domain),
        EffectShape::ForbidDomain(domain) => Effect::ForbidDomain(domain),
        EffectShape::RequestHuman => Effect::RequestHuman,
        EffectShape::Block => Effect::Block,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(effect: &str) -> String {
        format!(
            r#"{{"format":1,"version":"t-1","rules":[{{"id":"a","when":{{"phrases":["冒烟"]}},"effect":{effect},"example":"冒烟"}}]}}"#
        )
    }

    #[test]
    fn every_effect_has_its_name() {
        for (json, want) in [
            (r#"{"raise_urgency":"urgent"}"#, Effect::RaiseUrgency(Urgency::Urgent)),
            (r#"{"cap_urgency":"normal"}"#, Effect::CapUrgency(Urgency::Normal)),
            (r#"{"set_type":"complaint"}"#, Effect::SetType(InquiryType::Complaint)),
            (r#"{"forbid_type":"other"}"#, Effect::ForbidType(InquiryType::Other)),
            (r#"{"set_domain":"order"}"#, Effect::SetDomain("order".to_owned())),
            (r#"{"forbid_domain":"order"}"#, Effect::ForbidDomain("order".to_owned())),
            (r#"{"set_sentiment":"negative"}"#, Effect::SetSentiment(Sentiment::Negative)),
            (r#""request_human""#, Effect::RequestHuman),
            (r#""block""#, Effect::Block),
        ] {
            let set = parse(&file(json)).expect(json);
            assert_eq!((set.version.as_str(), &set.rules[0].effect, set.rules[0].is_enabled), ("t-1", &want, true));
        }
    }

    #[test]
    fn what_is_unknown_is_refused() {
        let error = |json: &str| parse(json).expect_err(json).to_string();
        let wrong = error(&file(r#"{"forbid_type":"gripe"}"#));
        assert_eq!(wrong, "rule a: \"gripe\" is not a label of type");
        assert_eq!(error(&file(r#"{"cap_urgency":"x"}"#)), "rule a: \"x\" is not a label of urgency");
        assert!(error(&file(r#"{"set_queue":"vip"}"#)).contains("not of the form"));
        assert!(error(&file(r#""block""#).replace("\"format\":1", "\"format\":2")).contains("format 2 is unknown"));
    }
}
