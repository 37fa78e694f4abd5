//! The rules that a message is held against: those of the server, and on top of them those of the knowledge base.
//!
//! Each list is compiled once. Rules of the knowledge base come after those of the server, in the order of their ids, so
//! that they have the last word; what they do is in `rule_effects`. A rule of the server that one of the knowledge base
//! disables is still named, with the rule that did it. Must not know the model.

use std::collections::HashMap;

use super::message::Message;
use crate::{
    domain::{Condition, Effect, KnowledgeBaseId, RuleSet, Rulebook, SignalKind, Span},
    text::{Negation, RuleError, RuleMatcher},
};

/// A rule that fired, with the span of the normalized text.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fired<'a> {
    pub rule_id: &'a str,
    /// Whose rule it is; none for one of the server.
    pub knowledge_base: Option<&'a KnowledgeBaseId>,
    pub span: Span,
    pub effect: &'a Effect,
    /// The rule by which this one counts not.
    pub disabled_by: Option<&'a str>,
    /// What a rule that raises the urgency has found.
    pub signal: Option<SignalKind>,
}

impl Fired<'_> {
    /// Tells whether the effect takes place.
    pub fn counts(&self) -> bool {
        self.disabled_by.is_none()
    }
}

/// A compiled rule set.
pub struct Rules {
    set: RuleSet,
    knowledge_base: Option<KnowledgeBaseId>,
    matcher: RuleMatcher,
    /// The rules of the server that are off whatever the message, each with the place of the rule that does it.
    off: HashMap<String, usize>,
}

impl Rules {
    /// Compiles a rule set; fails on a bad pattern, an empty condition or an id that stands twice.
    pub fn compile(set: RuleSet) -> Result<Self, RuleError> {
        let matcher = RuleMatcher::compile(&set.rules)?;
        let off = set.rules.iter().enumerate().filter_map(|(idx, rule)| match (&rule.condition, &rule.effect) {
            (Condition::Always, Effect::DisableRule(id)) => Some((id.clone(), idx)),
            _ => None,
        });
        Ok(Self { off: off.collect(), knowledge_base: None, matcher, set })
    }

    /// Compiles the rules of a knowledge base that are enabled; fails as [`Rules::compile`] does.
    pub fn of_base(id: &KnowledgeBaseId, book: &Rulebook) -> Result<Self, RuleError> {
        let mut rules: Vec<_> = book.rules.iter().filter(|rule| rule.is_enabled).cloned().collect();
        rules.sort_by(|a, b| a.id.cmp(&b.id));
        let set = RuleSet { version: format!("{id}-{}", book.version), rules };
        Ok(Self { knowledge_base: Some(id.clone()), ..Self::compile(set)? })
    }

    /// Returns the version of the set.
    pub fn version(&self) -> &str {
        &self.set.version
    }

    /// Returns the rules.
    pub fn set(&self) -> &RuleSet {
        &self.set
    }

    /// Lists the rules that fire, each once with its first span, in the order of the set.
    pub fn evaluate(&self, normalized: &str, negations: &[Negation]) -> Vec<Fired<'_>> {
        let matches = self.matcher.matches(normalized, negations).into_iter();
        let fired = matches.map(|(idx, span)| Fired {
            rule_id: &self.set.rules[idx].id,
            knowledge_base: self.knowledge_base.as_ref(),
            span,
            effect: &self.set.rules[idx].effect,
            disabled_by: None,
            signal: self.set.rules[idx].signal,
        });
        fired.collect()
    }

    /// Finds the rule of this set that disables one of the server, for this message or altogether.
    fn disabling<'a>(&'a self, rule_id: &str, fired: &[Fired<'a>]) -> Option<&'a str> {
        let here = fired.iter().find(|hit| matches!(hit.effect, Effect::DisableRule(id) if id == rule_id));
        let always = || self.off.get(rule_id).map(|idx| self.set.rules[*idx].id.as_str());
        here.map(|hit| hit.rule_id).or_else(always)
    }
}

/// Lists the rules of the server that fire, then those of the knowledge base.
pub(super) fn evaluate<'a>(shared: &'a Rules, own: Option<&'a Rules>, message: &Message) -> Vec<Fired<'a>> {
    let mut fired = shared.evaluate(message.text(), &message.negations);
    if let Some(own) = own {
        let mut on_top = own.evaluate(message.text(), &message.negations);
        for hit in &mut fired {
            hit.disabled_by = own.disabling(hit.rule_id, &on_top);
        }
        fired.append(&mut on_top);
    }
    fired
}

/// Names the rules that analyses follow: `base-2`, or `base-2+retail-7` where the knowledge base has published some.
pub(super) fn version(shared: &Rules, own: Option<&Rules>) -> String {
    match own {
        Some(own) => format!("{}+{}", shared.version(), own.version()),
        None => shared.version().to_owned(),
    }
}

/// Writes an effect as the reply names it.
pub fn effect_name(effect: &Effect) -> String {
    match effect {
        Effect::RaiseUrgency(level) => format!("raise_urgency:{}", level.as_str()),
        Effect::CapUrgency(level) => format!("cap_urgency:{}", level.as_str()),
        Effect::SetType(kind) => format!("set_type:{}", kind.as_str()),
        Effect::ForbidType(kind) => format!("forbid_type:{}", kind.as_str()),
        Effect::SetDomain(domain) => format!("set_domain:{domain}"),
        Effect::ForbidDomain(domain) => format!("forbid_domain:{domain}"),
        Effect::SetSentiment(sentiment) => format!("set_sentiment:{}", sentiment.as_str()),
        Effect::SetQueue(queue) => format!("set_queue:{queue}"),
        Effect::RequestHuman => "request_human".to_owned(),
        Effect::Block => "block".to_owned(),
        Effect::DisableRule(id) => format!("disable_rule:{id}"),
    }
}
