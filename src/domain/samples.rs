//! An article for the tests of every room.

use super::{Article, ArticleId, ArticleNo, ArticleState, ChannelAnswers, Domain, Revision, Timestamp};

/// Makes an active article that says no more than its id and question.
pub(crate) fn article(id: &str, question: &str) -> Article {
    Article {
        id: ArticleId::try_new(id).expect("a good id"),
        no: ArticleNo(0),
        standard_question: question.to_owned(),
        similar_questions: Vec::new(),
        negative_questions: Vec::new(),
        answers: ChannelAnswers { im: "答复".to_owned(), ..ChannelAnswers::default() },
        domain: Domain(Domain::OTHER.to_owned()),
        tags: Vec::new(),
        metadata: [].into(),
        audiences: Vec::new(),
        channels: Vec::new(),
        state: ArticleState::Active,
        effective_time: None,
        expire_time: None,
        pinned: false,
        follow_up_questions: Vec::new(),
        revision: Revision(0),
        create_time: Timestamp(0),
        update_time: Timestamp(0),
    }
}
