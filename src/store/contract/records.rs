//! Answer records, feedback and ratings.

use super::sample::{answer_record, feedback, satisfaction};
use crate::domain::{AnswerRecord, Feedback, FeedbackVerdict, Satisfaction};
use crate::store::Store;

pub(super) fn keeps_the_first_answer_record(store: &dyn Store) {
    assert_eq!(store.answer_record("a").unwrap(), None);
    store.add_answer_records(&[]).unwrap();
    let bare = AnswerRecord {
        no_answer_reason: None,
        handoff_reason: None,
        article_id: None,
        article_knowledge_base: None,
        article_revision: None,
        confidence: None,
        ..answer_record("b")
    };
    let later = |id| AnswerRecord { outcome: "answered".into(), ..answer_record(id) };
    store.add_answer_records(&[answer_record("a"), bare.clone(), later("a")]).unwrap();
    store.add_answer_records(&[later("b"), later("c")]).unwrap();
    for expected in [answer_record("a"), bare, later("c")] {
        assert_eq!(store.answer_record(&expected.id).unwrap(), Some(expected));
    }
}

pub(super) fn keeps_the_first_feedback(store: &dyn Store) {
    let other = Feedback { answer_record: "other".into(), ..feedback("x", 1) };
    for given in [feedback("b", 2), feedback("a", 2), feedback("c", 1), other] {
        store.add_feedback(&given).unwrap();
        store.add_feedback(&Feedback { comment: "later".into(), create_time: Default::default(), ..given }).unwrap();
    }
    assert_eq!(store.feedback_of("record").unwrap(), [feedback("c", 1), feedback("a", 2), feedback("b", 2)]);
    assert_eq!(store.feedback_of("none").unwrap(), []);
    for (idx, verdict) in FeedbackVerdict::ALL.into_iter().enumerate() {
        let given = Feedback { answer_record: "all".into(), verdict, ..feedback(&format!("v-{idx}"), 1) };
        store.add_feedback(&given).unwrap();
    }
    let verdicts = store.feedback_of("all").unwrap().into_iter().map(|feedback| feedback.verdict);
    assert!(verdicts.eq(FeedbackVerdict::ALL));
}

pub(super) fn keeps_the_first_rating(store: &dyn Store) {
    let other = Satisfaction { answer_record: "other".into(), ..satisfaction("x", 1) };
    for given in [satisfaction("b", 2), satisfaction("a", 2), satisfaction("c", 1), other] {
        store.add_satisfaction(&given).unwrap();
        store.add_satisfaction(&Satisfaction { score: 1, ..given }).unwrap();
    }
    let expected = [satisfaction("c", 1), satisfaction("a", 2), satisfaction("b", 2)];
    assert_eq!(store.satisfaction_of("record").unwrap(), expected);
    assert_eq!(store.satisfaction_of("none").unwrap(), []);
}
