//! Articles for the tests of this room and of those above it.

use std::{collections::BTreeMap, sync::Arc};

use super::IndexedArticle;
use crate::{
    domain::{Article, ArticleId, ArticleNo, ArticleState, ChannelAnswers, Domain, Revision, Timestamp},
    text::Overlay,
};

/// Makes an article of some wordings, the first of them the standard question, without a lexicon.
pub(crate) fn article(no: u64, wordings: &[&str], negatives: &[&str]) -> Arc<IndexedArticle> {
    let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<String>>();
    let article = Article {
        id: ArticleId::try_new(format!("a{no}")).expect("a good id"),
        no: ArticleNo(no),
        standard_question: wordings[0].to_owned(),
        similar_questions: owned(&wordings[1..]),
        negative_questions: owned(negatives),
        answers: ChannelAnswers { im: "答".to_owned(), ..Default::default() },
        domain: Domain("other".to_owned()),
        tags: Vec::new(),
        metadata: BTreeMap::new(),
        audiences: Vec::new(),
        channels: Vec::new(),
        state: ArticleState::Active,
        effective_time: None,
        expire_time: None,
        pinned: false,
        follow_up_questions: Vec::new(),
        revision: Revision(1),
        create_time: Timestamp(0),
        update_time: Timestamp(0),
    };
    Arc::new(IndexedArticle::build(Arc::new(article), &Overlay::build(&[], &[]).expect("an empty overlay")))
}
