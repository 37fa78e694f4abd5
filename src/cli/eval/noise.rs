//! `yingda eval noise`: questions as people type and speak them, beside the same ones clean.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, ensure};
use clap::Args;

use super::{GOLDEN_MOMENT, ask, demo, golden_questions, miss, own};
use crate::{
    cli::{Session, output},
    insight::evaluation::{Asked, Expected, NoiseFigure, NoiseKind, NoiseMaker, NoiseReport, noise_report},
};

#[derive(Debug, Args)]
pub(in crate::cli) struct NoiseOptions {
    /// Articles, as `import` reads them (.jsonl or .csv), instead of the demo knowledge bases.
    #[arg(long, value_name = "FILE", requires = "queries")]
    articles: Option<PathBuf>,
    /// Questions for these: {"query", "article"} a line; article is null where there is no answer.
    #[arg(long, value_name = "FILE", requires = "articles")]
    queries: Option<PathBuf>,
    /// The folder with {knowledge base}.jsonl files of the demo knowledge bases' questions.
    #[arg(long, value_name = "DIR", default_value = "data/golden", conflicts_with = "articles")]
    golden: PathBuf,
    /// Only these demo knowledge bases.
    #[arg(long = "kb", value_name = "ID", conflicts_with = "articles")]
    knowledge_bases: Vec<String>,
    /// Only these kinds of noise.
    #[arg(long = "kind", value_name = "KIND", value_parser = kind)]
    kinds: Vec<NoiseKind>,
    /// What slips of sound end at: words, one a line, the most frequent first.
    #[arg(long, value_name = "FILE", default_value = "data/teacher/words.txt")]
    words: PathBuf,
    /// What is said around and within questions: before, between or after, then the words, a line each.
    #[arg(long, value_name = "FILE", default_value = "data/noise/fillers.txt")]
    fillers: PathBuf,
    /// Another number gives other noise.
    #[arg(long, value_name = "NUMBER", default_value_t = 20_261_122)]
    seed: u64,
    /// Leaves the bases as they are before they are calibrated by their own questions.
    #[arg(long)]
    shipped: bool,
    /// Lists the questions that are right clean and wrong with noise.
    #[arg(long)]
    misses: bool,
}

fn kind(name: &str) -> Result<NoiseKind, String> {
    let names = || NoiseKind::ALL.map(NoiseKind::name).join(", ");
    NoiseKind::from_name(name).ok_or_else(|| format!("no kind of noise; there are {}", names()))
}

pub(super) fn run(session: &Session, options: &NoiseOptions) -> anyhow::Result<()> {
    let read = |path: &Path| fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()));
    let maker = NoiseMaker::new(&read(&options.words)?, &read(&options.fillers)?)
        .with_context(|| format!("{} is no list of fillers", options.fillers.display()))?;
    let (app, questions, now) = match (&options.articles, &options.queries) {
        (Some(articles), Some(queries)) => {
            let (app, questions) = own(session, articles, queries, options.shipped)?;
            let now = app.clock.now();
            (app, questions, now)
        }
        _ => {
            let (app, ids) = demo(session, &options.knowledge_bases, options.shipped)?;
            let questions = golden_questions(&app, &ids, &options.golden)?;
            (app, questions, GOLDEN_MOMENT)
        }
    };
    ensure!(!questions.is_empty(), "there are no questions");
    let clean = ask(&app, &questions, now)?;
    let kinds = if options.kinds.is_empty() { &NoiseKind::ALL[..] } else { &options.kinds };
    let mut reports = Vec::with_capacity(kinds.len());
    for kind in kinds {
        let mut rng = fastrand::Rng::with_seed(options.seed);
        let noisy = |question: &Expected| Expected {
            question: maker.noisy(*kind, &question.question, &mut rng),
            ..question.clone()
        };
        let noisy: Vec<Expected> = questions.iter().map(noisy).collect();
        let is_changed = |place: &usize| noisy[*place].question != questions[*place].question;
        let changed: Vec<usize> = (0..questions.len()).filter(is_changed).collect();
        let noisy: Vec<Expected> = changed.iter().map(|place| noisy[*place].clone()).collect();
        let asked = ask(&app, &noisy, now)?;
        let pairs: Vec<(Asked, Asked)> = changed.iter().map(|place| clean[*place].clone()).zip(asked).collect();
        let report = noise_report(*kind, &pairs);
        if !session.json {
            print(&report);
        }
        if options.misses {
            print_misses(*kind, &noisy, &pairs);
        }
        reports.push(report);
    }
    if session.json {
        output::line(&serde_json::to_string(&reports)?);
    }
    Ok(())
}

fn print(report: &NoiseReport) {
    if report.changed == 0 {
        output::line(&format!("{}: changes none of the questions", report.kind));
        return;
    }
    let shown = |figure: NoiseFigure| {
        let difference = figure.difference;
        format!(
            "{:.3} to {:.3} ({:+.3}, 95 % {:+.3} to {:+.3})",
            figure.clean, figure.noisy, difference.value, difference.low, difference.high
        )
    };
    output::line(&format!(
        "{}: n={} answerable={} R@1 {}; wanted within {:.3}: {}",
        report.kind,
        report.changed,
        report.answerable,
        shown(report.r1),
        report.wanted_loss,
        if report.is_met { "met" } else { "missed" }
    ));
    output::line(&format!(
        "  at policy: coverage {}, precision {}, false answers {}",
        shown(report.coverage_at_policy),
        shown(report.precision_at_policy),
        shown(report.fa_at_policy)
    ));
}

fn print_misses(kind: NoiseKind, questions: &[Expected], pairs: &[(Asked, Asked)]) {
    for (question, (clean, noisy)) in questions.iter().zip(pairs) {
        if clean.rank == Some(1) && noisy.rank != Some(1) {
            output::line(&format!("{} {}", kind.name(), miss(question, noisy)));
        }
    }
}
