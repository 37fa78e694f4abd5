//! The questions that the ranker is trained on, asked of a base by the steps that answer.

use std::sync::Arc;

use super::{Candidate, List, Truth, second::SecondList};
use crate::{
    assist::{
        Base, Example, LeftOut, SecondExamples, Shared, Standings, Visibility, examples_without,
        second_examples_without,
    },
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
    let ask = |text: &str, left_out| Ok((examples_without(shared, base, text, left_out, visibility)?, ()));
    Ok(own_lists(base, questions, ask)?.into_iter().map(|(list, ())| list).collect())
}

/// Asks both stages as [`lists`] asks the first. Fails where the index cannot be read.
pub fn second_lists(
    shared: &Shared,
    base: &Arc<Base>,
    questions: &[OwnQuestion<'_>],
    visibility: Visibility,
) -> index::Result<Vec<SecondList>> {
    let ask = |text: &str, left_out| both_stages(shared, base, (text, left_out), visibility);
    Ok(own_lists(base, questions, ask)?.into_iter().map(SecondList::of).collect())
}

/// Asks both stages as [`customer_lists`] asks the first. Fails where the index cannot be read.
pub fn second_customer_lists(
    shared: &Shared,
    base: &Arc<Base>,
    questions: &[Expected],
    visibility: Visibility,
) -> index::Result<Vec<SecondList>> {
    let ask = |text: &str| both_stages(shared, base, (text, None), visibility);
    Ok(asked_lists(base, questions, ask)?.into_iter().map(SecondList::of).collect())
}

fn both_stages(
    shared: &Shared,
    base: &Arc<Base>,
    (text, left_out): (&str, Option<LeftOut>),
    visibility: Visibility,
) -> index::Result<(Vec<Example>, Standings)> {
    let found = second_examples_without(shared, base, text, left_out, visibility)?;
    // A base without vectors teaches nothing.
    Ok(found.map_or_else(Default::default, |SecondExamples { examples, standings }| (examples, standings)))
}

fn own_lists<X>(
    base: &Base,
    questions: &[OwnQuestion<'_>],
    ask: impl Fn(&str, Option<LeftOut>) -> index::Result<(Vec<Example>, X)>,
) -> index::Result<Vec<(List, X)>> {
    let mut lists = Vec::with_capacity(questions.len() * 4 / 3);
    for (idx, question) in questions.iter().enumerate() {
        let no = question.article;
        let list = |found, truth| list(base, question.text, found, truth);
        let ask = |left_out| ask(question.text, left_out);
        let left_out = match question.place {
            Place::Positive(idx) => Some(LeftOut::Phrasing(no, idx)),
            Place::Negative(idx) => Some(LeftOut::Negative(no, idx)),
            Place::Elsewhere => None,
        };
        let is_negative = matches!(question.place, Place::Negative(_));
        let (found, with) = ask(left_out)?;
        let place = found.iter().position(|one| one.article == no);
        let truth = match (is_negative, place) {
            (true, Some(place)) => Some(Truth::Not(place)),
            (true, None) => None,
            (false, Some(place)) => Some(Truth::Candidate(place)),
            (false, None) => Some(Truth::Missed),
        };
        lists.extend(truth.map(|truth| (list(found, truth), with)));
        if !is_negative && idx % 3 == 0 {
            let (found, with) = ask(Some(LeftOut::Article(no)))?;
            lists.push((list(found, Truth::Nothing), with));
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
    let ask = |text: &str| Ok((examples_without(shared, base, text, None, visibility)?, ()));
    Ok(asked_lists(base, questions, ask)?.into_iter().map(|(list, ())| list).collect())
}

fn asked_lists<X>(
    base: &Base,
    questions: &[Expected],
    ask: impl Fn(&str) -> index::Result<(Vec<Example>, X)>,
) -> index::Result<Vec<(List, X)>> {
    let mut lists = Vec::with_capacity(questions.len());
    for question in questions {
        let (found, with) = ask(&question.question)?;
        let is_right = |no: ArticleNo| {
            base.snapshot.table.article(no).is_some_and(|article| question.articles.contains(&article.article.id))
        };
        let truth = match found.iter().position(|one| is_right(one.article)) {
            Some(place) => Truth::Candidate(place),
            None if question.articles.is_empty() => Truth::Nothing,
            None => Truth::Missed,
        };
        lists.push((list(base, &question.question, found, truth), with));
    }
    Ok(lists)
}

fn list(base: &Base, text: &str, found: Vec<Example>, truth: Truth) -> List {
    let candidate = |one: Example| Candidate { features: one.features, missing: one.missing, extra: one.extra };
    let text = Profile::of(normalize(text).as_str(), &base.overlay).canonical;
    List { text, candidates: found.into_iter().map(candidate).collect(), truth }
}
