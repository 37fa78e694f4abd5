//! The light layers that turn what is seen of a message into a number for each label.
//!
//! The logits are a sum of two parts: weights of the marks (linear, wide) and a small network over the vector of the text
//! (deep). All heads share both. The forward is written by hand over the bundle's tensors, for an engine's cost per
//! operation would be many times that of the arithmetic; a test holds it equal to candle's. Must not know files or
//! calibration. Invariant: [`Heads::forward`] never gives NaN for finite weights.

use super::features::{Input, visit_marks};
use super::quantized::QuantizedTable;
use super::vocabulary::Vocabulary;

/// How many logits there are.
pub const NUM_OUTPUTS: usize = 27;

/// A question the model answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Head {
    /// What the customer wants, one of four.
    Type,
    /// How soon a person must act, one of three.
    Urgency,
    /// Which part of the business, one of thirteen.
    Domain,
    /// The tone of the words, one of three.
    Sentiment,
    /// Whether each type is there, independently.
    Presence,
}

impl Head {
    /// The heads in the order of their logits.
    pub const ALL: [Head; 5] = [Self::Type, Self::Urgency, Self::Domain, Self::Sentiment, Self::Presence];
    /// The heads whose labels exclude one another.
    pub const EXCLUSIVE: [Head; 4] = [Self::Type, Self::Urgency, Self::Domain, Self::Sentiment];

    /// Returns which logits are this head's.
    pub fn range(self) -> std::ops::Range<usize> {
        match self {
            Self::Type => 0..4,
            Self::Urgency => 4..7,
            Self::Domain => 7..20,
            Self::Sentiment => 20..23,
            Self::Presence => 23..NUM_OUTPUTS,
        }
    }

    /// Returns the stable name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Type => "type",
            Self::Urgency => "urgency",
            Self::Domain => "domain",
            Self::Sentiment => "sentiment",
            Self::Presence => "presence",
        }
    }
}

/// The weights of all heads.
#[derive(Clone, Debug, Default)]
pub struct Heads {
    pub(in crate::model) marks: Vocabulary,
    pub(in crate::model) wide: QuantizedTable,
    pub(in crate::model) deep: Deep,
    pub(in crate::model) bias: Vec<f32>,
}

/// One hidden layer, and a way past it.
#[derive(Clone, Debug, Default)]
pub(in crate::model) struct Deep {
    /// Width of the input vector.
    pub input: usize,
    /// Hidden × input.
    pub hidden: Vec<f32>,
    /// One a hidden unit.
    pub hidden_bias: Vec<f32>,
    /// Hidden × outputs.
    pub output: Vec<f32>,
    /// Input × outputs.
    pub direct: Vec<f32>,
}

impl Heads {
    /// Returns the logits, or nothing where nothing of the text is known; `vector` is that of the text, if it has one.
    pub fn forward(&self, input: Input<'_>, vector: Option<&[f32]>) -> Option<[f32; NUM_OUTPUTS]> {
        let mut wide = [0.0f32; NUM_OUTPUTS];
        let mut num_known = 0usize;
        visit_marks(input, |key| {
            if let Some(row) = self.marks.lookup(key) {
                self.wide.add_row(row, &mut wide);
                num_known += 1;
            }
        });
        if input.text.is_empty() || (num_known == 0 && vector.is_none()) {
            return None;
        }
        let share = mark_weight(num_known);
        let mut logits = [0.0f32; NUM_OUTPUTS];
        for ((logit, wide), bias) in logits.iter_mut().zip(wide).zip(&self.bias) {
            *logit = bias + share * wide;
        }
        if let Some(vector) = vector {
            self.deep.add(vector, &mut logits);
        }
        Some(logits)
    }
}

impl Deep {
    fn add(&self, vector: &[f32], logits: &mut [f32; NUM_OUTPUTS]) {
        let outputs = self.output.chunks_exact(NUM_OUTPUTS);
        let units = self.hidden.chunks_exact(self.input).zip(&self.hidden_bias).zip(outputs);
        for ((weights, bias), output) in units {
            let activation = bias + dot(weights, vector);
            if activation > 0.0 {
                add_scaled(logits, activation, output);
            }
        }
        for (value, output) in vector.iter().zip(self.direct.chunks_exact(NUM_OUTPUTS)) {
            add_scaled(logits, *value, output);
        }
    }
}

/// Returns what each of `num_known` marks counts: long messages must not shout.
pub(in crate::model) fn mark_weight(num_known: usize) -> f32 {
    1.0 / (num_known.max(1) as f32).sqrt()
}

fn add_scaled(sum: &mut [f32; NUM_OUTPUTS], factor: f32, values: &[f32]) {
    for (sum, value) in sum.iter_mut().zip(values) {
        *sum += factor * value;
    }
}

/// Sums in eight lanes, which the compiler can keep in vector registers.
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let (a_blocks, a_rest) = a.as_chunks::<8>();
    let (b_blocks, b_rest) = b.as_chunks::<8>();
    let mut lanes = [0.0f32; 8];
    for (a, b) in a_blocks.iter().zip(b_blocks) {
        for lane in 0..8 {
            lanes[lane] += a[lane] * b[lane];
        }
    }
    let rest: f32 = a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum();
    lanes.iter().sum::<f32>() + rest
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::vocabulary::unit_key;

    #[test]
    fn heads_tile_the_outputs() {
        let mut at = 0;
        for head in Head::ALL {
            assert_eq!(head.range().start, at, "{}", head.name());
            at = head.range().end;
        }
        assert_eq!(at, NUM_OUTPUTS);
    }

    #[test]
    fn the_parts_add_up() {
        let mut row = vec![0.0; NUM_OUTPUTS];
        row[3] = 2.0;
        let deep = Deep {
            input: 1,
            hidden: vec![1.0, -1.0],
            hidden_bias: vec![0.5, 0.0],
            output: [vec![1.0; NUM_OUTPUTS], vec![9.0; NUM_OUTPUTS]].concat(),
            direct: vec![0.25; NUM_OUTPUTS],
        };
        let heads = Heads {
            marks: Vocabulary::new(vec![unit_key("退")]),
            wide: QuantizedTable::from_rows(&row, NUM_OUTPUTS),
            deep,
            bias: vec![0.125; NUM_OUTPUTS],
        };
        let input = Input { text: "退", words: &[] };
        let logits = heads.forward(input, Some(&[1.0])).expect("the mark is known");
        assert!((logits[0] - 1.875).abs() < 1e-6 && (logits[3] - 3.875).abs() < 1e-6, "{logits:?}");
        assert_eq!(heads.forward(input, None).expect("the mark is known")[0], 0.125);
        assert!(heads.forward(Input { text: "货", words: &[] }, None).is_none());
    }

    #[test]
    fn a_dot_product_counts_every_element() {
        for length in [0, 3, 8, 21] {
            let a: Vec<f32> = (0..length).map(|i| i as f32).collect();
            let expected: f32 = a.iter().map(|x| x * x).sum();
            assert_eq!(dot(&a, &a), expected, "{length}");
        }
    }
}
