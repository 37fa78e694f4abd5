//! A message read once: normalized, cut, its negations found. What depends on no knowledge base.

use crate::text::{Negation, Normalized, Segmenter, Word, negations, normalize};

/// A message as every later stage sees it.
pub struct Message {
    pub normalized: Normalized,
    /// By the base dictionary.
    pub words: Vec<Word>,
    pub negations: Vec<Negation>,
}

impl Message {
    /// Reads a message.
    pub fn read(original: &str) -> Self {
        let normalized = normalize(original);
        let words = Segmenter::shared().words(normalized.as_str());
        let negations = negations(normalized.as_str());
        Self { normalized, words, negations }
    }

    /// Returns the normalized text.
    pub fn text(&self) -> &str {
        self.normalized.as_str()
    }

    /// Tells whether nothing that means anything is left: no letter, digit or character.
    pub fn is_empty(&self) -> bool {
        !self.text().chars().any(char::is_alphanumeric)
    }
}
