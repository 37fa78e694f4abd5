//! The vectors of a base's phrasings, and how near a message's vector is to them.
//!
//! Kept beside the snapshot, for the index knows no model. Exact: an article that was found is compared by each of its
//! phrasings.

use std::sync::Arc;

use super::{
    features::Cosines,
    retrieve::{Found, LeftOut},
};
use crate::{
    domain::{ArticleNo, KeyedMap},
    index::{IndexedArticle, Table},
    model::{Bundle, Input, products::dot},
    text::{AskedText, normalize},
};

/// The vectors of one article, in eight bits: a row for the answer, then one for each positive and each negative phrasing.
struct Rows {
    article: Arc<IndexedArticle>,
    values: Box<[i8]>,
}

/// The vectors of a base's phrasings.
pub struct Vectors {
    num_dims: usize,
    rows: KeyedMap<ArticleNo, Arc<Rows>>,
}

/// One step of the eight-bit values: unit vectors of some hundred dimensions stay within ±0.5.
const STEP: f32 = 0.5 / 127.0;

impl Vectors {
    /// Computes the vectors of every article; those of articles that `known` has are taken over. `None` where the bundle
    /// has no encoder.
    pub fn build(bundle: &Bundle, table: &Table, known: Option<&Vectors>) -> Option<Self> {
        let num_dims = Some(bundle.encoder().width()).filter(|width| *width > 0)?;
        let rows = table.articles().map(|article| {
            let no = article.article.no;
            let same = known.and_then(|known| known.rows.get(&no)).filter(|rows| Arc::ptr_eq(&rows.article, article));
            (no, same.map_or_else(|| Arc::new(rows_of(bundle, article)), Arc::clone))
        });
        Some(Self { num_dims, rows: rows.collect() })
    }

    /// Returns the highest cosines between a unit vector and the phrasings of an article that are not left out, and that
    /// of its answer; zeros for an article without.
    pub fn cosines(&self, found: &Found, vector: &[i8], left_out: Option<LeftOut>) -> Cosines {
        let no = found.article.article.no;
        let Some(rows) = self.rows.get(&no) else { return Cosines::default() };
        let num_positives = found.article.positives().len();
        let mut cosines = Cosines { best: -1.0, second: -1.0, ..Cosines::default() };
        let mut rows = rows.values.chunks_exact(self.num_dims).map(|row| dot(row, vector) as f32 * STEP * STEP);
        // The answer's row comes first.
        cosines.answer = rows.next().unwrap_or(0.0);
        let is_left = |idx: usize| match left_out {
            Some(LeftOut::Phrasing(article, left)) => article == no && left == idx,
            Some(LeftOut::Negative(article, left)) => article == no && left + num_positives == idx,
            Some(LeftOut::Article(_)) | None => false,
        };
        for (idx, cosine) in rows.enumerate().filter(|(idx, _)| !is_left(*idx)) {
            if idx >= num_positives {
                if cosines.nearest_negative.is_none() || cosine > cosines.negative {
                    cosines.nearest_negative = Some(idx - num_positives);
                    cosines.negative = cosine;
                }
            } else if cosine > cosines.best {
                cosines.second = cosines.best;
                cosines.best = cosine;
            } else if cosine > cosines.second {
                cosines.second = cosine;
            }
        }
        cosines.best = cosines.best.max(0.0);
        cosines.second = cosines.second.max(0.0);
        cosines.negative = cosines.negative.max(0.0);
        cosines
    }
}

/// Returns the unit vector, in eight bits, of what a text asks; zeros where nothing of it is known.
pub fn vector_of(bundle: &Bundle, text: &AskedText<'_>) -> Vec<i8> {
    let vector = bundle.embed(Input { text: &text.asked, words: &text.words });
    vector.map_or_else(|| vec![0; bundle.encoder().width()], |vector| quantized(&vector).collect())
}

fn rows_of(bundle: &Bundle, article: &Arc<IndexedArticle>) -> Rows {
    let answer = normalize(&article.article.answers.im);
    let wordings = article.phrasings.iter().map(|phrasing| &*phrasing.normalized);
    let texts = std::iter::once(answer.as_str()).chain(wordings);
    let values = texts.flat_map(|text| vector_of(bundle, &AskedText::read(text))).collect();
    Rows { article: Arc::clone(article), values }
}

/// Rounds the values of a unit vector to eight bits.
fn quantized(vector: &[f32]) -> impl Iterator<Item = i8> + '_ {
    vector.iter().map(|value| (value / STEP).round().clamp(-127.0, 127.0) as i8)
}

#[cfg(test)]
mod tests {
    use super::*;

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
