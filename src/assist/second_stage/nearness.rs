//! What both stages say of articles, as numbers. Pure.
//!
//! Two questions are told apart. Which article is the best: [`RankFeatures`], of each. Whether the best one answers at all:
//! [`AnswerFeatures`], of that one and of what stands beside it; near rivals make the order doubtful, but nothing stands out
//! where the base has no answer. Cosines are centered, so that those of unrelated texts lie around zero whatever the
//! encoder. To add a feature: name it, compute it here, train the second stage again; its file names its features.

use super::encoded::{Encoded, Scan};
use crate::domain::ArticleNo;

/// How many features tell which article is the best, and their names.
pub const NUM_RANK_FEATURES: usize = 6;
pub const RANK_NAMES: [&str; NUM_RANK_FEATURES] = [
    "second_stage_bias",
    "first_stage",
    "encoder_cosine",
    "encoder_crowding",
    "encoder_second_cosine",
    "encoder_negative_nearer",
];
/// How many features tell whether the best article answers, and their names.
pub const NUM_ANSWER_FEATURES: usize = 9;
pub const ANSWER_NAMES: [&str; NUM_ANSWER_FEATURES] = [
    "best_bias",
    "best_first_stage",
    "best_first_stage_relative",
    "best_encoder_cosine",
    "best_encoder_crowding",
    "best_encoder_rivals",
    "best_lead",
    "best_encoder_negative_nearer",
    "best_encoder_second_cosine",
];

/// Where the utility of the first stage stands among those of an article.
pub(super) const FIRST_STAGE: usize = 1;
/// Beyond these log-odds the first stage says no more of whether the best article answers.
const UTILITY_BOUND: f32 = 8.0;
/// A lead beyond this says no more.
const LEAD_BOUND: f32 = 6.0;
/// So many articles behind the nearest are its rivals.
const NUM_RIVALS: usize = 5;

/// The numbers of one article.
pub type RankFeatures = [f32; NUM_RANK_FEATURES];
/// The numbers of the best article.
pub type AnswerFeatures = [f32; NUM_ANSWER_FEATURES];

/// How near an article is.
#[derive(Clone, Copy, Debug, Default)]
struct Standing {
    best: f32,
    second: Option<f32>,
    negative: Option<f32>,
    /// How near the phrasing lies to those of other articles: what is near to many is near to little.
    crowding: f32,
}

impl Standing {
    fn second_cosine(&self) -> f32 {
        self.second.map_or(0.0, |second| second - self.best)
    }

    fn negative_nearer(&self) -> f32 {
        self.negative.map_or(0.0, |negative| (negative - self.best).max(0.0))
    }
}

/// How near the articles of a list are.
#[derive(Clone, Debug, Default)]
pub struct Standings {
    of_articles: Vec<Standing>,
    /// The mean cosine of the articles behind the nearest one of the base.
    rivals: f32,
}

impl Standings {
    /// Looks articles up in a scan of the base.
    pub(super) fn new(articles: &[ArticleNo], scan: &Scan, encoded: &Encoded, left_out: Option<ArticleNo>) -> Self {
        let of_article = |no: &ArticleNo| {
            let near = scan.near.iter().find(|near| near.article.article.no == *no);
            near.map_or_else(Standing::default, |near| Standing {
                best: near.best,
                second: near.second,
                negative: near.negative,
                crowding: encoded.crowding(*no, near.phrasing_idx, left_out),
            })
        };
        let behind = scan.near.iter().skip(1).take(NUM_RIVALS);
        let rivals = behind.map(|near| near.best.max(0.0)).sum::<f32>() / NUM_RIVALS as f32;
        Self { of_articles: articles.iter().map(of_article).collect(), rivals }
    }

    /// Returns the features of each article, given the utility that the first stage gives it.
    pub fn rank_features(&self, utilities: &[f32]) -> Vec<RankFeatures> {
        let of_article = |(standing, utility): (&Standing, &f32)| {
            [1.0, *utility, standing.best, standing.crowding, standing.second_cosine(), standing.negative_nearer()]
        };
        self.of_articles.iter().zip(utilities).map(of_article).collect()
    }

    /// Returns the features of the article at a place, which is the best one by `scores`.
    pub fn answer_features(&self, best: usize, utilities: &[f32], scores: &[f32]) -> AnswerFeatures {
        let standing = &self.of_articles[best];
        let highest = utilities.iter().copied().fold(f32::MIN, f32::max);
        let others = scores.iter().enumerate().filter(|(place, _)| *place != best).map(|(_, score)| *score);
        let lead = others.reduce(f32::max).map_or(LEAD_BOUND, |next| (scores[best] - next).clamp(0.0, LEAD_BOUND));
        [
            1.0,
            bounded(utilities[best]),
            bounded(utilities[best]) - bounded(highest),
            standing.best,
            standing.crowding,
            self.rivals,
            lead,
            standing.negative_nearer(),
            standing.second_cosine(),
        ]
    }
}

#[cfg(test)]
impl Standings {
    /// Articles of which nothing but a cosine is known.
    pub(super) fn of_cosines(cosines: &[f32]) -> Self {
        let standing = |best: &f32| Standing { best: *best, ..Standing::default() };
        Self { of_articles: cosines.iter().map(standing).collect(), rivals: 0.0 }
    }
}

fn bounded(utility: f32) -> f32 {
    utility.clamp(-UTILITY_BOUND, UTILITY_BOUND)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn standing(best: f32, second: Option<f32>, negative: Option<f32>) -> Standing {
        Standing { best, second, negative, crowding: 0.25 }
    }

    #[test]
    fn features_tell_what_stands_where() {
        let of_articles = vec![standing(0.75, Some(0.5), None), standing(0.5, None, Some(0.75))];
        let standings = Standings { of_articles, rivals: 0.125 };
        let features = standings.rank_features(&[0.5, -20.0]);
        assert_eq!(features[0], [1.0, 0.5, 0.75, 0.25, -0.25, 0.0]);
        assert_eq!(features[1], [1.0, -20.0, 0.5, 0.25, 0.0, 0.25]);
        let of_best = standings.answer_features(0, &[0.5, 1.5], &[3.0, 1.0]);
        assert_eq!(of_best, [1.0, 0.5, -1.0, 0.75, 0.25, 0.125, 2.0, 0.0, -0.25]);
        assert!(Standings::default().rank_features(&[]).is_empty());
    }
}
