//! `yingda encoder check`: what a large encoder is worth here: how near its quantized vectors come to those of candle in
//! f32, and what a message costs.

use std::{path::PathBuf, time::Duration};

use anyhow::{Context, ensure};
use clap::{Args, Subcommand};
use serde::Serialize;

use super::{Session, output};
use crate::{
    app,
    knowledge::demo,
    model::bert::{self, Bits, Kernel, Reference, TextEncoder, TextEncoderSettings},
};

/// So many sentences are compared.
const NUM_SENTENCES: usize = 50;
/// Lengths of the messages that are timed, in tokens.
const LENGTHS: [usize; 3] = [8, 16, 32];
/// A message is encoded so many times.
const REPEATS: usize = 40;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Compares vectors with candle in f32 and times every kernel that runs here.
    Check(CheckOptions),
}

#[derive(Debug, Args)]
pub(super) struct CheckOptions {
    /// A Hugging Face BERT folder.
    #[arg(long, value_name = "DIR")]
    encoder: PathBuf,
    /// What stands before a text, such as "query: " of the e5 family; by default as the folder says.
    #[arg(long, value_name = "TEXT")]
    prefix: Option<String>,
    /// What stands before a text where it is read once more; only beside --prefix.
    #[arg(long, value_name = "TEXT", requires = "prefix")]
    second_prefix: Option<String>,
}

/// How one kernel does with weights of so many bits.
#[derive(Serialize)]
struct Row {
    kernel: &'static str,
    bits: u8,
    least_cosine: f32,
    mean_cosine: f32,
    /// Batched vectors are the same as single ones.
    is_batch_same: bool,
    /// Of one message by its length in tokens, the median.
    cpu_us: Vec<(usize, f64)>,
    load_ms: f64,
}

pub(super) fn run(session: &Session, command: &Command) -> anyhow::Result<()> {
    let Command::Check(options) = command;
    let reference = Reference::load(&options.encoder)?;
    let sentences = sentences();
    let mut rows = Vec::new();
    let mut expected: Vec<Vec<f32>> = Vec::new();
    let kernels = Kernel::available();
    let bar = output::bar(2 * kernels.len(), "encode");
    for bits in [Bits::Eight, Bits::Four] {
        for kernel in &kernels {
            let settings = TextEncoderSettings {
                bits,
                kernel: *kernel,
                prefixes: options.prefix.iter().chain(&options.second_prefix).cloned().collect(),
                ..TextEncoderSettings::default()
            };
            let before = app::thread_cpu_time();
            let encoder = TextEncoder::load_with(&options.encoder, settings)?;
            let load = app::thread_cpu_time().saturating_sub(before);
            if expected.is_empty() {
                expected = references(&reference, &encoder, &sentences)?;
            }
            rows.push(measure(&encoder, bits, load, &sentences, &expected)?);
            bar.inc(1);
        }
    }
    bar.finish_and_clear();
    if session.json {
        output::line(&serde_json::json!({"sentences": sentences.len(), "kernels": rows}).to_string());
    } else {
        rows.iter().for_each(print);
    }
    Ok(())
}

/// Standard questions of the demo bases, evenly spread.
fn sentences() -> Vec<String> {
    let articles: Vec<String> =
        demo::bases().into_iter().flat_map(|base| base.articles).map(|article| article.standard_question).collect();
    let step = (articles.len() / NUM_SENTENCES).max(1);
    articles.into_iter().step_by(step).take(NUM_SENTENCES).collect()
}

fn references(reference: &Reference, encoder: &TextEncoder, sentences: &[String]) -> anyhow::Result<Vec<Vec<f32>>> {
    let vector = |text: &String| -> anyhow::Result<Vec<f32>> {
        // One by one, for they differ in length.
        let readings = encoder.readings(text)?.into_iter();
        let vectors: Vec<Vec<Vec<f32>>> =
            readings.map(|tokens| reference.forward(&[tokens])).collect::<Result<_, _>>()?;
        bert::mean(vectors.into_iter().flatten().map(Some)).context("a text has a direction")
    };
    sentences.iter().map(vector).collect()
}

fn measure(
    encoder: &TextEncoder,
    bits: Bits,
    load: Duration,
    sentences: &[String],
    expected: &[Vec<f32>],
) -> anyhow::Result<Row> {
    let texts: Vec<&str> = sentences.iter().map(String::as_str).collect();
    let single: Vec<Vec<f32>> = texts.iter().map(|text| encoder.encode(text)).collect::<Result<_, _>>()?;
    let cosines: Vec<f32> =
        single.iter().zip(expected).map(|(a, b)| a.iter().zip(b).map(|(a, b)| a * b).sum()).collect();
    let mut cpu_us = Vec::new();
    for length in LENGTHS {
        cpu_us.push((length, cost(encoder, &texts.concat(), length)?));
    }
    Ok(Row {
        kernel: encoder.kernel().name(),
        bits: bits.number(),
        least_cosine: cosines.iter().copied().fold(1.0, f32::min),
        mean_cosine: cosines.iter().sum::<f32>() / cosines.len().max(1) as f32,
        is_batch_same: encoder.encode_batch(&texts)? == single,
        cpu_us,
        load_ms: 1e3 * load.as_secs_f64(),
    })
}

/// The processor time of a message of so many tokens in microseconds, the median; it is read as often as there are
/// prefixes.
fn cost(encoder: &TextEncoder, text: &str, length: usize) -> anyhow::Result<f64> {
    let mut readings = encoder.readings(text)?;
    for tokens in &mut readings {
        ensure!(tokens.len() >= length, "the encoder takes {} tokens at most", tokens.len());
        tokens.truncate(length);
    }
    let mut costs = Vec::with_capacity(REPEATS);
    for _ in 0..REPEATS {
        let before = app::thread_cpu_time();
        encoder.encode_readings(&readings)?;
        costs.push(app::thread_cpu_time().saturating_sub(before));
    }
    costs.sort_unstable();
    Ok(1e6 * costs[REPEATS / 2].as_secs_f64())
}

fn print(row: &Row) {
    let costs = row.cpu_us.iter().map(|(length, cost)| format!("{length} tokens {cost:.0} us"));
    output::line(&format!(
        "{:<12} {} bits: cosine to f32 {:.5} least, {:.5} mean; batched {} single; {}; loaded in {:.0} ms",
        row.kernel,
        row.bits,
        row.least_cosine,
        row.mean_cosine,
        if row.is_batch_same { "=" } else { "differs from" },
        costs.collect::<Vec<_>>().join(", "),
        row.load_ms
    ));
}
