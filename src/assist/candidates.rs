//! The articles that may answer a text, with the probability of each: retrieval and ranking over the bases asked.

use std::{borrow::Cow, cmp::Ordering, sync::Arc};

use super::{
    features::{self, Asked, Compared, Cosines, Features, Scales},
    live::{Base, Shared},
    rank::Ranker,
    retrieve::{self, Dropped, Found, LeftOut, Retrieved, Visibility},
    second_stage::{SecondScore, SecondWeights},
    slips,
};
use crate::{
    domain::{ArticleNo, CandidateVerdict, FeatureShare},
    index,
    text::{AskedText, Profile},
};

/// So many articles that are nearest by vector join those that the index finds.
const NEAREST_LIMIT: usize = 8;
/// So many articles are compared with the text in full: more than a list shows, and the next ones change nothing.
const COMPARED_LIMIT: usize = 12;

/// An article with its probability.
pub struct Ranked {
    pub base: Arc<Base>,
    pub found: Found,
    pub compared: Compared,
    /// Where the second stage ranked it.
    pub second: Option<SecondScore>,
    /// Probability that the article answers the text, by its own base.
    pub confidence: f32,
    pub verdict: CandidateVerdict,
}

impl Ranked {
    /// Tells whether the article holds the very wording, synonyms folded.
    pub fn is_exact(&self) -> bool {
        self.compared.features[features::EXACT] > 0.0
    }

    /// Lists each feature's share in the log-odds, the largest first.
    pub fn shares(&self) -> Vec<FeatureShare> {
        let first = self.base.weights.shares(&self.compared.features);
        match &self.second {
            Some(score) => score.shares(first),
            None => first,
        }
    }
}

/// The candidates of one text.
#[derive(Default)]
pub struct Candidates {
    /// By confidence, the highest first; `pinned` breaks ties.
    pub ranked: Vec<Ranked>,
    pub dropped: Vec<(String, Dropped)>,
    pub synonyms_used: Vec<String>,
    /// What was compared with the articles of the first base.
    pub compared_text: String,
    /// The index could not be read for these bases.
    pub failed: Vec<index::IndexError>,
    /// Where the second stage ran: its weights for the first base.
    pub second_weights: Option<SecondWeights>,
}

impl Candidates {
    /// Puts the most probable first.
    pub(super) fn sort(&mut self) {
        self.ranked.sort_by(by_confidence);
    }
}

/// A text that is compared, read once for all bases.
pub(super) struct ReadText<'t> {
    pub text: AskedText<'t>,
    /// Empty where the bundle has no encoder.
    pub vector: Vec<i8>,
}

impl<'t> ReadText<'t> {
    pub fn of(shared: &Shared, normalized: &'t str) -> Self {
        let text = AskedText::read(normalized);
        Self { vector: shared.vector_of(&text), text }
    }

    /// Reads the text anew with its slips mended, as far as the base's wordings tell them; `None` where they tell none.
    /// A text of which something is left out is the base's own, and means what it says.
    pub fn mended(&self, shared: &Shared, base: &Base, left_out: Option<LeftOut>) -> Option<ReadText<'static>> {
        if left_out.is_some() {
            return None;
        }
        let mended = slips::mended(base, &self.text.content)?;
        let text = AskedText::of_content(Cow::Owned(mended));
        Some(ReadText { vector: shared.vector_of(&text), text })
    }
}

/// Finds and ranks the candidates of a normalized text in every base.
pub fn candidates(shared: &Shared, bases: &[Arc<Base>], normalized: &str, visibility: Visibility) -> Candidates {
    let mut all = Candidates::default();
    let read = ReadText::of(shared, normalized);
    for base in bases {
        let mended = read.mended(shared, base, None);
        let read = mended.as_ref().unwrap_or(&read);
        if all.compared_text.is_empty() {
            all.compared_text = read.text.asked.to_string();
        }
        match find(base, read, visibility, None) {
            Ok(retrieved) => {
                all.dropped.extend(retrieved.dropped);
                all.synonyms_used.extend(retrieved.synonyms_used);
                all.ranked.extend(rank(shared, base, read, retrieved.found));
            }
            Err(error) => all.failed.push(error),
        }
    }
    all.sort();
    all
}

/// Finds the articles of a base that are worth a look: by the index, and by vector. Fails where the index
/// cannot be read.
pub(super) fn find(
    base: &Base,
    read: &ReadText<'_>,
    visibility: Visibility,
    left_out: Option<LeftOut>,
) -> index::Result<Retrieved> {
    let mut retrieved = retrieve::retrieve(base, &read.text, visibility, left_out)?;
    let Some(vectors) = &base.vectors else { return Ok(retrieved) };
    let limits = (NEAREST_LIMIT, retrieve::PHRASINGS_PER_ARTICLE);
    for near in vectors.nearest(&read.vector, left_out, limits, |article| visibility.shows(article)) {
        let no = near.article.article.no;
        if retrieved.found.iter().all(|found| found.article.article.no != no) {
            retrieved.found.push(near);
        }
    }
    Ok(retrieved)
}

fn rank(shared: &Shared, base: &Arc<Base>, read: &ReadText<'_>, found: Vec<Found>) -> Vec<Ranked> {
    let asked = asked(shared, base, &read.text, None);
    let compared = compare(base, &read.vector, (&asked, None), found);
    let utilities: Vec<f32> = compared.iter().map(|(_, compared)| base.weights.utility(&compared.features)).collect();
    let probabilities = Ranker::probabilities(&utilities);
    let ranked = compared.into_iter().zip(probabilities).map(|((found, compared), confidence)| Ranked {
        base: Arc::clone(base),
        verdict: verdict(&asked, &found, &compared),
        found,
        compared,
        second: None,
        confidence,
    });
    ranked.collect()
}

pub(super) fn asked<'a>(
    shared: &'a Shared,
    base: &'a Base,
    text: &AskedText<'_>,
    left_out: Option<LeftOut>,
) -> Asked<'a> {
    let profile = Profile::of_asked(text, &base.overlay);
    let scales = Scales {
        table: &base.snapshot.table,
        encoder: shared.bundle.encoder(),
        missing: &shared.ranker.missing_grams,
        extra: &shared.ranker.extra_grams,
        richness: base.weights.richness,
    };
    Asked::new(profile, scales, left_out)
}

/// Compares a text with the articles found that promise most.
pub(super) fn compare(
    base: &Base,
    vector: &[i8],
    (asked, left_out): (&Asked<'_>, Option<LeftOut>),
    found: Vec<Found>,
) -> Vec<(Found, Compared)> {
    let promising = found.into_iter().map(|found| {
        let cosines = base.vectors.as_ref().map(|vectors| vectors.cosines(&found, vector, left_out));
        let cosines = cosines.unwrap_or_default();
        (asked.promise(&found, cosines.best), found, cosines)
    });
    let mut promising: Vec<(f32, Found, Cosines)> = promising.collect();
    promising.sort_by(|a, b| b.0.total_cmp(&a.0));
    promising.truncate(COMPARED_LIMIT);
    let compared = promising.into_iter().filter_map(|(_, found, cosines)| {
        let compared = features::of_article(asked, &found, cosines)?;
        Some((found, compared))
    });
    let mut compared: Vec<(Found, Compared)> = compared.collect();
    let mut rivals: Vec<&mut Features> = compared.iter_mut().map(|(_, compared)| &mut compared.features).collect();
    features::relate(&mut rivals);
    compared
}

/// An article that a text found, as the ranker is trained on it.
#[derive(Clone, Debug)]
pub struct Example {
    pub article: ArticleNo,
    pub features: Features,
    /// The text's grams that the article does not hold.
    pub missing: Vec<u64>,
    /// The grams of the phrasing compared that the text does not hold.
    pub extra: Vec<u64>,
    /// Whether nothing forbids to answer with it.
    pub is_eligible: bool,
}

/// Compares a text with the articles that it finds, with something left out: what the ranker is trained on, by the very
/// steps that answer.
pub fn examples_without(
    shared: &Shared,
    base: &Arc<Base>,
    text: &str,
    left_out: Option<LeftOut>,
    visibility: Visibility,
) -> index::Result<Vec<Example>> {
    let normalized = crate::text::normalize(text);
    let read = ReadText::of(shared, normalized.as_str());
    let read = read.mended(shared, base, left_out).unwrap_or(read);
    let retrieved = find(base, &read, visibility, left_out)?;
    let asked = asked(shared, base, &read.text, left_out);
    let compared = compare(base, &read.vector, (&asked, left_out), retrieved.found);
    Ok(compared.iter().map(|(found, compared)| example(&asked, found, compared)).collect())
}

pub(super) fn example(asked: &Asked<'_>, found: &Found, compared: &Compared) -> Example {
    Example {
        article: found.article.article.no,
        features: compared.features,
        is_eligible: verdict(asked, found, compared) == CandidateVerdict::Eligible,
        missing: asked.missing_in(&found.article),
        extra: features::phrasing_of(found, compared).map(|one| asked.extra_in(one).collect()).unwrap_or_default(),
    }
}

pub(super) fn verdict(asked: &Asked<'_>, found: &Found, compared: &Compared) -> CandidateVerdict {
    if features::is_negative_question(&compared.features) {
        return CandidateVerdict::NegativeQuestion;
    }
    let conflicts = features::phrasing_of(found, compared)
        .is_some_and(|phrasing| features::wishes_conflict(&asked.profile, &phrasing.profile));
    if conflicts { CandidateVerdict::PolarityConflict } else { CandidateVerdict::Eligible }
}

fn by_confidence(a: &Ranked, b: &Ranked) -> Ordering {
    let pinned = |ranked: &Ranked| ranked.found.article.article.pinned;
    let id = |ranked: &Ranked| ranked.found.article.article.no;
    b.confidence.total_cmp(&a.confidence).then(pinned(b).cmp(&pinned(a))).then(id(a).cmp(&id(b)))
}
