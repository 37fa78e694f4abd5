//! The whole why of a reply, for hits and misses alike. Pure.

use std::sync::Arc;

use super::{candidates::Candidates, decide::Bounds, live::Base, message::Message};
use crate::{domain::Explanation, text::is_stop_word};

/// Explains how the message was read and how far it was from an answer.
pub(super) fn explain(message: &Message, bases: &[Arc<Base>], found: &Candidates, bounds: Bounds) -> Explanation {
    let text = message.text();
    let words = match bases.first() {
        Some(base) => base.overlay.apply(message.words.clone(), text),
        None => message.words.clone(),
    };
    let words: Vec<String> = words.iter().map(|word| word.text(text).to_owned()).collect();
    let confidence = found.ranked.first().map_or(0.0, |top| top.confidence);
    Explanation {
        normalized_text: text.to_owned(),
        ignored_words: words.iter().filter(|word| is_stop_word(word)).cloned().collect(),
        words,
        synonyms_used: found.synonyms_used.clone(),
        negations: message.negations.iter().map(|negation| text[negation.cue.range()].to_owned()).collect(),
        filtered: found.dropped.iter().map(|(id, why)| (id.clone(), why.as_str().to_owned())).collect(),
        answer_threshold: bounds.answer,
        clarify_threshold: bounds.clarify,
        distance_to_answer: confidence - bounds.answer,
        compared_text: found.compared_text.clone(),
    }
}
