//! What an article may be.

use std::collections::HashMap;

use super::{Length, WORD, check_words, slot_error};
use crate::{
    domain::{Article, Domain, PhrasingKind, Timestamp},
    knowledge::error::{FieldViolation, Violations},
    text::normalize,
};

const QUESTION: Length = Length::from_one_to(500);
const ANSWER: Length = Length::from_one_to(8_000);
const MAX_SIMILAR: usize = 500;
const MAX_NEGATIVE: usize = 100;
const MAX_TAGS: usize = 50;
const MAX_METADATA: usize = 50;
const METADATA_KEY: Length = Length::from_one_to(64);
const METADATA_VALUE: Length = Length::up_to(1_000);
const MAX_FOLLOW_UPS: usize = 20;
/// The years 1 to 9999, which RFC 3339 can write.
const TIMES: std::ops::RangeInclusive<i64> = -62_135_596_800_000..=253_402_300_799_999;

/// Brings an article into its stored form: blanks around questions and tags go, an empty domain is `other`, audiences
/// and channels are in order and each there once.
pub(in crate::knowledge) fn settle_article(article: &mut Article) {
    let lists = [&mut article.similar_questions, &mut article.negative_questions, &mut article.tags];
    lists.into_iter().flatten().chain([&mut article.standard_question, &mut article.domain.0]).for_each(trim);
    if article.domain.as_str().is_empty() {
        article.domain = Domain(Domain::OTHER.to_owned());
    }
    article.audiences.sort_unstable();
    article.audiences.dedup();
    article.channels.sort_unstable();
    article.channels.dedup();
}

fn trim(text: &mut String) {
    let trimmed = text.trim();
    if trimmed.len() < text.len() {
        *text = trimmed.to_owned();
    }
}

/// Lists everything wrong with a settled article, under `prefix`.
pub(in crate::knowledge) fn check_article(article: &Article, prefix: &str) -> Vec<FieldViolation> {
    let mut violations = Violations::under(prefix);
    check_questions(&mut violations, article);
    check_answers(&mut violations, article);
    WORD.check(&mut violations, "domain", article.domain.as_str());
    check_words(&mut violations, "tags", &article.tags, MAX_TAGS);
    check_metadata(&mut violations, article);
    check_times(&mut violations, article);
    check_follow_ups(&mut violations, article);
    violations.into_list()
}

fn check_questions(violations: &mut Violations, article: &Article) {
    for (field, given, most) in [
        ("similar_questions", article.similar_questions.len(), MAX_SIMILAR),
        ("negative_questions", article.negative_questions.len(), MAX_NEGATIVE),
    ] {
        if given > most {
            violations.add(field, format!("at most {most} are allowed, {given} are given"));
            return;
        }
    }
    let mut seen: HashMap<String, (PhrasingKind, String)> = HashMap::new();
    let mut counts = [0_usize; 3];
    for phrasing in article.phrasings() {
        let idx = counts[phrasing.kind as usize];
        counts[phrasing.kind as usize] += 1;
        let field = match phrasing.kind {
            PhrasingKind::Standard => "standard_question".to_owned(),
            PhrasingKind::Similar => format!("similar_questions[{idx}]"),
            PhrasingKind::Negative => format!("negative_questions[{idx}]"),
        };
        QUESTION.check(violations, &field, phrasing.text);
        let normalized = normalize(phrasing.text).as_str().to_owned();
        if normalized.is_empty() {
            let is_blank = phrasing.text.trim().is_empty();
            violations.check(is_blank, &field, "has nothing left to search for once emoji and noise are taken out");
            continue;
        }
        match seen.get(&normalized) {
            None => drop(seen.insert(normalized, (phrasing.kind, field))),
            Some((kind, first)) if phrasing.kind == PhrasingKind::Negative && *kind != PhrasingKind::Negative => {
                violations.add(field, format!("says the opposite of {first}, which is the same question"));
            }
            Some((_, first)) => violations.add(field, format!("is the same question as {first}")),
        }
    }
}

fn check_answers(violations: &mut Violations, article: &Article) {
    let answers = &article.answers;
    let given = [("answers.im", Some(&answers.im)), ("answers.email", answers.email.as_ref())];
    for (field, answer) in given.into_iter().chain([("answers.phone", answers.phone.as_ref())]) {
        let Some(answer) = answer else { continue };
        ANSWER.check(violations, field, answer);
        if let Some(error) = slot_error(answer, &[]) {
            violations.add(field, error);
        }
    }
}

fn check_metadata(violations: &mut Violations, article: &Article) {
    let given = article.metadata.len();
    if given > MAX_METADATA {
        violations.add("metadata", format!("at most {MAX_METADATA} entries are allowed, {given} are given"));
        return;
    }
    for (key, value) in &article.metadata {
        METADATA_KEY.check(violations, "metadata", key);
        METADATA_VALUE.check(violations, &format!("metadata.{key}"), value);
    }
}

fn check_times(violations: &mut Violations, article: &Article) {
    for (field, time) in [("effective_time", article.effective_time), ("expire_time", article.expire_time)] {
        let is_good = time.is_none_or(|Timestamp(ms)| TIMES.contains(&ms));
        violations.check(is_good, field, "must be within the years 1 to 9999");
    }
    if let (Some(from), Some(until)) = (article.effective_time, article.expire_time) {
        violations.check(from < until, "expire_time", "must be after effective_time");
    }
}

fn check_follow_ups(violations: &mut Violations, article: &Article) {
    let ids = &article.follow_up_questions;
    if ids.len() > MAX_FOLLOW_UPS {
        let given = ids.len();
        violations.add("follow_up_questions", format!("at most {MAX_FOLLOW_UPS} are allowed, {given} are given"));
        return;
    }
    for (idx, id) in ids.iter().enumerate() {
        let field = format!("follow_up_questions[{idx}]");
        violations.check(*id != article.id, &field, "is the article itself");
        violations.check(!ids[..idx].contains(id), &field, "is there twice");
    }
}
