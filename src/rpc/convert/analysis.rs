//! Analyses.

use crate::{
    domain::{Analysis, Domain, FollowUpPlan, InquiryType, LabelProbability, Routing, Sentiment, Span, Urgency},
    rpc::{
        convert::{
            enums::{inquiry_type_of, sentiment_of, urgency_of},
            spans::Spans,
            time::timestamp_of,
            urgency::signals_of,
        },
        names, pb,
    },
    text::OffsetEncoding,
};

/// Lists the spans of an analysis, for [`Spans::of`].
pub(in crate::rpc) fn spans_in(analysis: &Analysis) -> impl Iterator<Item = Span> + '_ {
    let entities = analysis.entities.iter().map(|entity| entity.span);
    let hits = analysis.rule_hits.iter().map(|hit| hit.span);
    let signals = analysis.urgency_signals.iter().map(|signal| signal.span);
    entities.chain(hits).chain(signals)
}

/// Writes the analysis of a text.
pub(in crate::rpc) fn analysis_of(analysis: &Analysis, text: &str, encoding: OffsetEncoding) -> pb::Analysis {
    analysis_with(analysis, &Spans::of(text, encoding, spans_in(analysis)))
}

/// Writes an analysis whose spans are converted already.
pub(in crate::rpc) fn analysis_with(analysis: &Analysis, spans: &Spans) -> pb::Analysis {
    pb::Analysis {
        types: analysis.types.iter().map(type_of).collect(),
        secondary_type: analysis.secondary_type.map_or(pb::InquiryType::Unspecified, inquiry_type_of).into(),
        urgency: Some(urgency_probability_of(&analysis.urgency)),
        model_urgency: Some(urgency_probability_of(&analysis.model_urgency)),
        domains: analysis.domains.iter().map(domain_of).collect(),
        sentiment: Some(sentiment_probability_of(&analysis.sentiment)),
        urgency_signals: signals_of(&analysis.urgency_signals, spans),
        rule_hits: hits_of(analysis, spans),
        entities: entities_of(analysis, spans),
        routing: Some(routing_of(&analysis.routing)),
        follow_up: Some(follow_up_of(&analysis.follow_up)),
        requests_human: analysis.requests_human,
        abstained: analysis.abstained,
        model_type: Some(type_of(&analysis.model_type)),
        model_domain: Some(domain_of(&analysis.model_domain)),
        model_sentiment: Some(sentiment_probability_of(&analysis.model_sentiment)),
    }
}

fn type_of(top: &LabelProbability<InquiryType>) -> pb::TypeProbability {
    pb::TypeProbability { r#type: inquiry_type_of(top.label).into(), probability: top.probability }
}

fn urgency_probability_of(top: &LabelProbability<Urgency>) -> pb::UrgencyProbability {
    pb::UrgencyProbability { urgency: urgency_of(top.label).into(), probability: top.probability }
}

fn domain_of(top: &LabelProbability<Domain>) -> pb::LabelProbability {
    pb::LabelProbability { label: top.label.as_str().to_owned(), probability: top.probability }
}

fn sentiment_probability_of(top: &LabelProbability<Sentiment>) -> pb::SentimentProbability {
    pb::SentimentProbability { sentiment: sentiment_of(top.label).into(), probability: top.probability }
}

fn hits_of(analysis: &Analysis, spans: &Spans) -> Vec<pb::RuleHit> {
    let hits = analysis.rule_hits.iter().map(|hit| pb::RuleHit {
        rule_id: hit.rule_id.clone(),
        span: Some(spans.get(hit.span)),
        effect: hit.effect.clone(),
        changed_result: hit.changed_result,
        knowledge_base: hit.knowledge_base.as_ref().map(names::of_knowledge_base).unwrap_or_default(),
        disabled_by: hit.disabled_by.clone().unwrap_or_default(),
    });
    hits.collect()
}

fn entities_of(analysis: &Analysis, spans: &Spans) -> Vec<pb::Entity> {
    let entities = analysis.entities.iter().map(|entity| pb::Entity {
        kind: entity.kind.as_str().to_owned(),
        span: Some(spans.get(entity.span)),
        value: entity.value.clone(),
    });
    entities.collect()
}

fn routing_of(routing: &Routing) -> pb::Routing {
    let Routing { queue_id, queue_name, skills, reason, priority } = routing.clone();
    pb::Routing { queue: queue_id, queue_display_name: queue_name, skills, reason, priority: priority.into() }
}

fn follow_up_of(plan: &FollowUpPlan) -> pb::FollowUpPlan {
    pb::FollowUpPlan {
        respond_by: Some(timestamp_of(plan.respond_by)),
        resolve_by: Some(timestamp_of(plan.resolve_by)),
        follow_up_times: plan.follow_up_times.iter().copied().map(timestamp_of).collect(),
        within_working_hours: plan.within_working_hours,
        customer_deadline: plan.customer_deadline.map(timestamp_of),
    }
}
