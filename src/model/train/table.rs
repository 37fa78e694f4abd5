//! Fits the encoder's table to a teacher.
//!
//! The mean of a text's entries should point where the teacher's vector of the whole text points. Start: the teacher's
//! vectors of the entries alone. Fit: least squares over all texts, pulled towards the start (ridge), by conjugate
//! gradients; then together with the layer that weighs entries ([`super::attentive`]), over these texts and others made
//! of them. All vectors are centered by their mean, so that cosines spread, and cut to their main directions. Must not
//! know labels. Invariants: the same texts and teacher give the same table; entries that occur in no text stay at their
//! start.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicUsize, Ordering};

use super::attentive::{self, FitSettings};
use super::recombined::recombined;
use super::teacher::Teacher;
use crate::model::ModelError;
use crate::model::encoder::{Encoder, normalize as to_unit_length};
use crate::model::features::{Input, symbol_key, visit_entries};
use crate::model::vocabulary::Vocabulary;
use crate::text::{Segmenter, grams, normalize};

/// Width of the fitted vectors.
pub const TABLE_WIDTH: usize = 256;
/// How strongly entries are held at their start.
const RIDGE: f32 = 0.05;
/// Vectors of single entries are nearer to one another than those of texts.
const START_GAIN: f32 = 1.5;
/// Texts made of the given ones.
const NUM_RECOMBINED: usize = 160_000;
const RECOMBINED_SEED: u64 = 5;
const NUM_ITERATIONS: usize = 15;
const NUM_POWER_ROUNDS: usize = 12;
/// In so many texts an entry must occur that is not among the given words: rarer ones learn little, and cost their place.
const MIN_SYMBOL_TEXTS: usize = 2;
const MIN_WORD_TEXTS: usize = 4;
const MIN_PAIR_TEXTS: usize = 16;

/// Rows of vectors of one width, one after another.
#[derive(Clone, Debug)]
struct Matrix {
    width: usize,
    values: Vec<f32>,
}

/// Which entries each text has, and what each counts: the rows add up to 1.
struct Incidence {
    texts: Vec<Vec<(u32, f32)>>,
    num_entries: usize,
}

/// What takes the time of fitting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FitStage {
    /// The teacher reads texts.
    Reading,
    /// The table learns, step by step.
    Fitting,
}

/// Fits an encoder to what `teacher` says of `texts`; `words` are further entries, and `progress` is told for each stage
/// what is done and what there is in all, from any thread. Fails where the teacher fails or there is no text.
pub fn fit_encoder(
    teacher: &Teacher,
    texts: &[String],
    words: &[String],
    progress: &(dyn Fn(FitStage, usize, usize) + Sync),
) -> Result<Encoder, ModelError> {
    let texts = distinct(texts.iter().map(|text| normalize(text).as_str().to_owned()));
    if texts.is_empty() {
        return Err(ModelError::TooLittle { reason: "no text to fit the table to".to_owned() });
    }
    let entries = entry_texts(&texts, words);
    let num_texts = texts.len();
    let made = recombined(&texts, words, NUM_RECOMBINED, RECOMBINED_SEED);
    let texts = distinct(texts.into_iter().chain(made));
    let num_total = texts.len() + entries.len();
    let num_done = AtomicUsize::new(0);
    let tell = |more: usize| progress(FitStage::Reading, num_done.fetch_add(more, Ordering::Relaxed) + more, num_total);
    let mut wanted = Matrix::new(teacher.encode(&texts, &tell)?);
    let mut start = Matrix::new(teacher.encode(&entries, &tell)?);
    wanted.center(num_texts);
    start.center(entries.len());
    let axes = main_axes(&wanted.first(num_texts), TABLE_WIDTH.min(wanted.width));
    let (mut wanted, mut start) = (wanted.projected(&axes), start.projected(&axes));
    start.values.iter_mut().for_each(|value| *value *= START_GAIN);
    let vocabulary = Vocabulary::new(entries.iter().map(|entry| symbol_key(entry)).collect());
    let fitted = solve(&Incidence::of(&texts[..num_texts], &vocabulary), &wanted.first(num_texts), start);
    wanted.values.chunks_exact_mut(wanted.width).for_each(|row| _ = to_unit_length(row));
    let start = (vocabulary, &fitted.values[..], fitted.width);
    let tell = |done: usize, total: usize| progress(FitStage::Fitting, done, total);
    attentive::fit(&texts, &wanted.values, start, &FitSettings::default(), &tell)
}

fn distinct(texts: impl Iterator<Item = String>) -> Vec<String> {
    let mut seen = HashSet::new();
    texts.filter(|text| !text.is_empty() && seen.insert(text.clone())).collect()
}

/// Returns the entries: the given words with their characters, then the symbols, words and pairs that enough texts hold.
fn entry_texts(texts: &[String], words: &[String]) -> Vec<String> {
    let segmenter = Segmenter::shared();
    let (mut of_symbols, mut of_words, mut of_pairs) = (HashMap::new(), HashMap::new(), HashMap::new());
    let count = |counts: &mut HashMap<String, usize>, units: HashSet<String>| {
        units.into_iter().for_each(|unit| *counts.entry(unit).or_default() += 1);
    };
    for text in texts {
        count(&mut of_symbols, text.chars().filter(|c| *c != ' ').map(String::from).collect());
        count(&mut of_words, segmenter.words(text).iter().map(|word| word.text(text).to_owned()).collect());
        count(&mut of_pairs, grams(text).map(str::to_owned).collect());
    }
    let mut entries: Vec<String> = words.to_vec();
    entries.extend(words.iter().flat_map(|word| word.chars()).map(String::from));
    let bounds = [(of_symbols, MIN_SYMBOL_TEXTS), (of_words, MIN_WORD_TEXTS), (of_pairs, MIN_PAIR_TEXTS)];
    for (counts, bound) in bounds {
        let mut kept: Vec<String> =
            counts.into_iter().filter(|(_, count)| *count >= bound).map(|(entry, _)| entry).collect();
        kept.sort_unstable();
        entries.extend(kept);
    }
    distinct(entries.into_iter())
}

impl Matrix {
    fn new(rows: Vec<Vec<f32>>) -> Self {
        Self { width: rows.first().map_or(0, Vec::len), values: rows.concat() }
    }

    fn zeros(num_rows: usize, width: usize) -> Self {
        Self { width, values: vec![0.0; num_rows * width] }
    }

    fn rows(&self) -> impl Iterator<Item = &[f32]> {
        self.values.chunks_exact(self.width)
    }

    /// Returns the first rows alone.
    fn first(&self, num_rows: usize) -> Matrix {
        Matrix { width: self.width, values: self.values[..num_rows * self.width].to_vec() }
    }

    /// Takes the mean of the first rows off all.
    fn center(&mut self, num_rows: usize) {
        let mut mean = vec![0.0; self.width];
        self.rows().take(num_rows).for_each(|row| add_scaled(&mut mean, 1.0 / num_rows as f32, row));
        self.values.chunks_exact_mut(self.width).for_each(|row| add_scaled(row, -1.0, &mean));
    }

    fn projected(&self, axes: &Matrix) -> Matrix {
        let values = self.rows().flat_map(|row| axes.rows().map(move |axis| dot(row, axis))).collect();
        Matrix { width: axes.values.len() / axes.width, values }
    }
}

/// Returns orthonormal rows that span the main directions of `data`, by subspace iteration on its covariance.
fn main_axes(data: &Matrix, num_axes: usize) -> Matrix {
    let width = data.width;
    let mut covariance = Matrix::zeros(width, width);
    for row in data.rows() {
        for (value, sum) in row.iter().zip(covariance.values.chunks_exact_mut(width)) {
            add_scaled(sum, *value, row);
        }
    }
    let mut rng = fastrand::Rng::with_seed(1);
    let mut axes = Matrix { width, values: (0..num_axes * width).map(|_| rng.f32() - 0.5).collect() };
    for _ in 0..NUM_POWER_ROUNDS {
        // The covariance is symmetric: its rows are its columns.
        axes = Matrix { width, values: axes.projected(&covariance).values };
        orthonormalize(&mut axes);
    }
    axes
}

/// Gram-Schmidt, row by row.
fn orthonormalize(axes: &mut Matrix) {
    let width = axes.width;
    for at in 0..axes.values.len() / width {
        let (done, rest) = axes.values.split_at_mut(at * width);
        let row = &mut rest[..width];
        to_unit_length(row);
        for axis in done.chunks_exact(width) {
            let share = dot(row, axis);
            add_scaled(row, -share, axis);
        }
        to_unit_length(row);
    }
}

impl Incidence {
    fn of(texts: &[String], vocabulary: &Vocabulary) -> Self {
        let segmenter = Segmenter::shared();
        let rows_of = |text: &String| {
            let words = segmenter.words(text);
            let mut rows = Vec::new();
            visit_entries(Input { text, words: &words }, |key, _| rows.extend(vocabulary.lookup(key)));
            let share = 1.0 / rows.len().max(1) as f32;
            rows.into_iter().map(|row| (row as u32, share)).collect()
        };
        Self { texts: texts.iter().map(rows_of).collect(), num_entries: vocabulary.len() }
    }

    /// Returns the mean of each text's entries.
    fn means(&self, table: &Matrix) -> Matrix {
        let mut means = Matrix::zeros(self.texts.len(), table.width);
        for (entries, mean) in self.texts.iter().zip(means.values.chunks_exact_mut(table.width)) {
            for (entry, share) in entries {
                let at = *entry as usize * table.width;
                add_scaled(mean, *share, &table.values[at..at + table.width]);
            }
        }
        means
    }

    /// Returns for each entry the sum over its texts.
    fn sums(&self, per_text: &Matrix) -> Matrix {
        let width = per_text.width;
        let mut sums = Matrix::zeros(self.num_entries, width);
        for (entries, row) in self.texts.iter().zip(per_text.rows()) {
            for (entry, share) in entries {
                let at = *entry as usize * width;
                add_scaled(&mut sums.values[at..at + width], *share, row);
            }
        }
        sums
    }
}

/// Minimizes |A·T − wanted|² + ridge·|T − start|² over the table T, each column by itself (Hestenes and Stiefel, 1952).
fn solve(incidence: &Incidence, wanted: &Matrix, start: Matrix) -> Matrix {
    let width = start.width;
    let mut table = start;
    let mut misses = incidence.means(&table);
    misses.values.iter_mut().zip(&wanted.values).for_each(|(mean, wanted)| *mean = wanted - *mean);
    let mut residual = incidence.sums(&misses);
    let mut direction = residual.clone();
    let mut norms = column_dots(&residual, &residual);
    for _ in 0..NUM_ITERATIONS {
        let mut image = incidence.sums(&incidence.means(&direction));
        add_scaled(&mut image.values, RIDGE, &direction.values);
        let curvatures = column_dots(&direction, &image);
        let steps: Vec<f32> = norms.iter().zip(&curvatures).map(|(norm, curve)| norm / curve.max(1e-12)).collect();
        add_columns(&mut table.values, &steps, &direction.values);
        let back: Vec<f32> = steps.iter().map(|step| -step).collect();
        add_columns(&mut residual.values, &back, &image.values);
        let new_norms = column_dots(&residual, &residual);
        let shares: Vec<f32> = new_norms.iter().zip(&norms).map(|(new, old)| new / old.max(1e-12)).collect();
        let rows = direction.values.chunks_exact_mut(width).zip(residual.rows());
        for (direction, residual) in rows {
            let places = direction.iter_mut().zip(residual).zip(&shares);
            places.for_each(|((direction, residual), share)| *direction = residual + share * *direction);
        }
        norms = new_norms;
    }
    table
}

fn column_dots(a: &Matrix, b: &Matrix) -> Vec<f32> {
    let mut dots = vec![0.0; a.width];
    for (a, b) in a.rows().zip(b.rows()) {
        dots.iter_mut().zip(a).zip(b).for_each(|((dot, a), b)| *dot += a * b);
    }
    dots
}

fn add_columns(rows: &mut [f32], factors: &[f32], addends: &[f32]) {
    for (row, addend) in rows.chunks_exact_mut(factors.len()).zip(addends.chunks_exact(factors.len())) {
        row.iter_mut().zip(factors).zip(addend).for_each(|((value, factor), addend)| *value += factor * addend);
    }
}

fn add_scaled(sum: &mut [f32], factor: f32, values: &[f32]) {
    sum.iter_mut().zip(values).for_each(|(sum, value)| *sum += factor * value);
}

fn dot(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn means_reach_what_is_wanted() {
        let mut rng = fastrand::Rng::with_seed(9);
        let mut random =
            |num_rows: usize| Matrix { width: 4, values: (0..num_rows * 4).map(|_| rng.f32() - 0.5).collect() };
        let (hidden, start) = (random(12), random(12));
        let texts = (0..60).map(|i| vec![(i % 12, 0.5), ((i * 7 + i / 12) % 12, 0.5)]).collect();
        let incidence = Incidence { texts, num_entries: 12 };
        let wanted = incidence.means(&hidden);
        let miss = |table: &Matrix| -> f32 {
            let means = incidence.means(table);
            means.values.iter().zip(&wanted.values).map(|(a, b)| (a - b).powi(2)).sum()
        };
        let before = miss(&start);
        let after = miss(&solve(&incidence, &wanted, start));
        assert!(after < before * 0.01, "{after} of {before}");
    }

    #[test]
    fn axes_are_orthonormal_and_hold_the_main_direction() {
        let mut rng = fastrand::Rng::with_seed(3);
        let values = (0..200).flat_map(|_| {
            let main = rng.f32() * 8.0 - 4.0;
            [main, main + rng.f32() * 0.1, rng.f32() * 0.1]
        });
        let mut data = Matrix { width: 3, values: values.collect() };
        data.center(200);
        let axes = main_axes(&data, 2);
        let [first, second] = [&axes.values[..3], &axes.values[3..]];
        assert!((dot(first, first) - 1.0).abs() < 1e-4 && dot(first, second).abs() < 1e-3);
        assert!((first[0].abs() - 0.5f32.sqrt()).abs() < 0.02, "{first:?}");
    }

    #[test]
    fn entries_are_symbols_words_and_given_words() {
        let texts: Vec<String> =
            (0..MIN_WORD_TEXTS).map(|idx| format!("退货a1{}", ["甲", "乙", "丙", "丁"][idx])).collect();
        let entries = entry_texts(&texts, &["起诉".to_owned()]);
        let is_entry = |entry: &str| entries.iter().any(|known| known == entry);
        for entry in ["退", "货", "退货", "a1", "起诉", "诉"] {
            assert!(is_entry(entry), "{entry} in {entries:?}");
        }
        assert!(!is_entry("甲"), "one text is too few");
    }
}
