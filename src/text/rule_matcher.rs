//! Where the conditions of rules hold in a text: phrases, regular expressions, two words near one another.
//!
//! All phrases are found in one pass of one automaton, and the patterns that match at all in one pass of one set, so
//! that a thousand rules cost hardly more than ten. Phrases are compared normalized; patterns see the normalized text
//! (Simplified, lower case, half width). Works on text alone: must not know what a rule does where it fires.
//!
//! Invariants: time is linear in the text whatever the patterns, and in the phrases that end at one place of it; of a rule
//! only what can still decide is kept, however often its phrases stand there; a hit is never empty; matches are in the
//! order of the rules, each rule once. Of phrases and patterns the hit that begins first is told, of two words near one
//! another the pair that is complete first.

use aho_corasick::{AhoCorasick, MatchKind};
use regex::{Regex, RegexBuilder, RegexSet, RegexSetBuilder};
use thiserror::Error;

use super::{Negation, negated, normalize};
use crate::domain::{Condition, ErrorKind, Rule, Span};

/// What a single compiled pattern may take, in bytes.
pub const MAX_PATTERN_BYTES: usize = 256 << 10;
/// What all patterns of a list may take together, in bytes.
const MAX_PATTERNS_BYTES: usize = 32 << 20;
/// What the lazily built automaton of all patterns may take, in bytes.
const SET_CACHE_BYTES: usize = 8 << 20;
/// The group of a pattern that names the part that counts.
const HIT: &str = "hit";

/// A rule that cannot be compiled.
#[derive(Debug, Error)]
pub enum RuleError {
    #[error("rule {rule}: the pattern cannot be used: {reason}")]
    Pattern { rule: String, reason: String },
    #[error("rule {rule}: {reason}")]
    Empty { rule: String, reason: &'static str },
    #[error("rule {0} stands twice")]
    Duplicate(String),
    #[error("the phrases of all rules are too large together")]
    Phrases(#[from] aho_corasick::BuildError),
    #[error("the patterns of all rules are too large together")]
    Patterns(#[source] Box<regex::Error>),
}

impl RuleError {
    /// Returns the kind of the error.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Pattern { .. } | Self::Empty { .. } | Self::Duplicate(_) => ErrorKind::InvalidArgument,
            Self::Phrases(_) | Self::Patterns(_) => ErrorKind::ResourceExhausted,
        }
    }
}

/// Compiles a pattern of a rule; fails with what is wrong with it, in words.
pub fn compile_pattern(pattern: &str) -> Result<Regex, String> {
    let compiled = RegexBuilder::new(pattern).size_limit(MAX_PATTERN_BYTES).build();
    compiled.map_err(|error| match error {
        regex::Error::CompiledTooBig(_) => format!("is too large once compiled, allowed are {MAX_PATTERN_BYTES} bytes"),
        // The parser draws the place in several lines; the last one says what is wrong.
        other => other.to_string().lines().last().unwrap_or("is no regular expression").trim().to_owned(),
    })
}

#[derive(Clone, Copy, PartialEq)]
enum Role {
    Phrase,
    First,
    Second,
    Unless,
}

/// What is left of a condition beside its phrases and its pattern.
#[derive(Clone, Copy)]
struct Shape {
    is_negation_aware: bool,
    /// Of two words near one another.
    max_chars: Option<usize>,
}

struct Pattern {
    rule_idx: usize,
    regex: Regex,
    names_its_hit: bool,
}

/// The compiled conditions of a list of rules.
pub struct RuleMatcher {
    phrases: AhoCorasick,
    /// For each phrase: the rule it belongs to and what it does there.
    roles: Vec<(usize, Role)>,
    patterns: Vec<Pattern>,
    /// The patterns again, to tell in one pass which of them match at all.
    any_pattern: RegexSet,
    shapes: Vec<Shape>,
}

impl RuleMatcher {
    /// Compiles the conditions of rules; fails on a bad pattern, an empty condition or an id that stands twice.
    pub fn compile(rules: &[Rule]) -> Result<Self, RuleError> {
        let mut builder = Builder::default();
        let mut ids = std::collections::HashSet::with_capacity(rules.len());
        for (idx, rule) in rules.iter().enumerate() {
            if !ids.insert(rule.id.as_str()) {
                return Err(RuleError::Duplicate(rule.id.clone()));
            }
            builder.add(idx, rule)?;
        }
        let Builder { texts, roles, patterns, shapes } = builder;
        let phrases = AhoCorasick::builder().match_kind(MatchKind::Standard).build(&texts)?;
        let any_pattern = RegexSetBuilder::new(patterns.iter().map(|pattern| pattern.regex.as_str()))
            .size_limit(MAX_PATTERNS_BYTES)
            .dfa_size_limit(SET_CACHE_BYTES)
            .build()
            .map_err(|error| RuleError::Patterns(Box::new(error)))?;
        Ok(Self { phrases, roles, patterns, any_pattern, shapes })
    }

    /// Lists the rules whose condition holds, by their place in the list, each with its first hit in the normalized text.
    /// [`Condition::Always`] has no hit and is not listed.
    pub fn matches(&self, normalized: &str, negations: &[Negation]) -> Vec<(usize, Span)> {
        let mut seen = vec![Seen::default(); self.shapes.len()];
        // The same phrase of many rules is found at one place many times in a row.
        let mut last = (Span::default(), false);
        let mut denied = |span: Span| {
            if last.0 != span {
                last = (span, negated(negations, span));
            }
            last.1
        };
        for hit in self.phrases.find_overlapping_iter(normalized) {
            let (rule_idx, role) = self.roles[hit.pattern().as_usize()];
            let (shape, seen) = (self.shapes[rule_idx], &mut seen[rule_idx]);
            let span = Span::new(hit.start(), hit.end());
            if seen.can_change_by(role, span) && !(role != Role::Unless && shape.is_negation_aware && denied(span)) {
                seen.add(role, span, shape.max_chars, normalized);
            }
        }
        if !self.patterns.is_empty() {
            for idx in &self.any_pattern.matches(normalized) {
                let pattern = &self.patterns[idx];
                let is_aware = self.shapes[pattern.rule_idx].is_negation_aware;
                let seen = &mut seen[pattern.rule_idx];
                if !seen.is_undone {
                    seen.hit = pattern.find(normalized, |span| !(is_aware && denied(span)));
                }
            }
        }
        let hits = seen.into_iter().enumerate().filter(|(_, seen)| !seen.is_undone);
        hits.filter_map(|(rule_idx, seen)| Some((rule_idx, seen.hit?))).collect()
    }
}

/// What was seen of one rule so far in a text.
#[derive(Clone, Default)]
struct Seen {
    is_undone: bool,
    hit: Option<Span>,
    /// Of two words near one another: the last of each.
    last: [Option<Span>; 2],
}

impl Seen {
    fn can_change_by(&self, role: Role, span: Span) -> bool {
        !self.is_undone
            && match role {
                Role::Unless => true,
                Role::Phrase => self.hit.is_none_or(|hit| span < hit),
                Role::First | Role::Second => self.hit.is_none(),
            }
    }

    /// Takes a hit that counts; they come in the order of their ends.
    fn add(&mut self, role: Role, span: Span, max_chars: Option<usize>, text: &str) {
        let (own, other) = match role {
            Role::Unless => return self.is_undone = true,
            Role::Phrase => return self.hit = Some(span),
            Role::First => (0, 1),
            Role::Second => (1, 0),
        };
        // Nothing before lies nearer than what ends last, so no other needs to be kept.
        let near = self.last[other].filter(|other| is_near(text, *other, span, max_chars.unwrap_or(0)));
        self.hit = near.map(|other| Span::new(other.start.min(span.start), span.end));
        self.last[own] = Some(span);
    }
}

impl Pattern {
    /// Finds the first hit that counts.
    fn find(&self, text: &str, mut counts: impl FnMut(Span) -> bool) -> Option<Span> {
        let mut is_wanted = |span: &Span| !span.is_empty() && counts(*span);
        if self.names_its_hit {
            let hits = self.regex.captures_iter(text).filter_map(|hit| hit.name(HIT).or_else(|| hit.get(0)));
            hits.map(|hit| hit.range().into()).find(&mut is_wanted)
        } else {
            self.regex.find_iter(text).map(|hit| hit.range().into()).find(&mut is_wanted)
        }
    }
}

/// Gathers what the rules look for.
#[derive(Default)]
struct Builder {
    texts: Vec<String>,
    roles: Vec<(usize, Role)>,
    patterns: Vec<Pattern>,
    shapes: Vec<Shape>,
}

impl Builder {
    fn add(&mut self, rule_idx: usize, rule: &Rule) -> Result<(), RuleError> {
        let mut max_chars = None;
        self.add_words(rule_idx, rule, &rule.unless, Role::Unless)?;
        match &rule.condition {
            Condition::Always => {}
            Condition::Phrases(words) => self.add_words(rule_idx, rule, words, Role::Phrase)?,
            Condition::Near { first, second, max_chars: most } => {
                max_chars = Some(*most);
                self.add_words(rule_idx, rule, first, Role::First)?;
                self.add_words(rule_idx, rule, second, Role::Second)?;
            }
            Condition::Pattern(pattern) => {
                let regex =
                    compile_pattern(pattern).map_err(|reason| RuleError::Pattern { rule: rule.id.clone(), reason })?;
                let names_its_hit = regex.capture_names().flatten().any(|name| name == HIT);
                self.patterns.push(Pattern { rule_idx, regex, names_its_hit });
            }
        }
        self.shapes.push(Shape { is_negation_aware: rule.negation_aware, max_chars });
        Ok(())
    }

    fn add_words(&mut self, rule_idx: usize, rule: &Rule, words: &[String], role: Role) -> Result<(), RuleError> {
        let empty = || RuleError::Empty { rule: rule.id.clone(), reason: "an empty phrase or list" };
        if words.is_empty() && role != Role::Unless {
            return Err(empty());
        }
        for word in words {
            let word = normalize(word);
            if word.is_empty() {
                return Err(empty());
            }
            self.texts.push(word.as_str().to_owned());
            self.roles.push((rule_idx, role));
        }
        Ok(())
    }
}

/// Tells whether at most so many characters lie between two spans; spans that touch or overlap are near.
fn is_near(text: &str, a: Span, b: Span, max_chars: usize) -> bool {
    let (from, to) = (a.end.min(b.end), a.start.max(b.start));
    from >= to || text[from..to].chars().nth(max_chars).is_none()
}

#[cfg(test)]
mod tests;
