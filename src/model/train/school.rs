//! Teaches networks: what each step shows, and how long it goes on.
//!
//! Rows are shown damaged: some of their marks and entries left out, every other one with a slip of the keyboard, and
//! beside them messages joined of two. Must not know files or calibration. Invariant: what is random comes from the
//! generator that is passed in.

use std::collections::{HashMap, HashSet};

use candle_core::{Device, Tensor};

use super::Settings;
use super::joined::joined;
use super::network::{Batch, Network, Weights};
use super::rows::Example;
use crate::model::ModelError;
use crate::model::encoder::Encoder;
use crate::model::features::{Input, visit_marks};
use crate::model::heads::Head;
use crate::model::vocabulary::Vocabulary;
use crate::text::Segmenter;

/// What some networks learn: which heads, and in how many passes over the rows that teach them.
pub(super) struct Course {
    pub heads: &'static [Head],
    pub num_epochs: usize,
}

/// What is needed to teach one network.
pub(super) struct School<'e> {
    examples: Vec<Example>,
    pub marks: Vocabulary,
    /// What each mark counts.
    pub factors: Vec<f32>,
    encoder: &'e Encoder,
    settings: &'e Settings,
    segmenter: Segmenter,
}

impl<'e> School<'e> {
    /// Gathers the marks of the examples.
    pub fn new(examples: Vec<Example>, encoder: &'e Encoder, settings: &'e Settings, segmenter: Segmenter) -> Self {
        let (marks, factors) = known_marks(&examples, settings);
        Self { examples, marks, factors, encoder, settings, segmenter }
    }

    /// Teaches a network from each seed, side by side; tells the loss of each pass of any of them.
    pub fn teach_all(
        &self,
        course: &Course,
        seeds: &[u64],
        tell: &mut dyn FnMut(f32),
    ) -> Result<Vec<Weights>, ModelError> {
        std::thread::scope(|scope| {
            let (sender, losses) = std::sync::mpsc::sync_channel(seeds.len());
            let teach = |seed: u64| {
                let sender = sender.clone();
                let mut rng = fastrand::Rng::with_seed(seed);
                // Who listens no more has given up.
                scope.spawn(move || self.teach(course, &mut rng, &mut |loss| sender.send(loss).unwrap_or_default()))
            };
            let networks: Vec<_> = seeds.iter().map(|seed| teach(*seed)).collect();
            drop(sender);
            losses.iter().for_each(tell);
            let taught = |network: std::thread::ScopedJoinHandle<'_, Result<Weights, ModelError>>| {
                network.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
            };
            networks.into_iter().map(taught).collect()
        })
    }

    /// Teaches one network.
    fn teach(
        &self,
        course: &Course,
        rng: &mut fastrand::Rng,
        tell: &mut dyn FnMut(f32),
    ) -> Result<Weights, ModelError> {
        let settings = self.settings;
        let mut network = Network::random(self.marks.len(), self.encoder.width(), settings, rng)?;
        let is_heard = |at: &usize| weights_in(course, &self.examples[*at]).iter().any(|weight| *weight > 0.0);
        let mut order: Vec<usize> = (0..self.examples.len()).filter(is_heard).collect();
        let steps_per_epoch = order.len().div_ceil(settings.batch_rows);
        let num_steps = (steps_per_epoch * course.num_epochs) as f64;
        let mut num_steps_done = 0.0;
        for _ in 0..course.num_epochs {
            rng.shuffle(&mut order);
            let mut total = 0.0;
            for chosen in order.chunks(settings.batch_rows) {
                let batch = self.batch(course, chosen, rng);
                let keep = self.keep(batch.num_texts, rng)?;
                total += network.step(&batch, &keep, settings, 1.0 - num_steps_done / num_steps)?;
                num_steps_done += 1.0;
            }
            tell(total / steps_per_epoch.max(1) as f32);
        }
        network.into_weights()
    }

    /// Shows some examples, slips of the keyboard among them, and beside them messages joined of two.
    fn batch(&self, course: &Course, chosen: &[usize], rng: &mut fastrand::Rng) -> Batch {
        let mut batch = Batch::default();
        for at in chosen {
            let example = &self.examples[*at];
            if rng.f32() < self.settings.joined_share {
                let other = &self.examples[rng.usize(..self.examples.len())];
                if let Some(joined) = joined(example, other, &self.settings.domains, rng, &self.segmenter) {
                    self.show(course, &joined, &mut batch, rng);
                }
            }
            let slipped = (rng.f32() < self.settings.slip_share).then(|| example.with_slip(rng, &self.segmenter));
            self.show(course, slipped.as_ref().unwrap_or(example), &mut batch, rng);
        }
        batch
    }

    /// Adds an example to a batch, without some of its marks and entries.
    fn show(&self, course: &Course, seen: &Example, batch: &mut Batch, rng: &mut fastrand::Rng) {
        let input = Input { text: &seen.text, words: &seen.words };
        let mut marks: Vec<(u32, f32)> = Vec::new();
        visit_marks(input, |key| {
            if let Some(row) = self.marks.lookup(key).filter(|_| rng.f32() >= self.settings.unit_dropout) {
                marks.push((row as u32, self.factors[row]));
            }
        });
        let vector = self.encoder.mean(input, |_| rng.f32() >= self.settings.unit_dropout);
        batch.push(&marks, &vector.unwrap_or_else(|| vec![0.0; self.encoder.width()]));
        batch.targets.extend_from_slice(&seen.targets);
        batch.weights.extend(weights_in(course, seen));
    }

    fn keep(&self, num_texts: usize, rng: &mut fastrand::Rng) -> Result<Tensor, ModelError> {
        let (num_hidden, dropout) = (self.settings.num_hidden, self.settings.hidden_dropout);
        let scale = 1.0 / (1.0 - dropout);
        let mask: Vec<f32> =
            (0..num_texts * num_hidden).map(|_| if rng.f32() < dropout { 0.0 } else { scale }).collect();
        Ok(Tensor::from_vec(mask, (num_texts, num_hidden), &Device::Cpu)?)
    }
}

/// Returns how much each head learns from an example in a course.
fn weights_in(course: &Course, example: &Example) -> [f32; Head::ALL.len()] {
    let weights = example.weights;
    std::array::from_fn(|head| if course.heads.contains(&Head::ALL[head]) { weights[head] } else { 0.0 })
}

/// Returns the marks that occur in enough examples, in the order of their first occurrence, and what each counts: its
/// inverse document frequency, of mean 1, so that what is rare learns faster than what stands everywhere.
fn known_marks(examples: &[Example], settings: &Settings) -> (Vocabulary, Vec<f32>) {
    let mut counts: HashMap<u64, (usize, usize)> = HashMap::new();
    let mut order = Vec::new();
    for (example_idx, example) in examples.iter().enumerate() {
        visit_marks(Input { text: &example.text, words: &example.words }, |key| {
            let (count, last) = counts.entry(key).or_insert_with(|| {
                order.push(key);
                (0, usize::MAX)
            });
            if *last != example_idx {
                (*count, *last) = (*count + 1, example_idx);
            }
        });
    }
    order.retain(|key| counts[key].0 >= settings.min_mark_rows);
    if order.len() > settings.max_marks {
        // Of marks as frequent as the last one kept, the first ones stay.
        let mut kept = order.clone();
        kept.sort_by_key(|key| std::cmp::Reverse(counts[key].0));
        let kept: HashSet<u64> = kept.into_iter().take(settings.max_marks).collect();
        order.retain(|key| kept.contains(key));
    }
    let idf = |key: &u64| 1.0 + (examples.len() as f32 / counts[key].0 as f32).ln();
    let mean = order.iter().map(idf).sum::<f32>() / order.len().max(1) as f32;
    let factors = order.iter().map(|key| idf(key) / mean).collect();
    (Vocabulary::new(order), factors)
}
