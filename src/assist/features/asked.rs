//! The message's side of a comparison: what each of its grams tells in a base. Pure.

use crate::{
    assist::{
        gram_weights::GramWeights,
        likeness::{Likeness, Units},
        retrieve::{Found, LeftOut},
    },
    index::{BM25_B, BM25_K1, IndexedArticle, IndexedPhrasing, Table},
    model::Encoder,
    text::{Gram, Profile, SoundedPair, sounded_pairs},
};

use super::share;

/// How much a long article is discounted: its phrasings are no padding, so less than one phrasing is.
const ARTICLE_B: f32 = 0.5;
/// What a cosine of 1 promises beside a BM25 that reaches what it could.
const COSINE_PROMISE: f32 = 1.5;
/// About the idf of a gram that one phrasing of a few thousand holds; brings a feature to the scale of the others.
pub(super) const HEAVY_IDF: f32 = 8.0;

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
    pub(super) scales: Scales<'a>,
    /// The pairs of characters that stand nowhere in the base.
    pairs: Vec<SoundedPair>,
    total: f32,
    pub(super) known_share: f32,
    pub(super) length: f32,
    pub(super) left_out: Option<LeftOut>,
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

    /// What the phrasing's grams tell against it that the message does not hold.
    pub(super) fn against_extra(&self, phrasing: &IndexedPhrasing) -> f32 {
        let Scales { extra, richness, .. } = self.scales;
        if !extra.tell_in(richness) {
            return 0.0;
        }
        self.extra_in(phrasing).map(|gram| extra.of(gram, richness)).sum()
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

    /// Returns what an article promises by its first phrasing and a cosine, before the whole comparison: comparable within one
    /// list. BM25 is the index's, and computed here of what only its vector found.
    pub fn promise(&self, found: &Found, cosine: f32) -> f32 {
        let of_index = found.phrasings.first().map_or(0.0, |(_, score)| *score);
        let near = || found.phrasings.first().and_then(|(idx, _)| found.article.positives().get(*idx));
        let bm25 = if of_index > 0.0 { of_index } else { near().map_or(0.0, |phrasing| self.overlap(phrasing).bm25) };
        self.bm25_share(bm25) + COSINE_PROMISE * cosine
    }

    /// A BM25 score by what it could reach: k1 + 1 times the sum of idf.
    pub(super) fn bm25_share(&self, score: f32) -> f32 {
        share(score, (BM25_K1 + 1.0) * self.total)
    }

    /// BM25 of the article as one document, all its positive phrasings together, by what it could reach.
    pub(super) fn article_bm25(&self, article: &IndexedArticle, counts: &[u32]) -> f32 {
        let left = self.left_of(article);
        let left_grams = left.map_or(0, |phrasing| phrasing.profile.grams.len() as u32);
        let length = (article.num_grams() - left_grams) as f32 / self.scales.table.mean_article_grams();
        let norm = BM25_K1 * (1.0 - ARTICLE_B + ARTICLE_B * length);
        let score: f32 = self
            .weighted
            .iter()
            .zip(counts)
            .map(|((_, idf), count)| {
                let count = *count as f32;
                idf * count * (BM25_K1 + 1.0) / (count + norm)
            })
            .sum();
        self.bm25_share(score)
    }

    /// What the article says anywhere, wordings and answer together, of what the message asks.
    pub(super) fn held_by(&self, article: &IndexedArticle, counts: &[u32]) -> Held {
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
    pub(super) fn counts_in(&self, article: &IndexedArticle) -> Vec<u32> {
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

    pub(super) fn likeness(&self, phrasing: &IndexedPhrasing) -> Likeness {
        let told = (&*phrasing.profile.grams, self.scales.table.total_idf(phrasing));
        self.units.likeness(&self.weighted, told, |gram| self.scales.table.idf(gram))
    }

    pub(super) fn overlap(&self, phrasing: &IndexedPhrasing) -> Overlap {
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
        let length = phrasing.profile.grams.len() as f32 / self.scales.table.mean_phrasing_grams();
        let bm25 = shared * (BM25_K1 + 1.0) / (1.0 + BM25_K1 * (1.0 - BM25_B + BM25_B * length));
        Overlap { message: share(shared, self.total), phrasing: share(shared, theirs), bm25 }
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
pub(super) struct Held {
    pub(super) covered: f32,
    /// What the answer alone holds.
    pub(super) in_answer: f32,
    /// What the most telling gram tells that the article does not hold.
    pub(super) heaviest_missing: f32,
    /// What the missing grams tell against it, together.
    pub(super) missing: f32,
    /// What it holds by sound only.
    pub(super) sounding: f32,
}

/// How much of the information of each side the other holds.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Overlap {
    pub(super) message: f32,
    pub(super) phrasing: f32,
    /// BM25 of the phrasing, over all grams of the message, each counted once.
    pub(super) bm25: f32,
}

impl Overlap {
    /// The harmonic mean of both directions.
    pub(super) fn both(self) -> f32 {
        super::harmonic(self.message, self.phrasing)
    }
}
