//! A sentence encoder that teaches the small table: any Hugging Face BERT folder.
//!
//! Only `train --teacher DIR` loads it. Weights are rounded to eight bits, which moves no vector that matters, and each
//! processor reads texts of its own. Must not know what its vectors are used for. Invariant: every vector has length 1.

use std::path::Path;

use crate::model::{
    ModelError,
    bert::{Bits, TextEncoder, TextEncoderSettings},
};

/// What the e5 family expects before a text.
const PREFIX: &str = "query: ";
const MAX_TOKENS: usize = 200;
const BATCH_TEXTS: usize = 16;

/// The encoder.
#[derive(Debug)]
pub struct Teacher(TextEncoder);

impl Teacher {
    /// Loads a folder; fails where a file is missing or malformed.
    pub fn load(dir: &Path) -> Result<Self, ModelError> {
        let settings = TextEncoderSettings {
            bits: Bits::Eight,
            max_tokens: Some(MAX_TOKENS),
            prefixes: vec![PREFIX.to_owned()],
            ..TextEncoderSettings::default()
        };
        Ok(Self(TextEncoder::load_with(dir, settings)?))
    }

    /// Returns the unit vector of each text; `progress` is told whenever some more are done. Fails where a text has none.
    pub fn encode(&self, texts: &[String], progress: &(dyn Fn(usize) + Sync)) -> Result<Vec<Vec<f32>>, ModelError> {
        let num_threads = std::thread::available_parallelism().map_or(1, usize::from);
        let part = |texts: &[String]| -> Result<Vec<Vec<f32>>, ModelError> {
            let mut vectors = Vec::with_capacity(texts.len());
            for batch in texts.chunks(BATCH_TEXTS) {
                let batch: Vec<&str> = batch.iter().map(String::as_str).collect();
                vectors.extend(self.0.encode_batch(&batch)?);
                progress(batch.len());
            }
            Ok(vectors)
        };
        let size = texts.len().div_ceil(num_threads).max(1);
        let parts: Result<Vec<Vec<Vec<f32>>>, ModelError> = std::thread::scope(|scope| {
            let spawned: Vec<_> = texts.chunks(size).map(|texts| scope.spawn(move || part(texts))).collect();
            spawned.into_iter().map(|thread| thread.join().expect("reading a text does not panic")).collect()
        });
        Ok(parts?.concat())
    }
}
