//! What the customer wants, how soon, about what: the model's word, then the rules', each visible.

use super::{
    live::{ReadyPolicy, Shared},
    message::Message,
    route,
    rule_effects::{Change, Effects, Tops},
    rules::{self, Fired, Rules},
    urgency,
};
use crate::{
    domain::{Analysis, Channel, Domain, Entity, InquiryType, LabelProbability, Timestamp, Turn},
    model::Input,
    text::Entities,
};

/// A second type is named where it is at least as probable as this.
const SECOND_TYPE_PROBABILITY: f32 = 0.5;
/// Below this probability the analysis abstains, unless the policy says otherwise.
const ABSTAIN_BELOW: f32 = 0.5;

/// By whose lights a message is analyzed.
pub struct Lights<'a> {
    pub shared: &'a Shared,
    pub policy: &'a ReadyPolicy,
    /// The knowledge base's own, where it has published some.
    pub rules: Option<&'a Rules>,
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
    let mut presence = class.type_presence;
    let (mut types, mut sentiments) = (sorted(&class.types), sorted(&class.sentiment));
    let head = labelled(class.top_urgency().0, class.top_urgency().1);
    let mut domains: Vec<_> = class.domains.into_iter().map(|(label, p)| labelled(Domain(label), p)).collect();
    let model = Tops::of(&types, &head, &domains, &sentiments);
    let effects = Effects::of(rules::evaluate(&lights.shared.rules, lights.rules, message));
    effects.merge_types(&mut types, &mut presence);
    effects.merge_domains(&mut domains);
    effects.merge_sentiments(&mut sentiments);
    let kind = types.first().map_or((InquiryType::Other, 0.0), |top| (top.label, top.probability));
    let counting: Vec<Fired<'_>> = effects.counting().copied().collect();
    let assessed = urgency::assess(&urgency::Case {
        original,
        message,
        fired: &counting,
        head: &class.urgency,
        kind,
        schedule: &lights.policy.schedule,
        policy: &lights.policy.policy.urgency,
        history: lights.history,
        now: lights.now,
    });
    let mut urgency = labelled(assessed.level, assessed.probability);
    effects.cap_urgency(&mut urgency);
    let due = route::Due {
        channel: lights.channel,
        urgency: urgency.label,
        customer_deadline: assessed.customer_deadline,
        now: lights.now,
    };
    let result = Tops::of(&types, &urgency, &domains, &sentiments);
    let by_policy = route::route(lights.policy, result.domain.label.as_str(), urgency.label, kind.0);
    let routing = effects.reroute(&by_policy, lights.policy);
    let change = Change { model: &model, result: &result, queues: (&by_policy.queue_id, &routing.queue_id) };
    let abstain_below = lights.policy.policy.thresholds.abstain.unwrap_or(ABSTAIN_BELOW);
    Analysis {
        abstained: types.first().is_none_or(|top| top.probability < abstain_below),
        secondary_type: secondary(kind.0, &presence),
        follow_up: route::follow_up(lights.policy, &due),
        urgency_signals: assessed.signals,
        rule_hits: effects.hits(&message.normalized, &change),
        routing,
        entities: entities(original, lights),
        requests_human: effects.requests_human(),
        is_blocked: effects.blocks() || is_sensitive(message, lights.policy),
        sentiment: sentiments.swap_remove(0),
        types,
        urgency,
        domains,
        model_type: model.kind,
        model_urgency: model.urgency,
        model_domain: model.domain,
        model_sentiment: model.sentiment,
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

fn entities(original: &str, lights: &Lights<'_>) -> Vec<Entity> {
    match lights.entities {
        Some(entities) => entities.recognize(original),
        None => lights.shared.entities.recognize(original),
    }
}
