//! What a knowledge base and its policy may be.

use std::collections::BTreeSet;

use jiff::{civil::Date, tz::TimeZone};

use super::{Length, WORD, check_words, slot_error};
use crate::{
    domain::{ArticleId, CalibrationPolicy, Channel, KnowledgeBase, Policy, ReplyTexts},
    knowledge::{
        error::{FieldViolation, Violations},
        policy::default_policy,
    },
    text::normalize,
};

const DISPLAY_NAME: Length = Length::from_one_to(200);
const DESCRIPTION: Length = Length::up_to(2_000);
const TEXT: Length = Length::from_one_to(1_000);
const TEXT_SLOTS: [&str; 2] = ["due", "department"];
const DUE_MINUTES: std::ops::RangeInclusive<u32> = 1..=100_000;
const MAX_SENSITIVE: usize = 1_000;
const MAX_OPENING: usize = 20;
const CLARIFY_OPTIONS: std::ops::RangeInclusive<u8> = 2..=4;
/// Beyond what the wire states, so that one record stays small: spans, days, queues, departments.
const MAX_LIST: usize = 2_000;

/// Fills what has to be there and was left out, with the defaults.
pub(in crate::knowledge) fn settle_policy(policy: &mut Policy) {
    let default = default_policy();
    if policy.time_zone.is_empty() {
        policy.time_zone = default.time_zone;
    }
    for (key, due) in default.due_times {
        policy.due_times.entry(key).or_insert(due);
    }
    if policy.queues.is_empty() {
        policy.queues = default.queues;
    }
    if policy.max_clarify_options == 0 {
        policy.max_clarify_options = default.max_clarify_options;
    }
    let texts = texts_mut(&mut policy.texts).into_iter().zip(texts(&default.texts));
    for ((_, text), (_, default)) in texts {
        if text.trim().is_empty() {
            default.clone_into(text);
        }
    }
}

/// Lists everything wrong with a settled knowledge base, under `prefix`.
pub(in crate::knowledge) fn check_base(base: &KnowledgeBase, prefix: &str) -> Vec<FieldViolation> {
    let mut violations = Violations::under(prefix);
    DISPLAY_NAME.check(&mut violations, "display_name", &base.display_name);
    DESCRIPTION.check(&mut violations, "description", &base.description);
    check_thresholds(&mut violations, &base.policy);
    check_hours(&mut violations, &base.policy);
    check_calendar(&mut violations, &base.policy);
    check_due_times(&mut violations, &base.policy);
    check_queues(&mut violations, &base.policy);
    check_texts(&mut violations, &base.policy);
    check_lists(&mut violations, &base.policy);
    check_urgency(&mut violations, &base.policy);
    check_calibration(&mut violations, &base.policy);
    let is_good = CLARIFY_OPTIONS.contains(&base.policy.max_clarify_options);
    violations.check(is_good, "policy.max_clarify_options", "must be 2 to 4");
    violations.into_list()
}

fn check_thresholds(violations: &mut Violations, policy: &Policy) {
    let thresholds = policy.thresholds;
    for (name, value) in
        [("answer", thresholds.answer), ("clarify", thresholds.clarify), ("abstain", thresholds.abstain)]
    {
        let is_good = value.is_none_or(|value| (0.0..=1.0).contains(&value));
        violations.check(is_good, format!("policy.thresholds.{name}"), "must be within 0 and 1");
    }
    if let (Some(clarify), Some(answer)) = (thresholds.clarify, thresholds.answer) {
        violations.check(clarify <= answer, "policy.thresholds.clarify", "must not be above answer");
    }
}

fn check_calibration(violations: &mut Violations, policy: &Policy) {
    let wanted = policy.calibration;
    let is_good = wanted.has_good_precision();
    violations.check(is_good, "policy.calibration.wanted_precision", CalibrationPolicy::PRECISION_RANGE);
    let is_good = wanted.has_good_share();
    violations.check(is_good, "policy.calibration.unanswerable_share", CalibrationPolicy::SHARE_RANGE);
}

fn check_urgency(violations: &mut Violations, policy: &Policy) {
    let urgency = &policy.urgency;
    for (kind, weight) in &urgency.weights {
        let field = format!("policy.urgency.weights[{}]", kind.as_str());
        violations.check((0.0..=1.0).contains(weight), field, "must be within 0 and 1");
    }
    let thresholds =
        [("urgent_threshold", urgency.urgent_threshold), ("important_threshold", urgency.important_threshold)];
    for (name, value) in thresholds {
        // At 0 every message would be of the level.
        let is_good = value > 0.0 && value <= 1.0;
        violations.check(is_good, format!("policy.urgency.{name}"), "must be above 0 and at most 1");
    }
}

fn check_hours(violations: &mut Violations, policy: &Policy) {
    let is_zone = TimeZone::get(&policy.time_zone).is_ok();
    violations.check(is_zone, "policy.time_zone", "must be an IANA name, such as Asia/Shanghai");
    if !check_count(violations, "policy.working_hours", policy.working_hours.len()) {
        return;
    }
    for (idx, hours) in policy.working_hours.iter().enumerate() {
        let field = format!("policy.working_hours[{idx}]");
        violations.check(!hours.days.is_empty(), format!("{field}.days"), "must name a day");
        let is_good = hours.from_minute < hours.to_minute && hours.to_minute <= 1440;
        violations.check(is_good, format!("{field}.to"), "must be after from and at most 24:00");
    }
}

fn check_calendar(violations: &mut Violations, policy: &Policy) {
    if !check_count(violations, "policy.calendar", policy.calendar.len()) {
        return;
    }
    let mut seen = BTreeSet::new();
    for (idx, day) in policy.calendar.iter().enumerate() {
        let field = format!("policy.calendar[{idx}].date");
        // The parser takes more forms than one, a stored date has only this.
        let is_date = day.date.len() == 10 && day.date.parse::<Date>().is_ok_and(|date| date.to_string() == day.date);
        violations.check(is_date, &field, "must be a day as YYYY-MM-DD");
        violations.check(seen.insert(&day.date), &field, "is there twice");
        Length::up_to(64).check(violations, &format!("policy.calendar[{idx}].display_name"), &day.name);
    }
}

fn check_due_times(violations: &mut Violations, policy: &Policy) {
    for (idx, ((channel, _), due)) in policy.due_times.iter().enumerate() {
        let field = format!("policy.due_times[{idx}]");
        violations.check(Channel::from_name(channel).is_some(), format!("{field}.channel"), "must be a known channel");
        for (name, minutes) in [("respond_minutes", due.respond_minutes), ("resolve_minutes", due.resolve_minutes)] {
            violations.check(DUE_MINUTES.contains(&minutes), format!("{field}.{name}"), "must be 1 to 100000");
        }
    }
}

fn check_queues(violations: &mut Violations, policy: &Policy) {
    if check_count(violations, "policy.queues", policy.queues.len()) {
        let mut seen = BTreeSet::new();
        for (idx, queue) in policy.queues.iter().enumerate() {
            let field = format!("policy.queues[{idx}]");
            WORD.check(violations, &format!("{field}.id"), &queue.id);
            violations.check(seen.insert(&queue.id), format!("{field}.id"), "is the id of another queue too");
            WORD.check(violations, &format!("{field}.display_name"), &queue.name);
            check_words(violations, &format!("{field}.domains"), &queue.domains, MAX_LIST);
            check_words(violations, &format!("{field}.skills"), &queue.skills, MAX_LIST);
        }
    }
    if check_count(violations, "policy.departments", policy.departments.len()) {
        let mut seen = BTreeSet::new();
        for (idx, department) in policy.departments.iter().enumerate() {
            let field = format!("policy.departments[{idx}]");
            WORD.check(violations, &format!("{field}.domain"), &department.domain);
            let is_new = seen.insert(&department.domain);
            violations.check(is_new, format!("{field}.domain"), "has another department too");
            WORD.check(violations, &format!("{field}.display_name"), &department.name);
        }
    }
}

fn check_texts(violations: &mut Violations, policy: &Policy) {
    for (name, text) in texts(&policy.texts) {
        let field = format!("policy.texts.{name}");
        TEXT.check(violations, &field, text);
        if let Some(error) = slot_error(text, &TEXT_SLOTS) {
            violations.add(field, error);
        }
    }
}

fn check_lists(violations: &mut Violations, policy: &Policy) {
    check_words(violations, "policy.sensitive_words", &policy.sensitive_words, MAX_SENSITIVE);
    for (idx, word) in policy.sensitive_words.iter().enumerate() {
        let is_good = word.trim().is_empty() || !normalize(word).is_empty();
        violations.check(
            is_good,
            format!("policy.sensitive_words[{idx}]"),
            "has nothing left once emoji and noise are taken out",
        );
    }
    check_words(violations, "policy.opening_questions", &policy.opening_questions, MAX_OPENING);
    for (idx, id) in policy.opening_questions.iter().enumerate() {
        let is_id = ArticleId::try_new(id.as_str()).is_ok();
        violations.check(is_id, format!("policy.opening_questions[{idx}]"), "must be the id of an article");
    }
}

fn check_count(violations: &mut Violations, field: &str, given: usize) -> bool {
    let is_good = given <= MAX_LIST;
    if !is_good {
        violations.add(field, format!("at most {MAX_LIST} are allowed, {given} are given"));
    }
    is_good
}

fn texts(texts: &ReplyTexts) -> [(&'static str, &str); 8] {
    [
        ("greeting", &texts.greeting),
        ("complaint_acknowledgement", &texts.complaint_acknowledgement),
        ("suggestion_thanks", &texts.suggestion_thanks),
        ("no_answer", &texts.no_answer),
        ("handoff", &texts.handoff),
        ("handoff_off_hours", &texts.handoff_off_hours),
        ("clarify", &texts.clarify),
        ("blocked", &texts.blocked),
    ]
}

fn texts_mut(texts: &mut ReplyTexts) -> [(&'static str, &mut String); 8] {
    [
        ("greeting", &mut texts.greeting),
        ("complaint_acknowledgement", &mut texts.complaint_acknowledgement),
        ("suggestion_thanks", &mut texts.suggestion_thanks),
        ("no_answer", &mut texts.no_answer),
        ("handoff", &mut texts.handoff),
        ("handoff_off_hours", &mut texts.handoff_off_hours),
        ("clarify", &mut texts.clarify),
        ("blocked", &mut texts.blocked),
    ]
}
