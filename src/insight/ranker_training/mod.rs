//! Trains the ranker on the questions that knowledge bases hold themselves.
//!
//! Lists, not pairs: each positive phrasing is asked with itself left out (its article is right), with its article left
//! out (nothing is right), and each negative question is asked (anything but its article is right). The lists come out
//! of the retrieval that serves. For bases of one wording an article, the same questions are asked of a base that holds
//! the standard questions only.
//!
//! An editor's wordings are made to differ, so a base's own questions are harder than a customer's, and teach too little
//! confidence. Questions as customers type them, each with its article or none, join them, and alone set how sure the
//! ranker is: utilities are scaled and shifted, and thresholds chosen, on customers' questions to bases that the weights
//! have not seen. Weights maximize the mean log-likelihood of a conditional logit with an outside option, less a ridge.

use std::sync::Arc;

use crate::{
    assist::{Base, Features, LeftOut, NUM_FEATURES, Ranker, Shared, Visibility, Weights, features_without},
    domain::ArticleNo,
    index,
    insight::evaluation::Expected,
    model::measures::ece,
};

/// One asked question with its candidates.
#[derive(Clone, Debug)]
pub struct List {
    pub candidates: Vec<Features>,
    pub truth: Truth,
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

/// How to train.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    pub num_steps: usize,
    pub learning_rate: f32,
    /// The ridge on the weights, but for the bias.
    pub ridge: f32,
    /// How much a customer's question counts beside one of the base's own.
    pub customer_weight: f32,
    /// The share of questions that no article answers, as the thresholds assume it.
    pub unanswerable_share: f32,
    /// The share of answers that must be right at the answer threshold.
    pub precision: f32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            num_steps: 600,
            learning_rate: 0.05,
            ridge: 1e-3,
            customer_weight: 8.0,
            unanswerable_share: 0.25,
            precision: 0.97,
        }
    }
}

/// Trained weights with how well they did on bases left out of the training.
#[derive(Clone, Debug)]
pub struct TrainedWeights {
    pub weights: Weights,
    /// What utilities were divided by, and what was added then; folded into the weights.
    pub temperature: f32,
    pub shift: f32,
    /// Expected calibration error of the first candidate over customers' questions to bases left out.
    pub ece: f64,
    pub num_lists: usize,
    /// Of answerable lists of bases left out, the share whose first candidate is right.
    pub recall_at_1: f32,
    /// At the answer threshold, over bases left out.
    pub coverage: f32,
    pub false_answers: f32,
}

/// A question asked of a base for training.
#[derive(Clone, Copy, Debug)]
pub struct OwnQuestion<'a> {
    pub text: &'a str,
    pub article: ArticleNo,
    pub place: Place,
}

/// Where a question stands in its article.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Among the positive phrasings.
    Positive(usize),
    /// Among the negative questions.
    Negative(usize),
    /// The base asked does not hold it.
    Elsewhere,
}

/// Lists the questions that a base holds itself, in the order of its articles; those of articles with a single wording
/// are left out, for nothing would be left to find.
pub fn own_questions(base: &Base) -> Vec<OwnQuestion<'_>> {
    let mut articles: Vec<_> = base.snapshot.table.articles().collect();
    articles.sort_by_key(|article| article.article.no);
    let mut questions = Vec::new();
    for article in articles.into_iter().filter(|article| article.positives().nth(1).is_some()) {
        let no = article.article.no;
        let positives = article.positives().enumerate().map(|(idx, phrasing)| OwnQuestion {
            text: &phrasing.text,
            article: no,
            place: Place::Positive(idx),
        });
        questions.extend(positives);
        questions.extend(article.negatives().enumerate().map(|(idx, phrasing)| OwnQuestion {
            text: &phrasing.text,
            article: no,
            place: Place::Negative(idx),
        }));
    }
    questions
}

/// Asks the questions of a base and collects the lists. Every third is asked once more with its article left out. Fails
/// where the index cannot be read.
pub fn lists(
    shared: &Shared,
    base: &Arc<Base>,
    questions: &[OwnQuestion<'_>],
    visibility: Visibility,
) -> index::Result<Vec<List>> {
    let mut lists = Vec::with_capacity(questions.len() * 4 / 3);
    for (idx, question) in questions.iter().enumerate() {
        let no = question.article;
        let ask = |left_out| features_without(shared, base, question.text, left_out, visibility);
        let left_out = match question.place {
            Place::Positive(idx) => Some(LeftOut::Phrasing(no, idx)),
            Place::Negative(idx) => Some(LeftOut::Negative(no, idx)),
            Place::Elsewhere => None,
        };
        let is_negative = matches!(question.place, Place::Negative(_));
        let found = ask(left_out)?;
        let place = found.iter().position(|(article, _)| *article == no);
        let truth = match (is_negative, place) {
            (true, Some(place)) => Some(Truth::Not(place)),
            (true, None) => None,
            (false, Some(place)) => Some(Truth::Candidate(place)),
            (false, None) => Some(Truth::Missed),
        };
        lists.extend(truth.map(|truth| list(found, truth)));
        if !is_negative && idx % 3 == 0 {
            lists.push(list(ask(Some(LeftOut::Article(no)))?, Truth::Nothing));
        }
    }
    Ok(lists)
}

/// Asks customers' questions of a base and collects the lists; of several right articles the best found counts. Fails
/// where the index cannot be read.
pub fn customer_lists(
    shared: &Shared,
    base: &Arc<Base>,
    questions: &[Expected],
    visibility: Visibility,
) -> index::Result<Vec<List>> {
    let mut lists = Vec::with_capacity(questions.len());
    for question in questions {
        let found = features_without(shared, base, &question.question, None, visibility)?;
        let is_right = |no: ArticleNo| {
            base.snapshot.table.article(no).is_some_and(|article| question.articles.contains(&article.article.id))
        };
        let truth = match found.iter().position(|(no, _)| is_right(*no)) {
            Some(place) => Truth::Candidate(place),
            None if question.articles.is_empty() => Truth::Nothing,
            None => Truth::Missed,
        };
        lists.push(list(found, truth));
    }
    Ok(lists)
}

fn list(found: Vec<(ArticleNo, Features)>, truth: Truth) -> List {
    List { candidates: found.into_iter().map(|(_, features)| features).collect(), truth }
}

/// The lists of one base.
#[derive(Clone, Debug, Default)]
pub struct BaseLists {
    pub own: Vec<List>,
    pub customers: Vec<List>,
}

impl BaseLists {
    fn weighted(&self, settings: Settings) -> impl Iterator<Item = (&List, f32)> {
        let own = self.own.iter().map(|list| (list, 1.0));
        own.chain(self.customers.iter().map(move |list| (list, settings.customer_weight)))
    }
}

/// Trains on the lists of several bases; scale, shift and thresholds come from each base as seen by weights of the
/// others.
pub fn train(bases: &[BaseLists], settings: Settings) -> TrainedWeights {
    let all: Vec<(&List, f32)> = bases.iter().flat_map(|base| base.weighted(settings)).collect();
    let weights = fit(&all, settings);
    let mut held_out: Vec<(Vec<f32>, &List)> = Vec::new();
    for (idx, base) in bases.iter().enumerate() {
        let is_kept = |other: usize| other != idx || bases.len() == 1;
        let others = bases.iter().enumerate().filter(|(other, _)| is_kept(*other));
        let others: Vec<(&List, f32)> = others.flat_map(|(_, base)| base.weighted(settings)).collect();
        let weights = fit(&others, settings);
        held_out.extend(base.customers.iter().map(|list| (utilities(&weights, list), list)));
    }
    let calibration = fit_calibration(&held_out);
    let outcomes = outcomes(&held_out, calibration, settings.unanswerable_share);
    let answer_threshold = threshold_for(&outcomes, settings.precision);
    let total = |keep: fn(&Outcome) -> bool| -> f32 { outcomes.iter().filter(|o| keep(o)).map(|o| o.weight).sum() };
    let answered = |keep: fn(&Outcome) -> bool| -> f32 {
        outcomes.iter().filter(|o| keep(o) && o.confidence >= answer_threshold).map(|o| o.weight).sum()
    };
    let confidences: Vec<(f32, bool)> = outcomes.iter().map(|o| (o.confidence, o.is_right)).collect();
    let mut calibrated = weights.map(|weight| weight / calibration.temperature);
    calibrated[BIAS] += calibration.shift;
    TrainedWeights {
        temperature: calibration.temperature,
        shift: calibration.shift,
        ece: ece(&confidences, 5),
        num_lists: all.len(),
        recall_at_1: ratio(total(|o| o.is_answerable && o.is_right), total(|o| o.is_answerable)),
        coverage: ratio(answered(|o| o.is_answerable), total(|o| o.is_answerable)),
        false_answers: ratio(answered(|o| !o.is_answerable), total(|o| !o.is_answerable)),
        weights: Weights { weights: calibrated, answer_threshold, clarify_threshold: answer_threshold / 2.0 },
    }
}

/// Where the constant stands.
const BIAS: usize = 0;

/// What makes utilities log-odds: u / temperature + shift.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Calibration {
    temperature: f32,
    shift: f32,
}

impl Calibration {
    fn apply(self, utilities: &[f32]) -> Vec<f32> {
        utilities.iter().map(|utility| utility / self.temperature + self.shift).collect()
    }
}

fn ratio(part: f32, whole: f32) -> f32 {
    if whole > 0.0 { part / whole } else { 0.0 }
}

/// What the first candidate of a list came to.
struct Outcome {
    confidence: f32,
    is_right: bool,
    is_answerable: bool,
    weight: f32,
}

/// Weighs the lists so that unanswerable ones have their assumed share. Lists of negative questions do not count: what
/// answers them is not known.
fn outcomes(held_out: &[(Vec<f32>, &List)], calibration: Calibration, unanswerable_share: f32) -> Vec<Outcome> {
    let num = |truth: fn(&Truth) -> bool| held_out.iter().filter(|(_, list)| truth(&list.truth)).count() as f32;
    let num_answerable = num(|truth| matches!(truth, Truth::Candidate(_) | Truth::Missed));
    let num_unanswerable = num(|truth| matches!(truth, Truth::Nothing));
    let mut outcomes = Vec::with_capacity(held_out.len());
    for (utilities, list) in held_out {
        let probabilities = Ranker::probabilities(&calibration.apply(utilities));
        let Some((place, confidence)) = probabilities.iter().copied().enumerate().max_by(|a, b| a.1.total_cmp(&b.1))
        else {
            continue;
        };
        let (is_answerable, is_right, weight) = match list.truth {
            Truth::Candidate(right) => (true, right == place, (1.0 - unanswerable_share) / num_answerable),
            Truth::Missed => (true, false, (1.0 - unanswerable_share) / num_answerable),
            Truth::Nothing => (false, false, unanswerable_share / num_unanswerable),
            Truth::Not(_) => continue,
        };
        outcomes.push(Outcome { confidence, is_right, is_answerable, weight });
    }
    outcomes.sort_by(|a, b| b.confidence.total_cmp(&a.confidence));
    outcomes
}

/// The lowest confidence from which on the wanted share of answers is right.
fn threshold_for(outcomes: &[Outcome], precision: f32) -> f32 {
    let mut threshold = 1.0;
    let (mut right, mut all) = (0.0, 0.0);
    for outcome in outcomes {
        all += outcome.weight;
        right += if outcome.is_right { outcome.weight } else { 0.0 };
        if right / all >= precision {
            threshold = outcome.confidence;
        }
    }
    threshold
}

fn utilities(weights: &Features, list: &List) -> Vec<f32> {
    list.candidates.iter().map(|features| dot(weights, features)).collect()
}

fn dot(weights: &Features, features: &Features) -> f32 {
    weights.iter().zip(features).map(|(weight, value)| weight * value).sum()
}

/// Maximizes the likelihood by full-batch Adam (Kingma and Ba 2015); the problem is small and nearly concave.
fn fit(lists: &[(&List, f32)], settings: Settings) -> Features {
    let mut weights = [0.0f32; NUM_FEATURES];
    let mut mean = [0.0f32; NUM_FEATURES];
    let mut square = [0.0f32; NUM_FEATURES];
    let total: f32 = lists.iter().map(|(_, weight)| weight).sum();
    for step in 1..=settings.num_steps {
        let mut gradient = [0.0f32; NUM_FEATURES];
        for (list, weight) in lists {
            add_gradient(&mut gradient, &weights, list, *weight);
        }
        let decay = 1.0 - step as f32 / (settings.num_steps + 1) as f32;
        for idx in 0..NUM_FEATURES {
            let ridge = if idx == BIAS { 0.0 } else { settings.ridge };
            let slope = gradient[idx] / total - ridge * weights[idx];
            mean[idx] = 0.9 * mean[idx] + 0.1 * slope;
            square[idx] = 0.999 * square[idx] + 0.001 * slope * slope;
            let corrected = mean[idx] / (1.0 - 0.9f32.powi(step as i32));
            let spread = (square[idx] / (1.0 - 0.999f32.powi(step as i32))).sqrt();
            weights[idx] += settings.learning_rate * decay * corrected / (spread + 1e-8);
        }
    }
    weights
}

/// Adds the slope of one list's log-likelihood: what is right less what is expected.
fn add_gradient(gradient: &mut Features, weights: &Features, list: &List, weight: f32) {
    let probabilities = Ranker::probabilities(&utilities(weights, list));
    let right = |place: usize| match list.truth {
        Truth::Candidate(truth) => f32::from(u8::from(truth == place)),
        Truth::Nothing | Truth::Missed => 0.0,
        Truth::Not(wrong) if wrong == place => 0.0,
        Truth::Not(wrong) => probabilities[place] / (1.0 - probabilities[wrong]).max(1e-6),
    };
    for (place, features) in list.candidates.iter().enumerate() {
        let step = weight * (right(place) - probabilities[place]);
        for (slope, value) in gradient.iter_mut().zip(features) {
            *slope += step * value;
        }
    }
}

/// Finds scale and shift of the highest likelihood, by golden section along each in turn.
fn fit_calibration(held_out: &[(Vec<f32>, &List)]) -> Calibration {
    let loss = |calibration: Calibration| -> f32 {
        held_out.iter().map(|(utilities, list)| surprise(&calibration.apply(utilities), list.truth)).sum()
    };
    let mut calibration = Calibration { temperature: 1.0, shift: 0.0 };
    for _ in 0..6 {
        let at = |log: f32| Calibration { temperature: log.exp(), ..calibration };
        calibration.temperature = least(-1.5, 1.5, |log| loss(at(log))).exp();
        let at = |shift: f32| Calibration { shift, ..calibration };
        calibration.shift = least(-6.0, 6.0, |shift| loss(at(shift)));
    }
    calibration
}

/// Finds the least value of a function with one valley.
fn least(mut low: f32, mut high: f32, value: impl Fn(f32) -> f32) -> f32 {
    let ratio = (5.0f32.sqrt() - 1.0) / 2.0;
    for _ in 0..30 {
        let (left, right) = (high - ratio * (high - low), low + ratio * (high - low));
        if value(left) < value(right) { high = right } else { low = left }
    }
    f32::midpoint(low, high)
}

/// The negative log-likelihood of what is right.
fn surprise(utilities: &[f32], truth: Truth) -> f32 {
    let probabilities = Ranker::probabilities(utilities);
    let likelihood = match truth {
        Truth::Candidate(place) => probabilities[place],
        Truth::Nothing | Truth::Missed => 1.0 - probabilities.iter().sum::<f32>(),
        Truth::Not(place) => 1.0 - probabilities[place],
    };
    -likelihood.max(1e-6).ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Where the overlap stands.
    const OVERLAP: usize = 8;

    fn features(overlap: f32) -> Features {
        let mut features = [0.0; NUM_FEATURES];
        features[0] = 1.0;
        features[OVERLAP] = overlap;
        features
    }

    /// Questions whose right article overlaps much, and questions where nothing does.
    fn lists(seed: u64) -> Vec<List> {
        let mut rng = fastrand::Rng::with_seed(seed);
        let list = |idx: usize| {
            let is_answerable = !idx.is_multiple_of(4);
            let high = if is_answerable { 0.6 + 0.4 * rng.f32() } else { 0.4 * rng.f32() };
            let truth = if is_answerable { Truth::Candidate(0) } else { Truth::Nothing };
            List { candidates: vec![features(high), features(0.4 * rng.f32())], truth }
        };
        (0..400).map(list).collect()
    }

    fn bases() -> [BaseLists; 2] {
        [1, 2].map(|seed| BaseLists { own: lists(seed), customers: lists(seed + 10) })
    }

    #[test]
    fn overlap_is_learned_and_generalizes() {
        let trained = train(&bases(), Settings::default());
        assert!(trained.weights.weights[OVERLAP] > 3.0, "{:?}", trained.weights.weights);
        assert!(trained.recall_at_1 > 0.98 && trained.coverage > 0.9 && trained.false_answers < 0.2);
        assert!((0.0..=1.0).contains(&trained.weights.answer_threshold));
    }

    #[test]
    fn training_twice_gives_the_same_bits() {
        let once = train(&bases(), Settings::default());
        let twice = train(&bases(), Settings::default());
        assert_eq!(once.weights, twice.weights);
    }
}
