//! The bundle's tensors as bytes.
//!
//! Names, element types and shapes are checked here, so that the layers above index without fear. Must not know what the
//! tensors mean. Invariants: reading what was written gives the same values; a wrong shape, a row of another width or a
//! number that is not finite is an error that names the tensor.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use safetensors::tensor::{Dtype, SafeTensors, TensorView, serialize as serialize_views};

use super::attention::{Attention, READ_WIDTH, SHAPES};
use super::encoder::Encoder;
use super::error::ModelError;
use super::heads::{Deep, Heads};
use super::quantized::QuantizedTable;
use super::vocabulary::Vocabulary;

/// Tensors of one file, by name.
pub(in crate::model) struct Tensors {
    path: PathBuf,
    by_name: HashMap<String, (Dtype, Vec<u8>)>,
}

impl Tensors {
    pub fn parse(path: &Path, bytes: &[u8]) -> Result<Self, ModelError> {
        let malformed = |error: safetensors::SafeTensorError| ModelError::Malformed {
            path: path.to_owned(),
            reason: error.to_string(),
        };
        let views = SafeTensors::deserialize(bytes).map_err(malformed)?;
        let stored = views.tensors().into_iter().map(|(name, view)| (name, (view.dtype(), view.data().to_vec())));
        Ok(Self { path: path.to_owned(), by_name: stored.collect() })
    }

    /// Leaves a tensor of floats so many values, or takes it out.
    #[cfg(test)]
    pub fn shorten(&mut self, name: &str, num_values: Option<usize>) {
        match num_values {
            Some(num) => self.by_name.get_mut(name).expect("it is there").1.truncate(num * 4),
            None => _ = self.by_name.remove(name),
        }
    }

    fn malformed(&self, reason: String) -> ModelError {
        ModelError::Malformed { path: self.path.clone(), reason }
    }

    fn take(&mut self, name: &str, wanted: Dtype) -> Result<Vec<u8>, ModelError> {
        match self.by_name.remove(name) {
            Some((dtype, bytes)) if dtype == wanted => Ok(bytes),
            Some((dtype, _)) => Err(self.malformed(format!("tensor {name} is of type {dtype:?}, not {wanted:?}"))),
            None => Err(self.malformed(format!("tensor {name} is missing"))),
        }
    }

    fn take_floats(&mut self, name: &str, wanted_len: Option<usize>) -> Result<Vec<f32>, ModelError> {
        let bytes = self.take(name, Dtype::F32)?;
        let values: Vec<f32> = bytes.as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
        if wanted_len.is_some_and(|wanted| wanted != values.len()) {
            return Err(self.malformed(format!("tensor {name} has {} values", values.len())));
        }
        if values.iter().any(|value| !value.is_finite()) {
            return Err(self.malformed(format!("tensor {name} holds what is no number")));
        }
        Ok(values)
    }

    fn take_vocabulary(&mut self, name: &str) -> Result<Vocabulary, ModelError> {
        let bytes = self.take(name, Dtype::U64)?;
        Ok(Vocabulary::new(bytes.as_chunks::<8>().0.iter().map(|bytes| u64::from_le_bytes(*bytes)).collect()))
    }

    fn take_table(&mut self, name: &str, num_rows: usize) -> Result<QuantizedTable, ModelError> {
        let scales_name = format!("{name}.scales");
        let bytes = self.take(&scales_name, Dtype::BF16)?;
        let scales: Vec<f32> = bytes.as_chunks::<2>().0.iter().map(|bytes| from_half(*bytes)).collect();
        if scales.len() != num_rows || scales.iter().any(|scale| !scale.is_finite()) {
            return Err(self.malformed(format!("tensor {scales_name} has not {num_rows} numbers")));
        }
        let bytes = self.take(&format!("{name}.values"), Dtype::I8)?;
        let width = bytes.len().checked_div(num_rows).unwrap_or(0);
        if width * num_rows != bytes.len() {
            return Err(self.malformed(format!("tensor {name}.values does not fit {num_rows} rows")));
        }
        Ok(QuantizedTable { width, scales, values: bytes.into_iter().map(|byte| byte as i8).collect() })
    }
}

/// Takes the encoder out of the tensors.
pub(in crate::model) fn take_encoder(tensors: &mut Tensors) -> Result<Encoder, ModelError> {
    let entries = tensors.take_vocabulary("encoder.keys")?;
    let table = tensors.take_table("encoder", entries.len())?;
    let attention = take_attention(tensors, entries.len())?;
    Ok(Encoder::new(entries, table).with_attention(attention.map(Arc::new)))
}

/// Takes the layer that weighs entries, where the file has one.
fn take_attention(tensors: &mut Tensors, num_entries: usize) -> Result<Option<Attention>, ModelError> {
    const TABLE: &str = "attention";
    if !tensors.by_name.contains_key(SHAPES[0].0) {
        return Ok(None);
    }
    let table = tensors.take_table(TABLE, num_entries)?;
    if table.width != READ_WIDTH && num_entries > 0 {
        return Err(tensors.malformed(format!("tensor attention.values is {} wide, not {READ_WIDTH}", table.width)));
    }
    let mut weights: [Vec<f32>; SHAPES.len()] = Default::default();
    for (weights, (name, shape)) in weights.iter_mut().zip(SHAPES) {
        *weights = tensors.take_floats(name, Some(shape.iter().product()))?;
    }
    Ok(Some(Attention::new(table, weights)))
}

/// Takes the heads out of the tensors; `width` is that of the vectors they read.
pub(in crate::model) fn take_heads(
    tensors: &mut Tensors,
    width: usize,
    num_outputs: usize,
) -> Result<Heads, ModelError> {
    let marks = tensors.take_vocabulary("wide.keys")?;
    let wide = tensors.take_table("wide", marks.len())?;
    if wide.width != num_outputs {
        return Err(tensors.malformed(format!("tensor wide.values is {} wide, not {num_outputs}", wide.width)));
    }
    let hidden_bias = tensors.take_floats("deep.hidden_bias", None)?;
    let num_hidden = hidden_bias.len();
    let deep = Deep {
        input: width,
        hidden: tensors.take_floats("deep.hidden", Some(num_hidden * width))?,
        hidden_bias,
        output: tensors.take_floats("deep.output", Some(num_hidden * num_outputs))?,
        direct: tensors.take_floats("deep.direct", Some(width * num_outputs))?,
    };
    Ok(Heads { marks, wide, deep, bias: tensors.take_floats("bias", Some(num_outputs))? })
}

/// A tensor to write: name, element type, shape, bytes.
type Part = (&'static str, Dtype, Vec<usize>, Vec<u8>);

/// Returns the bytes of a safetensors file with all tensors of both.
pub(in crate::model) fn serialize(encoder: &Encoder, heads: &Heads) -> Vec<u8> {
    let (deep, width, num_outputs) = (&heads.deep, encoder.width(), heads.bias.len());
    let (num_marks, num_hidden) = (heads.marks.len(), deep.hidden_bias.len());
    let mut parts = encoder_parts(encoder);
    parts.extend([
        ("wide.keys", Dtype::U64, vec![num_marks], keys(&heads.marks)),
        ("wide.scales", Dtype::BF16, vec![num_marks], halves(&heads.wide.scales)),
        ("wide.values", Dtype::I8, vec![num_marks, heads.wide.width], bytes(&heads.wide.values)),
        ("deep.hidden", Dtype::F32, vec![num_hidden, width], floats(&deep.hidden)),
        ("deep.hidden_bias", Dtype::F32, vec![num_hidden], floats(&deep.hidden_bias)),
        ("deep.output", Dtype::F32, vec![num_hidden, num_outputs], floats(&deep.output)),
        ("deep.direct", Dtype::F32, vec![width, num_outputs], floats(&deep.direct)),
        ("bias", Dtype::F32, vec![num_outputs], floats(&heads.bias)),
    ]);
    serialize_parts(&parts)
}

/// Returns the bytes of a safetensors file with the encoder alone.
pub(in crate::model) fn serialize_encoder(encoder: &Encoder) -> Vec<u8> {
    serialize_parts(&encoder_parts(encoder))
}

fn encoder_parts(encoder: &Encoder) -> Vec<Part> {
    let (num_entries, width) = (encoder.entries.len(), encoder.width());
    let mut parts = vec![
        ("encoder.keys", Dtype::U64, vec![num_entries], keys(&encoder.entries)),
        ("encoder.scales", Dtype::BF16, vec![num_entries], halves(&encoder.table.scales)),
        ("encoder.values", Dtype::I8, vec![num_entries, width], bytes(&encoder.table.values)),
    ];
    if let Some(attention) = &encoder.attention {
        let table = &attention.table;
        parts.push(("attention.scales", Dtype::BF16, vec![num_entries], halves(&table.scales)));
        parts.push(("attention.values", Dtype::I8, vec![num_entries, READ_WIDTH], bytes(&table.values)));
        let weights = SHAPES.iter().zip(&attention.weights);
        parts.extend(weights.map(|((name, shape), values)| (*name, Dtype::F32, shape.to_vec(), floats(values))));
    }
    parts
}

fn keys(vocabulary: &Vocabulary) -> Vec<u8> {
    vocabulary.keys().iter().flat_map(|key| key.to_le_bytes()).collect()
}

fn floats(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

/// The upper half of each float; of a scale the lower one is zero.
fn halves(scales: &[f32]) -> Vec<u8> {
    scales.iter().flat_map(|scale| ((scale.to_bits() >> 16) as u16).to_le_bytes()).collect()
}

fn from_half(bytes: [u8; 2]) -> f32 {
    f32::from_bits(u32::from(u16::from_le_bytes(bytes)) << 16)
}

fn bytes(values: &[i8]) -> Vec<u8> {
    values.iter().map(|value| *value as u8).collect()
}

fn serialize_parts(parts: &[Part]) -> Vec<u8> {
    let views: Vec<(&str, TensorView<'_>)> = parts
        .iter()
        .map(|part| {
            let (name, dtype, shape, data) = part;
            (
                *name,
                TensorView::new(*dtype, shape.clone(), data).expect("the shape is that of the data it was made with"),
            )
        })
        .collect();
    serialize_views(views, None).expect("names are distinct and views are valid")
}
