//! Rules.

use crate::{
    domain::{Condition, Effect, KnowledgeBaseId, Rule},
    knowledge::{RuleFlaw, rule_etag},
    rpc::{
        convert::{
            enums::{
                given, inquiry_type_of, read_inquiry_type, read_sentiment, read_urgency, rule_flaw_of, sentiment_of,
                urgency_of,
            },
            number::i32_of,
        },
        limits::Violations,
        names,
        pb::{self, rule::Condition as PbCondition, rule_effect::Effect as PbEffect},
    },
};

/// Writes a rule of a knowledge base.
pub(in crate::rpc) fn rule_of(rule: Rule, base: &KnowledgeBaseId) -> pb::Rule {
    let etag = rule_etag(&rule).0;
    pb::Rule { etag, ..named(names::of_child(base, "rules", &rule.id), rule) }
}

/// Writes a rule of the server, which nobody edits here.
pub(in crate::rpc) fn server_rule_of(rule: Rule) -> pb::Rule {
    named(format!("serverRules/{}", rule.id), rule)
}

/// Writes what is wrong with a rule.
pub(in crate::rpc) fn flaw_of(flaw: RuleFlaw, base: &KnowledgeBaseId) -> pb::RuleFlaw {
    let RuleFlaw { rule_id, kind, found } = flaw;
    pb::RuleFlaw { rule: names::of_child(base, "rules", &rule_id), kind: rule_flaw_of(kind).into(), found }
}

/// Reads a rule of a request that means the fields named; an effect that it does not mean may be left out.
pub(in crate::rpc) fn read_rule(
    message: pb::Rule,
    id: String,
    fields: &[String],
    violations: &mut Violations,
) -> Option<Rule> {
    let needs_effect = fields.iter().any(|field| field == "effect" || field == "*");
    let effect = match message.effect {
        // What the update does not mean is not laid over what is there.
        None if !needs_effect => Some(Effect::Block),
        effect => read_effect(effect.and_then(|effect| effect.effect), violations),
    };
    Some(Rule {
        id,
        condition: read_condition(message.condition),
        unless: message.unless,
        effect: effect?,
        signal: None,
        negation_aware: message.negation_aware,
        example: message.example,
        counter_example: (!message.counter_example.is_empty()).then_some(message.counter_example),
        is_enabled: message.enabled.unwrap_or(true),
        note: message.note,
    })
}

fn named(name: String, rule: Rule) -> pb::Rule {
    pb::Rule {
        name,
        condition: condition_of(rule.condition),
        unless: rule.unless,
        negation_aware: rule.negation_aware,
        effect: Some(pb::RuleEffect { effect: Some(effect_of(rule.effect)) }),
        example: rule.example,
        counter_example: rule.counter_example.unwrap_or_default(),
        enabled: Some(rule.is_enabled),
        note: rule.note,
        etag: String::new(),
    }
}

fn condition_of(condition: Condition) -> Option<PbCondition> {
    match condition {
        Condition::Phrases(values) => Some(PbCondition::Phrases(pb::PhraseList { values })),
        Condition::Pattern(pattern) => Some(PbCondition::Pattern(pattern)),
        Condition::Near { first, second, max_chars } => {
            Some(PbCondition::Near(pb::Near { first, second, max_chars: i32_of(max_chars) }))
        }
        Condition::Always => None,
    }
}

fn read_condition(condition: Option<PbCondition>) -> Condition {
    match condition {
        Some(PbCondition::Phrases(pb::PhraseList { values })) => Condition::Phrases(values),
        Some(PbCondition::Pattern(pattern)) => Condition::Pattern(pattern),
        Some(PbCondition::Near(pb::Near { first, second, max_chars })) => {
            // What is below zero is out of the allowed range too, and is refused with it.
            Condition::Near { first, second, max_chars: usize::try_from(max_chars).unwrap_or(usize::MAX) }
        }
        None => Condition::Always,
    }
}

fn effect_of(effect: Effect) -> PbEffect {
    match effect {
        Effect::RaiseUrgency(level) => PbEffect::RaiseUrgency(urgency_of(level).into()),
        Effect::CapUrgency(level) => PbEffect::CapUrgency(urgency_of(level).into()),
        Effect::SetType(kind) => PbEffect::SetType(inquiry_type_of(kind).into()),
        Effect::ForbidType(kind) => PbEffect::ForbidType(inquiry_type_of(kind).into()),
        Effect::SetDomain(domain) => PbEffect::SetDomain(domain),
        Effect::ForbidDomain(domain) => PbEffect::ForbidDomain(domain),
        Effect::SetSentiment(sentiment) => PbEffect::SetSentiment(sentiment_of(sentiment).into()),
        Effect::SetQueue(queue) => PbEffect::SetQueue(queue),
        Effect::RequestHuman => PbEffect::RequestHuman(true),
        Effect::Block => PbEffect::Block(true),
        Effect::DisableRule(id) => PbEffect::DisableRule(id),
    }
}

fn read_effect(effect: Option<PbEffect>, violations: &mut Violations) -> Option<Effect> {
    match effect {
        None => {
            violations.add("rule.effect", "must be given");
            None
        }
        Some(PbEffect::RaiseUrgency(number)) => {
            label(number, "raise_urgency", read_urgency, violations).map(Effect::RaiseUrgency)
        }
        Some(PbEffect::CapUrgency(number)) => {
            label(number, "cap_urgency", read_urgency, violations).map(Effect::CapUrgency)
        }
        Some(PbEffect::SetType(number)) => {
            label(number, "set_type", read_inquiry_type, violations).map(Effect::SetType)
        }
        Some(PbEffect::ForbidType(number)) => {
            label(number, "forbid_type", read_inquiry_type, violations).map(Effect::ForbidType)
        }
        Some(PbEffect::SetSentiment(number)) => {
            label(number, "set_sentiment", read_sentiment, violations).map(Effect::SetSentiment)
        }
        Some(PbEffect::SetDomain(domain)) => Some(Effect::SetDomain(domain)),
        Some(PbEffect::ForbidDomain(domain)) => Some(Effect::ForbidDomain(domain)),
        Some(PbEffect::SetQueue(queue)) => Some(Effect::SetQueue(queue)),
        Some(PbEffect::DisableRule(id)) => Some(Effect::DisableRule(id)),
        Some(PbEffect::RequestHuman(on)) => switch(on, "request_human", Effect::RequestHuman, violations),
        Some(PbEffect::Block(on)) => switch(on, "block", Effect::Block, violations),
    }
}

fn label<E>(
    number: i32,
    name: &str,
    read: impl Fn(i32, &str, &mut Violations) -> Option<E>,
    violations: &mut Violations,
) -> Option<E> {
    let field = format!("rule.effect.{name}");
    let label = read(number, &field, violations);
    given(label, number, &field, violations)
}

fn switch(is_on: bool, name: &str, effect: Effect, violations: &mut Violations) -> Option<Effect> {
    violations.check(is_on, &format!("rule.effect.{name}"), "must be true: a rule that does nothing is none");
    is_on.then_some(effect)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{InquiryType, Sentiment, Urgency};

    fn base() -> KnowledgeBaseId {
        KnowledgeBaseId::try_new("retail").expect("an id")
    }

    fn rule(condition: Condition, effect: Effect) -> Rule {
        Rule {
            id: "a".to_owned(),
            condition,
            unless: vec!["如果".to_owned()],
            effect,
            signal: None,
            negation_aware: true,
            example: "冒烟了".to_owned(),
            counter_example: Some("没冒烟".to_owned()),
            is_enabled: false,
            note: "安全".to_owned(),
        }
    }

    fn read(message: pb::Rule, fields: &[&str]) -> Result<Rule, tonic::Status> {
        let mut violations = Violations::default();
        let fields: Vec<String> = fields.iter().map(|field| (*field).to_owned()).collect();
        let rule = read_rule(message, "a".to_owned(), &fields, &mut violations);
        violations.finish_with(rule).map_err(tonic::Status::from)
    }

    #[test]
    fn what_is_written_is_read() {
        let phrases = || Condition::Phrases(vec!["冒烟".to_owned(), "起火".to_owned()]);
        for condition in [
            phrases(),
            Condition::Pattern("冒.".to_owned()),
            Condition::Near { first: vec!["电池".to_owned()], second: vec!["鼓包".to_owned()], max_chars: 6 },
            Condition::Always,
        ] {
            let rule = rule(condition, Effect::DisableRule("safety.fire".to_owned()));
            assert_eq!(read(rule_of(rule.clone(), &base()), &["*"]).expect("good"), rule);
        }
        for effect in [
            Effect::RaiseUrgency(Urgency::Important),
            Effect::CapUrgency(Urgency::Normal),
            Effect::SetType(InquiryType::Complaint),
            Effect::ForbidType(InquiryType::Suggestion),
            Effect::SetDomain("order".to_owned()),
            Effect::ForbidDomain("repair".to_owned()),
            Effect::SetSentiment(Sentiment::Positive),
            Effect::SetQueue("vip".to_owned()),
            Effect::RequestHuman,
            Effect::Block,
        ] {
            let rule = rule(phrases(), effect);
            assert_eq!(read(rule_of(rule.clone(), &base()), &["*"]).expect("good"), rule);
        }
    }

    #[test]
    fn left_out_means_enabled_and_an_effect_that_is_not_meant_may_be_left_out() {
        let plain = pb::Rule { example: "冒烟了".to_owned(), ..pb::Rule::default() };
        let found = read(plain.clone(), &["example"]).expect("good");
        assert!(found.is_enabled && found.counter_example.is_none());
        for fields in [&["*"][..], &["example", "effect"]] {
            let refused = read(plain.clone(), fields).expect_err("no effect");
            assert_eq!(refused.message(), "rule.effect: must be given");
        }
    }

    #[test]
    fn effects_that_say_nothing_are_refused_by_name() {
        let check = |effect: PbEffect, want: &str| {
            let message = pb::Rule { effect: Some(pb::RuleEffect { effect: Some(effect) }), ..pb::Rule::default() };
            let refused = read(message, &["effect"]).expect_err("nothing is said");
            assert!(refused.message().starts_with(want), "{}", refused.message());
        };
        check(PbEffect::RaiseUrgency(0), "rule.effect.raise_urgency: must be given");
        check(PbEffect::CapUrgency(9), "rule.effect.cap_urgency: has the unknown number 9");
        check(PbEffect::SetType(0), "rule.effect.set_type: must be given");
        check(PbEffect::ForbidType(-1), "rule.effect.forbid_type: has the unknown number -1");
        check(PbEffect::SetSentiment(4), "rule.effect.set_sentiment: has the unknown number 4");
        check(PbEffect::RequestHuman(false), "rule.effect.request_human: must be true");
        check(PbEffect::Block(false), "rule.effect.block: must be true");
    }
}
