//! Pairs of messages that share their words and want opposite things: is each answered by its own side?

use serde::Serialize;

use super::{Asked, Figure, figure, share};
use crate::domain::ArticleId;

/// One message of a pair, after it was asked.
#[derive(Clone, Debug, PartialEq)]
pub struct OppositeAsked {
    pub asked: Asked,
    /// The article that answers the other side; none where the base holds none.
    pub wrong: Option<ArticleId>,
}

impl OppositeAsked {
    /// Tells whether the other side's article is the answer.
    pub fn is_answered_by_wrong_side(&self) -> bool {
        self.wrong.is_some() && self.asked.answer == self.wrong
    }
}

/// The figures of a set of pairs, each with its 95 % interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct NegationReport {
    /// Messages, two a pair.
    pub n: usize,
    /// Messages whose other side has an article.
    pub opposed: usize,
    /// Of these, the share that is answered by the other side's article.
    pub answered_wrong_side: Figure,
    /// Messages that an article answers.
    pub answerable: usize,
    /// Of these, the share that is answered by the right article.
    pub answered_right: Figure,
    /// Of messages that no article answers, the share that is answered.
    pub false_answers: Figure,
}

/// Computes the figures.
pub fn negation_report(rows: &[OppositeAsked]) -> NegationReport {
    let of = |keep: fn(&OppositeAsked) -> bool| rows.iter().filter(|row| keep(row)).cloned().collect::<Vec<_>>();
    let opposed = of(|row| row.wrong.is_some());
    let answerable = of(|row| row.asked.is_answerable);
    let unanswerable = of(|row| !row.asked.is_answerable);
    NegationReport {
        n: rows.len(),
        opposed: opposed.len(),
        answered_wrong_side: figure(&opposed, |rows| share(rows, OppositeAsked::is_answered_by_wrong_side)),
        answerable: answerable.len(),
        answered_right: figure(&answerable, |rows| share(rows, |row| row.asked.is_answered_right)),
        false_answers: figure(&unanswerable, |rows| share(rows, |row| row.asked.is_answered)),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::domain::Outcome;

    fn row(right: Option<&str>, wrong: Option<&str>, answer: Option<&str>) -> OppositeAsked {
        let id = |name: &str| ArticleId::try_new(name).expect("a good id");
        OppositeAsked {
            asked: Asked {
                is_answerable: right.is_some(),
                rank: None,
                confidence: 0.5,
                outcome: Outcome::Answered,
                is_answered: answer.is_some(),
                is_answered_right: answer.is_some() && answer == right,
                first: answer.map(id),
                answer: answer.map(id),
                is_second_stage: false,
                cpu: Duration::ZERO,
            },
            wrong: wrong.map(id),
        }
    }

    #[test]
    fn each_share_has_its_own_whole() {
        let rows = [
            row(Some("open"), Some("close"), Some("open")),
            row(Some("close"), Some("open"), Some("open")),
            row(Some("close"), None, None),
            row(None, Some("open"), Some("open")),
            row(None, Some("open"), None),
        ];
        let report = negation_report(&rows);
        assert_eq!((report.n, report.opposed, report.answerable), (5, 4, 3));
        assert!((report.answered_wrong_side.value - 0.5).abs() < 1e-9);
        assert!((report.answered_right.value - 1.0 / 3.0).abs() < 1e-9);
        assert!((report.false_answers.value - 0.5).abs() < 1e-9);
    }

    #[test]
    fn nothing_asked_gives_zeros() {
        assert_eq!(negation_report(&[]).answered_right.value, 0.0);
    }
}
