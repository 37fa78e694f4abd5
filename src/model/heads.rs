//! The light layers that turn what is seen of a message into a number for each label.
//!
//! The logits are a sum of two parts: weights of the marks (linear, wide) and a small network over the vector of the text
//! (deep). All heads share both. The forward is written by hand over the bundle's tensors, for an engine's cost per
//! operation would be many times that of the arithmetic; a test holds it equal to candle's. Must not know files, names of
//! labels or calibration. Invariants: [`Heads::forward`] never gives NaN for finite weights; only the number of domains
//! differs between bundles, and the order of the heads never does.

use super::features::{Input, visit_marks};
use super::quantized::QuantizedTable;
use super::vocabulary::Vocabulary;

/// The most domains a bundle may have.
pub const MAX_DOMAINS: usize = 64;
/// The logits of the heads whose labels are fixed: four types, three urgencies, three sentiments, four presences.
const NUM_FIXED: usize = 14;
const MAX_OUTPUTS: usize = NUM_FIXED + MAX_DOMAINS;

/// A question the model answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Head {
    /// What the customer wants, one of four.
    Type,
    /// How soon a person must act, one of three.
    Urgency,
    /// Which part of the business, one of the bundle's domains.
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

/// Where the logits of each head stand in a bundle of so many domains.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    num_domains: usize,
}

impl Layout {
    /// Lays the heads out; panics beyond [`MAX_DOMAINS`], which label sets refuse.
    pub fn new(num_domains: usize) -> Self {
        assert!(num_domains <= MAX_DOMAINS, "label sets have at most {MAX_DOMAINS} domains");
        Self { num_domains }
    }

    /// Returns how many logits there are.
    pub fn num_outputs(self) -> usize {
        NUM_FIXED + self.num_domains
    }

    /// Returns which logits are a head's.
    pub fn range(self, head: Head) -> std::ops::Range<usize> {
        let end = 7 + self.num_domains;
        match head {
            Head::Type => 0..4,
            Head::Urgency => 4..7,
            Head::Domain => 7..end,
            Head::Sentiment => end..end + 3,
            Head::Presence => end + 3..end + 7,
        }
    }
}

/// The logits of a text, on the stack.
#[derive(Clone, Debug, PartialEq)]
pub struct Logits {
    layout: Layout,
    values: [f32; MAX_OUTPUTS],
}

impl Logits {
    /// Makes logits that are all zero.
    pub fn zeros(layout: Layout) -> Self {
        Self { layout, values: [0.0; MAX_OUTPUTS] }
    }

    /// Returns all of them, in the order of the heads.
    #[cfg(test)]
    pub fn all(&self) -> &[f32] {
        &self.values[..self.layout.num_outputs()]
    }

    /// Returns those of a head.
    pub fn of(&self, head: Head) -> &[f32] {
        &self.values[self.layout.range(head)]
    }

    /// Returns those of a head, to be set.
    pub fn of_mut(&mut self, head: Head) -> &mut [f32] {
        &mut self.values[self.layout.range(head)]
    }

    fn all_mut(&mut self) -> &mut [f32] {
        &mut self.values[..self.layout.num_outputs()]
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
    pub fn forward(&self, input: Input<'_>, vector: Option<&[f32]>) -> Option<Logits> {
        let layout = self.layout();
        let mut wide = Logits::zeros(layout);
        let wide = wide.all_mut();
        let mut num_known = 0usize;
        visit_marks(input, |key| {
            if let Some(row) = self.marks.lookup(key) {
                self.wide.add_row(row, wide);
                num_known += 1;
            }
        });
        if input.text.is_empty() || (num_known == 0 && vector.is_none()) {
            return None;
        }
        let share = mark_weight(num_known);
        let mut logits = Logits::zeros(layout);
        for ((logit, wide), bias) in logits.all_mut().iter_mut().zip(wide).zip(&self.bias) {
            *logit = bias + share * *wide;
        }
        if let Some(vector) = vector {
            self.deep.add(vector, logits.all_mut());
        }
        Some(logits)
    }

    fn layout(&self) -> Layout {
        Layout::new(self.bias.len().saturating_sub(NUM_FIXED))
    }
}

impl Deep {
    fn add(&self, vector: &[f32], logits: &mut [f32]) {
        let num_outputs = logits.len();
        let outputs = self.output.chunks_exact(num_outputs);
        let units = self.hidden.chunks_exact(self.input).zip(&self.hidden_bias).zip(outputs);
        for ((weights, bias), output) in units {
            let activation = bias + dot(weights, vector);
            if activation > 0.0 {
                add_scaled(logits, activation, output);
            }
        }
        for (value, output) in vector.iter().zip(self.direct.chunks_exact(num_outputs)) {
            add_scaled(logits, *value, output);
        }
    }
}

/// Returns what each of `num_known` marks counts: long messages must not shout.
pub(in crate::model) fn mark_weight(num_known: usize) -> f32 {
    1.0 / (num_known.max(1) as f32).sqrt()
}

fn add_scaled(sum: &mut [f32], factor: f32, values: &[f32]) {
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
        for num_domains in [2, 13, MAX_DOMAINS] {
            let layout = Layout::new(num_domains);
            let mut at = 0;
            for head in Head::ALL {
                assert_eq!(layout.range(head).start, at, "{}", head.name());
                at = layout.range(head).end;
            }
            assert_eq!(at, layout.num_outputs());
            assert_eq!(layout.range(Head::Domain).len(), num_domains);
        }
    }

    #[test]
    fn the_parts_add_up() {
        for num_domains in [2, 13, MAX_DOMAINS] {
            let num_outputs = Layout::new(num_domains).num_outputs();
            let mut row = vec![0.0; num_outputs];
            // What one step of a row is worth is a short number: this value is 127 of them.
            row[3] = 127.0 / 64.0;
            let deep = Deep {
                input: 1,
                hidden: vec![1.0, -1.0],
                hidden_bias: vec![0.5, 0.0],
                output: [vec![1.0; num_outputs], vec![9.0; num_outputs]].concat(),
                direct: vec![0.25; num_outputs],
            };
            let heads = Heads {
                marks: Vocabulary::new(vec![unit_key("退")]),
                wide: QuantizedTable::from_rows(&row, num_outputs),
                deep,
                bias: vec![0.125; num_outputs],
            };
            let input = Input { text: "退", words: &[] };
            let logits = heads.forward(input, Some(&[1.0])).expect("the mark is known");
            let logits = logits.all();
            assert_eq!(logits.len(), num_outputs);
            assert!((logits[0] - 1.875).abs() < 1e-6 && (logits[3] - 1.875 - row[3]).abs() < 1e-6, "{logits:?}");
            assert!((logits[num_outputs - 1] - 1.875).abs() < 1e-6, "{logits:?}");
            assert_eq!(heads.forward(input, None).expect("the mark is known").all()[0], 0.125);
            assert!(heads.forward(Input { text: "货", words: &[] }, None).is_none());
        }
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
