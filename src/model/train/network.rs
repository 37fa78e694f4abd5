//! The trainable twin of the heads: the same sum of a wide and a deep part, as candle tensors.
//!
//! The deep part is candle's, the wide one [`Wide`]; both learn with a falling rate on one thread. What is random comes
//! from the generator it is given, so that a seed gives the same bits on one machine. Must not know rows or files.
//! Invariant: the tests hold this forward and [`Heads::forward`](crate::model::heads::Heads::forward) to the same logits
//! for the same weights.

use candle_core::{D, DType, Device, Tensor, Var};
use candle_nn::optim::{AdamW, Optimizer, ParamsAdamW};

use super::Settings;
use super::wide::Wide;
use crate::model::ModelError;
use crate::model::heads::{Deep, Head, Layout, mark_weight};

/// Weights under training.
pub(super) struct Network {
    layout: Layout,
    wide: Wide,
    deep: DeepVars,
    optimizer: AdamW,
}

/// The deep part as tensors that learn.
struct DeepVars {
    hidden: Var,
    hidden_bias: Var,
    output: Var,
    direct: Var,
    bias: Var,
}

/// The weights of a trained network.
#[derive(Clone, Debug)]
pub(super) struct Weights {
    pub wide: Vec<f32>,
    pub deep: Deep,
    pub bias: Vec<f32>,
}

/// Some texts as the network sees them.
#[derive(Debug, Default)]
pub(super) struct Batch {
    pub num_texts: usize,
    /// Rows of the known marks of all texts.
    pub marks: Vec<u32>,
    /// Which text each mark is of.
    pub mark_texts: Vec<u32>,
    /// What each mark counts.
    pub mark_weights: Vec<f32>,
    /// Texts × width.
    pub vectors: Vec<f32>,
    /// Texts × outputs.
    pub targets: Vec<f32>,
    /// Texts × heads.
    pub weights: Vec<f32>,
}

impl Batch {
    /// Adds a text by its known marks, each with what it counts among them, and its vector.
    pub fn push(&mut self, marks: &[(u32, f32)], vector: &[f32]) {
        let text = self.num_texts as u32;
        let share = mark_weight(marks.len());
        self.marks.extend(marks.iter().map(|(mark, _)| mark));
        self.mark_texts.extend(marks.iter().map(|_| text));
        self.mark_weights.extend(marks.iter().map(|(_, factor)| share * factor));
        self.vectors.extend_from_slice(vector);
        self.num_texts += 1;
    }

    /// Returns mark, text and weight of each known mark.
    pub fn occurrences(&self) -> impl Iterator<Item = (usize, usize, f32)> + '_ {
        let places = self.marks.iter().zip(&self.mark_texts).zip(&self.mark_weights);
        places.map(|((mark, text), weight)| (*mark as usize, *text as usize, *weight))
    }
}

impl Network {
    /// Makes a network with small random weights in the deep part and none in the wide one.
    pub fn random(
        num_marks: usize,
        width: usize,
        settings: &Settings,
        rng: &mut fastrand::Rng,
    ) -> Result<Self, ModelError> {
        let (num_hidden, layout) = (settings.num_hidden, settings.layout());
        let num_outputs = layout.num_outputs();
        let mut uniform =
            |count: usize, bound: f32| -> Vec<f32> { (0..count).map(|_| (rng.f32() * 2.0 - 1.0) * bound).collect() };
        let deep = Deep {
            input: width,
            // The input has length 1, not a variance of 1 in each value.
            hidden: uniform(num_hidden * width, 3.0 / (width as f32).sqrt()),
            hidden_bias: vec![0.0; num_hidden],
            output: uniform(num_hidden * num_outputs, 1.0 / (num_hidden as f32).sqrt()),
            direct: vec![0.0; width * num_outputs],
        };
        let deep = DeepVars::new(&deep, &vec![0.0; num_outputs])?;
        let params = ParamsAdamW {
            lr: settings.deep_rate,
            weight_decay: settings.deep_decay,
            beta2: 0.99,
            ..Default::default()
        };
        let optimizer = AdamW::new(deep.all(), params)?;
        Ok(Self { layout, wide: Wide::new(num_marks, num_outputs), deep, optimizer })
    }

    /// Takes one step on a batch and returns the loss before it; `keep` scales the hidden units, for dropout, and
    /// `share_left` of the training is still to come.
    pub fn step(
        &mut self,
        batch: &Batch,
        keep: &Tensor,
        settings: &Settings,
        share_left: f64,
    ) -> Result<f32, ModelError> {
        let shape = (batch.num_texts, self.layout.num_outputs());
        let wide = Var::from_vec(self.wide.forward(batch), shape, &Device::Cpu)?;
        let logits = (self.deep.forward(batch, Some(keep))? + wide.as_tensor())?;
        let loss = loss(&logits, batch, self.layout)?;
        let gradients = loss.backward()?;
        self.optimizer.set_learning_rate(settings.deep_rate * share_left);
        self.optimizer.step(&gradients)?;
        if let Some(gradient) = gradients.get(&wide) {
            let rate = (settings.wide_rate * share_left) as f32;
            self.wide.step(batch, &gradient.flatten_all()?.to_vec1::<f32>()?, rate, settings.wide_decay as f32);
        }
        Ok(loss.to_scalar::<f32>()?)
    }

    /// Returns the weights as plain numbers.
    pub fn into_weights(self) -> Result<Weights, ModelError> {
        let values = |var: &Var| var.flatten_all()?.to_vec1::<f32>();
        let deep = Deep {
            input: self.deep.hidden.dim(1)?,
            hidden: values(&self.deep.hidden)?,
            hidden_bias: values(&self.deep.hidden_bias)?,
            output: values(&self.deep.output)?,
            direct: values(&self.deep.direct)?,
        };
        Ok(Weights { wide: self.wide.into_weights(), deep, bias: values(&self.deep.bias)? })
    }
}

impl DeepVars {
    fn new(deep: &Deep, bias: &[f32]) -> Result<Self, ModelError> {
        let var = |values: &[f32], shape: (usize, usize)| Var::from_slice(values, shape, &Device::Cpu);
        let (num_hidden, num_outputs) = (deep.hidden_bias.len(), bias.len());
        Ok(Self {
            hidden: var(&deep.hidden, (num_hidden, deep.input))?,
            hidden_bias: var(&deep.hidden_bias, (1, num_hidden))?,
            output: var(&deep.output, (num_hidden, num_outputs))?,
            direct: var(&deep.direct, (deep.input, num_outputs))?,
            bias: var(bias, (1, num_outputs))?,
        })
    }

    fn all(&self) -> Vec<Var> {
        [&self.hidden, &self.hidden_bias, &self.output, &self.direct, &self.bias].map(Var::clone).to_vec()
    }

    /// Returns texts × outputs, without the wide part.
    fn forward(&self, batch: &Batch, keep: Option<&Tensor>) -> Result<Tensor, ModelError> {
        let shape = (batch.num_texts, self.hidden.dim(1)?);
        let vectors = Tensor::from_slice(&batch.vectors, shape, &Device::Cpu)?;
        let hidden = vectors.matmul(&self.hidden.t()?)?.broadcast_add(&self.hidden_bias)?.relu()?;
        let hidden = match keep {
            Some(keep) => (hidden * keep)?,
            None => hidden,
        };
        let deep = (hidden.matmul(&self.output)? + vectors.matmul(&self.direct)?)?;
        Ok(deep.broadcast_add(&self.bias)?)
    }
}

/// A label whose share is at least this is the right one; one whose share is below the second is none.
const LABEL_SHARE: f64 = 0.5;
const SECOND_SHARE: f64 = 0.15;

/// Squared hinge of the exclusive heads, each label against the rest: what is told apart well already teaches nothing
/// more, so the borders are learned. Logistic loss (in its form without overflow) of the presences. Mean over texts.
fn loss(logits: &Tensor, batch: &Batch, layout: Layout) -> Result<Tensor, ModelError> {
    let device = &Device::Cpu;
    let targets = Tensor::from_slice(&batch.targets, (batch.num_texts, layout.num_outputs()), device)?;
    let weights = Tensor::from_slice(&batch.weights, (batch.num_texts, Head::ALL.len()), device)?;
    let mut total = Tensor::zeros(batch.num_texts, DType::F32, device)?;
    for (head_idx, head) in Head::ALL.into_iter().enumerate() {
        let range = layout.range(head);
        let logits = logits.narrow(1, range.start, range.len())?;
        let targets = targets.narrow(1, range.start, range.len())?;
        let each = if head == Head::Presence {
            let overflow_free = (logits.abs()?.neg()?.exp()? + 1.0)?.log()?;
            ((logits.relu()? - (&logits * &targets)?)? + overflow_free)?.mean(D::Minus1)?
        } else {
            // +1 for the label, -1 for the others, 0 for a second one that is there too.
            let is_label = targets.ge(LABEL_SHARE)?.to_dtype(DType::F32)?;
            let is_none = targets.lt(SECOND_SHARE)?.to_dtype(DType::F32)?;
            let signs = (&is_label - &is_none)?;
            let short = (1.0 - (&logits * &signs)?)?.relu()?;
            (short.sqr()? * signs.abs()?)?.sum(D::Minus1)?
        };
        total = (total + (each * weights.narrow(1, head_idx, 1)?.squeeze(1)?)?)?;
    }
    Ok(total.mean_all()?)
}

impl Weights {
    /// Returns the logits as candle computes them, texts × outputs: what the forward by hand is measured against.
    #[cfg(test)]
    pub fn forward(&self, batch: &Batch) -> Result<Vec<Vec<f32>>, ModelError> {
        let num_outputs = self.bias.len();
        let sums = super::wide::sums(&self.wide, batch, num_outputs);
        let wide = Tensor::from_vec(sums, (batch.num_texts, num_outputs), &Device::Cpu)?;
        Ok((DeepVars::new(&self.deep, &self.bias)?.forward(batch, None)? + wide)?.to_vec2::<f32>()?)
    }

    /// Folds networks of one shape into one that gives the mean of their logits.
    pub fn folded(parts: &[Weights]) -> Self {
        let share = 1.0 / parts.len() as f32;
        let mean = |values: &dyn Fn(&Weights) -> Vec<f32>| -> Vec<f32> {
            let columns: Vec<Vec<f32>> = parts.iter().map(values).collect();
            (0..columns[0].len()).map(|at| columns.iter().map(|column| column[at]).sum::<f32>() * share).collect()
        };
        let joined = |values: &dyn Fn(&Weights) -> Vec<f32>| parts.iter().flat_map(values).collect::<Vec<f32>>();
        Self {
            wide: mean(&|part| part.wide.clone()),
            bias: mean(&|part| part.bias.clone()),
            deep: Deep {
                input: parts[0].deep.input,
                hidden: joined(&|part| part.deep.hidden.clone()),
                hidden_bias: joined(&|part| part.deep.hidden_bias.clone()),
                output: joined(&|part| part.deep.output.iter().map(|value| value * share).collect()),
                direct: mean(&|part| part.deep.direct.clone()),
            },
        }
    }

    /// Leaves nothing but what speaks for some heads.
    pub fn only(mut self, heads: &[Head], layout: Layout) -> Self {
        let num_outputs = layout.num_outputs();
        let silent = Head::ALL.into_iter().filter(|head| !heads.contains(head));
        for range in silent.map(|head| layout.range(head)) {
            let Deep { output, direct, .. } = &mut self.deep;
            for weights in [&mut self.wide, output, direct, &mut self.bias] {
                weights.chunks_exact_mut(num_outputs).for_each(|row| row[range.clone()].fill(0.0));
            }
        }
        self
    }

    /// Joins networks over the same marks and vectors into one that gives the sum of their logits.
    pub fn joined(parts: Vec<Weights>) -> Self {
        let add =
            |sum: &mut Vec<f32>, values: Vec<f32>| sum.iter_mut().zip(values).for_each(|(sum, value)| *sum += value);
        let join = |mut all: Weights, part: Weights| {
            add(&mut all.wide, part.wide);
            add(&mut all.bias, part.bias);
            add(&mut all.deep.direct, part.deep.direct);
            all.deep.hidden.extend(part.deep.hidden);
            all.deep.hidden_bias.extend(part.deep.hidden_bias);
            all.deep.output.extend(part.deep.output);
            all
        };
        parts.into_iter().reduce(join).expect("there is a course")
    }
}
