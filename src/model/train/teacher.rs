//! A sentence encoder that teaches the small table: any Hugging Face BERT folder with a Unigram tokenizer.
//!
//! Only `train --teacher DIR` loads it. Texts of equal piece count go through together, so that no padding and no mask
//! is needed. Must not know what its vectors are used for. Invariant: every vector has length 1.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::Path;

use candle_core::{DType, Device, IndexOp, Tensor};
use serde::Deserialize;

use super::unigram::Unigram;
use crate::model::ModelError;

/// What the e5 family expects before a text.
const PREFIX: &str = "query: ";
const MAX_PIECES: usize = 200;
const BATCH_TEXTS: usize = 16;

/// The encoder with its tokenizer.
#[derive(Debug)]
pub struct Teacher {
    tokenizer: Unigram,
    tensors: HashMap<String, Tensor>,
    shape: BertShape,
}

#[derive(Debug, Deserialize)]
struct BertShape {
    hidden_size: usize,
    num_hidden_layers: usize,
    num_attention_heads: usize,
    layer_norm_eps: f64,
}

impl Teacher {
    /// Loads `config.json`, `tokenizer.json` and `model.safetensors` of a folder; fails where one is missing or malformed.
    pub fn load(dir: &Path) -> Result<Self, ModelError> {
        let path = dir.join("config.json");
        let config = fs::read(&path).map_err(|source| ModelError::File { path: path.clone(), source })?;
        let shape: BertShape = serde_json::from_slice(&config)
            .map_err(|error| ModelError::Malformed { path, reason: error.to_string() })?;
        let stored = candle_core::safetensors::load(dir.join("model.safetensors"), &Device::Cpu)?;
        let mut tensors = HashMap::with_capacity(stored.len());
        for (name, tensor) in stored {
            let tensor = tensor.to_dtype(DType::F32)?;
            let is_linear = tensor.rank() == 2 && name.starts_with("encoder.");
            tensors.insert(name, if is_linear { tensor.t()?.contiguous()? } else { tensor });
        }
        Ok(Self { tokenizer: Unigram::load(&dir.join("tokenizer.json"))?, tensors, shape })
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
        for (length, group) in by_length {
            for batch in group.chunks(BATCH_TEXTS) {
                let ids: Vec<u32> = batch.iter().flat_map(|(_, ids)| ids.iter().copied()).collect();
                let ids = Tensor::from_vec(ids, (batch.len(), length), &Device::Cpu)?;
                let encoded = self.forward(&ids)?.to_vec2::<f32>()?;
                for ((text_idx, _), vector) in batch.iter().zip(encoded) {
                    vectors[*text_idx] = vector;
                }
                num_done += batch.len();
                progress(num_done);
            }
        }
        Ok(vectors)
    }

    fn forward(&self, ids: &Tensor) -> Result<Tensor, ModelError> {
        let (num_texts, length) = ids.dims2()?;
        let words = self.tensor("embeddings.word_embeddings.weight")?.embedding(&ids.flatten_all()?)?;
        let words = words.reshape((num_texts, length, self.shape.hidden_size))?;
        let positions = self.tensor("embeddings.position_embeddings.weight")?.i(0..length)?;
        let kind = self.tensor("embeddings.token_type_embeddings.weight")?.i(0)?;
        let mut hidden = words.broadcast_add(&positions)?.broadcast_add(&kind)?;
        hidden = self.layer_norm("embeddings.LayerNorm", &hidden)?;
        for layer_idx in 0..self.shape.num_hidden_layers {
            let prefix = format!("encoder.layer.{layer_idx}");
            let attended = self.attend(&prefix, &hidden)?;
            hidden = self.layer_norm(&format!("{prefix}.attention.output.LayerNorm"), &(attended + &hidden)?)?;
            let inner = self.linear(&format!("{prefix}.intermediate.dense"), &hidden)?.gelu_erf()?;
            let outer = self.linear(&format!("{prefix}.output.dense"), &inner)?;
            hidden = self.layer_norm(&format!("{prefix}.output.LayerNorm"), &(outer + &hidden)?)?;
        }
        let mean = hidden.mean(1)?;
        let norm = mean.sqr()?.sum_keepdim(1)?.sqrt()?;
        Ok(mean.broadcast_div(&norm)?)
    }

    fn attend(&self, prefix: &str, hidden: &Tensor) -> Result<Tensor, ModelError> {
        let (num_texts, length, width) = hidden.dims3()?;
        let heads = self.shape.num_attention_heads;
        let split = |name: &str| -> Result<Tensor, ModelError> {
            let projected = self.linear(&format!("{prefix}.attention.self.{name}"), hidden)?;
            Ok(projected.reshape((num_texts, length, heads, width / heads))?.transpose(1, 2)?.contiguous()?)
        };
        let (query, key, value) = (split("query")?, split("key")?, split("value")?);
        let scale = ((width / heads) as f64).sqrt();
        let scores = (query.matmul(&key.t()?)? / scale)?;
        let mixed = candle_nn::ops::softmax_last_dim(&scores)?.matmul(&value)?;
        let joined = mixed.transpose(1, 2)?.contiguous()?.reshape((num_texts, length, width))?;
        self.linear(&format!("{prefix}.attention.output.dense"), &joined)
    }

    fn linear(&self, name: &str, input: &Tensor) -> Result<Tensor, ModelError> {
        let (num_texts, length, width) = input.dims3()?;
        let weight = self.tensor(&format!("{name}.weight"))?;
        let output = input.reshape((num_texts * length, width))?.matmul(weight)?;
        let output = output.broadcast_add(self.tensor(&format!("{name}.bias"))?)?;
        Ok(output.reshape((num_texts, length, weight.dim(1)?))?)
    }

    fn layer_norm(&self, name: &str, input: &Tensor) -> Result<Tensor, ModelError> {
        let weight = self.tensor(&format!("{name}.weight"))?;
        let bias = self.tensor(&format!("{name}.bias"))?;
        Ok(candle_nn::ops::layer_norm(&input.contiguous()?, weight, bias, self.shape.layer_norm_eps as f32)?)
    }

    fn tensor(&self, name: &str) -> Result<&Tensor, ModelError> {
        let missing = || ModelError::TooLittle { reason: format!("teacher has no tensor {name}") };
        self.tensors.get(name).ok_or_else(missing)
    }
}
