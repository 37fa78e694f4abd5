//! Candidates, and what else names an article in a reply.

use crate::{
    domain::{Answer, Candidate, Channel, ClarifyOption, FeatureShare, SuggestedQuestion},
    rpc::{
        convert::{
            enums::{match_type_of, veto_of},
            number::i64_of,
            spans::Spans,
        },
        names, pb,
    },
};

/// Writes a candidate with its answer for the channel.
pub(in crate::rpc) fn candidate_of(candidate: &Candidate, channel: Channel, spans: &Spans) -> pb::Candidate {
    let article = &candidate.article;
    pb::Candidate {
        article: names::of_article(&candidate.knowledge_base, &article.id),
        article_revision: i64_of(article.revision.0),
        standard_question: article.standard_question.clone(),
        matched_question: candidate.matched_question.clone(),
        match_type: match_type_of(candidate.match_type).into(),
        answer: article.answers.for_channel(channel).to_owned(),
        highlights: candidate.highlights.iter().map(|span| spans.get(*span)).collect(),
        confidence: candidate.confidence,
        raw_score: candidate.raw_score,
        veto: veto_of(candidate.verdict).into(),
        features: candidate.features.iter().map(feature_of).collect(),
    }
}

fn feature_of(feature: &FeatureShare) -> pb::FeatureShare {
    let FeatureShare { name, value, share } = *feature;
    pb::FeatureShare { name: name.to_owned(), value, share }
}

/// Writes a composed answer.
pub(in crate::rpc) fn composed_answer_of(answer: &Answer) -> pb::ComposedAnswer {
    pb::ComposedAnswer {
        text: answer.text.clone(),
        article: names::of_article(&answer.knowledge_base, &answer.article_id),
        article_revision: i64_of(answer.article_revision.0),
        confidence: answer.confidence,
        missing_slots: answer.missing_slots.clone(),
    }
}

/// Writes an option of a clarification.
pub(in crate::rpc) fn clarify_option_of(option: &ClarifyOption) -> pb::ClarifyOption {
    pb::ClarifyOption {
        article: names::of_article(&option.knowledge_base, &option.article_id),
        question: option.question.clone(),
        answer: option.answer.clone(),
        confidence: option.confidence,
    }
}

/// Writes a question to go on with.
pub(in crate::rpc) fn suggested_question_of(suggested: &SuggestedQuestion) -> pb::SuggestedQuestion {
    pb::SuggestedQuestion {
        article: names::of_article(&suggested.knowledge_base, &suggested.article_id),
        question: suggested.question.clone(),
    }
}
