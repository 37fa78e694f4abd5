//! What to do with a message, from what was understood and found: a pure function.

use crate::domain::{CandidateVerdict, HandoffReason, HandoffTriggers, InquiryType, NoAnswerReason, Urgency};

/// A type below this probability does not decide the outcome.
const CERTAIN_TYPE: f32 = 0.6;
/// An option of a clarification is worth offering from this probability on.
const OPTION_PROBABILITY: f32 = 0.06;
/// A second candidate this near to the first makes a miss ambiguous.
const AMBIGUOUS_RATIO: f32 = 0.6;

/// The probabilities at which the decision changes, already tightened for the number of bases.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bounds {
    pub answer: f32,
    pub clarify: f32,
}

impl Bounds {
    /// Tightens for several bases: false answers add up. What may go wrong is divided by the square root of the number,
    /// for the bases' errors overlap in part.
    pub fn tightened(self, num_bases: usize) -> Self {
        let divisor = (num_bases.max(1) as f32).sqrt();
        let tighten = |bound: f32| 1.0 - (1.0 - bound) / divisor;
        Self { answer: tighten(self.answer), clarify: tighten(self.clarify) }
    }
}

/// One candidate, in the order of confidence.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Contender {
    pub confidence: f32,
    pub verdict: CandidateVerdict,
    /// Which of the bases asked holds it.
    pub base_idx: usize,
    /// It holds the very wording.
    pub is_exact: bool,
}

/// All that the decision looks at.
#[derive(Clone, Debug, PartialEq)]
pub struct Facts<'a> {
    pub is_blocked: bool,
    /// Nothing was left after normalizing.
    pub is_empty: bool,
    pub is_all_stop_words: bool,
    pub requests_human: bool,
    pub is_small_talk: bool,
    pub kind: InquiryType,
    pub kind_probability: f32,
    pub urgency: Urgency,
    pub contenders: &'a [Contender],
    /// Articles matched and were dropped: `Some(true)` where for their validity.
    pub dropped: Option<bool>,
    pub is_past_deadline: bool,
    /// How many of the last replies had no answer.
    pub misses_before: usize,
    pub bounds: Bounds,
    pub triggers: HandoffTriggers,
    pub max_options: usize,
}

/// What was decided. `answer` and `options` are positions among the contenders.
#[derive(Clone, Debug, PartialEq)]
pub enum Decision {
    Blocked,
    SmallTalk,
    Answer { idx: usize },
    Clarify { options: Vec<usize> },
    Handoff { reason: HandoffReason, answer: Option<usize> },
    NoAnswer { reason: NoAnswerReason },
}

/// Decides.
pub fn decide(facts: &Facts<'_>) -> Decision {
    if facts.is_blocked {
        return Decision::Blocked;
    }
    if facts.is_empty {
        return Decision::NoAnswer { reason: NoAnswerReason::Empty };
    }
    let answer = answerable(facts);
    if facts.requests_human {
        return Decision::Handoff { reason: HandoffReason::CustomerRequest, answer: None };
    }
    if facts.is_small_talk {
        return Decision::SmallTalk;
    }
    if let Some(reason) = handoff_reason(facts) {
        return Decision::Handoff { reason, answer };
    }
    if let Some(idx) = answer {
        return Decision::Answer { idx };
    }
    let options = options(facts);
    if !options.is_empty() {
        return Decision::Clarify { options };
    }
    if facts.misses_before >= 2 {
        return Decision::Handoff { reason: HandoffReason::RepeatedFailure, answer: None };
    }
    if facts.triggers.no_answer && facts.kind != InquiryType::Other {
        return Decision::Handoff { reason: HandoffReason::NoAnswer, answer: None };
    }
    Decision::NoAnswer { reason: no_answer_reason(facts) }
}

/// The first contender that may answer and is probable enough, unless another base is as good a place to ask: its
/// probability says nothing of the others, so the customer says which is meant.
fn answerable(facts: &Facts<'_>) -> Option<usize> {
    let (idx, first) =
        facts.contenders.iter().enumerate().find(|(_, one)| one.verdict == CandidateVerdict::Eligible)?;
    // A vetoed article above it says that the message is near, yet asks something else.
    let is_first = idx == 0 || facts.contenders[0].confidence <= first.confidence;
    let is_enough = |one: &Contender| one.confidence >= facts.bounds.answer;
    // The very wording in one base goes before what only comes near in another.
    let is_rival = |one: &Contender| {
        let is_elsewhere = one.base_idx != first.base_idx && one.verdict == CandidateVerdict::Eligible;
        is_elsewhere && is_enough(one) && (one.is_exact || !first.is_exact)
    };
    let may_ask_back = facts.max_options >= 2;
    let is_rivalled = may_ask_back && facts.contenders.iter().any(is_rival);
    (is_first && is_enough(first) && !is_rivalled).then_some(idx)
}

fn handoff_reason(facts: &Facts<'_>) -> Option<HandoffReason> {
    let is_certain = facts.kind_probability >= CERTAIN_TYPE;
    if facts.urgency == Urgency::Urgent && facts.triggers.urgent {
        let is_complaint = facts.kind == InquiryType::Complaint;
        return Some(if is_complaint { HandoffReason::Complaint } else { HandoffReason::Urgent });
    }
    match facts.kind {
        InquiryType::Complaint if is_certain && facts.triggers.complaints => Some(HandoffReason::Complaint),
        InquiryType::Suggestion if is_certain => Some(HandoffReason::Suggestion),
        _ => None,
    }
}

/// Two or more options that together are probable enough; none where one alone would do or all are poor.
fn options(facts: &Facts<'_>) -> Vec<usize> {
    let good: Vec<usize> = facts
        .contenders
        .iter()
        .enumerate()
        .filter(|(_, one)| one.verdict == CandidateVerdict::Eligible && one.confidence >= OPTION_PROBABILITY)
        .map(|(idx, _)| idx)
        .take(facts.max_options)
        .collect();
    let together: f32 = good.iter().map(|idx| facts.contenders[*idx].confidence).sum();
    if good.len() >= 2 && together >= facts.bounds.clarify { good } else { Vec::new() }
}

fn no_answer_reason(facts: &Facts<'_>) -> NoAnswerReason {
    if facts.is_past_deadline {
        return NoAnswerReason::Deadline;
    }
    let Some(first) = facts.contenders.first() else {
        return match facts.dropped {
            Some(true) => NoAnswerReason::Expired,
            Some(false) => NoAnswerReason::FilteredOut,
            None if facts.is_all_stop_words => NoAnswerReason::AllStopWords,
            None if facts.kind == InquiryType::Other => NoAnswerReason::OutOfScope,
            None => NoAnswerReason::NoCandidate,
        };
    };
    match first.verdict {
        CandidateVerdict::NegativeQuestion => NoAnswerReason::NegativeQuestion,
        CandidateVerdict::PolarityConflict => NoAnswerReason::PolarityConflict,
        CandidateVerdict::Eligible if facts.is_all_stop_words => NoAnswerReason::AllStopWords,
        CandidateVerdict::Eligible if first.confidence < facts.bounds.clarify / 4.0 => NoAnswerReason::OutOfScope,
        CandidateVerdict::Eligible => match facts.contenders.get(1) {
            Some(second) if second.confidence >= AMBIGUOUS_RATIO * first.confidence => NoAnswerReason::Ambiguous,
            _ => NoAnswerReason::BelowThreshold,
        },
    }
}

#[cfg(test)]
mod tests;
