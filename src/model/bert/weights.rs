//! From `model.safetensors` to the network.
//!
//! Names, shapes and numbers are checked here, so that the network computes without fear. Files of bare encoders and of
//! models with heads on top are read alike: the latter put `bert.` before every name.

use std::{collections::HashMap, path::Path};

use candle_core::{DType, Device, Tensor};

use super::{
    config::Config,
    kernels::Bits,
    linear::Linear,
    network::{Layer, Network},
    ops::Norm,
};
use crate::model::{ModelError, quantized::QuantizedTable};

/// So many rows of the vocabulary are read at once.
const ROWS_AT_ONCE: usize = 4_096;

/// The tensors of a file by name.
pub(super) struct Weights<'a> {
    path: &'a Path,
    by_name: HashMap<String, Tensor>,
}

impl<'a> Weights<'a> {
    /// Reads the bytes of a file.
    pub fn parse(path: &'a Path, bytes: &[u8]) -> Result<Self, ModelError> {
        let stored = candle_core::safetensors::load_buffer(bytes, &Device::Cpu)
            .map_err(|error| ModelError::Malformed { path: path.to_owned(), reason: error.to_string() })?;
        let bare = |name: String| name.strip_prefix("bert.").map(str::to_owned).unwrap_or(name);
        Ok(Self { path, by_name: stored.into_iter().map(|(name, tensor)| (bare(name), tensor)).collect() })
    }

    /// Builds the network of a shape; fails where a tensor is missing or of another one.
    pub fn network(&self, config: &Config, bits: Bits) -> Result<Network, ModelError> {
        let layers = (0..config.layers).map(|idx| self.layer(config, bits, &format!("encoder.layer.{idx}")));
        Ok(Network {
            width: config.hidden,
            inner_width: config.intermediate,
            heads: config.heads,
            activation: config.activation,
            pooling: config.pooling,
            words: self.words(config)?,
            positions: self.positions(config)?,
            embedding_norm: self.norm("embeddings.LayerNorm", config)?,
            layers: layers.collect::<Result<_, _>>()?,
        })
    }

    /// Returns a tensor in f32.
    pub fn tensor(&self, name: &str, shape: &[usize]) -> Result<Tensor, ModelError> {
        let tensor = self.stored(name, shape)?;
        Ok(tensor.to_dtype(DType::F32)?)
    }

    fn layer(&self, config: &Config, bits: Bits, prefix: &str) -> Result<Layer, ModelError> {
        let (hidden, intermediate) = (config.hidden, config.intermediate);
        let (mut weights, mut bias) = (Vec::new(), Vec::new());
        for part in ["query", "key", "value"] {
            let name = format!("{prefix}.attention.self.{part}");
            weights.extend(self.floats(&format!("{name}.weight"), &[hidden, hidden])?);
            bias.extend(self.floats(&format!("{name}.bias"), &[hidden])?);
        }
        let linear = |name: &str, num_in: usize, num_out: usize| -> Result<Linear, ModelError> {
            let weights = self.floats(&format!("{prefix}.{name}.weight"), &[num_out, num_in])?;
            Ok(Linear::pack(&weights, &self.floats(&format!("{prefix}.{name}.bias"), &[num_out])?, num_in, bits))
        };
        Ok(Layer {
            projection: Linear::pack(&weights, &bias, hidden, bits),
            attention_output: linear("attention.output.dense", hidden, hidden)?,
            attention_norm: self.norm(&format!("{prefix}.attention.output.LayerNorm"), config)?,
            inner: linear("intermediate.dense", hidden, intermediate)?,
            outer: linear("output.dense", intermediate, hidden)?,
            output_norm: self.norm(&format!("{prefix}.output.LayerNorm"), config)?,
        })
    }

    fn words(&self, config: &Config) -> Result<QuantizedTable, ModelError> {
        let name = "embeddings.word_embeddings.weight";
        let stored = self.stored(name, &[config.vocabulary, config.hidden])?;
        let mut words = QuantizedTable { width: config.hidden, ..QuantizedTable::default() };
        for first in (0..config.vocabulary).step_by(ROWS_AT_ONCE) {
            let num = ROWS_AT_ONCE.min(config.vocabulary - first);
            words.push_rows(&self.finite(name, &stored.narrow(0, first, num)?)?);
        }
        Ok(words)
    }

    fn positions(&self, config: &Config) -> Result<Vec<f32>, ModelError> {
        let hidden = config.hidden;
        let mut positions = self.floats("embeddings.position_embeddings.weight", &[config.positions, hidden])?;
        let kinds = self.floats("embeddings.token_type_embeddings.weight", &[config.token_types, hidden])?;
        for row in positions.chunks_exact_mut(hidden) {
            row.iter_mut().zip(&kinds).for_each(|(position, kind)| *position += kind);
        }
        Ok(positions)
    }

    fn norm(&self, name: &str, config: &Config) -> Result<Norm, ModelError> {
        Ok(Norm {
            scale: self.floats(&format!("{name}.weight"), &[config.hidden])?,
            shift: self.floats(&format!("{name}.bias"), &[config.hidden])?,
            epsilon: config.epsilon,
        })
    }

    fn floats(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>, ModelError> {
        self.finite(name, self.stored(name, shape)?)
    }

    fn finite(&self, name: &str, tensor: &Tensor) -> Result<Vec<f32>, ModelError> {
        let values = tensor.to_dtype(DType::F32)?.flatten_all()?.to_vec1::<f32>()?;
        if values.iter().any(|value| !value.is_finite()) {
            return Err(self.malformed(format!("tensor {name} holds what is no number")));
        }
        Ok(values)
    }

    fn stored(&self, name: &str, shape: &[usize]) -> Result<&Tensor, ModelError> {
        let tensor = self.by_name.get(name).ok_or_else(|| self.malformed(format!("tensor {name} is missing")))?;
        if tensor.dims() != shape {
            return Err(self.malformed(format!("tensor {name} is of shape {:?}, not {shape:?}", tensor.dims())));
        }
        if !matches!(tensor.dtype(), DType::F32 | DType::F16 | DType::BF16) {
            return Err(self.malformed(format!("tensor {name} is of type {:?}, not f32, f16 or bf16", tensor.dtype())));
        }
        Ok(tensor)
    }

    fn malformed(&self, reason: String) -> ModelError {
        ModelError::Malformed { path: self.path.to_owned(), reason }
    }
}
