//! Replies to `Answer`, `Suggest` and `SearchArticles`.

use crate::{
    assist::Suggestions,
    domain::{Candidate, Channel, Explanation, Handoff, Provenance, Reply, Source, Span, StageTiming},
    rpc::{
        convert::{
            analysis::{analysis_with, spans_in},
            candidate::{candidate_of, clarify_option_of, composed_answer_of, suggested_question_of},
            enums::{handoff_reason_of, no_answer_reason_of, outcome_of},
            number::i64_of,
            spans::Spans,
            time::timestamp_of,
        },
        names, pb,
    },
    text::OffsetEncoding,
};

/// How the caller wants a reply to be written.
#[derive(Clone, Debug)]
pub struct AnswerView<'a> {
    /// The message as typed, which all offsets are of.
    pub text: &'a str,
    pub channel: Channel,
    pub encoding: OffsetEncoding,
    /// The name of the answer record; empty where none is kept.
    pub answer_record: String,
}

impl AnswerView<'_> {
    fn spans(&self, spans: impl Iterator<Item = Span>) -> Spans {
        Spans::of(self.text, self.encoding, spans)
    }
}

/// Writes a reply as `Answer` returns it.
pub fn answer_response(reply: &Reply, view: &AnswerView<'_>) -> pb::AnswerResponse {
    let spans = view.spans(spans_in(&reply.analysis).chain(highlights(&reply.candidates)));
    pb::AnswerResponse {
        outcome: outcome_of(reply.outcome).into(),
        message: reply.message.clone(),
        answer: reply.answer.as_ref().map(composed_answer_of),
        further_answers: reply.further_answers.iter().map(composed_answer_of).collect(),
        no_answer_reason: reason_number(reply),
        handoff: reply.handoff.as_ref().map(handoff_of),
        clarify_options: reply.clarify_options.iter().map(clarify_option_of).collect(),
        candidates: candidates_of(&reply.candidates, view, &spans),
        related_questions: reply.related_questions.iter().map(suggested_question_of).collect(),
        popular_questions: reply.popular_questions.iter().map(suggested_question_of).collect(),
        analysis: Some(analysis_with(&reply.analysis, &spans)),
        effective_query: reply.effective_query.clone(),
        small_talk_intent: reply.small_talk_intent.clone().unwrap_or_default(),
        answer_record: view.answer_record.clone(),
        provenance: Some(provenance_of(&reply.provenance)),
        timings: timings_of(&reply.timings),
        degraded: !reply.degraded.is_empty(),
        degraded_reasons: reply.degraded.clone(),
        explanation: reply.explanation.as_ref().map(explanation_of),
    }
}

/// Writes suggestions as `Suggest` returns them.
pub(in crate::rpc) fn suggest_response(suggestions: &Suggestions, view: &AnswerView<'_>) -> pb::SuggestResponse {
    let Suggestions { suggestions, reply } = suggestions;
    let highlights = suggestions.iter().flat_map(|one| one.candidate.highlights.iter().copied());
    let spans = view.spans(spans_in(&reply.analysis).chain(highlights));
    let one = |suggestion: &crate::assist::Suggestion| pb::Suggestion {
        text: suggestion.text.clone(),
        missing_slots: suggestion.missing_slots.clone(),
        candidate: Some(candidate_of(&suggestion.candidate, view.channel, &spans)),
        above_threshold: suggestion.is_above_threshold,
    };
    pb::SuggestResponse {
        suggestions: suggestions.iter().map(one).collect(),
        analysis: Some(analysis_with(&reply.analysis, &spans)),
        bot_outcome: outcome_of(reply.outcome).into(),
        no_answer_reason: reason_number(reply),
        effective_query: reply.effective_query.clone(),
        answer_record: view.answer_record.clone(),
        provenance: Some(provenance_of(&reply.provenance)),
        timings: timings_of(&reply.timings),
        degraded: !reply.degraded.is_empty(),
        degraded_reasons: reply.degraded.clone(),
        explanation: reply.explanation.as_ref().map(explanation_of),
    }
}

/// Writes candidates as `SearchArticles` returns them.
pub(in crate::rpc) fn search_response(
    candidates: &[Candidate],
    provenance: &Provenance,
    view: &AnswerView<'_>,
) -> pb::SearchArticlesResponse {
    let spans = view.spans(highlights(candidates));
    pb::SearchArticlesResponse {
        candidates: candidates_of(candidates, view, &spans),
        provenance: Some(provenance_of(provenance)),
    }
}

fn highlights(candidates: &[Candidate]) -> impl Iterator<Item = Span> + '_ {
    candidates.iter().flat_map(|candidate| candidate.highlights.iter().copied())
}

fn candidates_of(candidates: &[Candidate], view: &AnswerView<'_>, spans: &Spans) -> Vec<pb::Candidate> {
    candidates.iter().map(|candidate| candidate_of(candidate, view.channel, spans)).collect()
}

fn reason_number(reply: &Reply) -> i32 {
    reply.no_answer_reason.map_or(pb::NoAnswerReason::Unspecified, no_answer_reason_of).into()
}

fn handoff_of(handoff: &Handoff) -> pb::Handoff {
    pb::Handoff {
        reason: handoff_reason_of(handoff.reason).into(),
        department: handoff.department.clone().unwrap_or_default(),
        priority: handoff.priority.into(),
        queue: handoff.queue_id.clone(),
        queue_display_name: handoff.queue_name.clone(),
        respond_by: Some(timestamp_of(handoff.respond_by)),
        resolve_by: Some(timestamp_of(handoff.resolve_by)),
        within_working_hours: handoff.within_working_hours,
    }
}

fn provenance_of(provenance: &Provenance) -> pb::Provenance {
    pb::Provenance {
        bundle: provenance.bundle.clone(),
        rules_version: provenance.rules_version.clone(),
        sources: provenance.sources.iter().map(source_of).collect(),
    }
}

fn source_of(source: &Source) -> pb::Source {
    pb::Source {
        knowledge_base: names::of_knowledge_base(&source.knowledge_base),
        store_epoch: source.store_epoch.0.clone(),
        index_revision: i64_of(source.index_revision.0),
        generation: source.generation.clone(),
        lexicon_version: i64_of(source.lexicon_version),
        policy_revision: i64_of(source.policy_revision.0),
        calibration_revision: source.calibration_revision.map_or(0, |revision| i64_of(revision.0)),
    }
}

fn timings_of(timings: &[StageTiming]) -> Vec<pb::StageTiming> {
    let one = |timing: &StageTiming| pb::StageTiming { stage: timing.stage.to_owned(), micros: i64_of(timing.micros) };
    timings.iter().map(one).collect()
}

fn explanation_of(explanation: &Explanation) -> pb::Explanation {
    let filtered = explanation.filtered.iter();
    pb::Explanation {
        normalized_text: explanation.normalized_text.clone(),
        words: explanation.words.clone(),
        synonyms_used: explanation.synonyms_used.clone(),
        ignored_words: explanation.ignored_words.clone(),
        negations: explanation.negations.clone(),
        filtered: filtered
            .map(|(article, reason)| pb::Filtered { article: article.clone(), reason: reason.clone() })
            .collect(),
        answer_threshold: explanation.answer_threshold,
        clarify_threshold: explanation.clarify_threshold,
        distance_to_answer: explanation.distance_to_answer,
        compared_text: explanation.compared_text.clone(),
    }
}
