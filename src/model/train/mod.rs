//! Makes a bundle from labelled rows.
//!
//! Rows are the program's own or a team's, which may bring domains of its own and leave labels out ([`Lessons`]). Beside
//! many shipped rows the few of a team would not be heard: networks of their own learn its domains, and are joined to
//! those that learn the rest.
//! Several networks of different seeds learn from slightly damaged copies of the rows and are folded into one set of
//! weights. One part of the rows, split off by group, is held out of a first round to measure and to calibrate; the
//! bundle itself then learns from all rows. The encoder's table is fitted to a teacher, and tuned to the wordings of
//! knowledge bases. Must not know the command line or the clock. Invariants: test rows never come here; each
//! network learns on a thread of its own, from a seed of its own; the same rows, encoder and settings give the same bits on
//! one machine.

use std::path::Path;

use self::network::Weights;
pub use self::own_rows::{background, domains_of, read_own_messages};
pub use self::picture::picture;
use self::report::measure;
pub use self::report::{HeadReport, Report, evaluate};
use self::rows::Example;
pub use self::rows::{PhrasingRow, Row, read_messages, read_phrasings};
use self::school::{Course, School};
pub use self::table::{FitStage, fit_encoder};
pub use self::teacher::Teacher;
pub use self::tune::{TuneSettings, Wordings, tune_encoder};
use super::ModelError;
use super::bundle::{Bundle, Description, FORMAT, sha256};
use super::calibration::{Calibration, fit_presence, fit_temperature};
use super::encoder::Encoder;
use super::heads::{Head, Heads, Layout, Logits};
use super::label_set::{Domains, LabelSet};
use super::quantized::QuantizedTable;
use crate::text::Segmenter;

mod attentive;
mod joined;
mod lazy_adam;
mod network;
mod own_rows;
mod picture;
mod recombined;
mod report;
mod rows;
mod school;
mod table;
mod teacher;
mod tune;
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
    /// What the bundle says of how it was made.
    pub provenance: String,
    /// What the domain head is to tell apart.
    pub domains: Domains,
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
    /// How many messages joined of two are learned beside the rows, as a share of the rows.
    pub joined_share: f32,
    /// In how many rows a mark must occur to be known.
    pub min_mark_rows: usize,
    /// How many marks are known at most, those of the most rows first: they are most of a bundle's size.
    pub max_marks: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            seed: 20,
            name: "yingda-base".to_owned(),
            version: "1".to_owned(),
            provenance: PROVENANCE.to_owned(),
            domains: Domains::shipped(),
            num_networks: 3,
            num_epochs: 12,
            num_hidden: 96,
            batch_rows: 64,
            wide_rate: 0.02,
            wide_decay: 0.1,
            deep_rate: 0.003,
            deep_decay: 0.01,
            unit_dropout: 0.3,
            hidden_dropout: 0.3,
            slip_share: 0.5,
            joined_share: 0.3,
            min_mark_rows: 2,
            max_marks: 330_000,
        }
    }
}

impl Settings {
    fn layout(&self) -> Layout {
        Layout::new(self.domains.as_slice().len())
    }
}

/// What to learn from.
#[derive(Clone, Copy, Debug, Default)]
pub struct Lessons<'d> {
    /// What the bundle is for: a part of them, held out of the first round, is measured on.
    pub rows: &'d [Row],
    /// Teach beside them and help to calibrate, but are not measured on.
    pub background: &'d [Row],
    /// Teach domains.
    pub phrasings: &'d [PhrasingRow],
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
/// Rows of all kinds together.
const MIN_ROWS: usize = 100;
/// Rows that are to be measured on.
const MIN_OWN_ROWS: usize = 20;
const PROVENANCE: &str = "heads trained on data/messages/train-*.jsonl and the phrasings of data/kb (domain only); encoder \
table and attention data/teacher/vectors.safetensors, fitted to multilingual-e5-small (MIT, intfloat) on such texts, texts \
made of them, and data/teacher/words.txt, then tuned to the wordings of data/kb and the questions of data/calibration";

impl Trained {
    /// Writes the bundle's folder; fails where it cannot be written.
    pub fn save(&self, dir: &Path) -> Result<(), ModelError> {
        self.bundle.save(dir)
    }
}

/// Trains on labelled rows and, for the domains, on phrasings; fails where there are too few rows, or none that
/// teaches one of the questions.
pub fn train(
    lessons: Lessons<'_>,
    encoder: &Encoder,
    settings: &Settings,
    progress: &mut dyn FnMut(Progress),
) -> Result<Trained, ModelError> {
    check_enough(lessons)?;
    let num_passes: usize = courses(lessons, settings).iter().map(|course| course.num_epochs).sum();
    let num_total = 2 * settings.num_networks * num_passes;
    let mut num_done = 0;
    let mut tell = |loss: f32| {
        num_done += 1;
        progress(Progress { num_done, num_total, loss });
    };
    let (kept, held_out) = rows::split(lessons.rows, HELD_OUT_PARTS, settings.seed);
    let (kept_background, held_background) = rows::split(lessons.background, HELD_OUT_PARTS, settings.seed);
    if held_out.is_empty() || kept.is_empty() {
        return Err(ModelError::TooLittle { reason: "the groups cannot be divided, there are too few".to_owned() });
    }
    let first = Lessons { rows: &kept, background: &kept_background, ..lessons };
    let mut bundle = Bundle {
        description: describe(lessons, settings),
        encoder: encoder.clone(),
        heads: fit(first, encoder, settings, &mut tell)?,
        hash: String::new(),
    };
    let calibrating: Vec<Row> = held_out.iter().chain(&held_background).cloned().collect();
    bundle.description.calibration = calibrate(&bundle, &calibrating);
    let report = evaluate(&bundle, &held_out, settings.seed);
    bundle.heads = fit(lessons, encoder, settings, &mut tell)?;
    Ok(Trained { bundle, report })
}

fn check_enough(lessons: Lessons<'_>) -> Result<(), ModelError> {
    let (num_own, num_all) = (lessons.rows.len(), lessons.rows.len() + lessons.background.len());
    let few = |num: usize, least: usize| {
        let reason = format!("{num} rows, at least {least} are needed");
        if num < least { Err(ModelError::TooLittle { reason }) } else { Ok(()) }
    };
    few(num_own, MIN_OWN_ROWS)?;
    few(num_all, MIN_ROWS)?;
    check_labelled(lessons)
}

/// Fails where nothing teaches one of the questions: its answers would be chance.
fn check_labelled(lessons: Lessons<'_>) -> Result<(), ModelError> {
    let is_taught = |head: Head, row: &Row| match head {
        Head::Type | Head::Presence => row.inquiry_type.is_some(),
        Head::Urgency => row.urgency.is_some(),
        Head::Domain => row.domain.is_some(),
        Head::Sentiment => row.sentiment.is_some(),
    };
    for head in Head::EXCLUSIVE {
        let mut rows = lessons.rows.iter().chain(lessons.background);
        let is_named = head == Head::Domain && !lessons.phrasings.is_empty();
        if !is_named && !rows.any(|row| is_taught(head, row)) {
            let name = head.name();
            let reason = format!(
                "no row has a label for {name}: give some rows one, or train beside the shipped messages (--with-shipped)"
            );
            return Err(ModelError::TooLittle { reason });
        }
    }
    Ok(())
}

fn describe(lessons: Lessons<'_>, settings: &Settings) -> Description {
    Description {
        format: FORMAT,
        name: settings.name.clone(),
        version: settings.version.clone(),
        data_fingerprint: sha256(format!("{lessons:?}{settings:?}").as_bytes()),
        provenance: settings.provenance.clone(),
        labels: LabelSet::of(settings.domains.clone()),
        calibration: Calibration::default(),
        files: Default::default(),
    }
}

fn calibrate(bundle: &Bundle, held_out: &[Row]) -> Calibration {
    let measured = measure(bundle, held_out);
    let temperature = |head_idx: usize| {
        let head = Head::EXCLUSIVE[head_idx];
        let rows = measured.iter().filter_map(|(logits, gold)| Some((logits.of(head), gold[head_idx]?)));
        fit_temperature(&rows.collect::<Vec<_>>())
    };
    let presence = |label: usize| {
        let is_there = |row: &Row| {
            let first = row.gold(Head::Type, bundle.domains())?;
            Some(first == label || row.gold_second() == Some(label))
        };
        let logit = |logits: &Logits| logits.of(Head::Presence)[label];
        let rows = measured.iter().zip(held_out);
        let rows = rows.filter_map(|((logits, _), row)| Some((logit(logits), is_there(row)?)));
        fit_presence(&rows.collect::<Vec<_>>())
    };
    Calibration { temperatures: std::array::from_fn(temperature), presence: std::array::from_fn(presence) }
}

fn fit(
    lessons: Lessons<'_>,
    encoder: &Encoder,
    settings: &Settings,
    tell: &mut dyn FnMut(f32),
) -> Result<Heads, ModelError> {
    let (segmenter, domains) = (Segmenter::shared(), &settings.domains);
    let labelled = lessons.rows.iter().chain(lessons.background);
    let labelled = labelled.map(|row| Example::of_row(row, domains, &segmenter));
    let asked = lessons.phrasings.iter().map(|row| Example::of_phrasing(row, domains, &segmenter));
    let examples: Vec<Example> = labelled.chain(asked).collect();
    let school = School::new(examples, encoder, settings, segmenter);
    let mut parts = Vec::new();
    for (course, salt) in courses(lessons, settings).iter().zip(0..) {
        let seed = |idx: usize| settings.seed.wrapping_add(idx as u64).wrapping_add(salt << 32);
        let seeds: Vec<u64> = (0..settings.num_networks).map(seed).collect();
        let networks = school.teach_all(course, &seeds, tell)?;
        parts.push(Weights::folded(&networks).only(course.heads, settings.layout()));
    }
    let Weights { mut wide, deep, bias } = Weights::joined(parts);
    // What a mark counted for in training is folded into its weights.
    let num_outputs = settings.layout().num_outputs();
    for (row, factor) in wide.chunks_exact_mut(num_outputs).zip(&school.factors) {
        row.iter_mut().for_each(|weight| *weight *= factor);
    }
    Ok(Heads { marks: school.marks, wide: QuantizedTable::from_rows(&wide, num_outputs), deep, bias })
}

/// Few rows are gone over until this many were seen.
const MIN_SEEN_ROWS: usize = 40_000;
const MAX_EPOCHS: usize = 200;

/// Everything is learned together, but the domains of a team beside a background.
fn courses(lessons: Lessons<'_>, settings: &Settings) -> Vec<Course> {
    let num_epochs = settings.num_epochs;
    if lessons.background.is_empty() {
        return vec![Course { heads: &Head::ALL, num_epochs }];
    }
    let has_domain = |row: &&Row| row.domain.is_some();
    let num_rows = lessons.rows.iter().chain(lessons.background).filter(has_domain).count() + lessons.phrasings.len();
    let enough = (MIN_SEEN_ROWS / num_rows.max(1)).min(MAX_EPOCHS);
    let rest = Course { heads: &[Head::Type, Head::Urgency, Head::Sentiment, Head::Presence], num_epochs };
    vec![rest, Course { heads: &[Head::Domain], num_epochs: num_epochs.max(enough) }]
}

#[cfg(test)]
mod tests;
