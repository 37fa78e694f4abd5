//! Trains the ranker on the questions that knowledge bases hold themselves.
//!
//! Lists, not pairs: each positive phrasing is asked with itself left out (its article is right), with its article left
//! out (nothing is right), and each negative question is asked (anything but its article is right). The lists come out
//! of the retrieval that serves. For bases of one wording an article, the same questions are asked of a base that holds
//! the standard questions only.
//!
//! An editor's wordings are made to differ, so a base's own questions are harder than a customer's, and teach too little
//! confidence. Questions as customers type them, each with its article or none, join them, and alone set how sure the
//! ranker is: utilities are scaled and shifted, and thresholds chosen, on customers' questions that the weights have not
//! seen. Pairs that share their words and want opposite things only teach to tell them apart. Lists come in parts, which are left out one after another: whole bases, or shares of the questions of all.
//! Weights maximize the mean log-likelihood of a conditional logit with an outside option, less a ridge.

mod calibrate;
mod fit;
mod lbfgs;
mod questions;
mod second;
mod wordings;

use std::collections::{BTreeMap, HashMap};

pub use self::questions::{
    OwnQuestion, Place, customer_lists, lists, own_questions, second_customer_lists, second_lists,
};
pub use self::second::{SecondList, SecondPart, train_second};
pub use self::wordings::wordings;
use self::{
    calibrate::{Outcome, fit_calibration, outcomes, threshold_for},
    fit::{BIAS, fit},
};
use crate::{
    assist::{
        BM25, COSINE, CROWDING, EXTRA_GRAMS, Features, GramWeights, LIKE_OVERLAP, MISSING_GRAMS, NUM_FEATURES, Weights,
    },
    model::measures::ece,
    text::{gram_hash, grams},
};

/// One asked question with its candidates.
#[derive(Clone, Debug)]
pub struct List {
    /// The question as it is compared: normalized, courtesy left out, synonyms folded.
    pub text: Box<str>,
    pub candidates: Vec<Candidate>,
    pub truth: Truth,
}

/// An article that the question found.
#[derive(Clone, Debug)]
pub struct Candidate {
    pub features: Features,
    /// The question's grams that the article does not hold.
    pub missing: Vec<u64>,
    /// The grams of the phrasing compared that the question does not hold.
    pub extra: Vec<u64>,
}

/// What is right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Truth {
    /// The candidate at this place.
    Candidate(usize),
    /// None of them, and no article of the base.
    Nothing,
    /// None of them: the right article was not found.
    Missed,
    /// Anything but the candidate at this place, nothing included.
    Not(usize),
}

/// What the weights of features are before anything is learned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Prior {
    /// Nothing is known.
    Zero,
    /// The sum of three measures that hold in every business, BM25, the cosine of the vectors and what is said in like words,
    /// less what comes near to everything.
    Hybrid,
}

/// Of the hybrid: the vectors weigh most; between half and twice of each, what comes first changes little.
const HYBRID: [(usize, f32); 5] = [(BIAS, -7.0), (BM25, 6.0), (COSINE, 11.0), (LIKE_OVERLAP, 4.0), (CROWDING, -3.0)];

impl Prior {
    /// Returns the weights.
    pub fn weights(self) -> Features {
        let mut weights = [0.0; NUM_FEATURES];
        if self == Self::Hybrid {
            HYBRID.into_iter().for_each(|(feature, weight)| weights[feature] = weight);
        }
        weights
    }
}

/// How to train.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Of the search for the best weights, at most.
    pub num_steps: usize,
    /// The ridge on how far the weights of features are from the prior, but for the bias.
    pub ridge: f32,
    pub prior: Prior,
    /// The ridge on the weights of grams.
    pub gram_ridge: f32,
    /// In how many lists a gram must be asked for to get a weight.
    pub min_gram_lists: usize,
    /// How much a negative question counts beside another one of the base's own: it says less, and is rarer.
    pub negative_weight: f32,
    /// How much a customer's question counts beside one of the base's own.
    pub customer_weight: f32,
    /// Likewise one that shares its words with its opposite.
    pub opposite_weight: f32,
    /// The share of questions that no article answers, as the thresholds assume it.
    pub unanswerable_share: f32,
    /// The share of answers that must be right at the answer threshold.
    pub precision: f32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            num_steps: 80,
            ridge: 1e-3,
            prior: Prior::Zero,
            gram_ridge: 3e-4,
            min_gram_lists: 3,
            negative_weight: 3.0,
            customer_weight: 7.0,
            opposite_weight: 7.0,
            unanswerable_share: 0.25,
            // Customers' questions that teach are written to be hard; what is really asked comes out better.
            precision: 0.955,
        }
    }
}

impl Settings {
    /// For bases of one wording an article, which are foreign to the program: what was learned of the demo bases' businesses
    /// must not outweigh what holds in all.
    pub fn sparse() -> Self {
        Self { ridge: 2e-2, prior: Prior::Hybrid, gram_ridge: 1.0, precision: 0.955, ..Self::default() }
    }
}

/// Trained weights with how well they did on parts left out of the training.
#[derive(Clone, Debug)]
pub struct TrainedWeights {
    pub weights: Weights,
    /// What each gram of a question tells against an article without it.
    pub missing_grams: HashMap<u64, f32>,
    /// What each gram of a phrasing tells against it where the question lacks it.
    pub extra_grams: HashMap<u64, f32>,
    /// What utilities were divided by, and what was added then; folded into the weights.
    pub temperature: f32,
    pub shift: f32,
    /// Expected calibration error of the first candidate over customers' questions left out.
    pub ece: f64,
    pub num_lists: usize,
    /// Of answerable lists left out, the share whose first candidate is right.
    pub recall_at_1: f32,
    /// At the answer threshold, over what was left out.
    pub coverage: f32,
    pub false_answers: f32,
}

/// The lists of one part: of a base, or of a share of the questions of all bases.
#[derive(Clone, Debug, Default)]
pub struct PartLists {
    pub own: Vec<List>,
    pub customers: Vec<List>,
    /// Customers' questions that share their words with one that wants the opposite. They teach what tells two apart, not
    /// how sure to be: among what is really asked they are rare.
    pub opposites: Vec<List>,
}

impl PartLists {
    fn weighted(&self, settings: Settings) -> impl Iterator<Item = (&List, f32)> {
        let own = self.own.iter().map(move |list| {
            let is_negative = matches!(list.truth, Truth::Not(_));
            (list, if is_negative { settings.negative_weight } else { 1.0 })
        });
        let customers = self.customers.iter().map(move |list| (list, settings.customer_weight));
        own.chain(customers).chain(self.opposites.iter().map(move |list| (list, settings.opposite_weight)))
    }
}

/// Trains on the lists of several parts; scale, shift and thresholds come from each part as seen by weights of the
/// others.
pub fn train(parts: &[PartLists], settings: Settings) -> TrainedWeights {
    let all: Vec<(&List, f32)> = parts.iter().flat_map(|part| part.weighted(settings)).collect();
    let fitted = fit(&all, settings);
    let mut held_out: Vec<(Vec<f32>, &List)> = Vec::new();
    for (idx, part) in parts.iter().enumerate() {
        let is_kept = |other: usize| other != idx || parts.len() == 1;
        let others = parts.iter().enumerate().filter(|(other, _)| is_kept(*other));
        let others: Vec<(&List, f32)> = others.flat_map(|(_, part)| part.weighted(settings)).collect();
        let fitted = fit(&others, settings);
        held_out.extend(part.customers.iter().map(|list| (fitted.utilities(list), list)));
    }
    let calibration = fit_calibration(&held_out);
    let outcomes = outcomes(&held_out, calibration, settings.unanswerable_share);
    let answer_threshold = threshold_for(&outcomes, settings.precision);
    let total = |keep: fn(&Outcome) -> bool| -> f32 { outcomes.iter().filter(|o| keep(o)).map(|o| o.weight).sum() };
    let answered = |keep: fn(&Outcome) -> bool| -> f32 {
        outcomes.iter().filter(|o| keep(o) && o.confidence >= answer_threshold).map(|o| o.weight).sum()
    };
    let confidences: Vec<(f32, bool)> = outcomes.iter().map(|o| (o.confidence, o.is_right)).collect();
    let mut calibrated = fitted.weights.map(|weight| weight / calibration.temperature);
    calibrated[BIAS] += calibration.shift;
    for sum in [MISSING_GRAMS, EXTRA_GRAMS] {
        calibrated[sum] = 1.0 / calibration.temperature;
    }
    TrainedWeights {
        temperature: calibration.temperature,
        shift: calibration.shift,
        ece: ece(&confidences, 5),
        num_lists: all.len(),
        recall_at_1: ratio(total(|o| o.is_answerable && o.is_right), total(|o| o.is_answerable)),
        coverage: ratio(answered(|o| o.is_answerable), total(|o| o.is_answerable)),
        false_answers: ratio(answered(|o| !o.is_answerable), total(|o| !o.is_answerable)),
        weights: Weights {
            weights: calibrated,
            answer_threshold,
            clarify_threshold: answer_threshold / 2.0,
            richness: 0.0,
        },
        missing_grams: fitted.missing_grams,
        extra_grams: fitted.extra_grams,
    }
}

/// Weights of grams below this are left out: they change nothing.
const LEAST_GRAM_WEIGHT: f32 = 0.02;

/// Puts the weights of grams for sparse and for rich bases together; the texts say how each gram is written.
pub fn gram_weights<'a>(
    texts: impl Iterator<Item = &'a str>,
    sparse: &HashMap<u64, f32>,
    rich: &HashMap<u64, f32>,
) -> GramWeights {
    let weight = |weights: &HashMap<u64, f32>, gram: u64| {
        let weight = weights.get(&gram).copied().unwrap_or(0.0);
        if weight.abs() < LEAST_GRAM_WEIGHT { 0.0 } else { (weight * 1e3).round() / 1e3 }
    };
    let mut listed = BTreeMap::new();
    for gram in texts.flat_map(grams) {
        let hash = gram_hash(gram);
        let weights = [weight(sparse, hash), weight(rich, hash)];
        if weights != [0.0, 0.0] && !listed.contains_key(gram) {
            listed.insert(gram.to_owned(), weights);
        }
    }
    GramWeights::try_new(listed).expect("the search for weights stays among finite numbers")
}

fn ratio(part: f32, whole: f32) -> f32 {
    if whole > 0.0 { part / whole } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Where the overlap stands.
    const OVERLAP: usize = 8;

    fn candidate(overlap: f32) -> Candidate {
        let mut features = [0.0; NUM_FEATURES];
        features[0] = 1.0;
        features[OVERLAP] = overlap;
        Candidate { features, missing: Vec::new(), extra: Vec::new() }
    }

    /// Questions whose right article overlaps much, and questions where nothing does.
    fn lists(seed: u64) -> Vec<List> {
        let mut rng = fastrand::Rng::with_seed(seed);
        let list = |idx: usize| {
            let is_answerable = !idx.is_multiple_of(4);
            let high = if is_answerable { 0.6 + 0.4 * rng.f32() } else { 0.4 * rng.f32() };
            let truth = if is_answerable { Truth::Candidate(0) } else { Truth::Nothing };
            List { text: "退货".into(), candidates: vec![candidate(high), candidate(0.4 * rng.f32())], truth }
        };
        (0..400).map(list).collect()
    }

    fn parts() -> [PartLists; 2] {
        [1, 2].map(|seed| PartLists { own: lists(seed), customers: lists(seed + 10), opposites: Vec::new() })
    }

    #[test]
    fn overlap_is_learned_and_generalizes() {
        let trained = train(&parts(), Settings::default());
        assert!(trained.weights.weights[OVERLAP] > 3.0, "{:?}", trained.weights.weights);
        assert!(trained.recall_at_1 > 0.98 && trained.coverage > 0.9 && trained.false_answers < 0.2);
        assert!((0.0..=1.0).contains(&trained.weights.answer_threshold));
    }

    #[test]
    fn training_twice_gives_the_same_bits() {
        let once = train(&parts(), Settings::default());
        let twice = train(&parts(), Settings::default());
        assert_eq!(once.weights, twice.weights);
    }

    #[test]
    fn grams_are_written_as_they_were_asked() {
        let lists = lists(3);
        let of = |gram: &str, weight: f32| HashMap::from([(gram_hash(gram), weight)]);
        let weights = gram_weights(lists.iter().map(|list| &*list.text), &of("退", -0.5), &of("货", -0.01));
        assert_eq!(weights.listed().iter().collect::<Vec<_>>(), [(&"退".to_owned(), &[-0.5, 0.0])]);
    }
}
