//! What keeps the rules of a base from being published: each is run on its own example. Pure.

use std::collections::BTreeSet;

use crate::{
    domain::{Condition, Effect, Policy, Rule, Rulebook},
    knowledge::error::FieldViolation,
    text::{RuleError, RuleMatcher, negations, normalize},
};

/// What is wrong with a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RuleFlawKind {
    /// The example does not fire the rule.
    Example,
    /// The counter-example fires it.
    CounterExample,
    /// The policy has no queue of that id.
    Queue,
    /// The server has no rule of that id.
    DisabledRule,
}

/// A rule that cannot be published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleFlaw {
    pub rule_id: String,
    pub kind: RuleFlawKind,
    /// The example, the counter-example, the queue or the rule of the server.
    pub found: String,
}

impl RuleFlaw {
    /// Says the flaw as a wrong field.
    pub(in crate::knowledge) fn violation(&self) -> FieldViolation {
        let (field, description) = match self.kind {
            RuleFlawKind::Example => ("example", "does not fire the rule".to_owned()),
            RuleFlawKind::CounterExample => ("counter_example", "fires the rule".to_owned()),
            RuleFlawKind::Queue => ("effect.set_queue", format!("the policy has no queue {:?}", self.found)),
            RuleFlawKind::DisabledRule => ("effect.disable_rule", format!("the server has no rule {:?}", self.found)),
        };
        FieldViolation { field: format!("rules[{}].{field}", self.rule_id), description }
    }
}

/// Lists what is wrong with the rules that are enabled, by rule; fails where they cannot be compiled.
pub(super) fn flaws(book: &Rulebook, policy: &Policy, server_rules: &[String]) -> Result<Vec<RuleFlaw>, RuleError> {
    let rules: Vec<Rule> = book.rules.iter().filter(|rule| rule.is_enabled).cloned().collect();
    let matcher = RuleMatcher::compile(&rules)?;
    let known: BTreeSet<&str> = server_rules.iter().map(String::as_str).collect();
    let mut found = Vec::new();
    for (idx, rule) in rules.iter().enumerate() {
        let mut add = |kind, text: &str| {
            found.push(RuleFlaw { rule_id: rule.id.clone(), kind, found: text.to_owned() });
        };
        // A rule without a condition fires on everything.
        let fires = |text: &str| rule.condition == Condition::Always || fires(&matcher, idx, text);
        if !fires(&rule.example) {
            add(RuleFlawKind::Example, &rule.example);
        }
        if let Some(counter) = rule.counter_example.as_deref().filter(|counter| fires(counter)) {
            add(RuleFlawKind::CounterExample, counter);
        }
        match &rule.effect {
            Effect::SetQueue(id) if policy.queues.iter().all(|queue| queue.id != *id) => add(RuleFlawKind::Queue, id),
            Effect::DisableRule(id) if !known.contains(id.as_str()) => add(RuleFlawKind::DisabledRule, id),
            _ => {}
        }
    }
    Ok(found)
}

fn fires(matcher: &RuleMatcher, rule_idx: usize, text: &str) -> bool {
    let normalized = normalize(text);
    let matches = matcher.matches(normalized.as_str(), &negations(normalized.as_str()));
    matches.iter().any(|(idx, _)| *idx == rule_idx)
}
