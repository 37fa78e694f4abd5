//! Articles for the tests of this room and of those above it.

use std::sync::Arc;

use super::IndexedArticle;
use crate::{
    domain::{Article, ArticleNo, ChannelAnswers, samples},
    text::Overlay,
};

/// Makes an article of some wordings, the first of them the standard question, without a lexicon.
pub(crate) fn article(no: u64, wordings: &[&str], negatives: &[&str]) -> Arc<IndexedArticle> {
    let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<String>>();
    let article = Article {
        no: ArticleNo(no),
        similar_questions: owned(&wordings[1..]),
        negative_questions: owned(negatives),
        answers: ChannelAnswers { im: "答".to_owned(), ..ChannelAnswers::default() },
        ..samples::article(&format!("a{no}"), wordings[0])
    };
    Arc::new(IndexedArticle::build(Arc::new(article), &Overlay::build(&[], &[]).expect("an empty overlay")))
}
