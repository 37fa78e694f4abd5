//! How urgency is weighed.

use crate::{
    domain::{UrgencyPolicy, UrgencySignal},
    knowledge::default_policy,
    rpc::{
        convert::{
            enums::{given, read_signal_kind, read_urgency, signal_kind_of, urgency_of},
            spans::Spans,
            time::timestamp_of,
        },
        limits::Violations,
        pb,
    },
};

const FIELD: &str = "knowledge_base.policy.urgency";

/// Writes signals whose spans are converted already.
pub(in crate::rpc) fn signals_of(signals: &[UrgencySignal], spans: &Spans) -> Vec<pb::UrgencySignal> {
    let one = |signal: &UrgencySignal| pb::UrgencySignal {
        rule_id: signal.rule_id.clone(),
        span: Some(spans.get(signal.span)),
        level: urgency_of(signal.level).into(),
        kind: signal_kind_of(signal.kind).into(),
        weight: signal.weight,
        deadline: signal.deadline.map(timestamp_of),
        from_history: signal.is_from_history,
    };
    signals.iter().map(one).collect()
}

/// Writes how urgency is weighed.
pub(in crate::rpc) fn urgency_policy_of(policy: &UrgencyPolicy) -> pb::UrgencyPolicy {
    let weight = |(kind, weight): (&_, &f32)| pb::SignalWeight { kind: signal_kind_of(*kind).into(), weight: *weight };
    pb::UrgencyPolicy {
        weights: policy.weights.iter().map(weight).collect(),
        urgent_threshold: Some(policy.urgent_threshold),
        important_threshold: Some(policy.important_threshold),
        complaint_floor: urgency_of(policy.complaint_floor).into(),
    }
}

/// Reads how urgency is weighed; what is left out has its default.
pub(in crate::rpc) fn read_urgency_policy(message: &pb::UrgencyPolicy, violations: &mut Violations) -> UrgencyPolicy {
    let mut policy = default_policy().urgency;
    let mut seen = Vec::new();
    for (idx, weight) in message.weights.iter().enumerate() {
        let field = format!("{FIELD}.weights[{idx}]");
        let kind_field = format!("{field}.kind");
        let kind = read_signal_kind(weight.kind, &kind_field, violations);
        let Some(kind) = given(kind, weight.kind, &kind_field, violations) else { continue };
        violations.check(!seen.contains(&kind), &field, "is there twice: one for each kind");
        violations.check((0.0..=1.0).contains(&weight.weight), &format!("{field}.weight"), "must be within 0 and 1");
        seen.push(kind);
        policy.weights.insert(kind, weight.weight);
    }
    policy.urgent_threshold = message.urgent_threshold.unwrap_or(policy.urgent_threshold);
    policy.important_threshold = message.important_threshold.unwrap_or(policy.important_threshold);
    let floor = read_urgency(message.complaint_floor, &format!("{FIELD}.complaint_floor"), violations);
    policy.complaint_floor = floor.unwrap_or(policy.complaint_floor);
    policy
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{SignalKind, Urgency};

    fn read(message: &pb::UrgencyPolicy) -> (UrgencyPolicy, bool) {
        let mut violations = Violations::default();
        let policy = read_urgency_policy(message, &mut violations);
        (policy, violations.finish().is_ok())
    }

    #[test]
    fn what_is_left_out_has_its_default() {
        assert_eq!(read(&pb::UrgencyPolicy::default()), (UrgencyPolicy::default(), true));
        let weights = vec![pb::SignalWeight { kind: pb::SignalKind::Deadline.into(), weight: 0.25 }];
        let floor = pb::Urgency::Normal.into();
        let given = pb::UrgencyPolicy { weights, complaint_floor: floor, ..pb::UrgencyPolicy::default() };
        let (policy, is_good) = read(&given);
        assert!(is_good);
        assert_eq!(policy.weight(SignalKind::Deadline), 0.25);
        assert_eq!(policy.weight(SignalKind::Safety), SignalKind::Safety.default_weight());
        assert_eq!(policy.complaint_floor, Urgency::Normal);
    }

    #[test]
    fn weights_are_one_for_each_kind_within_bounds() {
        let check = |weights: &[(i32, f32)], is_good: bool| {
            let weights = weights.iter().map(|(kind, weight)| pb::SignalWeight { kind: *kind, weight: *weight });
            let given = pb::UrgencyPolicy { weights: weights.collect(), ..pb::UrgencyPolicy::default() };
            assert_eq!(read(&given).1, is_good, "{given:?}");
        };
        check(&[(1, 0.0), (2, 1.0)], true);
        check(&[(1, 0.5), (1, 0.5)], false);
        check(&[(0, 0.5)], false);
        check(&[(99, 0.5)], false);
        check(&[(1, 1.5)], false);
        check(&[(1, f32::NAN)], false);
    }
}
