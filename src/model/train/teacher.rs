//! A sentence encoder that teaches the small table: any Hugging Face BERT folder with a Unigram tokenizer.
//!
//! Only `train --teacher DIR` loads it. Texts of equal piece count go through together, so that no padding and no mask
//! is needed. Must not know what its vectors are used for. Invariant: every vector has length 1.

use std::collections::BTreeMap;
use std::path::Path;

use super::unigram::Unigram;
use crate::model::{ModelError, bert::Reference};

/// What the e5 family expects before a text.
const PREFIX: &str = "query: ";
const MAX_PIECES: usize = 200;
const BATCH_TEXTS: usize = 16;

/// The encoder with its tokenizer.
#[derive(Debug)]
pub struct Teacher {
    tokenizer: Unigram,
    network: Reference,
}

impl Teacher {
    /// Loads `config.json`, `tokenizer.json` and `model.safetensors` of a folder; fails where one is missing or malformed.
    pub fn load(dir: &Path) -> Result<Self, ModelError> {
        Ok(Self { tokenizer: Unigram::load(&dir.join("tokenizer.json"))?, network: Reference::load(dir)? })
    }

    /// Returns the unit vector of each text; `progress` is told how many are done.
    pub fn encode(&self, texts: &[String], progress: &mut dyn FnMut(usize)) -> Result<Vec<Vec<f32>>, ModelError> {
        let mut by_length: BTreeMap<usize, Vec<(usize, Vec<u32>)>> = BTreeMap::new();
        for (text_idx, text) in texts.iter().enumerate() {
            let mut ids = self.tokenizer.encode(&format!("{PREFIX}{text}"));
            ids.truncate(MAX_PIECES);
            by_length.entry(ids.len()).or_default().push((text_idx, ids));
        }
        let mut vectors = vec![Vec::new(); texts.len()];
        let mut num_done = 0;
        for batch in by_length.values().flat_map(|group| group.chunks(BATCH_TEXTS)) {
            let ids: Vec<Vec<u32>> = batch.iter().map(|(_, ids)| ids.clone()).collect();
            for ((text_idx, _), vector) in batch.iter().zip(self.network.forward(&ids)?) {
                vectors[*text_idx] = vector;
            }
            num_done += batch.len();
            progress(num_done);
        }
        Ok(vectors)
    }
}
