//! What the customer wants, how soon, about what: the model's word, then the rules', each visible.

use super::{
    live::{ReadyPolicy, Shared},
    message::Message,
    route,
    rules::{Fired, effect_name},
    urgency,
};
use crate::{
    domain::{
        Analysis, Channel, Domain, Effect, Entity, InquiryType, LabelProbability, RuleHit, Timestamp, Turn, Urgency,
    },
    model::Input,
    text::Entities,
};

/// What a label set by a rule is worth: rules are written to be right nine times in ten.
const RULE_PROBABILITY: f32 = 0.9;
/// A second type is named where it is at least as probable as this.
const SECOND_TYPE_PROBABILITY: f32 = 0.5;
/// Below this probability the analysis abstains, unless the policy says otherwise.
const ABSTAIN_BELOW: f32 = 0.5;

/// By whose lights a message is analyzed.
pub struct Lights<'a> {
    pub shared: &'a Shared,
    pub policy: &'a ReadyPolicy,
    /// With the knowledge base's products.
    pub entities: Option<&'a Entities>,
    pub channel: Channel,
    /// Earlier turns, oldest first.
    pub history: &'a [Turn],
    pub now: Timestamp,
}

/// Analyzes a message.
pub fn analyze(original: &str, message: &Message, lights: &Lights<'_>) -> Analysis {
    let class = lights.shared.bundle.classify(Input { text: message.text(), words: &message.words });
    let model_type = class.primary_type().0;
    let (label, probability) = class.top_urgency();
    let model_urgency = labelled(label, probability);
    let mut types = sorted(&class.types);
    let mut sentiments = sorted(&class.sentiment);
    let mut domains: Vec<_> = class.domains.into_iter().map(|(label, p)| labelled(Domain(label), p)).collect();
    let fired = lights.shared.rules.evaluate(message.text(), &message.negations);
    for hit in &fired {
        match hit.effect {
            Effect::SetType(kind) => set(&mut types, kind),
            Effect::SetDomain(domain) => set(&mut domains, &Domain(domain.clone())),
            Effect::SetSentiment(sentiment) => set(&mut sentiments, sentiment),
            Effect::RaiseUrgency(_) | Effect::RequestHuman | Effect::Block => {}
        }
    }
    let kind = types.first().map_or((InquiryType::Other, 0.0), |top| (top.label, top.probability));
    let primary = kind.0;
    let assessed = urgency::assess(&urgency::Case {
        original,
        message,
        fired: &fired,
        head: &class.urgency,
        kind,
        schedule: &lights.policy.schedule,
        policy: &lights.policy.policy.urgency,
        history: lights.history,
        now: lights.now,
    });
    let urgency = labelled(assessed.level, assessed.probability);
    let due = route::Due {
        channel: lights.channel,
        urgency: urgency.label,
        customer_deadline: assessed.customer_deadline,
        now: lights.now,
    };
    let secondary_type = secondary(primary, &class.type_presence);
    let primary_domain = domains.first().map_or(Domain::OTHER, |top| top.label.as_str()).to_owned();
    let has = |effect: &Effect| fired.iter().any(|hit| hit.effect == effect);
    let abstain_below = lights.policy.policy.thresholds.abstain.unwrap_or(ABSTAIN_BELOW);
    let changed = Changed { model_type, model_urgency: model_urgency.label, primary, urgency: urgency.label };
    Analysis {
        abstained: types.first().is_none_or(|top| top.probability < abstain_below),
        secondary_type,
        routing: route::route(lights.policy, &primary_domain, urgency.label, primary),
        follow_up: route::follow_up(lights.policy, &due),
        urgency_signals: assessed.signals,
        rule_hits: fired.iter().map(|hit| rule_hit(hit, message, &changed)).collect(),
        entities: entities(original, lights),
        requests_human: has(&Effect::RequestHuman),
        is_blocked: has(&Effect::Block) || is_sensitive(message, lights.policy),
        sentiment: sentiments.swap_remove(0),
        types,
        urgency,
        model_urgency,
        domains,
    }
}

/// The most probable first.
fn sorted<L: Copy>(labels: &[(L, f32)]) -> Vec<LabelProbability<L>> {
    let mut sorted: Vec<_> = labels.iter().map(|(label, p)| labelled(*label, *p)).collect();
    sorted.sort_by(|a, b| b.probability.total_cmp(&a.probability));
    sorted
}

fn labelled<L>(label: L, probability: f32) -> LabelProbability<L> {
    LabelProbability { label, probability }
}

/// Puts a label first with the probability of a rule; the others share what is left in proportion.
fn set<L: Clone + PartialEq>(labels: &mut Vec<LabelProbability<L>>, label: &L) {
    let before = labels.iter().find(|known| known.label == *label).map_or(0.0, |known| known.probability);
    let after = before.max(RULE_PROBABILITY);
    let shrink = if before < 1.0 { (1.0 - after) / (1.0 - before) } else { 0.0 };
    labels.retain(|known| known.label != *label);
    labels.iter_mut().for_each(|other| other.probability *= shrink);
    labels.insert(0, labelled(label.clone(), after));
}

/// The most probable other type that is really there too; 'other' is never a second type.
fn secondary(primary: InquiryType, presence: &[f32; 4]) -> Option<InquiryType> {
    let labelled = InquiryType::ALL.iter().zip(presence);
    labelled
        .filter(|(kind, p)| **kind != primary && **kind != InquiryType::Other && **p >= SECOND_TYPE_PROBABILITY)
        .max_by(|a, b| a.1.total_cmp(b.1))
        .map(|(kind, _)| *kind)
}

fn is_sensitive(message: &Message, policy: &ReadyPolicy) -> bool {
    policy.sensitive_words.as_ref().is_some_and(|words| words.is_match(message.text()))
}

/// What the model said beside what came out.
struct Changed {
    model_type: InquiryType,
    model_urgency: Urgency,
    primary: InquiryType,
    urgency: Urgency,
}

fn rule_hit(hit: &Fired<'_>, message: &Message, changed: &Changed) -> RuleHit {
    let changed_result = match hit.effect {
        Effect::RaiseUrgency(level) => *level == changed.urgency && changed.urgency != changed.model_urgency,
        Effect::SetType(kind) => *kind == changed.primary && changed.primary != changed.model_type,
        Effect::RequestHuman | Effect::Block => true,
        Effect::SetDomain(_) | Effect::SetSentiment(_) => false,
    };
    RuleHit {
        rule_id: hit.rule_id.to_owned(),
        span: message.normalized.source_span(hit.span),
        effect: effect_name(hit.effect),
        changed_result,
    }
}

fn entities(original: &str, lights: &Lights<'_>) -> Vec<Entity> {
    match lights.entities {
        Some(entities) => entities.recognize(original),
        None => lights.shared.entities.recognize(original),
    }
}
