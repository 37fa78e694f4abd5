//! Ready replies for a human agent: what the bot would do, and every candidate composed.

use super::{
    answer::{Ask, AssistError, answer},
    compose,
    live::Snap,
};
use crate::domain::{Candidate, CandidateVerdict, Reply};

/// A reply an agent may send.
#[derive(Clone, Debug, PartialEq)]
pub struct Suggestion {
    pub text: String,
    pub missing_slots: Vec<String>,
    pub candidate: Candidate,
    /// Whether the bot would have answered with it.
    pub is_above_threshold: bool,
}

/// Suggestions with the reply they come from.
#[derive(Clone, Debug, PartialEq)]
pub struct Suggestions {
    pub suggestions: Vec<Suggestion>,
    pub reply: Reply,
}

/// Suggests replies. Fails only where a base that was named is not there.
pub fn suggest(snap: &Snap, ask: &Ask<'_>) -> Result<Suggestions, AssistError> {
    // Vetoed candidates take places that suggestions need.
    let wide = Ask { max_candidates: 2 * ask.max_candidates, ..ask.clone() };
    let reply = answer(snap, &wide)?;
    let bot_article = reply.answer.as_ref().map(|answer| (&answer.knowledge_base, &answer.article_id));
    let eligible = reply.candidates.iter().filter(|candidate| candidate.verdict == CandidateVerdict::Eligible);
    let suggestions = eligible
        .take(ask.max_candidates)
        .map(|candidate| {
            let template = candidate.article.answers.for_channel(ask.inquiry.channel);
            let filled = compose::fill(template, &ask.inquiry.slots);
            Suggestion {
                text: filled.text,
                missing_slots: filled.missing,
                is_above_threshold: bot_article == Some((&candidate.knowledge_base, &candidate.article.id)),
                candidate: candidate.clone(),
            }
        })
        .collect();
    Ok(Suggestions { suggestions, reply })
}
