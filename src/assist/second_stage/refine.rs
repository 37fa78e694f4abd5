//! The stage itself: what the first one found and what the encoder finds, ranked anew.

use std::{sync::Arc, time::Instant};

use super::{
    encoded::{Encoded, Scan},
    nearness::Standings,
    ranker::SecondWeights,
};
use crate::{
    assist::{
        candidates::{self, Candidates, Example, Ranked, ReadText},
        features::{self, Asked, Compared},
        live::{Base, Shared},
        retrieve::{self, Found, LeftOut, Visibility},
    },
    domain::ArticleNo,
    index,
    model::bert::RoundedVector,
};

/// So many articles that the encoder puts first join those that the first stage found.
const JOINED_LIMIT: usize = 12;

/// Why the stage did not run though it was wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::assist) enum Skipped {
    /// The deadline leaves no room.
    Deadline,
    /// A base asked is not encoded yet.
    NotReady,
    /// The encoder cannot encode the text.
    Failed,
}

impl Skipped {
    /// Returns the word for the reply.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Deadline => "deadline:second_stage",
            Self::NotReady => "encoding:second_stage",
            Self::Failed => "failed:second_stage",
        }
    }
}

/// What was asked, of what.
pub(in crate::assist) struct Question<'a> {
    pub shared: &'a Shared,
    pub bases: &'a [Arc<Base>],
    /// Normalized.
    pub text: &'a str,
    pub visibility: Visibility,
    pub deadline: Option<Instant>,
}

/// Ranks the candidates anew, where a second stage is configured and the first one is not sure. Tells whether it did;
/// fails where it should have and could not, and then the candidates are as they were.
pub(in crate::assist) fn refine(question: &Question<'_>, found: &mut Candidates) -> Result<bool, Skipped> {
    let Question { shared, bases, text, visibility, deadline } = question;
    let Some(stage) = &shared.second_stage else { return Ok(false) };
    let confidence = found.ranked.first().map_or(0.0, |top| top.confidence);
    if confidence >= stage.settings.skip_above || bases.is_empty() {
        return Ok(false);
    }
    let encoded: Option<Vec<&Arc<Encoded>>> = bases.iter().map(|base| base.encoded.as_ref()).collect();
    let encoded = encoded.ok_or(Skipped::NotReady)?;
    let read = ReadText::of(shared, text);
    let vector = stage.vector(&read.text.asked, *deadline)?;
    let mut before = std::mem::take(&mut found.ranked);
    for (base, encoded) in bases.iter().zip(encoded) {
        let (of_base, others) = before.into_iter().partition(|ranked| Arc::ptr_eq(&ranked.base, base));
        before = others;
        let mended = read.mended(shared, base, None);
        let read = mended.as_ref().unwrap_or(&read);
        let asked = candidates::asked(shared, base, &read.text, None);
        let first = Vec::into_iter(of_base).map(|ranked: Ranked| (ranked.found, ranked.compared)).collect();
        let joined = join(base, encoded, (read, &asked), (&vector, None, *visibility), first);
        let weights = stage.ranker.for_base(&base.weights);
        found.ranked.extend(ranked_anew(base, &asked, joined, &weights));
        // As everywhere, the first base gives what holds for all.
        found.second_weights.get_or_insert(weights);
    }
    found.sort();
    Ok(true)
}

/// The candidates of both stages in one base.
struct Joined {
    articles: Vec<(Found, Compared)>,
    standings: Standings,
}

fn join(
    base: &Base,
    encoded: &Encoded,
    (read, asked): (&ReadText<'_>, &Asked<'_>),
    (vector, left_out, visibility): (&RoundedVector, Option<LeftOut>, Visibility),
    first: Vec<(Found, Compared)>,
) -> Joined {
    let scan = encoded.scan(vector, left_out, |article| retrieve::is_visible(article, visibility));
    let added = added(&scan, &first);
    let mut articles = first;
    articles.extend(candidates::compare(base, &read.vector, (asked, left_out), added));
    features::relate(&mut articles.iter_mut().map(|(_, compared)| &mut compared.features).collect::<Vec<_>>());
    let nos: Vec<ArticleNo> = articles.iter().map(|(found, _)| found.article.article.no).collect();
    let left_article = match left_out {
        Some(LeftOut::Article(no)) => Some(no),
        _ => None,
    };
    Joined { standings: Standings::new(&nos, &scan, encoded, left_article), articles }
}

/// The articles that the encoder puts first and the first stage did not find.
fn added(scan: &Scan, first: &[(Found, Compared)]) -> Vec<Found> {
    let is_new = |no: ArticleNo| first.iter().all(|(found, _)| found.article.article.no != no);
    let nearest = scan.near.iter().take(JOINED_LIMIT).filter(|near| is_new(near.article.article.no));
    let found = |near: &super::encoded::Near| Found {
        article: Arc::clone(&near.article),
        // Its grams are too common or too few for the index; BM25 says nothing of it.
        phrasings: vec![(near.phrasing_idx, 0.0)],
    };
    nearest.map(found).collect()
}

fn ranked_anew(base: &Arc<Base>, asked: &Asked<'_>, joined: Joined, weights: &SecondWeights) -> Vec<Ranked> {
    let utilities = joined.articles.iter().map(|(_, compared)| base.weights.utility(&compared.features));
    let scores = weights.scores(&joined.standings, &utilities.collect::<Vec<f32>>());
    let ranked = joined.articles.into_iter().zip(scores).map(|((found, compared), score)| Ranked {
        base: Arc::clone(base),
        verdict: candidates::verdict(asked, &found, &compared),
        found,
        compared,
        confidence: score.confidence,
        second: Some(score),
    });
    ranked.collect()
}

/// What both stages find of a text, as the second one is trained on it.
pub struct SecondExamples {
    pub examples: Vec<Example>,
    /// Of each example.
    pub standings: Standings,
}

/// Compares a text with the articles that both stages find, with something left out, by the very steps that answer.
/// `None` where there is no second stage or the base has not its vectors; fails where the index cannot be read.
pub fn second_examples_without(
    shared: &Shared,
    base: &Arc<Base>,
    text: &str,
    left_out: Option<LeftOut>,
    visibility: Visibility,
) -> index::Result<Option<SecondExamples>> {
    let (Some(stage), Some(encoded)) = (&shared.second_stage, &base.encoded) else { return Ok(None) };
    let normalized = crate::text::normalize(text);
    let read = ReadText::of(shared, normalized.as_str());
    let Ok(vector) = stage.vector(&read.text.asked, None) else { return Ok(None) };
    let read = read.mended(shared, base, left_out).unwrap_or(read);
    let retrieved = candidates::find(base, &read, visibility, left_out)?;
    let asked = candidates::asked(shared, base, &read.text, left_out);
    let first = candidates::compare(base, &read.vector, (&asked, left_out), retrieved.found);
    let joined = join(base, encoded, (&read, &asked), (&vector, left_out, visibility), first);
    let example = |(found, compared): &(Found, Compared)| candidates::example(&asked, found, compared);
    Ok(Some(SecondExamples { examples: joined.articles.iter().map(example).collect(), standings: joined.standings }))
}
