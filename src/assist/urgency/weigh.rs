//! From probabilities and signals to one level, by the policy.

use super::Case;
use crate::domain::{InquiryType, SignalKind, Urgency, UrgencySignal};

/// A level with its probability.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Weighed {
    pub level: Urgency,
    pub probability: f32,
}

/// Returns how probable the model alone makes at least the level.
pub(super) fn head(case: &Case<'_>, least: Urgency) -> f32 {
    let share: f32 = case.head.iter().filter(|(level, _)| *level >= least).map(|(_, share)| share).sum();
    (share * case.policy.weight(SignalKind::Head)).min(1.0)
}

/// Weighs the model's word and the signals against each other.
///
/// Each argument leaves a chance that its level is wrong, and the chances of different kinds are multiplied (a noisy or).
/// Signals of one kind tell the same thing, so the heaviest stands for all of them.
pub(super) fn weigh(case: &Case<'_>, signals: &[UrgencySignal]) -> Weighed {
    let policy = case.policy;
    let at_least = |least: Urgency| {
        let doubt = |kind: SignalKind| {
            let of_kind = signals.iter().filter(|signal| signal.kind == kind && signal.level >= least);
            1.0 - of_kind.map(|signal| signal.weight).fold(0.0, f32::max)
        };
        let others = SignalKind::ALL.into_iter().filter(|kind| *kind != SignalKind::Head);
        let doubt = others.map(doubt).product::<f32>() * (1.0 - head(case, least));
        (1.0 - doubt).clamp(0.0, 1.0)
    };
    let urgent = at_least(Urgency::Urgent);
    let important = at_least(Urgency::Important).max(urgent);
    let level = if urgent >= policy.urgent_threshold {
        Urgency::Urgent
    } else if important >= policy.important_threshold {
        Urgency::Important
    } else {
        Urgency::Normal
    };
    let (kind, certainty) = case.kind;
    if kind == InquiryType::Complaint && level < policy.complaint_floor {
        // As sure as that it is a complaint at all.
        return Weighed { level: policy.complaint_floor, probability: certainty };
    }
    let probability = match level {
        Urgency::Urgent => urgent,
        Urgency::Important => important - urgent,
        Urgency::Normal => 1.0 - important,
    };
    Weighed { level, probability }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        assist::{message::Message, schedule::Schedule},
        domain::{Span, Timestamp, UrgencyPolicy},
    };

    fn signal(kind: SignalKind, level: Urgency, weight: f32) -> UrgencySignal {
        UrgencySignal {
            kind,
            rule_id: String::new(),
            span: Span::default(),
            weight,
            level,
            deadline: None,
            is_from_history: false,
        }
    }

    fn weighed(head: [f32; 3], signals: &[UrgencySignal], policy: &UrgencyPolicy, kind: (InquiryType, f32)) -> Weighed {
        let levels = [Urgency::Normal, Urgency::Important, Urgency::Urgent];
        let case = Case {
            original: "",
            message: &Message::read(""),
            fired: &[],
            head: &std::array::from_fn(|at| (levels[at], head[at])),
            kind,
            schedule: &Schedule::try_new("UTC", &[], &[]).expect("a good schedule"),
            policy,
            history: &[],
            now: Timestamp(0),
        };
        weigh(&case, signals)
    }

    /// Shares of normal, important and urgent.
    fn check(shares: [f32; 3], signals: &[UrgencySignal], policy: &UrgencyPolicy, want: (Urgency, f32)) {
        let found = weighed(shares, signals, policy, (InquiryType::Consultation, 0.9));
        assert_eq!(found.level, want.0, "{shares:?} {found:?}");
        assert!((found.probability - want.1).abs() < 1e-5, "{shares:?} {found:?}");
    }

    #[test]
    fn the_model_alone_may_decide() {
        let policy = UrgencyPolicy::default();
        check([0.8, 0.1, 0.1], &[], &policy, (Urgency::Normal, 0.8));
        check([0.2, 0.7, 0.1], &[], &policy, (Urgency::Important, 0.7));
        check([0.1, 0.2, 0.7], &[], &policy, (Urgency::Urgent, 0.7));
    }

    #[test]
    fn kinds_add_up_and_signals_of_one_kind_do_not() {
        let policy = UrgencyPolicy::default();
        let one = signal(SignalKind::Deadline, Urgency::Urgent, 0.4);
        let other = signal(SignalKind::RepeatContact, Urgency::Urgent, 0.4);
        check([1.0, 0.0, 0.0], std::slice::from_ref(&one), &policy, (Urgency::Normal, 0.6));
        check([1.0, 0.0, 0.0], &[one.clone(), one.clone()], &policy, (Urgency::Normal, 0.6));
        check([1.0, 0.0, 0.0], &[one.clone(), other], &policy, (Urgency::Urgent, 0.64));
        check([0.6, 0.0, 0.4], &[one], &policy, (Urgency::Urgent, 0.64));
        // What argues for important says nothing of urgent.
        let mild = signal(SignalKind::Rule, Urgency::Important, 0.9);
        check([0.9, 0.0, 0.1], &[mild], &policy, (Urgency::Important, 0.81));
    }

    #[test]
    fn the_policy_decides() {
        let deadline = [signal(SignalKind::Deadline, Urgency::Urgent, 0.85)];
        let strict = UrgencyPolicy { urgent_threshold: 0.9, ..UrgencyPolicy::default() };
        check([1.0, 0.0, 0.0], &deadline, &strict, (Urgency::Important, 0.0));
        let deaf = UrgencyPolicy { weights: [(SignalKind::Head, 0.5)].into(), ..UrgencyPolicy::default() };
        check([0.1, 0.1, 0.8], &[], &deaf, (Urgency::Normal, 0.55));
        let floor = |complaint_floor| {
            let policy = UrgencyPolicy { complaint_floor, ..UrgencyPolicy::default() };
            weighed([0.9, 0.1, 0.0], &[], &policy, (InquiryType::Complaint, 0.8))
        };
        assert_eq!(floor(Urgency::Important), Weighed { level: Urgency::Important, probability: 0.8 });
        assert_eq!(floor(Urgency::Urgent).level, Urgency::Urgent);
        assert_eq!(floor(Urgency::Normal).level, Urgency::Normal);
    }
}
