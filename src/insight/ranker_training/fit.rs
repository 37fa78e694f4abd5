//! Fits the ranker's weights: the conditional logit with an outside option, and a weight for each gram that one side
//! holds and the other does not.
//!
//! Maximizes the mean log-likelihood less a ridge, which pulls the weights of features towards a prior. Sums are made in fixed pieces, so that the number of processors
//! changes no bit.

use std::collections::{HashMap, HashSet};

use super::{Candidate, List, Settings, Truth, lbfgs};
use crate::assist::{Features, NUM_FEATURES};

/// Where the constant stands.
pub(super) const BIAS: usize = 0;
const NUM_PIECES: usize = 4;

/// Weights as fitted: not calibrated yet.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Fitted {
    pub weights: Features,
    pub missing_grams: HashMap<u64, f32>,
    pub extra_grams: HashMap<u64, f32>,
}

impl Fitted {
    /// Returns the utility of each candidate.
    pub fn utilities(&self, list: &List) -> Vec<f32> {
        let of = |weights: &HashMap<u64, f32>, grams: &[u64]| -> f32 {
            grams.iter().filter_map(|gram| weights.get(gram)).sum()
        };
        let against = |one: &Candidate| of(&self.missing_grams, &one.missing) + of(&self.extra_grams, &one.extra);
        let utility = |features: &Features| -> f32 { self.weights.iter().zip(features).map(|(w, v)| w * v).sum() };
        list.candidates.iter().map(|one| utility(&one.features) + against(one)).collect()
    }
}

/// A list as the objective reads it: each candidate's numbers, and by which known grams it differs.
struct Row<'a> {
    list: &'a List,
    differing: Vec<Vec<u32>>,
    weight: f64,
}

/// Fits the weights to lists, each with how much it counts.
pub(super) fn fit(lists: &[(&List, f32)], settings: Settings) -> Fitted {
    let missing = frequent_grams(lists, settings.min_gram_lists, |one| &one.missing);
    let extra = frequent_grams(lists, settings.min_gram_lists, |one| &one.extra);
    let places = |grams: &[u64], first: usize| -> HashMap<u64, u32> {
        grams.iter().enumerate().map(|(place, gram)| (*gram, (first + place) as u32)).collect()
    };
    let (of_missing, of_extra) = (places(&missing, 0), places(&extra, missing.len()));
    let total: f64 = lists.iter().map(|(_, weight)| f64::from(*weight)).sum();
    let known = |one: &Candidate| {
        let missing = one.missing.iter().filter_map(|gram| of_missing.get(gram));
        missing.chain(one.extra.iter().filter_map(|gram| of_extra.get(gram))).copied().collect()
    };
    let rows: Vec<Row<'_>> = lists
        .iter()
        .map(|(list, weight)| Row {
            list,
            differing: list.candidates.iter().map(known).collect(),
            weight: f64::from(*weight) / total,
        })
        .collect();
    let ridge_of = |idx: usize| match idx {
        BIAS => 0.0,
        idx if idx < NUM_FEATURES => f64::from(settings.ridge),
        _ => f64::from(settings.gram_ridge),
    };
    let prior = settings.prior.weights();
    let prior_of = |idx: usize| prior.get(idx).map_or(0.0, |weight| f64::from(*weight));
    let num_weights = NUM_FEATURES + missing.len() + extra.len();
    let end = lbfgs::minimize(vec![0.0; num_weights], settings.num_steps, |weights, slope| {
        let mut value = value_and_slope(&rows, weights, slope);
        for (idx, (slope, weight)) in slope.iter_mut().zip(weights).enumerate() {
            let off = weight - prior_of(idx);
            *slope += ridge_of(idx) * off;
            value += 0.5 * ridge_of(idx) * off * off;
        }
        value
    });
    let mut weights = [0.0; NUM_FEATURES];
    weights.iter_mut().zip(&end).for_each(|(weight, end)| *weight = *end as f32);
    let (of_missing, of_extra) = end[NUM_FEATURES..].split_at(missing.len());
    let keyed = |grams: Vec<u64>, weights: &[f64]| {
        grams.into_iter().zip(weights.iter().map(|weight| *weight as f32)).collect::<HashMap<u64, f32>>()
    };
    Fitted { weights, missing_grams: keyed(missing, of_missing), extra_grams: keyed(extra, of_extra) }
}

/// The grams by which some candidate of enough lists differs, in a fixed order.
fn frequent_grams(lists: &[(&List, f32)], min_lists: usize, of: impl Fn(&Candidate) -> &Vec<u64>) -> Vec<u64> {
    let mut counts: HashMap<u64, usize> = HashMap::new();
    for (list, _) in lists {
        let grams: HashSet<u64> = list.candidates.iter().flat_map(|one| of(one).iter().copied()).collect();
        grams.into_iter().for_each(|gram| *counts.entry(gram).or_default() += 1);
    }
    let mut grams: Vec<u64> =
        counts.into_iter().filter(|(_, count)| *count >= min_lists).map(|(gram, _)| gram).collect();
    grams.sort_unstable();
    grams
}

/// The mean surprise of what is right, and its slope.
fn value_and_slope(rows: &[Row<'_>], weights: &[f64], slope: &mut [f64]) -> f64 {
    let size = rows.len().div_ceil(NUM_PIECES).max(1);
    let pieces: Vec<(f64, Vec<f64>)> = std::thread::scope(|scope| {
        let spawned: Vec<_> = rows.chunks(size).map(|rows| scope.spawn(move || piece(rows, weights))).collect();
        spawned.into_iter().map(|thread| thread.join().expect("sums of numbers do not panic")).collect()
    });
    slope.fill(0.0);
    let mut value = 0.0;
    for (part, parts) in pieces {
        value += part;
        slope.iter_mut().zip(parts).for_each(|(slope, part)| *slope += part);
    }
    value
}

fn piece(rows: &[Row<'_>], weights: &[f64]) -> (f64, Vec<f64>) {
    let mut slope = vec![0.0; weights.len()];
    let mut value = 0.0;
    let mut utilities = Vec::new();
    for row in rows {
        utilities.clear();
        utilities.extend(row.list.candidates.iter().zip(&row.differing).map(|(one, differing)| {
            let dense: f64 = one.features.iter().zip(weights).map(|(value, weight)| f64::from(*value) * weight).sum();
            dense + differing.iter().map(|gram| weights[NUM_FEATURES + *gram as usize]).sum::<f64>()
        }));
        value += row.weight * add_surprise(&mut utilities, row.list.truth);
        for ((one, differing), step) in row.list.candidates.iter().zip(&row.differing).zip(&utilities) {
            let step = step * row.weight;
            slope.iter_mut().zip(&one.features).for_each(|(slope, value)| *slope += step * f64::from(*value));
            differing.iter().for_each(|gram| slope[NUM_FEATURES + *gram as usize] += step);
        }
    }
    (value, slope)
}

/// Returns the surprise of the truth, and turns the utilities into its slopes: what is expected less what is right.
fn add_surprise(utilities: &mut [f64], truth: Truth) -> f64 {
    let top = utilities.iter().copied().fold(0.0, f64::max);
    let none = (-top).exp();
    utilities.iter_mut().for_each(|utility| *utility = (*utility - top).exp());
    let total = utilities.iter().sum::<f64>() + none;
    utilities.iter_mut().for_each(|exp| *exp /= total);
    match truth {
        Truth::Candidate(right) => {
            let likelihood = utilities[right];
            utilities[right] -= 1.0;
            -likelihood.max(1e-12).ln()
        }
        Truth::Nothing | Truth::Missed => -(none / total).max(1e-12).ln(),
        Truth::Not(wrong) => {
            let wrong_share = utilities[wrong];
            let rest = (1.0 - wrong_share).max(1e-6);
            // Given that it is another one, each keeps its share of the rest.
            let expected = |place: usize, p: f64| if place == wrong { 0.0 } else { p / rest };
            utilities.iter_mut().enumerate().for_each(|(place, p)| *p -= expected(place, *p));
            -rest.ln()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::insight::ranker_training::Prior;

    fn list(truth: Truth) -> List {
        let candidate = |overlap: f32, missing: &[u64]| {
            let mut features = [0.0; NUM_FEATURES];
            (features[0], features[8]) = (1.0, overlap);
            Candidate { features, missing: missing.to_vec(), extra: Vec::new() }
        };
        List { text: "".into(), candidates: vec![candidate(0.7, &[1]), candidate(0.4, &[1, 2])], truth }
    }

    #[test]
    fn slopes_are_differences_of_values() {
        for truth in [Truth::Candidate(0), Truth::Nothing, Truth::Not(1)] {
            let list = list(truth);
            let rows = [Row { list: &list, differing: vec![vec![0], vec![0, 1]], weight: 1.0 }];
            let weights: Vec<f64> = (0..NUM_FEATURES + 2).map(|idx| (idx as f64 * 0.7).sin()).collect();
            let mut slope = vec![0.0; weights.len()];
            value_and_slope(&rows, &weights, &mut slope);
            for idx in [0, 8, NUM_FEATURES, NUM_FEATURES + 1] {
                let at = |by: f64| {
                    let mut moved = weights.clone();
                    moved[idx] += by;
                    value_and_slope(&rows, &moved, &mut vec![0.0; weights.len()])
                };
                let expected = (at(1e-5) - at(-1e-5)) / 2e-5;
                assert!((slope[idx] - expected).abs() < 1e-6, "{truth:?} {idx}: {} not {expected}", slope[idx]);
            }
        }
    }

    #[test]
    fn a_strong_ridge_keeps_the_prior() {
        let list = list(Truth::Candidate(1));
        let settings = Settings { ridge: 1e3, prior: Prior::Hybrid, ..Settings::default() };
        let fitted = fit(&[(&list, 1.0)], settings);
        let prior = Prior::Hybrid.weights();
        let is_near = |idx: usize| (fitted.weights[idx] - prior[idx]).abs() < 0.01;
        // The constant is free.
        assert!((1..NUM_FEATURES).all(is_near), "{fitted:?}");
        assert!(prior.iter().filter(|weight| **weight != 0.0).count() > 1);
    }

    #[test]
    fn a_gram_that_tells_against_gets_a_weight() {
        let with = |missing: &[u64], extra: &[u64], truth| {
            let features = [1.0; NUM_FEATURES];
            let one = Candidate { features, missing: missing.to_vec(), extra: extra.to_vec() };
            List { text: "".into(), candidates: vec![one], truth }
        };
        let lists: Vec<List> = (0..60)
            .map(|n| match n % 3 {
                0 => with(&[7], &[], Truth::Nothing),
                1 => with(&[], &[7], Truth::Nothing),
                _ => with(&[], &[], Truth::Candidate(0)),
            })
            .collect();
        let weighted: Vec<(&List, f32)> = lists.iter().map(|list| (list, 1.0)).collect();
        let fitted = fit(&weighted, Settings::default());
        assert!(fitted.missing_grams[&7] < -1.0 && fitted.extra_grams[&7] < -1.0, "{fitted:?}");
    }
}
