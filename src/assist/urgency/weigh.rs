//! From probabilities and signals to one level, by the policy.

use crate::domain::{InquiryType, SignalKind, Urgency, UrgencyPolicy, UrgencySignal};

/// What a level is made of.
pub(in crate::assist) struct Grounds<'a> {
    /// What the model says of each level.
    pub head: &'a [(Urgency, f32); 3],
    pub signals: &'a [UrgencySignal],
    /// The primary type, with its probability.
    pub kind: (InquiryType, f32),
}

/// A level with its probability.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::assist) struct Weighed {
    pub level: Urgency,
    pub probability: f32,
}

/// Weighs the model's word and the signals against each other.
///
/// Each argument leaves a chance that its level is wrong, and the chances of different kinds are multiplied (a noisy or).
/// Signals of one kind tell the same thing, so the heaviest stands for all of them.
pub(in crate::assist) fn weigh(grounds: &Grounds<'_>, policy: &UrgencyPolicy) -> Weighed {
    let head = |least: Urgency| {
        let share: f32 = grounds.head.iter().filter(|(level, _)| *level >= least).map(|(_, share)| share).sum();
        share * policy.weight(SignalKind::Head)
    };
    let at_least = |least: Urgency| {
        let doubt = |kind: SignalKind| {
            let of_kind = grounds.signals.iter().filter(|signal| signal.kind == kind && signal.level >= least);
            1.0 - of_kind.map(|signal| signal.weight).fold(0.0, f32::max)
        };
        let others = SignalKind::ALL.into_iter().filter(|kind| *kind != SignalKind::Head);
        let doubt = others.map(doubt).product::<f32>() * (1.0 - head(least));
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
    let (kind, certainty) = grounds.kind;
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
    use crate::domain::Span;

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

    /// Shares of normal, important and urgent.
    fn check(shares: [f32; 3], signals: &[UrgencySignal], policy: &UrgencyPolicy, want: (Urgency, f32)) {
        let head = [
            (Urgency::Normal, shares[0]),
            (Urgency::Important, shares[1]),
            (Urgency::Urgent, shares[2]),
        ];
        let kind = (InquiryType::Consultation, 0.9);
        let found = weigh(&Grounds { head: &head, signals, kind }, policy);
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
        check([1.0, 0.0, 0.0], &[one.clone()], &policy, (Urgency::Normal, 0.6));
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
        let head = [(Urgency::Normal, 0.9), (Urgency::Important, 0.1), (Urgency::Urgent, 0.0)];
        let grounds = Grounds { head: &head, signals: &[], kind: (InquiryType::Complaint, 0.8) };
        let floor = |complaint_floor| weigh(&grounds, &UrgencyPolicy { complaint_floor, ..UrgencyPolicy::default() });
        assert_eq!(floor(Urgency::Important), Weighed { level: Urgency::Important, probability: 0.8 });
        assert_eq!(floor(Urgency::Urgent).level, Urgency::Urgent);
        assert_eq!(floor(Urgency::Normal).level, Urgency::Normal);
    }
}
