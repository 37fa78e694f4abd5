//! The questions that the ranker is trained on, asked of a base by the steps that answer.

use std::sync::Arc;

use super::{Candidate, List, Truth};
use crate::{
    assist::{Base, Example, LeftOut, Shared, Visibility, examples_without},
    domain::ArticleNo,
    index,
    insight::evaluation::Expected,
    text::{Profile, normalize},
};

/// A question asked of a base for training.
#[derive(Clone, Copy, Debug)]
pub struct OwnQuestion<'a> {
    pub text: &'a str,
    pub article: ArticleNo,
    pub place: Place,
}

/// Where a question stands in its article.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Among the positive phrasings.
    Positive(usize),
    /// Among the negative questions.
    Negative(usize),
    /// The base asked does not hold it.
    Elsewhere,
}

/// Lists the questions that a base holds itself, in the order of its articles; those of articles with a single wording
/// are left out, for nothing would be left to find.
pub fn own_questions(base: &Base) -> Vec<OwnQuestion<'_>> {
    let mut articles: Vec<_> = base.snapshot.table.articles().collect();
    articles.sort_by_key(|article| article.article.no);
    let mut questions = Vec::new();
    for article in articles.into_iter().filter(|article| article.positives().len() > 1) {
        let no = article.article.no;
        let positives = article.positives().iter().enumerate().map(|(idx, phrasing)| OwnQuestion {
            text: &phrasing.text,
            article: no,
            place: Place::Positive(idx),
        });
        questions.extend(positives);
        questions.extend(article.negatives().iter().enumerate().map(|(idx, phrasing)| OwnQuestion {
            text: &phrasing.text,
            article: no,
            place: Place::Negative(idx),
        }));
    }
    questions
}

/// Asks the questions of a base and collects the lists. Every third is asked once more with its article left out. Fails
/// where the index cannot be read.
pub fn lists(
    shared: &Shared,
    base: &Arc<Base>,
    questions: &[OwnQuestion<'_>],
    visibility: Visibility,
) -> index::Result<Vec<List>> {
    let mut lists = Vec::with_capacity(questions.len() * 4 / 3);
    for (idx, question) in questions.iter().enumerate() {
        let no = question.article;
        let list = |found, truth| list(base, question.text, found, truth);
        let ask = |left_out| examples_without(shared, base, question.text, left_out, visibility);
        let left_out = match question.place {
            Place::Positive(idx) => Some(LeftOut::Phrasing(no, idx)),
            Place::Negative(idx) => Some(LeftOut::Negative(no, idx)),
            Place::Elsewhere => None,
        };
        let is_negative = matches!(question.place, Place::Negative(_));
        let found = ask(left_out)?;
        let place = found.iter().position(|one| one.article == no);
        let truth = match (is_negative, place) {
            (true, Some(place)) => Some(Truth::Not(place)),
            (true, None) => None,
            (false, Some(place)) => Some(Truth::Candidate(place)),
            (false, None) => Some(Truth::Missed),
        };
        lists.extend(truth.map(|truth| list(found, truth)));
        if !is_negative && idx % 3 == 0 {
            lists.push(list(ask(Some(LeftOut::Article(no)))?, Truth::Nothing));
        }
    }
    Ok(lists)
}

/// Asks customers' questions of a base and collects the lists; of several right articles the best found counts. Fails
/// where the index cannot be read.
pub fn customer_lists(
    shared: &Shared,
    base: &Arc<Base>,
    questions: &[Expected],
    visibility: Visibility,
) -> index::Result<Vec<List>> {
    let mut lists = Vec::with_capacity(questions.len());
    for question in questions {
        let found = examples_without(shared, base, &question.question, None, visibility)?;
        let is_right = |no: ArticleNo| {
            base.snapshot.table.article(no).is_some_and(|article| question.articles.contains(&article.article.id))
        };
        let truth = match found.iter().position(|one| is_right(one.article)) {
            Some(place) => Truth::Candidate(place),
            None if question.articles.is_empty() => Truth::Nothing,
            None => Truth::Missed,
        };
        lists.push(list(base, &question.question, found, truth));
    }
    Ok(lists)
}

fn list(base: &Base, text: &str, found: Vec<Example>, truth: Truth) -> List {
    let candidate = |one: Example| Candidate { features: one.features, missing: one.missing };
    let text = Profile::of(normalize(text).as_str(), &base.overlay).canonical;
    List { text, candidates: found.into_iter().map(candidate).collect(), truth }
}
