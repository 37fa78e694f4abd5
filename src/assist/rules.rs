//! Classification rules over the normalized text: compiled once, each hit with its span.

use std::ops::Range;

use aho_corasick::{AhoCorasick, MatchKind};
use regex::Regex;
use thiserror::Error;

use crate::{
    domain::{Condition, Effect, RuleSet, SignalKind, Span},
    text::{Negation, negated},
};

/// A rule that cannot be compiled.
#[derive(Debug, Error)]
pub enum RuleError {
    #[error("rule {rule}: the pattern is not a regular expression")]
    Pattern { rule: String, source: Box<regex::Error> },
    #[error("rule {rule}: {reason}")]
    Empty { rule: String, reason: &'static str },
    #[error("rule {0} stands twice")]
    Duplicate(String),
    #[error("the phrases cannot be compiled")]
    Phrases(#[from] aho_corasick::BuildError),
}

/// A rule that fired, with the span of the normalized text.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fired<'a> {
    pub rule_id: &'a str,
    pub span: Span,
    pub effect: &'a Effect,
    pub signal: Option<SignalKind>,
}

#[derive(Clone, Copy, PartialEq)]
enum Role {
    Phrase,
    First,
    Second,
    Unless,
}

/// A compiled rule set.
pub struct Rules {
    set: RuleSet,
    phrases: AhoCorasick,
    /// For each phrase: the rule it belongs to and what it does there.
    roles: Vec<(usize, Role)>,
    patterns: Vec<(usize, Regex)>,
}

impl Rules {
    /// Compiles a rule set; fails on a bad pattern, an empty condition or an id that stands twice.
    pub fn compile(set: RuleSet) -> Result<Self, RuleError> {
        let mut texts = Vec::new();
        let mut roles = Vec::new();
        let mut patterns = Vec::new();
        for (idx, rule) in set.rules.iter().enumerate() {
            if set.rules[..idx].iter().any(|earlier| earlier.id == rule.id) {
                return Err(RuleError::Duplicate(rule.id.clone()));
            }
            let mut add = |words: &[String], role| {
                if words.iter().any(String::is_empty) || (words.is_empty() && role != Role::Unless) {
                    return Err(RuleError::Empty { rule: rule.id.clone(), reason: "an empty phrase or list" });
                }
                texts.extend_from_slice(words);
                roles.resize(texts.len(), (idx, role));
                Ok(())
            };
            add(&rule.unless, Role::Unless)?;
            match &rule.condition {
                Condition::Phrases(words) => add(words, Role::Phrase)?,
                Condition::Near { first, second, .. } => {
                    add(first, Role::First)?;
                    add(second, Role::Second)?;
                }
                Condition::Pattern(pattern) => {
                    let regex = Regex::new(pattern)
                        .map_err(|source| RuleError::Pattern { rule: rule.id.clone(), source: Box::new(source) })?;
                    patterns.push((idx, regex));
                }
            }
        }
        let phrases = AhoCorasick::builder().match_kind(MatchKind::Standard).build(&texts)?;
        Ok(Self { set, phrases, roles, patterns })
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
        let mut found: Vec<(usize, Role, Span)> = self
            .phrases
            .find_overlapping_iter(normalized)
            .map(|hit| {
                let (rule_idx, role) = self.roles[hit.pattern().as_usize()];
                (rule_idx, role, Span::new(hit.start(), hit.end()))
            })
            .collect();
        for (rule_idx, pattern) in &self.patterns {
            // A pattern that must look around its hit names the hit.
            let hits = pattern.captures_iter(normalized).filter_map(|hit| hit.name("hit").or_else(|| hit.get(0)));
            found.extend(hits.map(|hit| (*rule_idx, Role::Phrase, span(hit.range()))));
        }
        found.sort_by_key(|(rule_idx, _, span)| (*rule_idx, *span));
        found.chunk_by(|a, b| a.0 == b.0).filter_map(|hits| self.fire(hits[0].0, hits, normalized, negations)).collect()
    }

    fn fire(
        &self,
        rule_idx: usize,
        hits: &[(usize, Role, Span)],
        normalized: &str,
        negations: &[Negation],
    ) -> Option<Fired<'_>> {
        let rule = &self.set.rules[rule_idx];
        if hits.iter().any(|(_, role, _)| *role == Role::Unless) {
            return None;
        }
        let counts = |span: &Span| !(rule.negation_aware && negated(negations, *span));
        let of = |role: Role| hits.iter().filter(move |hit| hit.1 == role).map(|hit| hit.2);
        let span = match &rule.condition {
            Condition::Near { max_chars, .. } => of(Role::First)
                .flat_map(|first| of(Role::Second).map(move |second| (first, second)))
                .filter(|(first, second)| counts(first) && counts(second))
                .find(|(first, second)| gap_chars(normalized, *first, *second) <= *max_chars)
                .map(|(first, second)| Span::new(first.start.min(second.start), first.end.max(second.end)))?,
            Condition::Phrases(_) | Condition::Pattern(_) => of(Role::Phrase).find(counts)?,
        };
        Some(Fired { rule_id: &rule.id, span, effect: &rule.effect, signal: rule.signal })
    }
}

fn span(range: Range<usize>) -> Span {
    range.into()
}

/// Counts the characters between two spans; 0 where they touch or overlap.
fn gap_chars(text: &str, a: Span, b: Span) -> usize {
    let (from, to) = (a.end.min(b.end), a.start.max(b.start));
    if from >= to { 0 } else { text[from..to].chars().count() }
}

/// Writes an effect as the reply names it.
pub fn effect_name(effect: &Effect) -> String {
    match effect {
        Effect::RaiseUrgency(level) => format!("raise_urgency:{}", level.as_str()),
        Effect::SetType(kind) => format!("set_type:{}", kind.as_str()),
        Effect::SetDomain(domain) => format!("set_domain:{domain}"),
        Effect::SetSentiment(sentiment) => format!("set_sentiment:{}", sentiment.as_str()),
        Effect::RequestHuman => "request_human".to_owned(),
        Effect::Block => "block".to_owned(),
    }
}
