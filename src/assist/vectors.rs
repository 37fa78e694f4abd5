//! The vectors of a base's phrasings, and how near a message's vector is to them.
//!
//! Kept beside the snapshot, for the index knows no model. Exact: an article that was found is compared by each of its
//! phrasings, and a base that is not large is looked through whole. Invariant: a base of the same content and numbers gives
//! the same cosines and the same crowding, however it came to be.

use std::sync::Arc;

use super::{
    features::Cosines,
    retrieve::{Found, LeftOut},
};
use crate::{
    domain::{ArticleNo, KeyedMap},
    index::{IndexedArticle, Table},
    model::{
        Bundle, Input,
        products::{dot, dots},
    },
    text::{AskedText, normalize},
};

/// The vectors of one article, in eight bits: a row for the answer, then one for each positive and each negative phrasing.
struct Rows {
    article: Arc<IndexedArticle>,
    values: Box<[i8]>,
}

impl Rows {
    /// Lists the rows of the positive phrasings.
    fn positives(&self, num_dims: usize) -> impl Iterator<Item = &[i8]> {
        self.values.chunks_exact(num_dims).skip(1).take(self.article.positives().len())
    }

    fn no(&self) -> ArticleNo {
        self.article.article.no
    }
}

/// An article as it stands among the others.
struct Entry {
    rows: Arc<Rows>,
    /// Of each positive phrasing, how near it lies to those of other articles.
    crowding: Box<[f32]>,
}

/// The vectors of a base's phrasings.
pub struct Vectors {
    num_dims: usize,
    entries: KeyedMap<ArticleNo, Arc<Entry>>,
    /// Some articles, whose first phrasings tell where it is crowded: always the same ones of the same base.
    sample: Vec<Arc<Rows>>,
    num_phrasings: usize,
}

/// One step of the eight-bit values: unit vectors of some hundred dimensions stay within ±0.5.
const STEP: f32 = 0.5 / 127.0;
/// So many articles tell where it is crowded; more tell no better.
const SAMPLE_ARTICLES: usize = 256;
/// Of so many near phrasings of the sample the crowding is the mean.
const NUM_CROWD: usize = 4;
/// A base of more phrasings is not looked through for the nearest: its index finds enough.
const SEARCHED_PHRASINGS: usize = 4_096;
/// What is farther away has nothing in common with the message.
const LEAST_NEARNESS: f32 = 0.3;

impl Vectors {
    /// Computes the vectors of every article; those of articles that `known` has are taken over. `None` where the bundle
    /// has no encoder.
    pub fn build(bundle: &Bundle, table: &Table, known: Option<&Vectors>) -> Option<Self> {
        let num_dims = Some(bundle.encoder().width()).filter(|width| *width > 0)?;
        let vector_of = |normalized: &str| vector_of(bundle, &AskedText::read(normalized));
        Some(Self::of(num_dims, table, known, vector_of))
    }

    fn of(num_dims: usize, table: &Table, known: Option<&Vectors>, vector_of: impl Fn(&str) -> Vec<i8>) -> Self {
        let same = |article: &Arc<IndexedArticle>| {
            let known = known?.entries.get(&article.article.no)?;
            Arc::ptr_eq(&known.rows.article, article).then_some(known)
        };
        let rows = |article: &Arc<IndexedArticle>| match same(article) {
            Some(known) => Arc::clone(&known.rows),
            None => Arc::new(rows_of(article, &vector_of)),
        };
        let sample: Vec<Arc<Rows>> = sampled(table).into_iter().map(rows).collect();
        let is_same_sample = known.is_some_and(|known| {
            known.sample.len() == sample.len() && known.sample.iter().zip(&sample).all(|(a, b)| Arc::ptr_eq(a, b))
        });
        let in_sample: KeyedMap<ArticleNo, &Arc<Rows>> = sample.iter().map(|rows| (rows.no(), rows)).collect();
        let entry = |article: &Arc<IndexedArticle>| {
            if let Some(known) = same(article).filter(|_| is_same_sample) {
                return Arc::clone(known);
            }
            let rows = in_sample.get(&article.article.no).map_or_else(|| rows(article), |rows| Arc::clone(rows));
            let crowding =
                rows.positives(num_dims).map(|row| crowding(row, rows.no(), &sample, num_dims, None)).collect();
            Arc::new(Entry { rows, crowding })
        };
        let entries = table.articles().map(|article| (article.article.no, entry(article))).collect();
        Self { num_dims, entries, num_phrasings: table.num_phrasings(), sample }
    }

    /// Returns the highest cosines between a unit vector and the phrasings of an article that are not left out, and that
    /// of its answer; zeros for an article without.
    pub fn cosines(&self, found: &Found, vector: &[i8], left_out: Option<LeftOut>) -> Cosines {
        let no = found.article.article.no;
        let Some(entry) = self.entries.get(&no) else { return Cosines::default() };
        let num_positives = found.article.positives().len();
        let mut cosines = Cosines { best: -1.0, second: -1.0, ..Cosines::default() };
        let mut rows = entry.rows.values.chunks_exact(self.num_dims).map(|row| cosine(row, vector));
        // The answer's row comes first.
        cosines.answer = rows.next().unwrap_or(0.0);
        let mut nearest = None;
        for (idx, cosine) in rows.enumerate().filter(|(idx, _)| !is_left(left_out, no, num_positives, *idx)) {
            if idx >= num_positives {
                if cosines.nearest_negative.is_none() || cosine > cosines.negative {
                    cosines.nearest_negative = Some(idx - num_positives);
                    cosines.negative = cosine;
                }
            } else if cosine > cosines.best {
                cosines.second = cosines.best;
                cosines.best = cosine;
                nearest = Some(idx);
            } else if cosine > cosines.second {
                cosines.second = cosine;
            }
        }
        cosines.best = cosines.best.max(0.0);
        cosines.second = cosines.second.max(0.0);
        cosines.negative = cosines.negative.max(0.0);
        cosines.crowding = nearest.map_or(0.0, |idx| self.crowding(entry, idx, left_out));
        cosines
    }

    /// Finds the articles that `shows` lets through and whose phrasings are nearest to a unit vector, at most `limit`, the
    /// nearest first, each with its nearest phrasings; none in a base that is too large to be looked through.
    pub fn nearest(
        &self,
        vector: &[i8],
        left_out: Option<LeftOut>,
        (limit, num_phrasings): (usize, usize),
        shows: impl Fn(&IndexedArticle) -> bool,
    ) -> Vec<Found> {
        if self.num_phrasings > SEARCHED_PHRASINGS || limit == 0 {
            return Vec::new();
        }
        let mut best: Vec<(f32, &Entry)> = Vec::with_capacity(limit + 1);
        for entry in self.entries.values() {
            let near = self.nearness(entry, vector, left_out);
            // Equal ones stand in the order of their numbers, whatever that of the map.
            let goes_before = |(other, than): &(f32, &Entry)| (near, than.rows.no()) > (*other, entry.rows.no());
            let is_better = best.len() < limit || best.last().is_some_and(goes_before);
            if near >= LEAST_NEARNESS && is_better && shows(&entry.rows.article) {
                let place = best.iter().position(goes_before).unwrap_or(best.len());
                best.insert(place, (near, entry));
                best.truncate(limit);
            }
        }
        let found = best.into_iter().map(|(_, entry)| {
            let mut phrasings: Vec<(usize, f32)> = self.positives(entry, vector, left_out).collect();
            phrasings.sort_by(|a, b| b.1.total_cmp(&a.1));
            // The index says nothing of them.
            let phrasings = phrasings.into_iter().take(num_phrasings).map(|(idx, _)| (idx, 0.0)).collect();
            Found { article: Arc::clone(&entry.rows.article), phrasings }
        });
        found.collect()
    }

    /// Returns the highest cosine of an article's positive phrasings.
    fn nearness(&self, entry: &Entry, vector: &[i8], left_out: Option<LeftOut>) -> f32 {
        if left_out.is_some() {
            return self.positives(entry, vector, left_out).map(|(_, cosine)| cosine).fold(0.0, f32::max);
        }
        let mut highest = 0;
        dots(vector, entry.rows.positives(self.num_dims), |product| highest = highest.max(product));
        highest as f32 * STEP * STEP
    }

    /// Lists the cosines of an article's positive phrasings that are not left out.
    fn positives(&self, entry: &Entry, vector: &[i8], left_out: Option<LeftOut>) -> impl Iterator<Item = (usize, f32)> {
        let no = entry.rows.no();
        let num_positives = entry.rows.article.positives().len();
        let is_kept =
            move |idx: usize| left_out != Some(LeftOut::Article(no)) && !is_left(left_out, no, num_positives, idx);
        let rows = entry.rows.positives(self.num_dims).enumerate().filter(move |(idx, _)| is_kept(*idx));
        rows.map(move |(idx, row)| (idx, cosine(row, vector)))
    }

    fn crowding(&self, entry: &Entry, idx: usize, left_out: Option<LeftOut>) -> f32 {
        let row = || entry.rows.positives(self.num_dims).nth(idx);
        match left_out {
            // An article that is not there crowds nobody.
            Some(LeftOut::Article(left)) if self.sample.iter().any(|rows| rows.no() == left) => {
                row().map_or(0.0, |row| crowding(row, entry.rows.no(), &self.sample, self.num_dims, Some(left)))
            }
            _ => entry.crowding.get(idx).copied().unwrap_or(0.0),
        }
    }
}

/// Chooses the articles that tell where it is crowded, by their numbers alone.
fn sampled(table: &Table) -> Vec<&Arc<IndexedArticle>> {
    let spread = |article: &&Arc<IndexedArticle>| article.article.no.0.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mut articles: Vec<&Arc<IndexedArticle>> = table.articles().collect();
    if articles.len() > SAMPLE_ARTICLES {
        // An odd factor gives every number another place.
        articles.select_nth_unstable_by_key(SAMPLE_ARTICLES, spread);
        articles.truncate(SAMPLE_ARTICLES);
    }
    articles.sort_unstable_by_key(spread);
    articles
}

/// The mean of the highest cosines between a phrasing of an article and the first phrasings of other ones.
fn crowding(row: &[i8], no: ArticleNo, sample: &[Arc<Rows>], num_dims: usize, left: Option<ArticleNo>) -> f32 {
    let others = sample.iter().filter(|rows| rows.no() != no && Some(rows.no()) != left);
    let mut highest = [0.0f32; NUM_CROWD];
    for cosine in others.filter_map(|rows| rows.positives(num_dims).next()).map(|other| cosine(row, other)) {
        if cosine > highest[NUM_CROWD - 1] {
            let place = highest.iter().position(|known| cosine > *known).unwrap_or(NUM_CROWD - 1);
            highest[place..].rotate_right(1);
            highest[place] = cosine;
        }
    }
    highest.iter().sum::<f32>() / NUM_CROWD as f32
}

fn cosine(a: &[i8], b: &[i8]) -> f32 {
    dot(a, b) as f32 * STEP * STEP
}

/// Tells whether a phrasing of an article is left out; the positive ones come first.
fn is_left(left_out: Option<LeftOut>, no: ArticleNo, num_positives: usize, idx: usize) -> bool {
    match left_out {
        Some(LeftOut::Phrasing(article, left)) => article == no && left == idx,
        Some(LeftOut::Negative(article, left)) => article == no && left + num_positives == idx,
        Some(LeftOut::Article(_)) | None => false,
    }
}

/// Returns the unit vector, in eight bits, of what a text asks; zeros where nothing of it is known.
pub fn vector_of(bundle: &Bundle, text: &AskedText<'_>) -> Vec<i8> {
    let vector = bundle.embed(Input { text: &text.asked, words: &text.words });
    vector.map_or_else(|| vec![0; bundle.encoder().width()], |vector| quantized(&vector).collect())
}

fn rows_of(article: &Arc<IndexedArticle>, vector_of: impl Fn(&str) -> Vec<i8>) -> Rows {
    let answer = normalize(&article.article.answers.im);
    let wordings = article.phrasings.iter().map(|phrasing| &*phrasing.normalized);
    let texts = std::iter::once(answer.as_str()).chain(wordings);
    let values = texts.flat_map(vector_of).collect();
    Rows { article: Arc::clone(article), values }
}

/// Rounds the values of a unit vector to eight bits.
fn quantized(vector: &[f32]) -> impl Iterator<Item = i8> + '_ {
    vector.iter().map(|value| (value / STEP).round().clamp(-127.0, 127.0) as i8)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::index::samples;

    fn article(no: u64, wordings: &[&str]) -> Arc<IndexedArticle> {
        samples::article(no, wordings, &["绝不相干"])
    }

    /// Each character has four dimensions of its own, for no value goes beyond a half.
    fn vector(text: &str) -> Vec<i8> {
        let length = (text.chars().count().max(1) as f32).sqrt();
        let of = |character| if text.contains(character) { 0.5 / length } else { 0.0 };
        let values = "退换发货票款".chars().flat_map(|character| [of(character); 4]);
        quantized(&values.collect::<Vec<f32>>()).collect()
    }

    fn vectors(articles: &[Arc<IndexedArticle>], known: Option<&Vectors>) -> Vectors {
        Vectors::of(24, &Table::build(articles.iter().cloned()), known, vector)
    }

    fn shop() -> Vec<Arc<IndexedArticle>> {
        vec![article(1, &["退货", "换货"]), article(2, &["发票"]), article(3, &["退款"]), article(4, &["发货"])]
    }

    /// The articles nearest to a text with the place of the nearest phrasing.
    fn nearest(
        vectors: &Vectors,
        text: &str,
        left_out: Option<LeftOut>,
        shows: impl Fn(u64) -> bool,
    ) -> Vec<(u64, usize)> {
        let found = vectors.nearest(&vector(text), left_out, (2, 3), |article| shows(article.article.no.0));
        found.iter().map(|found| (found.article.article.no.0, found.phrasings[0].0)).collect()
    }

    #[test]
    fn the_nearest_articles_come_first_and_equal_ones_by_number() {
        let vectors = vectors(&shop(), None);
        assert_eq!(nearest(&vectors, "换货", None, |_| true), [(1, 1), (4, 0)]);
        assert_eq!(nearest(&vectors, "退", None, |_| true), [(1, 0), (3, 0)]);
        assert_eq!(nearest(&vectors, "换货", None, |no| no != 1), [(4, 0)]);
        assert_eq!(nearest(&vectors, "换货", Some(LeftOut::Article(ArticleNo(1))), |_| true), [(4, 0)]);
        assert_eq!(nearest(&vectors, "换货", Some(LeftOut::Phrasing(ArticleNo(1), 1)), |_| true), [(1, 0), (4, 0)]);
        assert!(nearest(&vectors, "无", None, |_| true).is_empty());
    }

    #[test]
    fn what_lies_among_others_is_crowded() {
        let vectors = vectors(&shop(), None);
        let crowding =
            |no: u64, idx: usize, left_out| vectors.crowding(&vectors.entries[&ArticleNo(no)], idx, left_out);
        // 退货 shares a character with two other articles, 换货 with one, 发票 with one.
        assert!(crowding(1, 0, None) > crowding(1, 1, None) && crowding(1, 1, None) > 0.0);
        let without = Some(LeftOut::Article(ArticleNo(4)));
        assert_eq!(crowding(2, 0, without), 0.0);
        assert!(crowding(1, 0, without) < crowding(1, 0, None));
    }

    #[test]
    fn how_a_base_came_to_be_changes_nothing() {
        let many = |changed: u64| -> Vec<Arc<IndexedArticle>> {
            let wording = |no: u64| {
                if no == changed { "换票" } else { ["退货", "换货", "发票", "退款"][no as usize % 4] }
            };
            (0..600).map(|no| article(no, &[wording(no)])).collect()
        };
        let first = vectors(&many(600), None);
        assert_eq!(first.sample.len(), SAMPLE_ARTICLES);
        for changed in 0..40 {
            let fresh = vectors(&many(changed), None);
            let followed = vectors(&many(changed), Some(&first));
            for (no, entry) in &fresh.entries {
                assert_eq!(entry.crowding, followed.entries[no].crowding, "{changed}");
            }
        }
    }

    #[test]
    fn eight_bits_keep_the_cosine() {
        let mut rng = fastrand::Rng::with_seed(8);
        let mut unit = || -> Vec<f32> {
            let raw: Vec<f32> = (0..256).map(|_| rng.f32() - 0.5).collect();
            let norm = raw.iter().map(|value| value * value).sum::<f32>().sqrt();
            raw.into_iter().map(|value| value / norm).collect()
        };
        let (a, b) = (unit(), unit());
        let want: f32 = a.iter().zip(&b).map(|(a, b)| a * b).sum();
        let rows: [Vec<i8>; 2] = [quantized(&a).collect(), quantized(&b).collect()];
        assert!((dot(&rows[0], &rows[1]) as f32 * STEP * STEP - want).abs() < 0.005);
    }
}
