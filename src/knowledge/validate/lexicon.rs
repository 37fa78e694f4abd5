//! What terms and synonym sets may be.

use std::collections::HashMap;

use super::WORD;
use crate::{
    domain::SynonymSet,
    knowledge::error::{Result, Violations},
    text::normalize,
};

const MIN_SET_WORDS: usize = 2;
const MAX_SET_WORDS: usize = 32;
const MAX_ID_BYTES: usize = 63;

/// Checks a term; `field` is its path in the request.
pub(in crate::knowledge) fn check_term(text: &str, field: &str) -> Result<()> {
    let mut violations = Violations::under("");
    check_word(&mut violations, field, text);
    violations.finish()
}

/// Checks a synonym set by itself; that its words are in no other set is for the overlay to say.
pub(in crate::knowledge) fn check_synonym_set(set: &SynonymSet) -> Result<()> {
    let mut violations = Violations::under("");
    let is_plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    let is_id = (1..=MAX_ID_BYTES).contains(&set.id.len())
        && set.id.bytes().all(is_plain)
        && !set.id.starts_with('-')
        && !set.id.ends_with('-');
    violations.check(is_id, "synonym_set_id", "must have 1 to 63 of a-z, 0-9 and '-', the first and last not '-'");
    let given = set.words.len();
    if !(MIN_SET_WORDS..=MAX_SET_WORDS).contains(&given) {
        violations
            .add("synonym_set.words", format!("must have {MIN_SET_WORDS} to {MAX_SET_WORDS} words, {given} are given"));
        return violations.finish();
    }
    let mut seen: HashMap<String, usize> = HashMap::new();
    for (idx, word) in set.words.iter().enumerate() {
        let field = format!("synonym_set.words[{idx}]");
        check_word(&mut violations, &field, word);
        if let Some(first) = seen.insert(normalize(word).as_str().to_owned(), idx) {
            violations.add(field, format!("is the same word as synonym_set.words[{first}]"));
        }
    }
    violations.finish()
}

fn check_word(violations: &mut Violations, field: &str, word: &str) {
    WORD.check(violations, field, word);
    let is_good = word.trim().is_empty() || !normalize(word).is_empty();
    violations.check(is_good, field, "has nothing left once emoji and noise are taken out");
}
