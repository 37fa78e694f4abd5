//! The bundle's tensors as bytes.
//!
//! Names, element types and shapes are checked here, so that the layers above index without fear. Must not know what the
//! tensors mean. Invariants: reading what was written gives the same values; a wrong shape, a row of another width or a
//! number that is not finite is an error that names the tensor.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use safetensors::tensor::{Dtype, SafeTensors, TensorView, serialize as serialize_views};

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
        let scales = self.take_floats(&format!("{name}.scales"), Some(num_rows))?;
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
    Ok(Encoder::new(entries, table))
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
        ("wide.scales", Dtype::F32, vec![num_marks], floats(&heads.wide.scales)),
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
    vec![
        ("encoder.keys", Dtype::U64, vec![num_entries], keys(&encoder.entries)),
        ("encoder.scales", Dtype::F32, vec![num_entries], floats(&encoder.table.scales)),
        ("encoder.values", Dtype::I8, vec![num_entries, width], bytes(&encoder.table.values)),
    ]
}

fn keys(vocabulary: &Vocabulary) -> Vec<u8> {
    vocabulary.keys().iter().flat_map(|key| key.to_le_bytes()).collect()
}

fn floats(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
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
