//! Field masks: which fields of what was sent overwrite what is there.
//!
//! Pure. Names are those of the proto; fields that only the server sets are taken and ignored, for clients name what
//! they read. A name that is none is a violation of `update_mask`.

use super::error::{KnowledgeError, Result};
use crate::domain::{Article, Condition, KnowledgeBase, Policy, Rule};

const OUTPUT_FIELDS: [&str; 6] = ["name", "etag", "revision", "create_time", "update_time", "consistency_token"];

/// Lays the named fields of `given` over `present`.
pub(super) fn merge_article(present: &Article, given: &Article, fields: &[String]) -> Result<Article> {
    let mut merged = present.clone();
    for name in fields {
        match name.as_str() {
            "*" => merged.clone_from(given),
            "standard_question" => merged.standard_question.clone_from(&given.standard_question),
            "similar_questions" => merged.similar_questions.clone_from(&given.similar_questions),
            "negative_questions" => merged.negative_questions.clone_from(&given.negative_questions),
            "answers" => merged.answers.clone_from(&given.answers),
            "answers.im" => merged.answers.im.clone_from(&given.answers.im),
            "answers.email" => merged.answers.email.clone_from(&given.answers.email),
            "answers.phone" => merged.answers.phone.clone_from(&given.answers.phone),
            "domain" => merged.domain.clone_from(&given.domain),
            "tags" => merged.tags.clone_from(&given.tags),
            "metadata" => merged.metadata.clone_from(&given.metadata),
            "audiences" => merged.audiences.clone_from(&given.audiences),
            "channels" => merged.channels.clone_from(&given.channels),
            "state" => merged.state = given.state,
            "effective_time" => merged.effective_time = given.effective_time,
            "expire_time" => merged.expire_time = given.expire_time,
            "pinned" => merged.pinned = given.pinned,
            "follow_up_questions" => merged.follow_up_questions.clone_from(&given.follow_up_questions),
            other => check_output_field(other)?,
        }
    }
    let Article { no, revision, create_time, update_time, .. } = *present;
    Ok(Article { id: present.id.clone(), no, revision, create_time, update_time, ..merged })
}

/// Lays the named fields of `given` over `present`.
pub(super) fn merge_base(present: &KnowledgeBase, given: &KnowledgeBase, fields: &[String]) -> Result<KnowledgeBase> {
    let mut merged = present.clone();
    for name in fields {
        match name.as_str() {
            "*" => {
                merged.display_name.clone_from(&given.display_name);
                merged.description.clone_from(&given.description);
                merged.policy.clone_from(&given.policy);
            }
            "display_name" => merged.display_name.clone_from(&given.display_name),
            "description" => merged.description.clone_from(&given.description),
            "policy" => merged.policy.clone_from(&given.policy),
            other => match other.strip_prefix("policy.") {
                Some(field) => merge_policy(&mut merged.policy, &given.policy, field)?,
                None => check_output_field(other)?,
            },
        }
    }
    Ok(merged)
}

/// Lays the named fields of `given` over `present`. To name a member of the condition that is not given takes away the
/// condition where it is of that kind.
pub(super) fn merge_rule(present: &Rule, given: &Rule, fields: &[String]) -> Result<Rule> {
    let mut merged = present.clone();
    for name in fields {
        match name.as_str() {
            "*" => merged = Rule { id: present.id.clone(), ..given.clone() },
            "phrases" | "pattern" | "near" if condition_name(&given.condition) == name => {
                merged.condition.clone_from(&given.condition);
            }
            "phrases" | "pattern" | "near" if condition_name(&merged.condition) == name => {
                merged.condition = Condition::Always;
            }
            "phrases" | "pattern" | "near" => {}
            "unless" => merged.unless.clone_from(&given.unless),
            "negation_aware" => merged.negation_aware = given.negation_aware,
            "effect" => merged.effect.clone_from(&given.effect),
            "example" => merged.example.clone_from(&given.example),
            "counter_example" => merged.counter_example.clone_from(&given.counter_example),
            "enabled" => merged.is_enabled = given.is_enabled,
            "note" => merged.note.clone_from(&given.note),
            other => check_output_field(other)?,
        }
    }
    Ok(merged)
}

fn condition_name(condition: &Condition) -> &'static str {
    match condition {
        Condition::Phrases(_) => "phrases",
        Condition::Pattern(_) => "pattern",
        Condition::Near { .. } => "near",
        Condition::Always => "",
    }
}

/// Checks the field names of a synonym set, whose words are all there is to update; no names mean them too.
pub(super) fn check_synonym_set_fields(fields: &[String]) -> Result<()> {
    fields.iter().find(|name| !matches!(name.as_str(), "*" | "words")).map_or(Ok(()), |name| Err(unknown(name)))
}

fn merge_policy(merged: &mut Policy, given: &Policy, field: &str) -> Result<()> {
    match field {
        "thresholds" => merged.thresholds = given.thresholds,
        "time_zone" => merged.time_zone.clone_from(&given.time_zone),
        "working_hours" => merged.working_hours.clone_from(&given.working_hours),
        "calendar" => merged.calendar.clone_from(&given.calendar),
        "due_times" => merged.due_times.clone_from(&given.due_times),
        "queues" => merged.queues.clone_from(&given.queues),
        "departments" => merged.departments.clone_from(&given.departments),
        "handoff" => merged.handoff = given.handoff,
        "texts" => merged.texts.clone_from(&given.texts),
        "sensitive_words" => merged.sensitive_words.clone_from(&given.sensitive_words),
        "keep_order_numbers" => merged.keep_order_numbers = given.keep_order_numbers,
        "opening_questions" => merged.opening_questions.clone_from(&given.opening_questions),
        "calibration" => merged.calibration = given.calibration,
        "urgency" => merged.urgency.clone_from(&given.urgency),
        "max_clarify_options" => merged.max_clarify_options = given.max_clarify_options,
        other => return Err(unknown(&format!("policy.{other}"))),
    }
    Ok(())
}

fn check_output_field(name: &str) -> Result<()> {
    if OUTPUT_FIELDS.contains(&name) { Ok(()) } else { Err(unknown(name)) }
}

fn unknown(name: &str) -> KnowledgeError {
    KnowledgeError::invalid("update_mask", format!("{name:?} is no field that can be updated"))
}
