//! What the encoder's table is tuned to, from the articles of a base and the questions asked of it.

use std::collections::HashMap;

use crate::{
    domain::{Article, ArticleId, PhrasingKind},
    insight::evaluation::Expected,
    model::train::Wordings,
    text::{asked_part, normalize},
};

/// Collects the wordings of a base and the questions asked of it, those that `keeps` lets through; texts as they are
/// compared when a message is answered.
pub fn wordings(articles: &[Article], asked: &[Expected], keeps: impl Fn(&str) -> bool) -> Wordings {
    let compared = |text: &str| asked_part(normalize(text).as_str()).into_owned();
    let mut wordings = Wordings::default();
    let mut numbers: HashMap<&ArticleId, usize> = HashMap::new();
    for (number, article) in articles.iter().enumerate() {
        numbers.insert(&article.id, number);
        for phrasing in article.phrasings().filter(|phrasing| keeps(phrasing.text)) {
            let wording = (number, compared(phrasing.text));
            match phrasing.kind {
                PhrasingKind::Negative => wordings.negatives.push(wording),
                PhrasingKind::Standard | PhrasingKind::Similar => wordings.positives.push(wording),
            }
        }
    }
    for question in asked.iter().filter(|question| keeps(&question.question)) {
        let article = question.articles.first().and_then(|id| numbers.get(id)).copied();
        // One whose article is not there is no question without an answer.
        if article.is_some() || question.articles.is_empty() {
            wordings.asked.push((article, compared(&question.question)));
        }
    }
    wordings
}
