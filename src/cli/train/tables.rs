//! The tables of vectors: fitted to a teacher, then tuned to the demo bases, whole and with parts left out.
//!
//! The bundle gets the table that was tuned to everything. The ranker must not learn from vectors that have seen the very
//! questions it is asked: for bases of many wordings a share of the questions is left out of the tuning, share by share;
//! for bases of one wording, which are foreign to the bundle, a whole base is.

use std::{
    fs,
    path::Path,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use anyhow::Context;

use super::super::{files, output};
use crate::{
    domain::{ArticleId, KnowledgeBaseId},
    insight::{evaluation::Expected, ranker_training},
    knowledge::demo::{self, DemoBase},
    model::{
        Encoder, ModelError,
        train::{self, TuneSettings, Wordings, tune_encoder},
    },
    text::{asked_part, gram_hash, normalize},
};

/// Into so many shares questions are divided.
pub(super) const NUM_SHARES: usize = 5;
/// The table as fitted to the teacher, below the source folder.
const FITTED_FILE: &str = "teacher/vectors.safetensors";
const WORDS_FILE: &str = "teacher/words.txt";

/// Returns the share of a question, by its text.
pub(super) fn share_of(question: &str) -> usize {
    (gram_hash(question) % NUM_SHARES as u64) as usize
}

/// A demo base with the customers' questions to it.
pub(super) struct Source {
    pub id: KnowledgeBaseId,
    pub customers: Vec<Expected>,
    base: DemoBase,
}

/// The tuned tables.
pub(super) struct Tables {
    pub sources: Vec<Source>,
    /// As fitted to the teacher: what the vectors are worth to a business that they were not tuned to.
    pub fitted: Encoder,
    /// Tuned to everything.
    pub whole: Encoder,
    /// Each without one share of the questions.
    pub without_share: Vec<Encoder>,
    /// Each without one base, in the order of the sources.
    pub without_base: Vec<Encoder>,
}

impl Tables {
    /// Tunes the fitted table; fails where a file cannot be read.
    pub fn tune(source: &Path, seed: u64) -> anyhow::Result<Self> {
        let fitted = Encoder::load(&source.join(FITTED_FILE))?;
        let sources: Vec<Source> =
            demo::bases().into_iter().map(|base| read(source, base)).collect::<Result<_, _>>()?;
        let whole = std::iter::once(wordings(&sources, |_, _| true));
        let shares = (0..NUM_SHARES).map(|share| wordings(&sources, move |_, text| share_of(text) != share));
        let bases = (0..sources.len()).map(|left| wordings(&sources, move |base, _| base != left));
        let lessons: Vec<Vec<Wordings>> = whole.chain(shares).chain(bases).collect();
        let settings = TuneSettings { seed, ..TuneSettings::default() };
        let mut tuned = tune_all(&fitted, &lessons, &settings)?.into_iter();
        let mut take = |num: usize| tuned.by_ref().take(num).collect::<Vec<Encoder>>();
        let (mut whole, without_share, without_base) = (take(1), take(NUM_SHARES), take(sources.len()));
        Ok(Self { sources, fitted, whole: whole.remove(0), without_share, without_base })
    }
}

impl Source {
    /// Lists the wordings of the base as they are compared, but for synonyms.
    pub fn compared_wordings(&self) -> impl Iterator<Item = String> + '_ {
        let phrasings = self.base.articles.iter().flat_map(|article| article.phrasings());
        phrasings.map(|phrasing| asked_part(normalize(phrasing.text).as_str()).into_owned())
    }
}

fn read(source: &Path, base: DemoBase) -> anyhow::Result<Source> {
    let id = base.knowledge_base.id.clone();
    let is_there = |id: &ArticleId| base.articles.iter().any(|article| article.id == *id);
    let customers = files::read_queries(&source.join(format!("calibration/{id}.jsonl")), &id, |article| {
        ArticleId::try_new(article).ok().filter(is_there)
    })?;
    Ok(Source { id, customers, base })
}

fn wordings(sources: &[Source], keeps: impl Fn(usize, &str) -> bool) -> Vec<Wordings> {
    let of_base = |(place, source): (usize, &Source)| {
        ranker_training::wordings(&source.base.articles, &source.customers, |text| keeps(place, text))
    };
    sources.iter().enumerate().map(of_base).collect()
}

/// Tunes a table to each of several lessons, as many at once as there are processors.
fn tune_all(fitted: &Encoder, lessons: &[Vec<Wordings>], settings: &TuneSettings) -> anyhow::Result<Vec<Encoder>> {
    let bar = output::bar(lessons.len() * settings.num_steps, "tune vectors");
    let next = AtomicUsize::new(0);
    let done: Mutex<Vec<(usize, Result<Encoder, ModelError>)>> = Mutex::default();
    let num_threads = std::thread::available_parallelism().map_or(1, usize::from).min(lessons.len());
    std::thread::scope(|scope| {
        for _ in 0..num_threads {
            scope.spawn(|| {
                loop {
                    let place = next.fetch_add(1, Ordering::Relaxed);
                    let Some(lesson) = lessons.get(place) else { break };
                    let tuned = tune_encoder(fitted, lesson, settings, &mut |_| bar.inc(1));
                    done.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push((place, tuned));
                }
            });
        }
    });
    bar.finish_and_clear();
    let mut done = done.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    done.sort_by_key(|(place, _)| *place);
    done.into_iter().map(|(_, tuned)| tuned.context("the vectors cannot be tuned")).collect()
}

/// Fits a table to what a teacher says of texts, and writes it below the source folder.
pub(super) fn fit<'t>(teacher: &Path, source: &Path, texts: impl Iterator<Item = &'t String>) -> anyhow::Result<()> {
    let teacher = train::Teacher::load(teacher)?;
    let path = source.join(WORDS_FILE);
    let words = fs::read_to_string(&path).with_context(|| format!("{} cannot be read", path.display()))?;
    let words: Vec<String> = words.lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect();
    let bars = [output::bar(0, "ask the teacher"), output::bar(0, "fit vectors")];
    let encoder = train::fit_encoder(&teacher, &texts.cloned().collect::<Vec<_>>(), &words, &|stage, done, total| {
        let bar = &bars[usize::from(stage == train::FitStage::Fitting)];
        bar.set_length(total as u64);
        bar.set_position(done as u64);
    })?;
    bars.iter().for_each(|bar| bar.finish_and_clear());
    Ok(encoder.save(&source.join(FITTED_FILE))?)
}
