//! Cuts text into the pieces of a Unigram `tokenizer.json` (the XLM-RoBERTa family).
//!
//! Written here, so that one more package is not needed for a step that only `train --teacher` takes. Expects normalized
//! text: of the file's own normalizer only the marking of word starts with `▁` is done. Must not know the model behind
//! the pieces. Invariant: the sequence begins with the start piece and ends with the end piece.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use serde::Deserialize;

use crate::model::ModelError;

/// What an unknown character costs beyond the rarest piece, as in the reference implementation.
const UNKNOWN_PENALTY: f64 = 10.0;
const START: u32 = 0;
const END: u32 = 2;

/// The pieces with their log probabilities.
#[derive(Debug)]
pub struct Unigram {
    pieces: HashMap<String, (u32, f64)>,
    longest_chars: usize,
    unknown: (u32, f64),
}

#[derive(Deserialize)]
struct TokenizerFile {
    model: UnigramModel,
}

#[derive(Deserialize)]
struct UnigramModel {
    unk_id: u32,
    vocab: Vec<(String, f64)>,
}

impl Unigram {
    /// Loads a `tokenizer.json`; fails where it is missing or no Unigram model.
    pub fn load(path: &Path) -> Result<Self, ModelError> {
        let bytes = fs::read(path).map_err(|source| ModelError::File { path: path.to_owned(), source })?;
        let file: TokenizerFile = serde_json::from_slice(&bytes)
            .map_err(|error| ModelError::Malformed { path: path.to_owned(), reason: error.to_string() })?;
        Ok(Self::from_pieces(file.model.vocab, file.model.unk_id))
    }

    fn from_pieces(vocab: Vec<(String, f64)>, unknown: u32) -> Self {
        let lowest = vocab.iter().map(|(_, score)| *score).fold(0.0, f64::min);
        let longest_chars = vocab.iter().map(|(piece, _)| piece.chars().count()).max().unwrap_or(1);
        let pieces = vocab.into_iter().enumerate().map(|(id, (piece, score))| (piece, (id as u32, score))).collect();
        Self { pieces, longest_chars, unknown: (unknown, lowest - UNKNOWN_PENALTY) }
    }

    /// Returns the piece ids of the most probable cut, between the start and the end piece.
    pub fn encode(&self, text: &str) -> Vec<u32> {
        let marked: String = format!("▁{}", text.replace(' ', "▁"));
        let bounds: Vec<usize> = marked.char_indices().map(|(at, _)| at).chain([marked.len()]).collect();
        let num_chars = bounds.len() - 1;
        let mut best: Vec<(f64, usize, u32)> = vec![(f64::NEG_INFINITY, 0, self.unknown.0); num_chars + 1];
        best[0].0 = 0.0;
        for start in 0..num_chars {
            let mut is_single_known = false;
            for end in start + 1..=num_chars.min(start + self.longest_chars) {
                if let Some(&(id, score)) = self.pieces.get(&marked[bounds[start]..bounds[end]]) {
                    is_single_known |= end == start + 1;
                    relax(&mut best, (start, end), (id, score));
                }
            }
            if !is_single_known {
                relax(&mut best, (start, start + 1), self.unknown);
            }
        }
        self.trace(&best)
    }

    fn trace(&self, best: &[(f64, usize, u32)]) -> Vec<u32> {
        let mut ids = vec![END];
        let mut at = best.len() - 1;
        while at > 0 {
            let (_, start, id) = best[at];
            if !(id == self.unknown.0 && ids.last() == Some(&id)) {
                ids.push(id);
            }
            at = start;
        }
        ids.push(START);
        ids.reverse();
        ids
    }
}

fn relax(best: &mut [(f64, usize, u32)], (start, end): (usize, usize), (id, score): (u32, f64)) {
    let total = best[start].0 + score;
    if total > best[end].0 {
        best[end] = (total, start, id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[u32]) {
        let scores = [("<s>", 0.0), ("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0)];
        let words = [("▁", -2.0), ("退", -5.0), ("货", -5.0), ("退货", -6.0), ("▁退", -6.5), ("a", -3.0)];
        let vocab = scores.iter().chain(&words).map(|(piece, score)| (piece.to_string(), *score)).collect();
        assert_eq!(Unigram::from_pieces(vocab, 3).encode(text), expected, "{text}");
    }

    #[test]
    fn the_most_probable_cut_wins() {
        check("退货", &[0, 4, 7, 2]);
        check("退a", &[0, 8, 9, 2]);
        check("a 退货", &[0, 4, 9, 4, 7, 2]);
        check("", &[0, 4, 2]);
    }

    #[test]
    fn unknown_characters_in_a_row_are_one_piece() {
        check("犇羴货", &[0, 4, 3, 6, 2]);
    }
}
