//! Field masks: which fields an update means.
//!
//! No mask means the fields that are set. Within messages that are laid over field by field (answers, policy) those of
//! their own fields that are set are named, so that what a caller left out is not emptied.

use crate::rpc::pb;

type Mask = Option<prost_types::FieldMask>;

/// Names the fields of an article that an update means.
pub(in crate::rpc) fn article_fields(mask: Mask, given: &pb::Article) -> Vec<String> {
    let answers = given.answers.as_ref();
    let has = |answer: fn(&pb::Answers) -> &String| answers.is_some_and(|answers| !answer(answers).is_empty());
    fields(
        mask,
        &[
            ("standard_question", !given.standard_question.is_empty()),
            ("similar_questions", !given.similar_questions.is_empty()),
            ("negative_questions", !given.negative_questions.is_empty()),
            ("answers.im", has(|answers| &answers.im)),
            ("answers.email", has(|answers| &answers.email)),
            ("answers.phone", has(|answers| &answers.phone)),
            ("domain", !given.domain.is_empty()),
            ("tags", !given.tags.is_empty()),
            ("metadata", !given.metadata.is_empty()),
            ("audiences", !given.audiences.is_empty()),
            ("channels", !given.channels.is_empty()),
            ("state", given.state != 0),
            ("effective_time", given.effective_time.is_some()),
            ("expire_time", given.expire_time.is_some()),
            ("pinned", given.pinned),
            ("follow_up_questions", !given.follow_up_questions.is_empty()),
        ],
    )
}

/// Names the fields of a knowledge base that an update means.
pub(in crate::rpc) fn knowledge_base_fields(mask: Mask, given: &pb::KnowledgeBase) -> Vec<String> {
    let none = pb::Policy::default();
    let policy = given.policy.as_ref().unwrap_or(&none);
    fields(
        mask,
        &[
            ("display_name", !given.display_name.is_empty()),
            ("description", !given.description.is_empty()),
            ("policy.thresholds", policy.thresholds.is_some()),
            ("policy.time_zone", !policy.time_zone.is_empty()),
            ("policy.working_hours", !policy.working_hours.is_empty()),
            ("policy.calendar", !policy.calendar.is_empty()),
            ("policy.due_times", !policy.due_times.is_empty()),
            ("policy.queues", !policy.queues.is_empty()),
            ("policy.departments", !policy.departments.is_empty()),
            ("policy.handoff", policy.handoff.is_some()),
            ("policy.texts", policy.texts.is_some()),
            ("policy.sensitive_words", !policy.sensitive_words.is_empty()),
            ("policy.keep_order_numbers", policy.keep_order_numbers),
            ("policy.opening_questions", !policy.opening_questions.is_empty()),
            ("policy.max_clarify_options", policy.max_clarify_options != 0),
            ("policy.urgency", policy.urgency.is_some()),
            ("policy.calibration", policy.calibration.is_some()),
        ],
    )
}

/// Names the fields of a synonym set that an update means.
pub(in crate::rpc) fn synonym_set_fields(mask: Mask, given: &pb::SynonymSet) -> Vec<String> {
    fields(mask, &[("words", !given.words.is_empty())])
}

/// Names the fields of a rule that an update means.
pub(in crate::rpc) fn rule_fields(mask: Mask, given: &pb::Rule) -> Vec<String> {
    use pb::rule::Condition;
    let condition = given.condition.as_ref();
    fields(
        mask,
        &[
            ("phrases", matches!(condition, Some(Condition::Phrases(_)))),
            ("pattern", matches!(condition, Some(Condition::Pattern(_)))),
            ("near", matches!(condition, Some(Condition::Near(_)))),
            ("unless", !given.unless.is_empty()),
            ("negation_aware", given.negation_aware),
            ("effect", given.effect.is_some()),
            ("example", !given.example.is_empty()),
            ("counter_example", !given.counter_example.is_empty()),
            ("enabled", given.enabled.is_some()),
            ("note", !given.note.is_empty()),
        ],
    )
}

fn fields(mask: Mask, set: &[(&str, bool)]) -> Vec<String> {
    match mask {
        Some(mask) if !mask.paths.is_empty() => mask.paths,
        _ => set.iter().filter(|(_, is_set)| *is_set).map(|(name, _)| (*name).to_owned()).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_mask_means_what_is_set() {
        let given = pb::Article {
            standard_question: "怎么退货".to_owned(),
            answers: Some(pb::Answers { email: "您好".to_owned(), ..pb::Answers::default() }),
            pinned: true,
            etag: "r1".to_owned(),
            ..pb::Article::default()
        };
        let want = ["standard_question", "answers.email", "pinned"];
        assert_eq!(article_fields(None, &given), want);
        assert_eq!(article_fields(Some(prost_types::FieldMask::default()), &given), want);
        let policy = pb::Policy { handoff: Some(pb::HandoffTriggers::default()), ..pb::Policy::default() };
        let base = pb::KnowledgeBase { policy: Some(policy), ..pb::KnowledgeBase::default() };
        assert_eq!(knowledge_base_fields(None, &base), ["policy.handoff"]);
    }

    #[test]
    fn a_mask_is_taken_as_it_is() {
        let mask = |paths: &[&str]| {
            let paths = paths.iter().map(|path| (*path).to_owned()).collect();
            Some(prost_types::FieldMask { paths })
        };
        assert_eq!(article_fields(mask(&["*"]), &pb::Article::default()), ["*"]);
        assert_eq!(synonym_set_fields(mask(&["nonsense"]), &pb::SynonymSet::default()), ["nonsense"]);
    }
}
