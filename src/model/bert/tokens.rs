//! From characters to tokens, by the folder's `tokenizer.json`.
//!
//! Must not know vectors. Invariant: no token is beyond the vocabulary, and no text has more tokens than allowed.

use std::path::Path;

use tokenizers::{Tokenizer, TruncationParams};

use super::config::read;
use crate::model::ModelError;

/// The tokenizer with its limit.
#[derive(Debug)]
pub(super) struct Tokens {
    tokenizer: Tokenizer,
    max_tokens: usize,
    vocabulary: usize,
}

impl Tokens {
    /// Loads a file; fails where it is malformed, or knows tokens beyond the vocabulary of the weights.
    pub fn load(path: &Path, vocabulary: usize, max_tokens: usize) -> Result<Self, ModelError> {
        let malformed = |reason: String| ModelError::Malformed { path: path.to_owned(), reason };
        let mut tokenizer = Tokenizer::from_bytes(read(path)?).map_err(|error| malformed(error.to_string()))?;
        tokenizer.with_padding(None);
        // What a customer types is text, even where it looks like a mark of the tokenizer's own.
        tokenizer.set_encode_special_tokens(true);
        let truncation = TruncationParams { max_length: max_tokens, ..TruncationParams::default() };
        tokenizer.with_truncation(Some(truncation)).map_err(|error| malformed(error.to_string()))?;
        if let Some((_, id)) = tokenizer.get_vocab(true).iter().find(|(_, id)| **id as usize >= vocabulary) {
            return Err(malformed(format!("token {id} is beyond the {vocabulary} of config.json")));
        }
        Ok(Self { tokenizer, max_tokens, vocabulary })
    }

    /// Returns the most tokens of a text.
    pub fn max_tokens(&self) -> usize {
        self.max_tokens
    }

    /// Fails where tokens are none, too many or unknown.
    pub fn check(&self, tokens: &[u32]) -> Result<(), ModelError> {
        let reason = match tokens.len() {
            0 => "it has no token",
            num if num > self.max_tokens => "it has too many tokens",
            _ if tokens.iter().any(|token| *token as usize >= self.vocabulary) => "it has an unknown token",
            _ => return Ok(()),
        };
        Err(ModelError::Text { reason })
    }

    /// Returns the tokens of a text, those that begin and end it included; the end of one that is too long is left out.
    pub fn of(&self, text: &str) -> Result<Vec<u32>, ModelError> {
        // What the tokenizer says may hold the text.
        let encoding = self
            .tokenizer
            .encode_fast(text, true)
            .map_err(|_| ModelError::Text { reason: "the tokenizer refuses it" })?;
        Ok(encoding.get_ids().to_vec())
    }
}
