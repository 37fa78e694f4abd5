//! What a message and an article have in common, as numbers. Pure.
//!
//! To add a feature: name it in [`NAMES`], compute it in `of_article`, train the ranker again. The ranker file names
//! its features, so that weights never meet the wrong numbers.

use std::cmp::Ordering;

use super::{
    gram_weights::GramWeights,
    likeness::{Likeness, Units},
    retrieve::{Found, LeftOut},
};
use crate::{
    index::{IndexedArticle, IndexedPhrasing, Table},
    model::Encoder,
    text::{Gram, Profile, QuestionForm, SoundedPair, sounded_pairs},
};

/// How many features there are.
pub const NUM_FEATURES: usize = 41;

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
const NEGATIVE_COSINE: usize = 31;
const NEGATIVE_COSINE_LEAD: usize = 32;
/// BM25's saturation, and how much a long document is discounted; an article's phrasings are no padding, so less than
/// the usual .75.
const K1: f32 = 1.2;
const ARTICLE_B: f32 = 0.5;
/// About the idf of a gram that one phrasing of a few thousand holds; brings a feature to the scale of the others.
const HEAVY_IDF: f32 = 8.0;

/// The numbers of one article.
pub type Features = [f32; NUM_FEATURES];

/// What grams are weighed by.
#[derive(Clone, Copy)]
pub struct Scales<'a> {
    /// What a gram tells in the base.
    pub table: &'a Table,
    /// Where its vector points.
    pub encoder: &'a Encoder,
    /// What a gram of the message tells against an article without it.
    pub missing: &'a GramWeights,
    /// What a gram of a phrasing tells against it where the message does not hold it.
    pub extra: &'a GramWeights,
    /// How rich the base is.
    pub richness: f32,
}

/// The message's side, computed once for a knowledge base.
pub struct Asked<'a> {
    pub profile: Profile,
    /// The message's grams with what each tells.
    weighted: Vec<(Gram, f32)>,
    /// Where the vectors of these grams point.
    units: Units<'a>,
    /// What each of these grams tells against an article without it.
    against: Vec<f32>,
    scales: Scales<'a>,
    /// The pairs of characters that stand nowhere in the base.
    pairs: Vec<SoundedPair>,
    total: f32,
    known_share: f32,
    length: f32,
    left_out: Option<LeftOut>,
}

impl<'a> Asked<'a> {
    /// Weighs the message's grams; what is left out is not counted.
    pub fn new(profile: Profile, scales: Scales<'a>, left_out: Option<LeftOut>) -> Self {
        let table = scales.table;
        let without = |gram: u64| left_out.map_or(0, |left_out| count(table, left_out, gram));
        let mut weighted: Vec<(Gram, f32)> = Vec::with_capacity(profile.grams.len());
        let (mut total, mut known) = (0.0, 0.0);
        for gram in &profile.grams {
            let left = table.document_frequency(gram.hash).saturating_sub(without(gram.hash));
            let idf = table.idf_of(left, without(gram.hash));
            total += idf;
            if left > 0 {
                known += idf;
            }
            weighted.push((*gram, idf));
        }
        let length = (profile.canonical.chars().count() as f32 / 10.0).ln_1p();
        let against = weighted.iter().map(|(gram, _)| scales.missing.of(gram.hash, scales.richness)).collect();
        // Slips are pairs that nobody writes; what the base knows means what it says.
        let is_unknown = |pair: &SoundedPair| table.document_frequency(pair.pair) <= without(pair.pair);
        let pairs = sounded_pairs(&profile.canonical).filter(is_unknown).collect();
        let units = Units::of(scales.encoder, &weighted);
        let known_share = share(known, total);
        Self { profile, weighted, units, against, scales, pairs, total, known_share, length, left_out }
    }

    /// Lists the message's grams that the article does not hold.
    pub fn missing_in(&self, article: &IndexedArticle) -> Vec<u64> {
        let counts = self.counts_in(article);
        let sounding = self.sounding_in(article);
        let grams = self.weighted.iter().zip(counts).map(|((gram, _), count)| (gram.hash, count));
        let is_missing = |gram: u64| !article.answer_holds(gram) && !sounding.contains(&gram);
        grams.filter(|(gram, count)| *count == 0 && is_missing(*gram)).map(|(gram, _)| gram).collect()
    }

    /// Lists the phrasing's grams that the message does not hold.
    pub fn extra_in<'b>(&'b self, phrasing: &'b IndexedPhrasing) -> impl Iterator<Item = u64> + 'b {
        let mut ours = self.weighted.iter().peekable();
        phrasing.profile.grams.iter().map(|gram| gram.hash).filter(move |hash| {
            while ours.next_if(|(our, _)| our.hash < *hash).is_some() {}
            ours.peek().is_none_or(|(our, _)| our.hash != *hash)
        })
    }

    /// Lists the grams of pairs that stand nowhere, but sound like one of the article's.
    fn sounding_in(&self, article: &IndexedArticle) -> Vec<u64> {
        // What is left out must not lend its sound; training goes without.
        if matches!(self.left_out, Some(LeftOut::Phrasing(no, _)) if no == article.article.no) {
            return Vec::new();
        }
        let is_like = |pair: &&SoundedPair| !article.answer_holds(pair.pair) && article.sounds_like(pair.sound);
        let sounding = self.pairs.iter().filter(is_like);
        sounding.flat_map(|pair| [pair.first, pair.second, pair.pair]).collect()
    }

    /// A BM25 score by what it could reach: k1 + 1 times the sum of idf.
    fn bm25_share(&self, score: f32) -> f32 {
        share(score, (K1 + 1.0) * self.total)
    }

    /// BM25 of the article as one document, all its positive phrasings together, by what it could reach.
    fn article_bm25(&self, article: &IndexedArticle, counts: &[u32]) -> f32 {
        let left = self.left_of(article);
        let left_grams = left.map_or(0, |phrasing| phrasing.profile.grams.len() as u32);
        let length = (article.num_grams() - left_grams) as f32 / self.scales.table.mean_article_grams();
        let norm = K1 * (1.0 - ARTICLE_B + ARTICLE_B * length);
        let score: f32 = self
            .weighted
            .iter()
            .zip(counts)
            .map(|((_, idf), count)| {
                let count = *count as f32;
                idf * count * (K1 + 1.0) / (count + norm)
            })
            .sum();
        self.bm25_share(score)
    }

    /// What the article says anywhere, wordings and answer together, of what the message asks.
    fn held_by(&self, article: &IndexedArticle, counts: &[u32]) -> Held {
        let mut covered = 0.0;
        let mut heaviest_missing = 0.0f32;
        let mut missing = 0.0;
        let mut sounding = 0.0;
        let alike = self.sounding_in(article);
        let mut in_answer = 0.0;
        for (((gram, idf), against), count) in self.weighted.iter().zip(&self.against).zip(counts) {
            let is_in_answer = article.answer_holds(gram.hash);
            if is_in_answer {
                in_answer += idf;
            }
            if *count > 0 || is_in_answer {
                covered += idf;
            } else if alike.contains(&gram.hash) {
                sounding += idf;
            } else {
                heaviest_missing = heaviest_missing.max(*idf);
                missing += against;
            }
        }
        Held {
            covered: share(covered, self.total),
            in_answer: share(in_answer, self.total),
            heaviest_missing: heaviest_missing / HEAVY_IDF,
            missing,
            sounding: share(sounding, self.total),
        }
    }

    /// In how many of the article's phrasings each gram of the message stands, the one left out not counted.
    fn counts_in(&self, article: &IndexedArticle) -> Vec<u32> {
        let left = self.left_of(article);
        let count = |gram: u64| {
            let count = article.gram_count(gram);
            let is_left = count > 0 && left.is_some_and(|phrasing| holds(phrasing, gram));
            count - u32::from(is_left)
        };
        self.weighted.iter().map(|(gram, _)| count(gram.hash)).collect()
    }

    fn left_of<'b>(&self, article: &'b IndexedArticle) -> Option<&'b IndexedPhrasing> {
        match self.left_out {
            Some(LeftOut::Phrasing(no, idx)) if no == article.article.no => article.positives().get(idx),
            _ => None,
        }
    }

    fn likeness(&self, phrasing: &IndexedPhrasing) -> Likeness {
        let told = (&*phrasing.profile.grams, self.scales.table.total_idf(phrasing));
        self.units.likeness(&self.weighted, told, |gram| self.scales.table.idf(gram))
    }

    fn overlap(&self, phrasing: &IndexedPhrasing) -> Overlap {
        let mut shared = 0.0;
        let mut theirs = self.scales.table.total_idf(phrasing);
        let mut ours = self.weighted.iter().peekable();
        for gram in phrasing.profile.grams.iter() {
            while ours.next_if(|(our, _)| our.hash < gram.hash).is_some() {}
            if let Some((_, idf)) = ours.next_if(|(our, _)| our.hash == gram.hash) {
                shared += idf;
                if self.left_out.is_some() {
                    theirs += idf - self.scales.table.idf(gram.hash);
                }
            }
        }
        Overlap { message: share(shared, self.total), phrasing: share(shared, theirs) }
    }
}

/// In how many of the phrasings left out the gram stands.
fn count(table: &Table, left_out: LeftOut, gram: u64) -> u32 {
    let (no, only) = match left_out {
        LeftOut::Phrasing(no, phrasing_idx) => (no, Some(phrasing_idx)),
        LeftOut::Article(no) => (no, None),
        LeftOut::Negative(..) => return 0,
    };
    let Some(article) = table.article(no) else { return 0 };
    let left = article.positives().iter().enumerate().filter(|(idx, _)| only.is_none_or(|only| only == *idx));
    left.filter(|(_, phrasing)| holds(phrasing, gram)).fold(0, |sum, _| sum + 1)
}

fn holds(phrasing: &IndexedPhrasing, gram: u64) -> bool {
    phrasing.profile.grams.binary_search_by_key(&gram, |one| one.hash).is_ok()
}

/// What an article holds of a message.
struct Held {
    covered: f32,
    /// What the answer alone holds.
    in_answer: f32,
    /// What the most telling gram tells that the article does not hold.
    heaviest_missing: f32,
    /// What the missing grams tell against it, together.
    missing: f32,
    /// What it holds by sound only.
    sounding: f32,
}

/// How much of the information of each side the other holds.
#[derive(Clone, Copy, Debug, Default)]
struct Overlap {
    message: f32,
    phrasing: f32,
}

impl Overlap {
    /// The harmonic mean of both directions.
    fn both(self) -> f32 {
        harmonic(self.message, self.phrasing)
    }
}

/// The harmonic mean of two shares.
fn harmonic(a: f32, b: f32) -> f32 {
    let sum = a + b;
    if sum > 0.0 { 2.0 * a * b / sum } else { 0.0 }
}

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
    let mut overlaps: Vec<(usize, f32, Overlap)> = found
        .phrasings
        .iter()
        .filter_map(|(idx, bm25)| Some((*idx, *bm25, asked.overlap(positives.get(*idx)?))))
        .collect();
    overlaps.sort_by(|a, b| b.2.both().partial_cmp(&a.2.both()).unwrap_or(Ordering::Equal));
    let (phrasing_idx, _, best) = *overlaps.first()?;
    let mut scores = found.phrasings.iter().map(|(_, score)| *score);
    let bm25 = scores.next().unwrap_or(0.0);
    let mut next_share = || scores.next().map_or(0.0, |score| asked.bm25_share(score));
    let (second, third) = (next_share(), next_share());
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
        asked.bm25_share(bm25),
        second,
        third,
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
        asked.extra_in(phrasing).map(|gram| asked.scales.extra.of(gram, asked.scales.richness)).sum(),
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
