//! What the wire contract allows, checked field by field.
//!
//! Pure: it looks at the value alone, never at the store. Everything wrong is reported, not only the first, each thing
//! under its path in the request. The figures are those of the comments in `proto/yingda/v1`. To add a rule: one line in
//! the checker of its noun, one row in the table of its test.

mod article;
mod base;
mod lexicon;
mod rule;

#[cfg(test)]
mod tests;

pub(super) use article::{check_article, settle_article};
pub(super) use base::{check_base, settle_policy};
pub(super) use lexicon::{check_synonym_set, check_term};
pub(super) use rule::{check_rule, num_phrases};

use std::collections::HashMap;

use super::error::Violations;

/// How long a text may be, in characters.
#[derive(Clone, Copy, Debug)]
struct Length {
    least: usize,
    most: usize,
}

impl Length {
    const fn up_to(most: usize) -> Self {
        Self { least: 0, most }
    }

    const fn from_one_to(most: usize) -> Self {
        Self { least: 1, most }
    }

    fn check(self, violations: &mut Violations, field: &str, text: &str) {
        // A text is at most as long in characters as it is in bytes, so most need not be counted.
        let is_too_long = text.len() > self.most && text.chars().count() > self.most;
        if is_too_long || (self.least > 0 && text.trim().is_empty()) {
            let Self { least, most } = self;
            violations.add(field, format!("must have {least} to {most} characters"));
        }
    }
}

/// Checks a list: how many there are, how long each is, and that none is there twice.
fn check_words(violations: &mut Violations, field: &str, words: &[String], most: usize) {
    if words.len() > most {
        violations.add(field, format!("at most {most} are allowed, {} are given", words.len()));
        return;
    }
    let mut seen: HashMap<&str, usize> = HashMap::with_capacity(words.len());
    for (idx, word) in words.iter().enumerate() {
        WORD.check(violations, &format!("{field}[{idx}]"), word);
        if let Some(first) = seen.insert(word, idx) {
            violations.add(format!("{field}[{idx}]"), format!("is the same as {field}[{first}]"));
        }
    }
}

/// The length of tags, domains, words.
const WORD: Length = Length::from_one_to(64);

/// Returns why the slots of a text are not well formed, if they are not: each `{` opens a name of 1 to 32 of a-z and
/// `_`, and each `}` closes one. `known` limits the names where it is not empty.
fn slot_error(text: &str, known: &[&str]) -> Option<String> {
    let mut rest = text;
    while let Some(at) = rest.find(['{', '}']) {
        if rest[at..].starts_with('}') {
            return Some("has a } that closes no slot".to_owned());
        }
        rest = &rest[at + 1..];
        let name = rest.split_once('}').map(|(name, _)| name);
        let Some(name) = name.filter(|name| is_slot_name(name)) else {
            let start: String = rest.chars().take(12).collect();
            return Some(format!("has a malformed slot at {{{start}: allowed are {{name}} with 1 to 32 of a-z and _"));
        };
        if !known.is_empty() && !known.contains(&name) {
            return Some(format!("has the unknown slot {{{name}}}: known are {}", known.join(", ")));
        }
        rest = &rest[name.len() + 1..];
    }
    None
}

fn is_slot_name(name: &str) -> bool {
    (1..=32).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')
}
