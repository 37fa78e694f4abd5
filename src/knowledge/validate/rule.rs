//! What a rule may be, by itself.

use super::{Length, WORD, check_words};
use crate::{
    domain::{Condition, Effect, Rule},
    knowledge::error::{Result, Violations},
    text::{compile_pattern, normalize},
};

const MAX_ID_BYTES: usize = 63;
const MAX_PHRASES: usize = 64;
const MAX_NEAR_CHARS: usize = 64;
const PATTERN: Length = Length::from_one_to(512);
const EXAMPLE: Length = Length::from_one_to(500);
const COUNTER_EXAMPLE: Length = Length::up_to(500);
const NOTE: Length = Length::up_to(500);

/// Checks a rule; whether its example fires it is asked when it is published.
pub(in crate::knowledge) fn check_rule(rule: &Rule) -> Result<()> {
    let mut violations = Violations::under("");
    let is_plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    let is_id = (1..=MAX_ID_BYTES).contains(&rule.id.len())
        && rule.id.bytes().all(is_plain)
        && !rule.id.starts_with('-')
        && !rule.id.ends_with('-');
    violations.check(is_id, "rule_id", "must have 1 to 63 of a-z, 0-9 and '-', the first and last not '-'");
    check_condition(&mut violations, rule);
    if !rule.unless.is_empty() {
        check_phrases(&mut violations, "rule.unless", &rule.unless);
    }
    match &rule.effect {
        Effect::SetDomain(domain) => WORD.check(&mut violations, "rule.effect.set_domain", domain),
        Effect::ForbidDomain(domain) => WORD.check(&mut violations, "rule.effect.forbid_domain", domain),
        Effect::SetQueue(queue) => WORD.check(&mut violations, "rule.effect.set_queue", queue),
        Effect::DisableRule(id) => WORD.check(&mut violations, "rule.effect.disable_rule", id),
        Effect::RaiseUrgency(_)
        | Effect::CapUrgency(_)
        | Effect::SetType(_)
        | Effect::ForbidType(_)
        | Effect::SetSentiment(_)
        | Effect::RequestHuman
        | Effect::Block => {}
    }
    EXAMPLE.check(&mut violations, "rule.example", &rule.example);
    COUNTER_EXAMPLE.check(&mut violations, "rule.counter_example", rule.counter_example.as_deref().unwrap_or_default());
    NOTE.check(&mut violations, "rule.note", &rule.note);
    violations.finish()
}

/// Returns how many phrases a rule holds.
pub(in crate::knowledge) fn num_phrases(rule: &Rule) -> usize {
    let in_condition = match &rule.condition {
        Condition::Phrases(phrases) => phrases.len(),
        Condition::Near { first, second, .. } => first.len() + second.len(),
        Condition::Pattern(_) | Condition::Always => 0,
    };
    in_condition + rule.unless.len()
}

fn check_condition(violations: &mut Violations, rule: &Rule) {
    match &rule.condition {
        Condition::Phrases(phrases) => check_phrases(violations, "rule.phrases.values", phrases),
        Condition::Pattern(pattern) => check_pattern(violations, pattern),
        Condition::Near { first, second, max_chars } => {
            check_phrases(violations, "rule.near.first", first);
            check_phrases(violations, "rule.near.second", second);
            if *max_chars > MAX_NEAR_CHARS {
                violations.add("rule.near.max_chars", format!("must be 0 to {MAX_NEAR_CHARS}"));
            }
        }
        Condition::Always => check_always(violations, rule),
    }
}

/// Without a condition a rule of the server is off altogether; nothing else may go without.
fn check_always(violations: &mut Violations, rule: &Rule) {
    if !matches!(rule.effect, Effect::DisableRule(_)) {
        let description = "must be given, as phrases, pattern or near; only with disable_rule it may be left out";
        violations.add("rule.condition", description);
        return;
    }
    let none = "must be left out where there is no condition";
    violations.check(rule.unless.is_empty(), "rule.unless", none);
    violations.check(!rule.negation_aware, "rule.negation_aware", none);
    violations.check(rule.counter_example.is_none(), "rule.counter_example", none);
}

fn check_phrases(violations: &mut Violations, field: &str, phrases: &[String]) {
    if phrases.is_empty() {
        violations.add(field, format!("must have 1 to {MAX_PHRASES} phrases, none is given"));
    }
    check_words(violations, field, phrases, MAX_PHRASES);
    for (idx, phrase) in phrases.iter().enumerate().take(MAX_PHRASES) {
        let is_good = phrase.trim().is_empty() || !normalize(phrase).is_empty();
        violations.check(is_good, format!("{field}[{idx}]"), "has nothing left once emoji and noise are taken out");
    }
}

fn check_pattern(violations: &mut Violations, pattern: &str) {
    const FIELD: &str = "rule.pattern";
    if pattern.is_empty() || pattern.chars().count() > PATTERN.most {
        PATTERN.check(violations, FIELD, pattern);
        return;
    }
    match compile_pattern(pattern) {
        Err(reason) => violations.add(FIELD, format!("is no regular expression that can be used: {reason}")),
        Ok(regex) if regex.is_match("") => violations.add(FIELD, "matches the empty text, and so every text"),
        Ok(_) => {}
    }
}
