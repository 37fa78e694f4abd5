//! Answer records, feedback and ratings in tables.

use rusqlite::{Connection, params};

use super::statement::{Cells, Statement};
use crate::domain::{AnswerRecord, Feedback, Satisfaction};
use crate::store::Result;
use crate::store::rows::{AnswerRecordBody, FeedbackBody, SatisfactionBody, encode};

// ON CONFLICT of the id alone: OR IGNORE would swallow every other violation too.
const ADD_ANSWER: Statement = Statement::new(
    "answer_records",
    "INSERT INTO answer_records (id, body) VALUES (?1, ?2) ON CONFLICT (id) DO NOTHING",
);
const ANSWER: Statement = Statement::new("answer_records", "SELECT id, body FROM answer_records WHERE id = ?1");
const ADD_FEEDBACK: Statement = Statement::new(
    "feedback",
    "INSERT INTO feedback (id, answer_record, create_time, body) VALUES (?1, ?2, ?3, ?4) ON CONFLICT (id) DO NOTHING",
);
const FEEDBACK_OF: Statement =
    Statement::new("feedback", "SELECT id, body FROM feedback WHERE answer_record = ?1 ORDER BY create_time, id");
const ADD_SATISFACTION: Statement = Statement::new(
    "satisfaction",
    "INSERT INTO satisfaction (id, answer_record, create_time, body) VALUES (?1, ?2, ?3, ?4)
     ON CONFLICT (id) DO NOTHING",
);
const SATISFACTION_OF: Statement = Statement::new(
    "satisfaction",
    "SELECT id, body FROM satisfaction WHERE answer_record = ?1 ORDER BY create_time, id",
);

/// Keeps an answer record.
pub(super) fn add_answer(connection: &Connection, record: &AnswerRecord) -> Result<()> {
    ADD_ANSWER.run(connection, params![record.id, encode(&AnswerRecordBody::from(record))]).map(drop)
}

/// Gets an answer record.
pub(super) fn answer(connection: &Connection, id: &str) -> Result<Option<AnswerRecord>> {
    let read = |cells: Cells<'_>| cells.known(cells.shape::<AnswerRecordBody>(1)?.try_into());
    ANSWER.first(connection, [id], read)
}

/// Keeps feedback.
pub(super) fn add_feedback(connection: &Connection, feedback: &Feedback) -> Result<()> {
    let body = encode(&FeedbackBody::from(feedback));
    let params = params![feedback.id, feedback.answer_record, feedback.create_time.0, body];
    ADD_FEEDBACK.run(connection, params).map(drop)
}

/// Lists the feedback on an answer record, by time.
pub(super) fn feedback_of(connection: &Connection, answer_record: &str) -> Result<Vec<Feedback>> {
    let read = |cells: Cells<'_>| cells.known(cells.shape::<FeedbackBody>(1)?.try_into());
    FEEDBACK_OF.all(connection, [answer_record], read)
}

/// Keeps a rating.
pub(super) fn add_satisfaction(connection: &Connection, satisfaction: &Satisfaction) -> Result<()> {
    let body = encode(&SatisfactionBody::from(satisfaction));
    let params = params![satisfaction.id, satisfaction.answer_record, satisfaction.create_time.0, body];
    ADD_SATISFACTION.run(connection, params).map(drop)
}

/// Lists the ratings on an answer record, by time.
pub(super) fn satisfaction_of(connection: &Connection, answer_record: &str) -> Result<Vec<Satisfaction>> {
    let read = |cells: Cells<'_>| cells.known(cells.shape::<SatisfactionBody>(1)?.try_into());
    SATISFACTION_OF.all(connection, [answer_record], read)
}
