//! What a message and an article have in common, as numbers. Pure.
//!
//! To add a feature: name it in [`NAMES`], compute it in `of_article`, train the ranker again. The ranker file names
//! its features, so that weights never meet the wrong numbers.

mod asked;

use std::cmp::Ordering;

pub use self::asked::{Asked, Scales};
use self::asked::{HEAVY_IDF, Overlap};
use super::retrieve::{Found, LeftOut};
use crate::{
    index::IndexedPhrasing,
    text::{Profile, QuestionForm},
};

/// How many features there are.
pub const NUM_FEATURES: usize = 42;

/// The names, in the order of the numbers.
pub const NAMES: [&str; NUM_FEATURES] = [
    "bias",
    "bm25",
    "bm25_second",
    "bm25_third",
    "article_bm25",
    "article_bm25_relative",
    "message_covered",
    "phrasing_covered",
    "overlap",
    "overlap_squared",
    "message_words_covered",
    "phrasing_words_covered",
    "answer_covered",
    "article_covered",
    "heaviest_missing",
    "exact",
    "negation_differs",
    "wish_conflict",
    "form_agrees",
    "form_conflict",
    "units_missing",
    "negative_question_nearer",
    "cosine",
    "second_cosine",
    "answer_cosine",
    "negative_cosine_nearer",
    "cosine_relative",
    "message_known",
    "message_length",
    "missing_grams",
    "negative_overlap",
    "negative_cosine",
    "negative_cosine_lead",
    "sounding",
    "like_message_covered",
    "like_phrasing_covered",
    "like_overlap",
    "like_heaviest_missing",
    "denial_conflict",
    "denial_shared",
    "extra_grams",
    "crowding",
];

/// Where the BM25 of the best phrasing stands.
pub const BM25: usize = 1;
const ARTICLE_BM25: usize = 4;
const ARTICLE_BM25_RELATIVE: usize = 5;
const OVERLAP: usize = 8;
/// Where the flag of an equal wording stands.
pub(super) const EXACT: usize = 15;
const NEGATIVE_NEARER: usize = 21;
/// Where the cosine of the nearest phrasing stands.
pub const COSINE: usize = 22;
const COSINE_RELATIVE: usize = 26;
/// Where the weights of the grams that an article does not hold are summed up.
pub const MISSING_GRAMS: usize = 29;
/// Where it stands how much both sides say in like words.
pub const LIKE_OVERLAP: usize = 36;
/// Where the weights of the grams are summed up that the message does not hold.
pub const EXTRA_GRAMS: usize = 40;
/// Where it stands how near the phrasing lies to those of other articles.
pub const CROWDING: usize = 41;
const NEGATIVE_COSINE: usize = 31;
const NEGATIVE_COSINE_LEAD: usize = 32;

/// The numbers of one article.
pub type Features = [f32; NUM_FEATURES];

/// What was compared: the numbers, and the phrasing they are of.
pub struct Compared {
    pub features: Features,
    /// Among the positive phrasings.
    pub phrasing_idx: usize,
    pub bm25: f32,
}

/// How near the vectors are: of the two best phrasings, of the answer, of the negative questions.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Cosines {
    pub best: f32,
    pub second: f32,
    pub answer: f32,
    /// Of the nearest negative question.
    pub negative: f32,
    /// Which one that is; `None` where vectors do not tell.
    pub nearest_negative: Option<usize>,
    /// How near the best phrasing lies to those of other articles: what is near to many is near to little.
    pub crowding: f32,
}

/// Adds what depends on the rivals: how far each is from the best of the list.
pub fn relate(compared: &mut [&mut Features]) {
    for (value, relative) in [(ARTICLE_BM25, ARTICLE_BM25_RELATIVE), (COSINE, COSINE_RELATIVE)] {
        let best = compared.iter().map(|features| features[value]).fold(0.0, f32::max);
        compared.iter_mut().for_each(|features| features[relative] = features[value] - best);
    }
    let highest = |value: usize| compared.iter().map(|features| features[value]).fold(0.0, f32::max);
    let lead = highest(NEGATIVE_COSINE) - highest(COSINE);
    compared.iter_mut().for_each(|features| features[NEGATIVE_COSINE_LEAD] = lead);
}

/// Compares the message with an article by the best of the phrasings found.
pub fn of_article(asked: &Asked<'_>, found: &Found, cosines: Cosines) -> Option<Compared> {
    let positives = found.article.positives();
    let of_phrasing = |(idx, _): &(usize, f32)| Some((*idx, asked.overlap(positives.get(*idx)?)));
    let mut overlaps: Vec<(usize, Overlap)> = found.phrasings.iter().filter_map(of_phrasing).collect();
    overlaps.sort_by(|a, b| b.1.both().partial_cmp(&a.1.both()).unwrap_or(Ordering::Equal));
    let (phrasing_idx, best) = *overlaps.first()?;
    let mut scores: Vec<f32> = overlaps.iter().map(|(_, overlap)| overlap.bm25).collect();
    scores.sort_by(|a, b| b.total_cmp(a));
    let bm25 = scores[0];
    let share_of = |place: usize| scores.get(place).map_or(0.0, |score| asked.bm25_share(*score));
    let phrasing = &positives[phrasing_idx];
    let (ours, theirs) = (&asked.profile, &phrasing.profile);
    let is_left = |idx: usize| asked.left_out == Some(LeftOut::Negative(found.article.article.no, idx));
    // Where vectors tell which negative question is nearest, the others need no look.
    let is_near = |idx: usize| cosines.nearest_negative.is_none_or(|nearest| nearest == idx);
    let negatives = found.article.negatives().iter().enumerate().filter(|(idx, _)| is_near(*idx) && !is_left(*idx));
    let nearest_negative = negatives.map(|(_, negative)| asked.overlap(negative).both()).fold(0.0, f32::max);
    let forms = form_relation(ours.form, theirs.form);
    let counts = asked.counts_in(&found.article);
    let held = asked.held_by(&found.article, &counts);
    let like = asked.likeness(phrasing);
    let denials = Denials::of(ours, theirs);
    let features = [
        1.0,
        share_of(0),
        share_of(1),
        share_of(2),
        asked.article_bm25(&found.article, &counts),
        0.0,
        best.message,
        best.phrasing,
        best.both(),
        best.both() * best.both(),
        covered(&ours.words, &theirs.words),
        covered(&theirs.words, &ours.words),
        held.in_answer,
        held.covered,
        held.heaviest_missing,
        flag(ours.canonical == theirs.canonical),
        flag(ours.polarity.negated != theirs.polarity.negated),
        flag(wishes_conflict(ours, theirs)),
        flag(forms == Some(true)),
        flag(forms == Some(false)),
        1.0 - covered(&ours.units, &theirs.units),
        (nearest_negative - best.both()).max(0.0),
        cosines.best,
        cosines.second,
        cosines.answer,
        (cosines.negative - cosines.best).max(0.0),
        0.0,
        asked.known_share,
        asked.length,
        held.missing,
        nearest_negative,
        cosines.negative,
        0.0,
        held.sounding,
        like.message,
        like.phrasing,
        harmonic(like.message, like.phrasing),
        like.heaviest_missing / HEAVY_IDF,
        denials.conflict,
        denials.shared,
        asked.against_extra(phrasing),
        cosines.crowding,
    ];
    Some(Compared { features, phrasing_idx, bm25 })
}

/// What two texts deny of the words that they have in common.
struct Denials {
    /// The share of the common words that one of them denies and the other does not.
    conflict: f32,
    /// The share that both deny.
    shared: f32,
}

impl Denials {
    fn of(ours: &Profile, theirs: &Profile) -> Self {
        let (mut num, mut conflicts, mut shared) = (0.0, 0.0, 0.0);
        for word in ours.words.iter().filter(|word| theirs.words.binary_search(word).is_ok()) {
            num += 1.0;
            match (ours.denied.binary_search(word).is_ok(), theirs.denied.binary_search(word).is_ok()) {
                (true, true) => shared += 1.0,
                (false, false) => {}
                _ => conflicts += 1.0,
            }
        }
        Self { conflict: share(conflicts, num), shared: share(shared, num) }
    }
}

/// Tells whether one wants on what the other wants off.
pub fn wishes_conflict(a: &Profile, b: &Profile) -> bool {
    let only_on = |profile: &Profile| profile.polarity.wants_on && !profile.polarity.wants_off;
    let only_off = |profile: &Profile| profile.polarity.wants_off && !profile.polarity.wants_on;
    (only_on(a) && only_off(b)) || (only_off(a) && only_on(b))
}

/// Tells whether the message is nearer to a negative question than to what the article answers.
pub fn is_negative_question(features: &Features) -> bool {
    let overlap = features[OVERLAP];
    let nearer_by = features[NEGATIVE_NEARER];
    nearer_by > 0.1 && overlap + nearer_by > 0.6
}

/// `None` where a form is unknown.
fn form_relation(a: QuestionForm, b: QuestionForm) -> Option<bool> {
    (a != QuestionForm::Other && b != QuestionForm::Other).then_some(a == b)
}

/// The harmonic mean of two shares.
fn harmonic(a: f32, b: f32) -> f32 {
    let sum = a + b;
    if sum > 0.0 { 2.0 * a * b / sum } else { 0.0 }
}

fn share(part: f32, whole: f32) -> f32 {
    if whole > 0.0 { (part / whole).clamp(0.0, 1.0) } else { 0.0 }
}

/// The share of `these` that stands in `those` too; 1 for none. Both sorted.
fn covered(these: &[u64], those: &[u64]) -> f32 {
    if these.is_empty() {
        return 1.0;
    }
    let common = these.iter().filter(|hash| those.binary_search(hash).is_ok()).count();
    common as f32 / these.len() as f32
}

/// Returns the positive phrasing of a comparison.
pub fn phrasing_of<'a>(found: &'a Found, compared: &Compared) -> Option<&'a IndexedPhrasing> {
    found.article.positives().get(compared.phrasing_idx)
}

fn flag(is_so: bool) -> f32 {
    if is_so { 1.0 } else { 0.0 }
}
