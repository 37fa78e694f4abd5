//! The same network in f32 by candle: what the quantized one is measured against, and what teaches the small table.
//!
//! Must not know characters. Texts that go through together must have equally many tokens, so that nothing is padded.

use std::{collections::HashMap, path::Path};

use candle_core::{Device, IndexOp, Tensor};

use super::{
    WEIGHTS_FILE,
    config::{Activation, Config, Pooling, read},
    weights::Weights,
};
use crate::model::ModelError;

/// The network with tensors in f32.
#[derive(Debug)]
pub struct Reference {
    config: Config,
    tensors: HashMap<String, Tensor>,
}

impl Reference {
    /// Loads the weights of a folder; fails where a file is missing, malformed or asks for what cannot be computed.
    pub fn load(dir: &Path) -> Result<Self, ModelError> {
        let config = Config::load(dir)?;
        let path = dir.join(WEIGHTS_FILE);
        let weights = Weights::parse(&path, &read(&path)?)?;
        let mut tensors = HashMap::new();
        for (name, shape) in names(&config) {
            let tensor = weights.tensor(&name, &shape)?;
            let is_linear = shape.len() == 2 && name.starts_with("encoder.");
            tensors.insert(name, if is_linear { tensor.t()?.contiguous()? } else { tensor });
        }
        Ok(Self { config, tensors })
    }

    /// Returns the unit vector of each text; fails where they have not equally many tokens, or more than there are
    /// positions.
    pub fn forward(&self, texts: &[Vec<u32>]) -> Result<Vec<Vec<f32>>, ModelError> {
        let Some(length) = texts.first().map(Vec::len) else { return Ok(Vec::new()) };
        let ids = Tensor::from_vec(texts.concat(), (texts.len(), length), &Device::Cpu)?;
        let words = self.tensor("embeddings.word_embeddings.weight").embedding(&ids.flatten_all()?)?;
        let words = words.reshape((texts.len(), length, self.config.hidden))?;
        let positions = self.tensor("embeddings.position_embeddings.weight").i(0..length)?;
        let kind = self.tensor("embeddings.token_type_embeddings.weight").i(0)?;
        let embedded = words.broadcast_add(&positions)?.broadcast_add(&kind)?;
        let mut hidden = self.normalize("embeddings.LayerNorm", &embedded)?;
        for layer_idx in 0..self.config.layers {
            let prefix = format!("encoder.layer.{layer_idx}");
            let attended = self.attend(&prefix, &hidden)?;
            hidden = self.normalize(&format!("{prefix}.attention.output.LayerNorm"), &(attended + &hidden)?)?;
            let inner = self.linear(&format!("{prefix}.intermediate.dense"), &hidden)?;
            let inner = match self.config.activation {
                Activation::Gelu => inner.gelu_erf()?,
                Activation::GeluTanh => inner.gelu()?,
                Activation::Relu => inner.relu()?,
            };
            let outer = self.linear(&format!("{prefix}.output.dense"), &inner)?;
            hidden = self.normalize(&format!("{prefix}.output.LayerNorm"), &(outer + &hidden)?)?;
        }
        let pooled = match self.config.pooling {
            Pooling::Mean => hidden.mean(1)?,
            Pooling::First => hidden.i((.., 0))?,
        };
        let norm = pooled.sqr()?.sum_keepdim(1)?.sqrt()?;
        Ok(pooled.broadcast_div(&norm)?.to_vec2::<f32>()?)
    }

    fn attend(&self, prefix: &str, hidden: &Tensor) -> Result<Tensor, ModelError> {
        let (num_texts, length, width) = hidden.dims3()?;
        let heads = self.config.heads;
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
        let weight = self.tensor(&format!("{name}.weight"));
        let output = input.reshape((num_texts * length, width))?.matmul(weight)?;
        let output = output.broadcast_add(self.tensor(&format!("{name}.bias")))?;
        Ok(output.reshape((num_texts, length, weight.dim(1)?))?)
    }

    fn normalize(&self, name: &str, input: &Tensor) -> Result<Tensor, ModelError> {
        let (weight, bias) = (self.tensor(&format!("{name}.weight")), self.tensor(&format!("{name}.bias")));
        Ok(candle_nn::ops::layer_norm(&input.contiguous()?, weight, bias, self.config.epsilon)?)
    }

    fn tensor(&self, name: &str) -> &Tensor {
        &self.tensors[name]
    }
}

/// Every tensor with its shape.
fn names(config: &Config) -> Vec<(String, Vec<usize>)> {
    let (hidden, inner) = (config.hidden, config.intermediate);
    let mut names = vec![
        ("embeddings.word_embeddings.weight".to_owned(), vec![config.vocabulary, hidden]),
        ("embeddings.position_embeddings.weight".to_owned(), vec![config.positions, hidden]),
        ("embeddings.token_type_embeddings.weight".to_owned(), vec![config.token_types, hidden]),
        ("embeddings.LayerNorm.weight".to_owned(), vec![hidden]),
        ("embeddings.LayerNorm.bias".to_owned(), vec![hidden]),
    ];
    let linears = [
        ("attention.self.query", hidden, hidden),
        ("attention.self.key", hidden, hidden),
        ("attention.self.value", hidden, hidden),
        ("attention.output.dense", hidden, hidden),
        ("intermediate.dense", inner, hidden),
        ("output.dense", hidden, inner),
    ];
    for layer in (0..config.layers).map(|idx| format!("encoder.layer.{idx}")) {
        for (name, num_out, num_in) in linears {
            names.push((format!("{layer}.{name}.weight"), vec![num_out, num_in]));
            names.push((format!("{layer}.{name}.bias"), vec![num_out]));
        }
        for name in ["attention.output.LayerNorm", "output.LayerNorm"] {
            names.push((format!("{layer}.{name}.weight"), vec![hidden]));
            names.push((format!("{layer}.{name}.bias"), vec![hidden]));
        }
    }
    names
}
