//! What the rules that fired do to what the model says.
//!
//! Pure. Invariants: what the model says is not lost, for the caller keeps it; a label is never invented, only moved, but
//! that rules of a knowledge base may name a domain of their own. The order of precedence, from the weakest to the last
//! word:
//!
//! 1. the model;
//! 2. set and raise, in the order of the rules: those of the server, then those of the knowledge base by id. Of two that
//!    set the same thing the later one wins; urgency is raised by the highest;
//! 3. forbid and cap, of which every one holds, wherever it stands: what is forbidden cannot be set, and nothing raises
//!    the urgency above the cap, not even that a complaint is at least important;
//! 4. asking for a human and blocking, which nothing undoes but disabling the rule.
//!
//! A rule of the server that is disabled does nothing. To add an effect: a variant of `Effect`, its name in `rules`, its
//! act here, its line in `changed_result`, its shape on the wire, in the store and in the rule file.

use super::{
    live::ReadyPolicy,
    rules::{Fired, effect_name},
};
use crate::{
    domain::{Domain, Effect, InquiryType, LabelProbability, Routing, RuleHit, Sentiment, Urgency},
    text::Normalized,
};

/// What a label set by a rule is worth: rules are written to be right nine times in ten.
const RULE_PROBABILITY: f32 = 0.9;

/// The rules that fired on one message.
pub(super) struct Effects<'a> {
    fired: Vec<Fired<'a>>,
}

/// The first label of each head.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Tops {
    pub kind: LabelProbability<InquiryType>,
    pub urgency: LabelProbability<Urgency>,
    pub domain: LabelProbability<Domain>,
    pub sentiment: LabelProbability<Sentiment>,
}

impl Tops {
    /// Takes the first label of each list; one that is empty says nothing.
    pub(super) fn of(
        types: &[LabelProbability<InquiryType>],
        urgency: &LabelProbability<Urgency>,
        domains: &[LabelProbability<Domain>],
        sentiments: &[LabelProbability<Sentiment>],
    ) -> Self {
        Self {
            kind: first(types, InquiryType::Other),
            urgency: urgency.clone(),
            domain: domains.first().cloned().unwrap_or_else(|| nothing(Domain(Domain::OTHER.to_owned()))),
            sentiment: first(sentiments, Sentiment::Neutral),
        }
    }
}

fn first<L: Copy>(labels: &[LabelProbability<L>], default: L) -> LabelProbability<L> {
    labels.first().cloned().unwrap_or_else(|| nothing(default))
}

fn nothing<L>(label: L) -> LabelProbability<L> {
    LabelProbability { label, probability: 0.0 }
}

/// What the model alone says, and what came out; the queue by policy, and the one that was chosen.
pub(super) struct Change<'a> {
    pub model: &'a Tops,
    pub result: &'a Tops,
    pub queues: (&'a str, &'a str),
}

impl<'a> Effects<'a> {
    pub(super) fn of(fired: Vec<Fired<'a>>) -> Self {
        Self { fired }
    }

    /// Lays the rules over the types, and over whether each is there at all.
    pub(super) fn merge_types(&self, types: &mut Vec<LabelProbability<InquiryType>>, presence: &mut [f32; 4]) {
        for (kind, present) in InquiryType::ALL.iter().zip(presence) {
            if self.has(&Effect::ForbidType(*kind)) {
                *present = 0.0;
            }
        }
        self.merge(types, |hit, act| match hit.effect {
            Effect::SetType(kind) => act(Act::Set(*kind)),
            Effect::ForbidType(kind) => act(Act::Forbid(*kind)),
            _ => {}
        });
    }

    /// Lays the rules over the domains.
    ///
    /// A rule of the server may name a domain that a bundle of other domains does not know: then it says nothing. A
    /// knowledge base may name domains of its own, for its queues do.
    pub(super) fn merge_domains(&self, domains: &mut Vec<LabelProbability<Domain>>) {
        let known: Vec<Domain> = domains.iter().map(|one| one.label.clone()).collect();
        self.merge(domains, |hit, act| match hit.effect {
            Effect::SetDomain(domain)
                if hit.knowledge_base.is_some() || known.iter().any(|one| one.as_str() == domain) =>
            {
                act(Act::Set(Domain(domain.clone())));
            }
            Effect::ForbidDomain(domain) => act(Act::Forbid(Domain(domain.clone()))),
            _ => {}
        });
    }

    /// Lays the rules over the sentiments.
    pub(super) fn merge_sentiments(&self, sentiments: &mut Vec<LabelProbability<Sentiment>>) {
        self.merge(sentiments, |hit, act| {
            if let Effect::SetSentiment(sentiment) = hit.effect {
                act(Act::Set(*sentiment));
            }
        });
    }

    /// Brings the urgency down to the lowest cap; to be called when nothing raises it any more.
    pub(super) fn cap_urgency(&self, urgency: &mut LabelProbability<Urgency>) {
        let caps = self.effects().filter_map(|effect| match effect {
            Effect::CapUrgency(level) => Some(*level),
            _ => None,
        });
        if let Some(cap) = caps.min().filter(|cap| *cap < urgency.label) {
            *urgency = LabelProbability { label: cap, probability: RULE_PROBABILITY };
        }
    }

    /// Sends the message to the queue that the last rule about queues names, where the policy has it.
    pub(super) fn reroute(&self, by_policy: &Routing, policy: &ReadyPolicy) -> Routing {
        let named = self.fired.iter().rev().filter(|hit| hit.counts()).find_map(|hit| match hit.effect {
            Effect::SetQueue(id) => policy.policy.queues.iter().find(|queue| queue.id == *id).map(|queue| (hit, queue)),
            _ => None,
        });
        match named {
            Some((hit, queue)) => Routing {
                queue_id: queue.id.clone(),
                queue_name: queue.name.clone(),
                skills: queue.skills.clone(),
                reason: format!("rule:{}", hit.rule_id),
                priority: by_policy.priority,
            },
            None => by_policy.clone(),
        }
    }

    pub(super) fn requests_human(&self) -> bool {
        self.has(&Effect::RequestHuman)
    }

    pub(super) fn blocks(&self) -> bool {
        self.has(&Effect::Block)
    }

    /// Names every rule that fired, and whether the result differs by it.
    pub(super) fn hits(&self, normalized: &Normalized, change: &Change<'_>) -> Vec<RuleHit> {
        let one = |hit: &Fired<'_>| RuleHit {
            rule_id: hit.rule_id.to_owned(),
            knowledge_base: hit.knowledge_base.cloned(),
            span: normalized.source_span(hit.span),
            effect: effect_name(hit.effect),
            changed_result: hit.counts() && self.changed_result(hit, change),
            disabled_by: hit.disabled_by.map(str::to_owned),
        };
        self.fired.iter().map(one).collect()
    }

    fn changed_result(&self, hit: &Fired<'_>, change: &Change<'_>) -> bool {
        let Change { model, result, queues: (by_policy, chosen) } = change;
        let differs = |on_one_side: bool, on_the_other: bool| on_one_side && !on_the_other;
        match hit.effect {
            Effect::RaiseUrgency(level) => result.urgency.label == *level && *level > model.urgency.label,
            Effect::CapUrgency(level) => result.urgency.label == *level && *level < model.urgency.label,
            Effect::SetType(kind) => differs(result.kind.label == *kind, model.kind.label == *kind),
            Effect::ForbidType(kind) => differs(model.kind.label == *kind, result.kind.label == *kind),
            Effect::SetDomain(domain) => differs(result.domain.label.0 == *domain, model.domain.label.0 == *domain),
            Effect::ForbidDomain(domain) => differs(model.domain.label.0 == *domain, result.domain.label.0 == *domain),
            Effect::SetSentiment(tone) => differs(result.sentiment.label == *tone, model.sentiment.label == *tone),
            Effect::SetQueue(queue) => differs(chosen == queue, by_policy == queue),
            Effect::DisableRule(_) => self.fired.iter().any(|other| other.disabled_by == Some(hit.rule_id)),
            Effect::RequestHuman | Effect::Block => true,
        }
    }

    fn has(&self, effect: &Effect) -> bool {
        self.effects().any(|found| found == effect)
    }

    /// Lists the rules whose effects take place.
    pub(super) fn counting(&self) -> impl DoubleEndedIterator<Item = &Fired<'a>> + '_ {
        self.fired.iter().filter(|hit| hit.counts())
    }

    /// Lists the effects that take place.
    fn effects(&self) -> impl DoubleEndedIterator<Item = &'a Effect> + '_ {
        self.counting().map(|hit| hit.effect)
    }

    fn merge<L: Clone + PartialEq>(
        &self,
        labels: &mut Vec<LabelProbability<L>>,
        read: impl Fn(&Fired<'_>, &mut dyn FnMut(Act<L>)),
    ) {
        let (mut forbidden, mut wanted) = (Vec::new(), Vec::new());
        for hit in self.counting() {
            read(hit, &mut |act| match act {
                Act::Set(label) => wanted.push(label),
                Act::Forbid(label) => forbidden.push(label),
            });
        }
        forbid(labels, &forbidden);
        wanted.iter().filter(|label| !forbidden.contains(label)).for_each(|label| set(labels, label));
    }
}

/// What a rule does to the labels of one head.
enum Act<L> {
    Set(L),
    Forbid(L),
}

/// Puts a label first with the probability of a rule; the others share what is left in proportion.
fn set<L: Clone + PartialEq>(labels: &mut Vec<LabelProbability<L>>, label: &L) {
    let before = labels.iter().find(|known| known.label == *label).map_or(0.0, |known| known.probability);
    let after = before.max(RULE_PROBABILITY);
    let shrink = if before < 1.0 { (1.0 - after) / (1.0 - before) } else { 0.0 };
    labels.retain(|known| known.label != *label);
    labels.iter_mut().for_each(|other| other.probability *= shrink);
    labels.insert(0, LabelProbability { label: label.clone(), probability: after });
}

/// Puts labels last with no probability; the others share it in proportion.
fn forbid<L: PartialEq>(labels: &mut Vec<LabelProbability<L>>, forbidden: &[L]) {
    if forbidden.is_empty() {
        return;
    }
    let (mut out, mut rest): (Vec<_>, Vec<_>) =
        std::mem::take(labels).into_iter().partition(|known| forbidden.contains(&known.label));
    let left: f32 = rest.iter().map(|known| known.probability).sum();
    let total = left + out.iter().map(|known| known.probability).sum::<f32>();
    if left > 0.0 {
        // Rounding must not lift a probability above one.
        rest.iter_mut().for_each(|known| known.probability = (known.probability * (total / left)).min(1.0));
    }
    out.iter_mut().for_each(|known| known.probability = 0.0);
    rest.append(&mut out);
    *labels = rest;
}

#[cfg(test)]
mod tests;
