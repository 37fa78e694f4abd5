//! The large encoder's vectors of a base's phrasings, and how near a message comes to them.
//!
//! Vectors are centered by the mean of the base, for what all phrasings have in common tells nothing: so cosines of
//! unrelated texts lie around zero, whatever the encoder. Must not know how vectors are made or kept. Exact: every
//! phrasing is compared. Invariant: every article of the table
//! that it was built for has the vectors of all its phrasings.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use crate::{
    assist::retrieve::LeftOut,
    domain::{ArticleNo, KeyedMap},
    index::{IndexedArticle, Table},
    model::bert::RoundedVector,
    text::asked_part,
};

/// So many phrasings' worth of the background's mean stands beside a base's own: few phrasings have no mean to speak of.
const BACKGROUND_WEIGHT: f32 = 32.0;
/// Where the number of phrasings has changed by more than this share, the mean is taken anew.
const MEAN_DRIFT: f32 = 0.1;
/// Of how many near phrasings of other articles the crowding is the mean.
const NUM_CROWD: usize = 5;
/// Crowding is told by about so many articles at most: of a large base by every second one, every third…
const CROWD_ARTICLES: usize = 4_096;

/// The vectors of one article, phrasing after phrasing, centered.
#[derive(Debug)]
struct Rows {
    article: Arc<IndexedArticle>,
    vectors: Box<[RoundedVector]>,
}

/// What all phrasings of a base have in common.
#[derive(Debug, Default)]
struct Mean {
    values: Vec<f32>,
    /// Of so many phrasings.
    num_phrasings: usize,
}

/// The vectors of a base's phrasings.
#[derive(Debug, Default)]
pub struct Encoded {
    rows: KeyedMap<ArticleNo, Arc<Rows>>,
    mean: Arc<Mean>,
    /// By article and phrasing: computed where it is first asked for.
    crowding: Mutex<HashMap<(ArticleNo, usize), f32>>,
}

/// How near a message comes to an article.
#[derive(Clone, Debug)]
pub(in crate::assist) struct Near {
    pub article: Arc<IndexedArticle>,
    /// Cosines with the nearest positive phrasing and the next one.
    pub best: f32,
    pub second: Option<f32>,
    /// Which one is nearest.
    pub phrasing_idx: usize,
    /// With the nearest negative question.
    pub negative: Option<f32>,
}

/// How near a message comes to all articles.
#[derive(Clone, Debug, Default)]
pub(in crate::assist) struct Scan {
    /// The nearest first.
    pub near: Vec<Near>,
}

/// Returns what of a phrasing is encoded: courtesy and what it sets aside left out, as of a message.
pub fn encoded_text(normalized: &str) -> std::borrow::Cow<'_, str> {
    asked_part(normalized)
}

impl Encoded {
    /// Builds the vectors of a table. Articles that `known` has are taken over; of the others `find` is asked for each
    /// text, and where it has not all of them there is no result. `background` is the mean of what any base holds.
    pub fn build(
        table: &Table,
        known: Option<&Encoded>,
        background: &[f32],
        mut find: impl FnMut(&str) -> Option<Arc<RoundedVector>>,
    ) -> Option<Self> {
        let known = known.filter(|known| !known.mean.is_stale(table.num_phrasings()));
        let mean = match known {
            Some(known) => Arc::clone(&known.mean),
            None => Arc::new(Mean::of(table, background, &mut find)?),
        };
        let mut rows = KeyedMap::default();
        for article in table.articles() {
            let no = article.article.no;
            let same = known.and_then(|known| known.rows.get(&no)).filter(|rows| Arc::ptr_eq(&rows.article, article));
            let of_article = match same {
                Some(same) => Arc::clone(same),
                None => Arc::new(rows_of(article, &mean, &mut find)?),
            };
            rows.insert(no, of_article);
        }
        Some(Self { rows, mean, crowding: Mutex::default() })
    }

    /// Returns the vectors of a table all of whose articles are here.
    pub(in crate::assist) fn carried(&self, table: &Table) -> Option<Self> {
        Self::build(table, Some(self), &[], |_| None)
    }

    /// Compares a vector with every phrasing that is not left out, of the articles that `keeps` lets through.
    pub(in crate::assist) fn scan(
        &self,
        vector: &RoundedVector,
        left_out: Option<LeftOut>,
        keeps: impl Fn(&IndexedArticle) -> bool,
    ) -> Scan {
        let vector = self.mean.centered(vector);
        let rows = self.rows.values().filter(|rows| left_out != Some(LeftOut::Article(rows.article.article.no)));
        let rows = rows.filter(|rows| keeps(&rows.article));
        let mut near: Vec<Near> = rows.filter_map(|rows| near(rows, &vector, left_out)).collect();
        near.sort_by(|a, b| b.best.total_cmp(&a.best).then_with(|| a.article.article.no.cmp(&b.article.article.no)));
        Scan { near }
    }

    /// Returns how near a phrasing lies to those of other articles, one of them left out.
    pub(super) fn crowding(&self, no: ArticleNo, phrasing_idx: usize, left_out: Option<ArticleNo>) -> f32 {
        if left_out.is_some() {
            return self.compute_crowding(no, phrasing_idx, left_out);
        }
        let memo = || self.crowding.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = memo().get(&(no, phrasing_idx)) {
            return *known;
        }
        let crowding = self.compute_crowding(no, phrasing_idx, None);
        memo().insert((no, phrasing_idx), crowding);
        crowding
    }

    fn compute_crowding(&self, no: ArticleNo, phrasing_idx: usize, left_out: Option<ArticleNo>) -> f32 {
        let Some(own) = self.rows.get(&no).and_then(|rows| rows.vectors.get(phrasing_idx)) else { return 0.0 };
        let mut highest = [0.0f32; NUM_CROWD];
        let step = self.rows.len().div_ceil(CROWD_ARTICLES).max(1);
        for rows in self.rows.values().step_by(step) {
            let other = rows.article.article.no;
            if other == no || Some(other) == left_out {
                continue;
            }
            for vector in rows.vectors.iter().take(rows.article.positives().len()) {
                let cosine = own.cosine(vector);
                let place = highest.partition_point(|known| *known >= cosine);
                if place < NUM_CROWD {
                    highest[place..].rotate_right(1);
                    highest[place] = cosine;
                }
            }
        }
        highest.iter().sum::<f32>() / NUM_CROWD as f32
    }
}

impl Mean {
    /// `None` where a text has no vector.
    fn of(
        table: &Table,
        background: &[f32],
        find: &mut impl FnMut(&str) -> Option<Arc<RoundedVector>>,
    ) -> Option<Self> {
        let mut sum: Vec<f32> = background.iter().map(|value| BACKGROUND_WEIGHT * value).collect();
        for phrasing in table.articles().flat_map(|article| article.positives()) {
            let vector = find(&encoded_text(&phrasing.normalized))?;
            sum.iter_mut().zip(&vector.values).for_each(|(sum, value)| *sum += vector.scale * f32::from(*value));
        }
        let num_phrasings = table.num_phrasings();
        sum.iter_mut().for_each(|value| *value /= BACKGROUND_WEIGHT + num_phrasings as f32);
        Some(Self { values: sum, num_phrasings })
    }

    fn is_stale(&self, num_phrasings: usize) -> bool {
        let drift = num_phrasings.abs_diff(self.num_phrasings) as f32;
        drift > MEAN_DRIFT * (self.num_phrasings as f32 + BACKGROUND_WEIGHT)
    }

    /// Returns the direction of a vector from the mean; of one that is the mean, nothing.
    fn centered(&self, vector: &RoundedVector) -> RoundedVector {
        let values = vector.values.iter().zip(&self.values);
        let mut values: Vec<f32> = values.map(|(value, mean)| vector.scale * f32::from(*value) - mean).collect();
        let length = values.iter().map(|value| value * value).sum::<f32>().sqrt();
        values.iter_mut().for_each(|value| *value = if length > 1e-6 { *value / length } else { 0.0 });
        RoundedVector::of(&values)
    }
}

/// `None` where every positive phrasing is left out.
fn near(rows: &Rows, vector: &RoundedVector, left_out: Option<LeftOut>) -> Option<Near> {
    let no = rows.article.article.no;
    let num_positives = rows.article.positives().len();
    let mut best: Option<(f32, usize)> = None;
    let (mut second, mut negative): (Option<f32>, Option<f32>) = (None, None);
    let is_left = |idx: usize| match left_out {
        Some(LeftOut::Phrasing(article, left)) => article == no && left == idx,
        Some(LeftOut::Negative(article, left)) => article == no && left + num_positives == idx,
        Some(LeftOut::Article(_)) | None => false,
    };
    for (idx, phrasing) in rows.vectors.iter().enumerate().filter(|(idx, _)| !is_left(*idx)) {
        let cosine = vector.cosine(phrasing);
        if idx >= num_positives {
            negative = Some(negative.map_or(cosine, |known| known.max(cosine)));
            continue;
        }
        match best {
            Some((known, _)) if cosine <= known => second = Some(second.map_or(cosine, |known| known.max(cosine))),
            _ => {
                second = best.map(|(known, _)| known);
                best = Some((cosine, idx));
            }
        }
    }
    let (best, phrasing_idx) = best?;
    Some(Near { article: Arc::clone(&rows.article), best, second, phrasing_idx, negative })
}

fn rows_of(
    article: &Arc<IndexedArticle>,
    mean: &Mean,
    find: &mut impl FnMut(&str) -> Option<Arc<RoundedVector>>,
) -> Option<Rows> {
    let mut centered = |text: &str| find(text).map(|vector| mean.centered(&vector));
    let vectors: Option<Box<[RoundedVector]>> =
        article.phrasings.iter().map(|phrasing| centered(&encoded_text(&phrasing.normalized))).collect();
    Some(Rows { article: Arc::clone(article), vectors: vectors? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::index::samples::article;

    fn table() -> Table {
        Table::build([article(1, &["退货", "换货"], &["发货"]), article(2, &["发票"], &[])])
    }

    /// Each character has a direction of its own.
    fn vector(text: &str) -> Arc<RoundedVector> {
        let length = (text.chars().count() as f32).sqrt();
        let of = |character| if text.contains(character) { 1.0 / length } else { 0.0 };
        Arc::new(RoundedVector::of(&"退换发货票".chars().map(of).collect::<Vec<f32>>()))
    }

    const BACKGROUND: [f32; 5] = [0.0; 5];

    fn encoded() -> Encoded {
        Encoded::build(&table(), None, &BACKGROUND, |text| Some(vector(text))).expect("all is known")
    }

    #[test]
    fn phrasings_are_compared_one_by_one() {
        let encoded = encoded();
        let scan = encoded.scan(&vector("换货"), None, |_| true);
        let nos: Vec<u64> = scan.near.iter().map(|near| near.article.article.no.0).collect();
        assert_eq!(nos, [1, 2]);
        let near = &scan.near[0];
        assert!((near.best - 1.0).abs() < 0.01 && near.phrasing_idx == 1, "{near:?}");
        assert!(near.second.is_some_and(|second| (second - 0.5).abs() < 0.1));
        assert!(near.negative.is_some_and(|negative| (negative - 0.5).abs() < 0.1));
        assert!(scan.near[1].best.abs() < 0.1);
        // 发票 is as far from both wordings of the other article.
        assert!((encoded.crowding(ArticleNo(2), 0, None)).abs() < 0.1);
        assert_eq!(encoded.crowding(ArticleNo(2), 0, Some(ArticleNo(1))), 0.0);
    }

    #[test]
    fn what_is_common_to_all_tells_nothing() {
        let common = |text: &str| {
            let own = vector(text);
            let values = own.values.iter().map(|value| 0.3 * own.scale * f32::from(*value)).chain([0.95]);
            Some(Arc::new(RoundedVector::of(&values.collect::<Vec<f32>>())))
        };
        let background = [0.0, 0.0, 0.0, 0.0, 0.0, 0.95];
        let encoded = Encoded::build(&table(), None, &background, common).expect("all is known");
        let scan = encoded.scan(&common("换货").expect("a vector"), None, |_| true);
        assert!(scan.near[0].best > 0.98 && scan.near[1].best < 0.1, "{scan:?}");
    }

    #[test]
    fn what_is_left_out_is_not_seen() {
        let encoded = encoded();
        let without = |left_out| encoded.scan(&vector("换货"), Some(left_out), |_| true).near;
        let near = without(LeftOut::Phrasing(ArticleNo(1), 1));
        assert!(near[0].phrasing_idx == 0 && near[0].second.is_none());
        assert!(without(LeftOut::Negative(ArticleNo(1), 0))[0].negative.is_none());
        assert_eq!(without(LeftOut::Article(ArticleNo(1))).len(), 1);
        assert!(encoded.scan(&vector("换货"), None, |article| article.article.no.0 > 2).near.is_empty());
    }

    #[test]
    fn only_what_is_new_is_asked_for() {
        let table = table();
        assert!(Encoded::build(&table, Some(&encoded()), &BACKGROUND, |_| None).is_none(), "of other articles");
        let first = Encoded::build(&table, None, &BACKGROUND, |text| Some(vector(text)));
        assert!(Encoded::build(&table, first.as_ref(), &BACKGROUND, |_| None).is_some(), "all is taken over");
        assert!(Encoded::build(&table, None, &BACKGROUND, |_| None).is_none(), "nothing is known");
        assert!(Encoded::build(&Table::default(), None, &BACKGROUND, |_| None).is_some(), "nothing is needed");
        let mean = Mean { values: Vec::new(), num_phrasings: 100 };
        assert!(!mean.is_stale(110) && mean.is_stale(120) && mean.is_stale(80));
    }
}
