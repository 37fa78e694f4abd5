//! The network: from the tokens of texts to one unit vector each.
//!
//! Must not know files or characters. Invariants: only tokens that are there are computed, nothing is padded; texts that
//! go through together get what each gets alone, bit for bit.

use super::{
    config::{Activation, Pooling},
    kernels::Kernel,
    linear::{self, Linear},
    ops::{self, Attention, Norm},
};
use crate::model::{encoder::normalize, quantized::QuantizedTable};

/// One layer.
#[derive(Clone, Debug)]
pub(super) struct Layer {
    /// Query, key and value, one after another.
    pub projection: Linear,
    pub attention_output: Linear,
    pub attention_norm: Norm,
    pub inner: Linear,
    pub outer: Linear,
    pub output_norm: Norm,
}

/// Everything that computes.
#[derive(Clone, Debug)]
pub(super) struct Network {
    pub width: usize,
    pub inner_width: usize,
    pub heads: usize,
    pub activation: Activation,
    pub pooling: Pooling,
    pub words: QuantizedTable,
    /// With the vector of the first token type, which every token has.
    pub positions: Vec<f32>,
    pub embedding_norm: Norm,
    pub layers: Vec<Layer>,
}

impl Network {
    /// Returns the unit vector of each text, `None` where it has no direction; every text has a token, none more than
    /// there are positions, and no token is beyond the vocabulary.
    pub fn forward(&self, kernel: Kernel, texts: &[&[u32]]) -> Vec<Option<Vec<f32>>> {
        let num_tokens: usize = texts.iter().map(|text| text.len()).sum();
        let mut hidden = vec![0.0; num_tokens * self.width];
        let mut projected = vec![0.0; 3 * num_tokens * self.width];
        let mut mixed = vec![0.0; num_tokens * self.width];
        let mut added = vec![0.0; num_tokens * self.width];
        let mut inner = vec![0.0; num_tokens * self.inner_width];
        let (mut scratch, mut shares) = (linear::Scratch::default(), Vec::new());
        self.embed(texts, &mut hidden, &mut added);
        kernel.run(|| ops::add_and_normalize(&mut hidden, &added, &self.embedding_norm));
        for layer in &self.layers {
            layer.projection.forward(kernel, &hidden, &mut projected, &mut scratch);
            self.attend(kernel, texts, (&projected, &mut mixed), &mut shares);
            layer.attention_output.forward(kernel, &mixed, &mut added, &mut scratch);
            kernel.run(|| ops::add_and_normalize(&mut hidden, &added, &layer.attention_norm));
            layer.inner.forward(kernel, &hidden, &mut inner, &mut scratch);
            kernel.run(|| ops::activate(&mut inner, self.activation));
            layer.outer.forward(kernel, &inner, &mut added, &mut scratch);
            kernel.run(|| ops::add_and_normalize(&mut hidden, &added, &layer.output_norm));
        }
        self.pool(texts, &hidden)
    }

    fn embed(&self, texts: &[&[u32]], words: &mut [f32], positions: &mut [f32]) {
        let places = texts.iter().flat_map(|text| text.iter().enumerate());
        let rows = words.chunks_exact_mut(self.width).zip(positions.chunks_exact_mut(self.width));
        for ((place, token), (word, position)) in places.zip(rows) {
            self.words.add_row(*token as usize, word);
            position.copy_from_slice(&self.positions[place * self.width..(place + 1) * self.width]);
        }
    }

    /// Every text attends to its own tokens.
    fn attend(
        &self,
        kernel: Kernel,
        texts: &[&[u32]],
        (mut projected, mut mixed): (&[f32], &mut [f32]),
        shares: &mut Vec<f32>,
    ) {
        let attention = Attention { width: self.width, heads: self.heads };
        for text in texts {
            let (own, others) = projected.split_at(3 * text.len() * self.width);
            let (into, rest) = mixed.split_at_mut(text.len() * self.width);
            kernel.run(|| attention.mix(own, into, shares));
            (projected, mixed) = (others, rest);
        }
    }

    fn pool(&self, texts: &[&[u32]], mut hidden: &[f32]) -> Vec<Option<Vec<f32>>> {
        let pooled = texts.iter().map(|text| {
            let (own, others) = hidden.split_at(text.len() * self.width);
            hidden = others;
            let num_pooled = match self.pooling {
                Pooling::Mean => text.len(),
                Pooling::First => 1,
            };
            let mut sum = vec![0.0; self.width];
            for row in own.chunks_exact(self.width).take(num_pooled) {
                sum.iter_mut().zip(row).for_each(|(sum, value)| *sum += value);
            }
            (sum.iter().all(|value| value.is_finite()) && normalize(&mut sum)).then_some(sum)
        });
        pooled.collect()
    }
}
