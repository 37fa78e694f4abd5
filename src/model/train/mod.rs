//! Makes a bundle from labelled rows.
//!
//! Several networks of different seeds learn from slightly damaged copies of the rows and are folded into one set of
//! weights. One part of the rows, split off by group, is held out of a first round to measure and to calibrate; the
//! bundle itself then learns from all rows. The encoder's table is fitted to a teacher, and tuned to the wordings of
//! knowledge bases. Must not know the command line or the clock. Invariants: test rows never come here; one thread; the
//! same rows, encoder and settings give the same bits on one machine.

use std::collections::HashMap;
use std::path::Path;

use candle_core::{Device, Tensor};

use self::network::{Batch, Network, Weights};
use self::report::measure;
pub use self::report::{HeadReport, Report, evaluate};
use self::rows::Example;
pub use self::rows::{PhrasingRow, Row, read_messages, read_phrasings};
pub use self::table::fit_encoder;
pub use self::teacher::Teacher;
pub use self::tune::{TuneSettings, Wordings, tune_encoder};
use super::ModelError;
use super::bundle::{Bundle, Description, FORMAT, LabelSet, sha256};
use super::calibration::{Calibration, fit_presence, fit_temperature};
use super::encoder::Encoder;
use super::features::{Input, visit_marks};
use super::heads::{Head, Heads, NUM_OUTPUTS};
use super::quantized::QuantizedTable;
use super::vocabulary::Vocabulary;
use crate::text::Segmenter;

mod lazy_adam;
mod network;
mod report;
mod rows;
mod table;
mod teacher;
mod tune;
mod unigram;
mod wide;

/// How to train.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// Everything random follows from it.
    pub seed: u64,
    /// The bundle's name.
    pub name: String,
    /// The bundle's version.
    pub version: String,
    /// How many networks are folded into one.
    pub num_networks: usize,
    /// How often each row is seen by each network.
    pub num_epochs: usize,
    /// Hidden units of each network.
    pub num_hidden: usize,
    /// Rows a step.
    pub batch_rows: usize,
    /// Learning rate of the wide part.
    pub wide_rate: f64,
    /// Weight decay of the wide part.
    pub wide_decay: f64,
    /// Learning rate of the deep part.
    pub deep_rate: f64,
    /// Weight decay of the deep part.
    pub deep_decay: f64,
    /// Share of marks and entries left out at random.
    pub unit_dropout: f32,
    /// Share of hidden units left out at random.
    pub hidden_dropout: f32,
    /// Share of rows that get a slip of the keyboard.
    pub slip_share: f32,
    /// In how many rows a mark must occur to be known.
    pub min_mark_rows: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            seed: 20,
            name: "yingda-base".to_owned(),
            version: "1".to_owned(),
            num_networks: 3,
            num_epochs: 16,
            num_hidden: 64,
            batch_rows: 64,
            wide_rate: 0.02,
            wide_decay: 0.1,
            deep_rate: 0.003,
            deep_decay: 0.02,
            unit_dropout: 0.3,
            hidden_dropout: 0.3,
            slip_share: 0.5,
            min_mark_rows: 2,
        }
    }
}

/// How far training is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Progress {
    /// Passes over the rows done.
    pub num_done: usize,
    /// Passes over the rows in all.
    pub num_total: usize,
    /// Mean loss of the last pass.
    pub loss: f32,
}

/// A bundle with what was measured on the rows held out of its first round.
#[derive(Clone, Debug)]
pub struct Trained {
    /// Made from all rows.
    pub bundle: Bundle,
    /// Of the first round, on the rows held out of it; calibration is fitted on the same rows.
    pub report: Report,
}

/// One part in this many is held out of the first round.
const HELD_OUT_PARTS: u64 = 6;
const MIN_ROWS: usize = 100;
const PROVENANCE: &str = "heads trained on data/messages/train-*.jsonl and the phrasings of data/kb (domain only); encoder \
table data/teacher/vectors.safetensors, fitted to multilingual-e5-small (MIT, intfloat) on such texts and \
data/teacher/words.txt, then tuned to the wordings of data/kb and the questions of data/calibration";

impl Trained {
    /// Writes the bundle's folder; fails where it cannot be written.
    pub fn save(&self, dir: &Path) -> Result<(), ModelError> {
        self.bundle.save(dir)
    }
}

/// Trains on labelled rows and, for the domains, on phrasings; fails where there are too few rows.
pub fn train(
    data: (&[Row], &[PhrasingRow]),
    encoder: &Encoder,
    settings: &Settings,
    progress: &mut dyn FnMut(Progress),
) -> Result<Trained, ModelError> {
    let (rows, phrasings) = data;
    if rows.len() < MIN_ROWS {
        return Err(ModelError::TooLittle { reason: format!("{} rows, at least {MIN_ROWS} are needed", rows.len()) });
    }
    let num_total = 2 * settings.num_networks * settings.num_epochs;
    let mut num_done = 0;
    let mut tell = |loss: f32| {
        num_done += 1;
        progress(Progress { num_done, num_total, loss });
    };
    let (kept, held_out) = rows::split(rows, HELD_OUT_PARTS, settings.seed);
    let mut bundle = Bundle {
        description: describe(rows, phrasings, settings),
        encoder: encoder.clone(),
        heads: fit((&kept, phrasings), encoder, settings, &mut tell)?,
    };
    bundle.description.calibration = calibrate(&bundle, &held_out);
    let report = evaluate(&bundle, &held_out, settings.seed);
    bundle.heads = fit((rows, phrasings), encoder, settings, &mut tell)?;
    Ok(Trained { bundle, report })
}

fn describe(rows: &[Row], phrasings: &[PhrasingRow], settings: &Settings) -> Description {
    Description {
        format: FORMAT,
        name: settings.name.clone(),
        version: settings.version.clone(),
        data_fingerprint: sha256(format!("{rows:?}{phrasings:?}{settings:?}").as_bytes()),
        provenance: PROVENANCE.to_owned(),
        labels: LabelSet::shipped(),
        calibration: Calibration::default(),
        files: Default::default(),
    }
}

fn calibrate(bundle: &Bundle, held_out: &[Row]) -> Calibration {
    let measured = measure(bundle, held_out);
    let temperature = |head_idx: usize| {
        let range = Head::EXCLUSIVE[head_idx].range();
        let rows = measured.iter().map(|(logits, gold)| (&logits[range.clone()], gold[head_idx]));
        fit_temperature(&rows.collect::<Vec<_>>())
    };
    let presence = |label: usize| {
        let is_there = |row: &Row| row.gold(Head::Type) == label || row.gold_second() == Some(label);
        let logit = |logits: &[f32; NUM_OUTPUTS]| logits[Head::Presence.range()][label];
        let rows = measured.iter().zip(held_out).map(|((logits, _), row)| (logit(logits), is_there(row)));
        fit_presence(&rows.collect::<Vec<_>>())
    };
    Calibration { temperatures: std::array::from_fn(temperature), presence: std::array::from_fn(presence) }
}

fn fit(
    data: (&[Row], &[PhrasingRow]),
    encoder: &Encoder,
    settings: &Settings,
    tell: &mut dyn FnMut(f32),
) -> Result<Heads, ModelError> {
    let segmenter = Segmenter::shared();
    let labelled = data.0.iter().map(|row| Example::of_row(row, &segmenter));
    let asked = data.1.iter().map(|row| Example::of_phrasing(row, &segmenter));
    let examples: Vec<Example> = labelled.chain(asked).collect();
    let (marks, factors) = known_marks(&examples, settings.min_mark_rows);
    let mut school = School { examples, marks, factors, encoder, settings, segmenter };
    let mut networks = Vec::new();
    for network_idx in 0..settings.num_networks {
        let mut rng = fastrand::Rng::with_seed(settings.seed.wrapping_add(network_idx as u64));
        networks.push(school.teach(&mut rng, tell)?);
    }
    let Weights { mut wide, deep, bias } = Weights::folded(&networks);
    // What a mark counted for in training is folded into its weights.
    for (row, factor) in wide.chunks_exact_mut(NUM_OUTPUTS).zip(&school.factors) {
        row.iter_mut().for_each(|weight| *weight *= factor);
    }
    Ok(Heads { marks: school.marks, wide: QuantizedTable::from_rows(&wide, NUM_OUTPUTS), deep, bias })
}

/// Returns the marks that occur in at least `min_rows` examples, in the order of their first occurrence, and what each
/// counts: its inverse document frequency, of mean 1, so that what is rare learns faster than what stands everywhere.
fn known_marks(examples: &[Example], min_rows: usize) -> (Vocabulary, Vec<f32>) {
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
    order.retain(|key| counts[key].0 >= min_rows);
    let idf = |key: &u64| 1.0 + (examples.len() as f32 / counts[key].0 as f32).ln();
    let mean = order.iter().map(idf).sum::<f32>() / order.len().max(1) as f32;
    let factors = order.iter().map(|key| idf(key) / mean).collect();
    (Vocabulary::new(order), factors)
}

/// What is needed to teach one network.
struct School<'e> {
    examples: Vec<Example>,
    marks: Vocabulary,
    /// What each mark counts.
    factors: Vec<f32>,
    encoder: &'e Encoder,
    settings: &'e Settings,
    segmenter: Segmenter,
}

impl School<'_> {
    fn teach(&mut self, rng: &mut fastrand::Rng, tell: &mut dyn FnMut(f32)) -> Result<Weights, ModelError> {
        let settings = self.settings;
        let mut network = Network::random(self.marks.len(), self.encoder.width(), settings, rng)?;
        let steps_per_epoch = self.examples.len().div_ceil(settings.batch_rows);
        let num_steps = (steps_per_epoch * settings.num_epochs) as f64;
        let mut order: Vec<usize> = (0..self.examples.len()).collect();
        let mut num_steps_done = 0.0;
        for _ in 0..settings.num_epochs {
            rng.shuffle(&mut order);
            let mut total = 0.0;
            for chosen in order.chunks(settings.batch_rows) {
                let batch = self.batch(chosen, rng);
                let keep = self.keep(chosen.len(), rng)?;
                total += network.step(&batch, &keep, settings, 1.0 - num_steps_done / num_steps)?;
                num_steps_done += 1.0;
            }
            tell(total / steps_per_epoch as f32);
        }
        network.into_weights()
    }

    fn batch(&self, chosen: &[usize], rng: &mut fastrand::Rng) -> Batch {
        let mut batch = Batch::default();
        for example in chosen.iter().map(|at| &self.examples[*at]) {
            let slipped = (rng.f32() < self.settings.slip_share).then(|| example.with_slip(rng, &self.segmenter));
            let seen = slipped.as_ref().unwrap_or(example);
            let input = Input { text: &seen.text, words: &seen.words };
            let mut marks: Vec<(u32, f32)> = Vec::new();
            visit_marks(input, |key| {
                if let Some(row) = self.marks.lookup(key).filter(|_| rng.f32() >= self.settings.unit_dropout) {
                    marks.push((row as u32, self.factors[row]));
                }
            });
            let vector = self.encoder.encode_some(input, |_| rng.f32() >= self.settings.unit_dropout);
            batch.push(&marks, &vector.unwrap_or_else(|| vec![0.0; self.encoder.width()]));
            batch.targets.extend_from_slice(&example.targets);
            batch.weights.extend_from_slice(&example.weights);
        }
        batch
    }

    fn keep(&self, num_texts: usize, rng: &mut fastrand::Rng) -> Result<Tensor, ModelError> {
        let (num_hidden, dropout) = (self.settings.num_hidden, self.settings.hidden_dropout);
        let scale = 1.0 / (1.0 - dropout);
        let mask: Vec<f32> =
            (0..num_texts * num_hidden).map(|_| if rng.f32() < dropout { 0.0 } else { scale }).collect();
        Ok(Tensor::from_vec(mask, (num_texts, num_hidden), &Device::Cpu)?)
    }
}

#[cfg(test)]
mod tests;
