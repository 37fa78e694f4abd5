use super::*;

const BOUNDS: Bounds = Bounds { answer: 0.6, clarify: 0.3 };

fn facts(contenders: &[Contender]) -> Facts<'_> {
    Facts {
        is_blocked: false,
        is_empty: false,
        is_all_stop_words: false,
        requests_human: false,
        is_small_talk: false,
        kind: InquiryType::Consultation,
        kind_probability: 0.9,
        urgency: Urgency::Normal,
        contenders,
        dropped: None,
        is_past_deadline: false,
        misses_before: 0,
        bounds: BOUNDS,
        triggers: HandoffTriggers { complaints: true, urgent: true, no_answer: false },
        max_options: 3,
    }
}

fn of(confidences: &[f32]) -> Vec<Contender> {
    confidences
        .iter()
        .map(|p| Contender { confidence: *p, verdict: CandidateVerdict::Eligible, base_idx: 0, is_exact: false })
        .collect()
}

fn check(facts: &Facts<'_>, want: Decision) {
    assert_eq!(decide(facts), want, "{facts:?}");
}

fn no_answer(reason: NoAnswerReason) -> Decision {
    Decision::NoAnswer { reason }
}

#[test]
fn confidence_decides_between_answer_options_and_no() {
    check(&facts(&of(&[0.8, 0.1])), Decision::Answer { idx: 0 });
    check(&facts(&of(&[0.6])), Decision::Answer { idx: 0 });
    check(&facts(&of(&[0.4, 0.2, 0.01])), Decision::Clarify { options: vec![0, 1] });
    check(&facts(&of(&[0.3, 0.2, 0.1, 0.09])), Decision::Clarify { options: vec![0, 1, 2] });
    check(&facts(&of(&[0.5])), no_answer(NoAnswerReason::BelowThreshold));
    check(&facts(&of(&[0.12, 0.1])), no_answer(NoAnswerReason::Ambiguous));
    check(&facts(&of(&[0.02])), no_answer(NoAnswerReason::OutOfScope));
    check(&facts(&[]), no_answer(NoAnswerReason::NoCandidate));
}

#[test]
fn a_veto_is_the_reason_and_is_never_stepped_over() {
    let vetoed = |verdict| Contender { confidence: 0.9, verdict, base_idx: 0, is_exact: false };
    let list = [vetoed(CandidateVerdict::PolarityConflict), of(&[0.05])[0]];
    check(&facts(&list), no_answer(NoAnswerReason::PolarityConflict));
    let list = [vetoed(CandidateVerdict::NegativeQuestion)];
    check(&facts(&list), no_answer(NoAnswerReason::NegativeQuestion));
}

#[test]
fn people_come_before_articles() {
    let good = of(&[0.9]);
    let complaint = Facts { kind: InquiryType::Complaint, ..facts(&good) };
    check(&complaint, Decision::Handoff { reason: HandoffReason::Complaint, answer: Some(0) });
    let unsure = Facts { kind_probability: 0.5, ..complaint.clone() };
    check(&unsure, Decision::Answer { idx: 0 });
    let kept = Facts { triggers: HandoffTriggers { complaints: false, ..complaint.triggers }, ..complaint };
    check(&kept, Decision::Answer { idx: 0 });
    let suggestion = Facts { kind: InquiryType::Suggestion, ..facts(&[]) };
    check(&suggestion, Decision::Handoff { reason: HandoffReason::Suggestion, answer: None });
    let urgent = Facts { urgency: Urgency::Urgent, ..facts(&good) };
    check(&urgent, Decision::Handoff { reason: HandoffReason::Urgent, answer: Some(0) });
    let human = Facts { requests_human: true, ..facts(&good) };
    check(&human, Decision::Handoff { reason: HandoffReason::CustomerRequest, answer: None });
    let blocked = Facts { is_blocked: true, requests_human: true, ..facts(&good) };
    check(&blocked, Decision::Blocked);
}

#[test]
fn every_miss_has_its_reason() {
    check(&Facts { is_empty: true, ..facts(&[]) }, no_answer(NoAnswerReason::Empty));
    check(&Facts { is_all_stop_words: true, ..facts(&[]) }, no_answer(NoAnswerReason::AllStopWords));
    check(&Facts { dropped: Some(true), ..facts(&[]) }, no_answer(NoAnswerReason::Expired));
    check(&Facts { dropped: Some(false), ..facts(&[]) }, no_answer(NoAnswerReason::FilteredOut));
    check(&Facts { is_past_deadline: true, ..facts(&[]) }, no_answer(NoAnswerReason::Deadline));
    let other = Facts { kind: InquiryType::Other, ..facts(&[]) };
    check(&other, no_answer(NoAnswerReason::OutOfScope));
    let third = Facts { misses_before: 2, ..facts(&[]) };
    check(&third, Decision::Handoff { reason: HandoffReason::RepeatedFailure, answer: None });
    let triggers = HandoffTriggers { complaints: true, urgent: true, no_answer: true };
    let eager = Facts { triggers, ..facts(&[]) };
    check(&eager, Decision::Handoff { reason: HandoffReason::NoAnswer, answer: None });
}

#[test]
fn two_bases_that_both_claim_a_question_are_asked_back() {
    let of_bases = |bases: [usize; 3]| -> Vec<Contender> {
        of(&[0.99, 0.9, 0.4]).into_iter().zip(bases).map(|(one, base_idx)| Contender { base_idx, ..one }).collect()
    };
    check(&facts(&of_bases([1, 0, 0])), Decision::Clarify { options: vec![0, 1, 2] });
    check(&facts(&of_bases([1, 1, 0])), Decision::Answer { idx: 0 });
    let complaint = of_bases([1, 0, 0]);
    let complaint = Facts { kind: InquiryType::Complaint, ..facts(&complaint) };
    check(&complaint, Decision::Handoff { reason: HandoffReason::Complaint, answer: None });
    let no_options = of_bases([1, 0, 0]);
    check(&Facts { max_options: 1, ..facts(&no_options) }, Decision::Answer { idx: 0 });
    let mut vetoed = of_bases([1, 0, 0]);
    vetoed[1].verdict = CandidateVerdict::NegativeQuestion;
    check(&facts(&vetoed), Decision::Answer { idx: 0 });
    let mut worded = of_bases([1, 0, 0]);
    worded[0].is_exact = true;
    check(&facts(&worded), Decision::Answer { idx: 0 });
    worded[1].is_exact = true;
    check(&facts(&worded), Decision::Clarify { options: vec![0, 1, 2] });
}

#[test]
fn several_bases_tighten_the_bounds() {
    let four = BOUNDS.tightened(4);
    assert!((four.answer - 0.8).abs() < 1e-6 && (four.clarify - 0.65).abs() < 1e-6);
    assert_eq!(BOUNDS.tightened(1), BOUNDS);
}
