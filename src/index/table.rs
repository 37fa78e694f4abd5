//! The articles behind the documents, ready for ranking.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use super::memo::{Memo, Version};
use crate::{
    domain::{Article, ArticleId, ArticleNo, KeyedMap, PhrasingKind},
    text::{Overlay, Profile, normalize, sounded_pairs},
};

/// A wording with all that ranking needs of it.
#[derive(Clone, Debug)]
pub struct IndexedPhrasing {
    pub kind: PhrasingKind,
    /// As the editor wrote it.
    pub text: Box<str>,
    pub normalized: Box<str>,
    /// By the lexicon in force.
    pub profile: Profile,
    /// What its grams tell together.
    total_idf: Memo,
}

/// An article with its wordings: the standard question, the similar ones, the negative ones.
#[derive(Clone, Debug)]
pub struct IndexedArticle {
    pub article: Arc<Article>,
    /// The positive ones first.
    pub phrasings: Box<[IndexedPhrasing]>,
    num_positives: usize,
    /// How many positive phrasings hold each gram: the article as one document. Sorted by gram.
    gram_counts: Box<[(u64, u16)]>,
    /// The sum of the counts.
    num_grams: u32,
    /// The grams of the IM answer, distinct and sorted.
    answer_grams: Box<[u64]>,
    /// How the pairs of the positive phrasings and of the answer sound, distinct and sorted.
    sounds: Box<[u64]>,
}

impl IndexedArticle {
    /// Analyzes the wordings of an article.
    pub fn build(article: Arc<Article>, overlay: &Overlay) -> Self {
        let phrasings: Box<[IndexedPhrasing]> = article
            .phrasings()
            .map(|phrasing| {
                let normalized = normalize(phrasing.text);
                IndexedPhrasing {
                    kind: phrasing.kind,
                    text: phrasing.text.into(),
                    profile: Profile::of(normalized.as_str(), overlay),
                    normalized: normalized.as_str().into(),
                    total_idf: Memo::default(),
                }
            })
            .collect();
        let num_positives = phrasings.iter().filter(|phrasing| phrasing.kind != PhrasingKind::Negative).count();
        let is_negative = |phrasing: &IndexedPhrasing| phrasing.kind == PhrasingKind::Negative;
        debug_assert!(
            phrasings[num_positives..].iter().all(is_negative),
            "an article lists its negative questions last"
        );
        let gram_counts = gram_counts(&phrasings[..num_positives]);
        let num_grams = gram_counts.iter().map(|(_, count)| u32::from(*count)).sum();
        let answer = Profile::of(normalize(&article.answers.im).as_str(), overlay);
        let answer_grams = answer.grams.iter().map(|gram| gram.hash).collect();
        let sounds = sounds(&phrasings[..num_positives], &answer);
        Self { article, phrasings, num_positives, gram_counts, num_grams, answer_grams, sounds }
    }

    /// Returns in how many of the article's positive phrasings the gram stands.
    pub fn gram_count(&self, gram: u64) -> u32 {
        let place = self.gram_counts.binary_search_by_key(&gram, |(known, _)| *known);
        place.map_or(0, |place| u32::from(self.gram_counts[place].1))
    }

    /// Returns how many grams the positive phrasings hold together, each counted once a phrasing.
    pub fn num_grams(&self) -> u32 {
        self.num_grams
    }

    /// Tells whether the IM answer holds the gram.
    pub fn answer_holds(&self, gram: u64) -> bool {
        self.answer_grams.binary_search(&gram).is_ok()
    }

    /// Tells whether a positive phrasing or the answer holds a pair of this sound.
    pub fn sounds_like(&self, sound: u64) -> bool {
        self.sounds.binary_search(&sound).is_ok()
    }

    /// Lists the wordings that lead to the article.
    pub fn positives(&self) -> &[IndexedPhrasing] {
        &self.phrasings[..self.num_positives]
    }

    /// Lists the wordings that are near, yet not answered by the article.
    pub fn negatives(&self) -> &[IndexedPhrasing] {
        &self.phrasings[self.num_positives..]
    }
}

fn sounds(positives: &[IndexedPhrasing], answer: &Profile) -> Box<[u64]> {
    let texts = positives.iter().map(|phrasing| &*phrasing.profile.canonical).chain([&*answer.canonical]);
    let mut sounds: Vec<u64> = texts.flat_map(sounded_pairs).map(|pair| pair.sound).collect();
    sounds.sort_unstable();
    sounds.dedup();
    sounds.into()
}

fn gram_counts(positives: &[IndexedPhrasing]) -> Box<[(u64, u16)]> {
    let mut grams: Vec<u64> =
        positives.iter().flat_map(|phrasing| phrasing.profile.grams.iter().map(|gram| gram.hash)).collect();
    grams.sort_unstable();
    grams.chunk_by(|a, b| a == b).map(|run| (run[0], u16::try_from(run.len()).unwrap_or(u16::MAX))).collect()
}

/// The articles of one knowledge base at one revision, with the gram statistics of their wordings. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Table {
    articles: Arc<KeyedMap<ArticleNo, Arc<IndexedArticle>>>,
    by_id: Arc<HashMap<ArticleId, ArticleNo>>,
    /// In how many positive phrasings a gram stands.
    document_frequency: Arc<KeyedMap<u64, u32>>,
    num_phrasings: usize,
    /// The sum of the articles' gram counts.
    num_grams: u64,
    /// The idf of the low document frequencies, which nearly all grams have: a logarithm costs more than a look-up.
    low_idfs: Arc<[f32]>,
    version: Version,
}

impl Table {
    /// Makes a table of analyzed articles.
    pub fn build(articles: impl IntoIterator<Item = Arc<IndexedArticle>>) -> Self {
        let nothing: [ArticleNo; 0] = [];
        let articles: Vec<_> = articles.into_iter().collect();
        Self::default().with_changes(&articles, &nothing)
    }

    /// Analyzes every article anew, for another lexicon.
    pub fn relaid(&self, overlay: &Overlay) -> Self {
        let articles = self.articles.values();
        Self::build(articles.map(|old| Arc::new(IndexedArticle::build(Arc::clone(&old.article), overlay))))
    }

    /// Makes the table that follows: upserts replace, deletes remove.
    pub fn with_changes(&self, upserts: &[Arc<IndexedArticle>], deletes: &[ArticleNo]) -> Self {
        let mut next = self.clone();
        let articles = Arc::make_mut(&mut next.articles);
        let by_id = Arc::make_mut(&mut next.by_id);
        let frequency = Arc::make_mut(&mut next.document_frequency);
        for no in deletes {
            if let Some(old) = articles.remove(no) {
                by_id.remove(&old.article.id);
                next.num_phrasings -= count(frequency, &old, -1);
                next.num_grams -= u64::from(old.num_grams);
            }
        }
        for article in upserts {
            if let Some(old) = articles.insert(article.article.no, Arc::clone(article)) {
                next.num_phrasings -= count(frequency, &old, -1);
                next.num_grams -= u64::from(old.num_grams);
            }
            next.num_grams += u64::from(article.num_grams);
            by_id.insert(article.article.id.clone(), article.article.no);
            next.num_phrasings += count(frequency, article, 1);
        }
        let num_phrasings = next.num_phrasings;
        next.version = Version::next();
        next.low_idfs = (0..NUM_LOW_IDFS).map(|df| idf_of(df, num_phrasings)).collect();
        next
    }

    /// Looks an article up by number.
    pub fn article(&self, no: ArticleNo) -> Option<&Arc<IndexedArticle>> {
        self.articles.get(&no)
    }

    /// Looks an article up by id.
    pub fn article_by_id(&self, id: &ArticleId) -> Option<&Arc<IndexedArticle>> {
        self.by_id.get(id).and_then(|no| self.articles.get(no))
    }

    /// Lists the articles in no order.
    pub fn articles(&self) -> impl Iterator<Item = &Arc<IndexedArticle>> {
        self.articles.values()
    }

    /// Counts the articles.
    pub fn num_articles(&self) -> usize {
        self.articles.len()
    }

    /// Counts the positive phrasings.
    pub fn num_phrasings(&self) -> usize {
        self.num_phrasings
    }

    /// Returns the mean of the articles' gram counts; 1 where there are no articles.
    pub fn mean_article_grams(&self) -> f32 {
        if self.articles.is_empty() { 1.0 } else { (self.num_grams as f32 / self.articles.len() as f32).max(1.0) }
    }

    /// Returns the mean of how many grams a positive phrasing holds; 1 where there are none.
    pub fn mean_phrasing_grams(&self) -> f32 {
        if self.num_phrasings == 0 { 1.0 } else { (self.num_grams as f32 / self.num_phrasings as f32).max(1.0) }
    }

    /// Returns how much a gram tells: BM25's inverse document frequency over positive phrasings,
    /// ln(1 + (n - df + .5) / (df + .5)).
    pub fn idf(&self, gram: u64) -> f32 {
        self.idf_of(self.document_frequency(gram), 0)
    }

    /// Returns how much a gram tells that stands in so many positive phrasings, as if `left_out` phrasings were not there.
    pub fn idf_of(&self, document_frequency: u32, left_out: u32) -> f32 {
        match self.low_idfs.get(document_frequency as usize) {
            Some(idf) if left_out == 0 => *idf,
            _ => idf_of(document_frequency as usize, self.num_phrasings.saturating_sub(left_out as usize)),
        }
    }

    /// Returns the sum of the idf of a phrasing's grams.
    pub fn total_idf(&self, phrasing: &IndexedPhrasing) -> f32 {
        let sum = || phrasing.profile.grams.iter().map(|gram| self.idf(gram.hash)).sum();
        phrasing.total_idf.get_or_compute(self.version, sum)
    }

    /// Returns in how many positive phrasings the gram stands.
    pub fn document_frequency(&self, gram: u64) -> u32 {
        self.document_frequency.get(&gram).copied().unwrap_or(0)
    }
}

const NUM_LOW_IDFS: usize = 512;

fn idf_of(document_frequency: usize, num_phrasings: usize) -> f32 {
    let (df, n) = (document_frequency as f32, num_phrasings as f32);
    (1.0 + (n - df + 0.5) / (df + 0.5)).ln()
}

/// Adds or takes away the grams of an article; returns how many positive phrasings it has.
fn count(frequency: &mut KeyedMap<u64, u32>, article: &IndexedArticle, step: i32) -> usize {
    let mut num = 0;
    for phrasing in article.positives() {
        num += 1;
        let distinct: HashSet<u64> = phrasing.profile.grams.iter().map(|gram| gram.hash).collect();
        for gram in distinct {
            let entry = frequency.entry(gram).or_insert(0);
            *entry = entry.saturating_add_signed(step);
            if *entry == 0 {
                frequency.remove(&gram);
            }
        }
    }
    num
}
