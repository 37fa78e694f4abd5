//! How large a request may be, checked field by field.
//!
//! Pure. Everything wrong with a request is gathered in one [`Violations`] and refused together, each thing under its
//! path in the request. Must not know what the texts mean; what the rules of knowledge are is checked in that room. The
//! figures are those of the comments in `proto/yingda/v1`. No message repeats what the caller wrote: it may be a
//! customer's text. To add a limit: one function here, one row in its test.

use std::collections::{BTreeMap, HashMap};

use super::{pb, status::Failure};
use crate::domain::ErrorKind;

const MAX_TEXT_CHARS: usize = 2_000;
const MAX_TURNS: usize = 50;
const MAX_SLOTS: usize = 32;
const MAX_SLOT_NAME_CHARS: usize = 32;
const MAX_SLOT_VALUE_CHARS: usize = 500;
const MAX_KNOWLEDGE_BASES: usize = 16;
const MAX_TOKENS: usize = 16;
const MAX_REQUEST_ID_CHARS: usize = 64;
const MAX_CUSTOMER_CHARS: usize = 128;
const MAX_BATCH: usize = 1_000;
const MAX_RULE_TEXTS: usize = 100;

/// One thing wrong with a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Violation {
    /// The path in the request, such as `history[3].text`.
    pub field: String,
    /// What is allowed.
    pub description: String,
}

/// Everything wrong with a request.
#[derive(Debug, Default)]
pub(crate) struct Violations {
    found: Vec<Violation>,
}

impl Violations {
    /// Notes one thing.
    pub(crate) fn add(&mut self, field: impl Into<String>, description: impl Into<String>) {
        self.found.push(Violation { field: field.into(), description: description.into() });
    }

    /// Notes one thing where `is_good` does not hold.
    pub(crate) fn check(&mut self, is_good: bool, field: &str, description: &str) {
        if !is_good {
            self.add(field, description);
        }
    }

    /// Takes the value, or notes why there is none.
    pub(crate) fn take<T, E: std::fmt::Display>(&mut self, field: &str, given: Result<T, E>) -> Option<T> {
        given.map_err(|error| self.add(field, error.to_string())).ok()
    }

    /// Refuses the request with everything that was found, if anything was.
    pub(crate) fn finish(self) -> Result<(), Failure> {
        if self.found.is_empty() { Ok(()) } else { Err(Failure::invalid(self.found)) }
    }

    /// Returns the value if nothing was found. A value is missing only where that was noted.
    pub(crate) fn finish_with<T>(self, value: Option<T>) -> Result<T, Failure> {
        self.finish()?;
        value.ok_or_else(|| Failure::new(ErrorKind::Internal, "CONVERSION_DEFECT", "internal error"))
    }
}

/// A customer's message: 1 to 2,000 characters, not all of them spaces.
pub(crate) fn text(violations: &mut Violations, field: &str, text: &str) {
    violations.check(!text.trim().is_empty(), field, "must not be empty");
    at_most(violations, field, text, MAX_TEXT_CHARS);
}

/// The messages of a batch: 1 to 1,000, each as [`text`] wants it.
pub(crate) fn batch(violations: &mut Violations, field: &str, texts: &[String]) {
    let is_good = (1..=MAX_BATCH).contains(&texts.len());
    if !is_good {
        violations.add(field, format!("must hold 1 to {MAX_BATCH} texts, {} are given", texts.len()));
        return;
    }
    each_text(violations, field, texts);
}

/// The messages that rules are tried on: at most 100, each as [`text`] wants it.
pub(crate) fn rule_texts(violations: &mut Violations, field: &str, texts: &[String]) {
    count(violations, field, texts.len(), MAX_RULE_TEXTS);
    each_text(violations, field, &texts[..texts.len().min(MAX_RULE_TEXTS)]);
}

fn each_text(violations: &mut Violations, field: &str, texts: &[String]) {
    for (idx, one) in texts.iter().enumerate() {
        // The path is only written out for what is wrong: a batch is long.
        if one.len() > MAX_TEXT_CHARS || one.trim().is_empty() {
            text(violations, &format!("{field}[{idx}]"), one);
        }
    }
}

/// Earlier turns: at most 50 of at most 2,000 characters.
pub(crate) fn history(violations: &mut Violations, turns: &[pb::Turn]) {
    count(violations, "history", turns.len(), MAX_TURNS);
    for (idx, turn) in turns.iter().enumerate() {
        at_most(violations, &format!("history[{idx}].text"), &turn.text, MAX_TEXT_CHARS);
    }
}

/// Values for slots: at most 32, names of a-z and `_`, values of at most 500 characters; returned in order.
pub(crate) fn slots(violations: &mut Violations, given: HashMap<String, String>) -> BTreeMap<String, String> {
    count(violations, "slots", given.len(), MAX_SLOTS);
    for (name, value) in &given {
        let is_name = (1..=MAX_SLOT_NAME_CHARS).contains(&name.len())
            && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
        violations.check(is_name, "slots", "must have names of 1 to 32 of a-z and _");
        if is_name {
            at_most(violations, &format!("slots[{name}]"), value, MAX_SLOT_VALUE_CHARS);
        }
    }
    given.into_iter().collect()
}

/// How many knowledge bases are asked: at most 16.
pub(crate) fn knowledge_bases(violations: &mut Violations, given: usize) {
    count(violations, "knowledge_bases", given, MAX_KNOWLEDGE_BASES);
}

/// How many consistency tokens there are: at most 16.
pub(crate) fn tokens(violations: &mut Violations, given: usize) {
    count(violations, "consistency_tokens", given, MAX_TOKENS);
}

/// The identifier of a retried call: at most 64 characters.
pub(crate) fn request_id(violations: &mut Violations, given: &str) {
    at_most(violations, "request_id", given, MAX_REQUEST_ID_CHARS);
}

/// The customer in the caller's system: at most 128 characters.
pub(crate) fn customer(violations: &mut Violations, given: &str) {
    at_most(violations, "customer", given, MAX_CUSTOMER_CHARS);
}

/// How many results are wanted: 0, which means `default`, to `most`.
pub(crate) fn wanted(violations: &mut Violations, field: &str, given: i32, (default, most): (usize, usize)) -> usize {
    match usize::try_from(given) {
        Ok(0) => default,
        Ok(given) if given <= most => given,
        _ => {
            violations.add(field, format!("must be 0 to {most}"));
            default
        }
    }
}

/// A text of at most `most` characters.
pub(crate) fn at_most(violations: &mut Violations, field: &str, text: &str, most: usize) {
    // A text is at most as long in characters as in bytes, so most need not be counted.
    if text.len() > most && text.chars().count() > most {
        violations.add(field, format!("must have at most {most} characters"));
    }
}

fn count(violations: &mut Violations, field: &str, given: usize, most: usize) {
    if given > most {
        violations.add(field, format!("at most {most} are allowed, {given} are given"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(act: impl FnOnce(&mut Violations), want: &[&str]) {
        let mut violations = Violations::default();
        act(&mut violations);
        let fields: Vec<&str> = violations.found.iter().map(|one| one.field.as_str()).collect();
        assert_eq!(fields, want, "{violations:?}");
    }

    #[test]
    fn texts_are_one_to_two_thousand_characters() {
        check(|v| text(v, "text", "退"), &[]);
        check(|v| text(v, "text", &"退".repeat(2_000)), &[]);
        check(|v| text(v, "text", &"退".repeat(2_001)), &["text"]);
        check(|v| text(v, "text", &"a".repeat(2_001)), &["text"]);
        check(|v| text(v, "text", ""), &["text"]);
        check(|v| text(v, "text", " \u{3000}\n"), &["text"]);
    }

    #[test]
    fn batches_are_one_to_a_thousand() {
        let texts = |count: usize| vec!["退货".to_owned(); count];
        check(|v| batch(v, "texts", &texts(1)), &[]);
        check(|v| batch(v, "texts", &texts(1_000)), &[]);
        check(|v| batch(v, "texts", &[]), &["texts"]);
        check(|v| batch(v, "texts", &texts(1_001)), &["texts"]);
        check(|v| rule_texts(v, "texts", &[]), &[]);
        check(|v| rule_texts(v, "texts", &texts(100)), &[]);
        check(|v| rule_texts(v, "texts", &texts(101)), &["texts"]);
        check(|v| rule_texts(v, "texts", &["a".to_owned(), " ".to_owned()]), &["texts[1]"]);
        check(|v| batch(v, "texts", &["a".to_owned(), String::new(), "退".repeat(2_001)]), &["texts[1]", "texts[2]"]);
    }

    #[test]
    fn lists_and_names_are_limited() {
        let turn = |text: &str| pb::Turn { speaker: 1, text: text.to_owned() };
        check(|v| history(v, &vec![turn("好"); 50]), &[]);
        check(|v| history(v, &vec![turn("好"); 51]), &["history"]);
        check(|v| history(v, &[turn("好"), turn(&"好".repeat(2_001))]), &["history[1].text"]);
        let slots_of = |name: &str, value: &str| HashMap::from([(name.to_owned(), value.to_owned())]);
        check(|v| drop(slots(v, slots_of("customer_name", &"王".repeat(500)))), &[]);
        check(|v| drop(slots(v, slots_of("customer_name", &"王".repeat(501)))), &["slots[customer_name]"]);
        for name in ["", "Name", "a1", &"a".repeat(33)] {
            check(|v| drop(slots(v, slots_of(name, ""))), &["slots"]);
        }
        let many = (0..33_u8)
            .map(|n| (format!("a{}", char::from(b'a' + n % 26)).repeat(1 + usize::from(n / 26)), String::new()));
        check(|v| drop(slots(v, many.collect())), &["slots"]);
        check(|v| knowledge_bases(v, 16), &[]);
        check(|v| knowledge_bases(v, 17), &["knowledge_bases"]);
        check(|v| tokens(v, 17), &["consistency_tokens"]);
        check(|v| request_id(v, &"x".repeat(65)), &["request_id"]);
        check(|v| customer(v, &"客".repeat(128)), &[]);
        check(|v| customer(v, &"客".repeat(129)), &["customer"]);
    }

    #[test]
    fn counts_wanted_have_a_default_and_a_limit() {
        for (given, want, fields) in
            [(0, 5, &[][..]), (50, 50, &[]), (51, 5, &["max_candidates"]), (-1, 5, &["max_candidates"])]
        {
            check(|v| assert_eq!(wanted(v, "max_candidates", given, (5, 50)), want), fields);
        }
    }
}
