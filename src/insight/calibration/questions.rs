//! The questions that a base is checked on: its own, asked as if it did not know them.
//!
//! A wording of an article with several is asked with itself left out; that of an article with one is asked as a customer
//! might say it otherwise ([`perturb`](super::perturb)); and wordings are asked with their whole article left out, so that
//! nothing answers them. All go through the one production path. The same base gives the same questions on every replica.

use std::sync::Arc;

use super::{
    Kind, Question,
    perturb::{Homophones, perturbed},
};
use crate::{
    assist::{Base, Example, LeftOut, Shared, Visibility, examples_without},
    domain::ArticleNo,
    index::{self, IndexedArticle},
};

/// So many questions are asked at most, those without an answer included.
const MAX_QUESTIONS: usize = 2_000;
/// Of three wordings that are asked, so many are asked once more with their article left out.
const UNANSWERABLE_OF_THREE: usize = 2;
/// The seed of the sample and of what customers say otherwise.
const SEED: u64 = 20_261_130;

/// One wording of an article.
#[derive(Clone, Copy)]
struct Wording<'a> {
    article: &'a IndexedArticle,
    idx: usize,
}

/// Asks a base its own questions; `is_stopped` is looked at between them, and ends it early with those asked so far.
/// Fails where the index cannot be read.
pub(super) fn ask(
    shared: &Shared,
    base: &Arc<Base>,
    visibility: Visibility,
    is_stopped: &dyn Fn() -> bool,
) -> index::Result<Vec<Question>> {
    let mut rng = fastrand::Rng::with_seed(SEED);
    let wordings = sample(base, visibility, &mut rng);
    let homophones =
        Homophones::of(wordings.iter().map(|wording| &*wording.article.positives()[wording.idx].normalized));
    let mut questions = Vec::with_capacity(wordings.len() * (3 + UNANSWERABLE_OF_THREE) / 3);
    for (place, Wording { article, idx }) in wordings.into_iter().enumerate() {
        if is_stopped() {
            break;
        }
        let no = article.article.no;
        let text = &*article.positives()[idx].text;
        let ask = |text: &str, left_out| examples_without(shared, base, text, left_out, visibility);
        let (kind, found) = if article.positives().len() > 1 {
            (Kind::LeftOut, ask(text, Some(LeftOut::Phrasing(no, idx)))?)
        } else {
            (Kind::Perturbed, ask(&perturbed(text, &base.overlay, &homophones, &mut rng), None)?)
        };
        let mut keep = |kind: Kind, found: Vec<Example>, right: Option<ArticleNo>| {
            questions.push(Question {
                kind,
                num_others: article.positives().len() - 1,
                is_in_first_half: place % 2 == 0,
                utilities: found.iter().map(|one| base.shipped.utility(&one.features)).collect(),
                right: found.iter().position(|one| Some(one.article) == right),
                is_vetoed: found.iter().map(|one| !one.is_eligible).collect(),
            });
        };
        keep(kind, found, Some(no));
        if place % 3 < UNANSWERABLE_OF_THREE {
            keep(Kind::Unanswerable, ask(text, Some(LeftOut::Article(no)))?, None);
        }
    }
    Ok(questions)
}

/// Chooses wordings of articles that customers see: all of them, or as many as may be asked.
fn sample<'a>(base: &'a Base, visibility: Visibility, rng: &mut fastrand::Rng) -> Vec<Wording<'a>> {
    let mut articles: Vec<&IndexedArticle> =
        base.snapshot.table.articles().map(|article| &**article).filter(|article| visibility.shows(article)).collect();
    articles.sort_by_key(|article| article.article.no);
    let of_article =
        |article: &'a IndexedArticle| (0..article.positives().len()).map(move |idx| Wording { article, idx });
    let mut wordings: Vec<Wording<'a>> = articles.into_iter().flat_map(of_article).collect();
    // Shuffled, so that what is asked twice is a sample too.
    rng.shuffle(&mut wordings);
    wordings.truncate(MAX_QUESTIONS * 3 / (3 + UNANSWERABLE_OF_THREE));
    wordings
}
