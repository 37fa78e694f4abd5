//! Trains the second stage on the same questions as the first: which article is the best by the first one's utility and
//! what the encoder says, and then whether it answers.
//!
//! The first stage gives its utility by weights that have not seen the part asked, as it will meet what customers ask.

use super::{
    Candidate, List, PartLists, Settings, TrainedWeights, Truth,
    calibrate::fit_calibration,
    fit::{Fitted, fit},
    train,
};
use crate::assist::{NUM_ANSWER_FEATURES, NUM_FEATURES, NUM_RANK_FEATURES, SecondWeights, Standings};

// Its features are told in the place of the first stage's, so that one search for weights serves both.
const _: () = assert!(NUM_RANK_FEATURES <= NUM_FEATURES && NUM_ANSWER_FEATURES <= NUM_FEATURES);

/// One asked question with the candidates of both stages.
pub struct SecondList {
    list: List,
    standings: Standings,
}

impl SecondList {
    pub(super) fn of((list, standings): (List, Standings)) -> Self {
        Self { list, standings }
    }

    /// The list as it is ranked, by the utilities that the first stage gives.
    fn ranked(&self, utilities: &[f32]) -> List {
        let candidates = self.standings.rank_features(utilities).iter().map(|features| candidate(features)).collect();
        List { text: self.list.text.clone(), candidates, truth: self.list.truth }
    }

    /// The best candidate alone: whether it answers. `None` where that is not known.
    fn best(&self, utilities: &[f32], weights: &SecondWeights) -> Option<List> {
        let (best, scores) = weights.best(&self.standings.rank_features(utilities))?;
        let features = self.standings.answer_features(best, utilities, &scores);
        let truth = match self.list.truth {
            Truth::Candidate(right) if right == best => Truth::Candidate(0),
            Truth::Candidate(_) | Truth::Missed => Truth::Missed,
            Truth::Nothing => Truth::Nothing,
            Truth::Not(wrong) if wrong == best => Truth::Not(0),
            Truth::Not(_) => return None,
        };
        Some(List { text: self.list.text.clone(), candidates: vec![candidate(&features)], truth })
    }
}

fn candidate(own: &[f32]) -> Candidate {
    let mut features = [0.0; NUM_FEATURES];
    features[..own.len()].copy_from_slice(own);
    Candidate { features, missing: Vec::new(), extra: Vec::new() }
}

/// The lists of one part, in the order of the first stage's parts.
#[derive(Default)]
pub struct SecondPart {
    pub own: Vec<SecondList>,
    pub customers: Vec<SecondList>,
}

/// Trains on the lists of several parts; `first` are those of the first stage. Returns the weights with how well they did
/// on parts left out.
pub fn train_second(first: &[PartLists], second: &[SecondPart], settings: Settings) -> (SecondWeights, TrainedWeights) {
    let fits: Vec<Fitted> = (0..first.len()).map(|left| fit_without(first, left, settings)).collect();
    let held_out = first
        .iter()
        .zip(&fits)
        .flat_map(|(part, fitted)| part.customers.iter().map(|list| (fitted.utilities(list), list)));
    let calibration = fit_calibration(&held_out.collect::<Vec<_>>());
    let parts = |seen: &dyn Fn(&SecondList, &[f32]) -> Option<List>| -> Vec<PartLists> {
        let of_part = |(part, fitted): (&SecondPart, &Fitted)| {
            let lists = |lists: &[SecondList]| -> Vec<List> {
                let utilities = |one: &SecondList| calibration.apply(&fitted.utilities(&one.list));
                lists.iter().filter_map(|one| seen(one, &utilities(one))).collect()
            };
            PartLists { own: lists(&part.own), customers: lists(&part.customers), opposites: Vec::new() }
        };
        second.iter().zip(&fits).map(of_part).collect()
    };
    let ranking = parts(&|list, utilities| Some(list.ranked(utilities)));
    let ranked = train(&ranking, settings).weights.weights;
    let mut weights = SecondWeights {
        rank: *ranked.first_chunk().expect("as many features at least"),
        answer: [0.0; NUM_ANSWER_FEATURES],
        answer_threshold: 1.0,
        clarify_threshold: 1.0,
    };
    let best = parts(&|list, utilities| list.best(utilities, &weights));
    let trained = train(&best, settings);
    weights.answer = *trained.weights.weights.first_chunk().expect("as many features at least");
    weights.answer_threshold = trained.weights.answer_threshold;
    weights.clarify_threshold = trained.weights.clarify_threshold;
    (weights, trained)
}

fn fit_without(parts: &[PartLists], left: usize, settings: Settings) -> Fitted {
    let is_kept = |idx: usize| idx != left || parts.len() == 1;
    let others = parts.iter().enumerate().filter(|(idx, _)| is_kept(*idx));
    fit(&others.flat_map(|(_, part)| part.weighted(settings)).collect::<Vec<_>>(), settings)
}
