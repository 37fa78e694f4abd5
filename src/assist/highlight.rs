//! Which stretches of the message a phrasing shares. Pure.

use super::message::Message;
use crate::{
    domain::{Highlight, Span},
    text::{Overlay, is_stop_word},
};

/// Lists the words of the message that stand, or stand for a synonym, in the phrasing: spans of the original, in order,
/// neighbours joined.
pub fn highlights(message: &Message, canonical_phrasing: &str, overlay: &Overlay) -> Vec<Highlight> {
    let text = message.text();
    let mut joined: Vec<Span> = Vec::new();
    for word in overlay.apply(message.words.clone(), text) {
        let own = word.text(text);
        let is_shared = own.chars().any(char::is_alphanumeric)
            && !is_stop_word(own)
            && (canonical_phrasing.contains(own) || canonical_phrasing.contains(overlay.canonical(own).as_ref()));
        if !is_shared {
            continue;
        }
        match joined.last_mut() {
            Some(last) if last.end == word.span.start => last.end = word.span.end,
            _ => joined.push(word.span),
        }
    }
    joined.into_iter().map(|span| message.normalized.source_span(span)).collect()
}
