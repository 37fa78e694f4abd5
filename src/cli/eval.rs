//! `yingda eval`: measures on the path that serves.

mod ablation;
mod businesses;
mod calibrate;
mod negation;
mod noise;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context, ensure};
use clap::{Args, Subcommand};
use serde::Serialize;

use super::{Session, files, import, offline, output};
use crate::{
    app::{self, App, StoreKind},
    domain::{ArticleId, KnowledgeBaseId, ManualClock, Timestamp},
    insight::evaluation::{self, Asked, Expected, Figure, LabelsReport, RedactionReport, RetrievalReport},
    knowledge::{ImportMode, ImportOptions},
};

/// The moment golden questions are asked at, 2026-11-22 10:00 in Shanghai, for articles come and go.
const GOLDEN_MOMENT: Timestamp = Timestamp(1_795_312_800_000);
/// The moment labelled messages are read at, the Wednesday after: 周五 is ahead and 上周 behind, as their writers had it.
const LABELS_MOMENT: Timestamp = Timestamp(1_795_572_000_000);
/// The knowledge base that articles to measure are put into.
const EVAL_BASE: &str = "eval";

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Questions against articles from a file.
    Retrieval(RetrievalOptions),
    /// What each stage of retrieval brings, on questions against articles from a file.
    Ablation(ablation::AblationOptions),
    /// A knowledge base against its own questions; what that changes for questions given.
    Calibrate(calibrate::CalibrateOptions),
    /// Messages against their labels.
    Labels(LabelsOptions),
    /// The golden questions of the demo knowledge bases.
    Golden(GoldenOptions),
    /// Questions to knowledge bases of businesses that nothing was trained on.
    Businesses(businesses::BusinessesOptions),
    /// Pairs of messages that want opposite things.
    Negation(negation::NegationOptions),
    /// Questions as people type and speak them, beside the same ones clean.
    Noise(noise::NoiseOptions),
    /// Texts against the personal data to mask in them.
    Redaction(RedactionOptions),
}

#[derive(Debug, Args)]
pub(super) struct RetrievalOptions {
    /// Articles, as `import` reads them (.jsonl or .csv).
    #[arg(long, value_name = "FILE")]
    articles: PathBuf,
    /// Questions: {"query", "article"} a line; article is null where there is no answer.
    #[arg(long, value_name = "FILE")]
    queries: PathBuf,
    /// Leaves the base as it is before it is calibrated by its own questions.
    #[arg(long)]
    shipped: bool,
    /// Lists the questions that went wrong.
    #[arg(long)]
    misses: bool,
}

#[derive(Debug, Args)]
pub(super) struct LabelsOptions {
    /// Messages: {"text", "type"?, "urgency"?, "domain"?, "sentiment"?, "has_request"?} a line.
    #[arg(long, value_name = "FILE")]
    messages: PathBuf,
    /// Lists the messages that went wrong, one JSON object a line.
    #[arg(long)]
    misses: bool,
}

#[derive(Debug, Args)]
pub(super) struct GoldenOptions {
    /// The folder with {knowledge base}.jsonl files.
    #[arg(long, value_name = "DIR", default_value = "data/golden")]
    golden: PathBuf,
    /// Only these knowledge bases.
    #[arg(long = "kb", value_name = "ID")]
    knowledge_bases: Vec<String>,
    /// Leaves the bases as they are before they are calibrated by their own questions.
    #[arg(long)]
    shipped: bool,
    /// Lists the questions that went wrong.
    #[arg(long)]
    misses: bool,
}

#[derive(Debug, Args)]
pub(super) struct RedactionOptions {
    /// Texts: {"text", "masks": [{"kind", "text"}]} a line.
    #[arg(long, value_name = "FILE", default_value = "data/redaction/test.jsonl")]
    file: PathBuf,
    /// Lists the texts that went wrong.
    #[arg(long)]
    misses: bool,
}

pub(super) fn run(session: &Session, command: Command) -> anyhow::Result<()> {
    match command {
        Command::Retrieval(options) => retrieval(session, &options),
        Command::Ablation(options) => ablation::run(session, &options),
        Command::Calibrate(options) => calibrate::run(session, &options),
        Command::Labels(options) => labels(session, &options),
        Command::Golden(options) => golden(session, &options),
        Command::Businesses(options) => businesses::run(session, &options),
        Command::Negation(options) => negation::run(session, &options),
        Command::Noise(options) => noise::run(session, &options),
        Command::Redaction(options) => redaction(session, &options),
    }
}

fn retrieval(session: &Session, options: &RetrievalOptions) -> anyhow::Result<()> {
    let (app, questions) = own(session, &options.articles, &options.queries, options.shipped)?;
    let asked = ask(&app, &questions, app.clock.now())?;
    let report = evaluation::report(&asked);
    if session.json {
        output::line(&serde_json::to_string(&report)?);
    } else {
        print_retrieval("all", &report);
    }
    if options.misses {
        print_misses(&questions, &asked);
    }
    Ok(())
}

/// A base of articles from a file as it serves, and questions for it; not calibrated where it is to be as shipped.
fn own(session: &Session, articles: &Path, queries: &Path, is_shipped: bool) -> anyhow::Result<(App, Vec<Expected>)> {
    let (app, base) = import_base(session, articles)?;
    app.wait_encoded();
    let questions = files::read_queries(queries, &base, |id| ArticleId::try_new(id).ok())?;
    if !is_shipped {
        app.calibration.calibrate_all()?;
    }
    Ok((app, questions))
}

/// Puts articles from a file into a base of their own, in memory.
fn import_base(session: &Session, articles: &Path) -> anyhow::Result<(App, KnowledgeBaseId)> {
    let app = App::start(&session.config, &StoreKind::Memory)?;
    let base = fill_base(&app, articles)?;
    Ok((app, base))
}

/// Puts articles from a file into a base of their own.
fn fill_base(app: &App, articles: &Path) -> anyhow::Result<KnowledgeBaseId> {
    let base = KnowledgeBaseId::try_new(EVAL_BASE)?;
    let data = std::fs::read(articles).with_context(|| format!("{} cannot be read", articles.display()))?;
    import::create(app, &base)?;
    let settings = ImportOptions { format: import::format_of(articles)?, mode: ImportMode::Append, dry_run: false };
    let report = app.knowledge.import_articles(&import::request(), &base, settings, &data)?.value;
    if let Some(row) = report.rows.iter().find(|row| row.error.is_some()) {
        let error = row.error.as_deref().unwrap_or_default();
        anyhow::bail!("{}:{}: {error}", articles.display(), row.line);
    }
    app.wait_ready()?;
    Ok(base)
}

fn labels(session: &Session, options: &LabelsOptions) -> anyhow::Result<()> {
    let rows = files::read_messages(&options.messages)?;
    ensure!(!rows.is_empty(), "{} holds no rows", options.messages.display());
    // What is urgent depends on the moment, and figures must not.
    let app = App::start_with(&session.config, &StoreKind::Memory, Arc::new(ManualClock::new(LABELS_MOMENT)), None)?;
    let bar = output::bar(rows.len(), "analyze");
    let snap = app.live.load();
    let mut progress = |done: usize| bar.set_position(done as u64);
    let report = evaluation::measure_labels(&snap, &rows, app.clock.now(), &app::thread_cpu_time, &mut progress);
    bar.finish_and_clear();
    if session.json {
        output::line(&serde_json::to_string(&report)?);
    } else {
        print_labels(&report);
    }
    if options.misses {
        for message in report.messages.iter().filter(|message| !message.is_right()) {
            output::line(&serde_json::to_string(message)?);
        }
    }
    Ok(())
}

fn redaction(session: &Session, options: &RedactionOptions) -> anyhow::Result<()> {
    let rows = files::read_redactions(&options.file)?;
    ensure!(!rows.is_empty(), "{} holds no rows", options.file.display());
    let report = evaluation::measure_redaction(&rows);
    if session.json {
        output::line(&serde_json::to_string(&report)?);
    } else {
        print_redaction(&report);
    }
    if options.misses {
        for miss in &report.misses {
            let shown = |list: &[(&str, String)]| {
                list.iter().map(|(kind, text)| format!("{kind} {text:?}")).collect::<Vec<_>>().join(", ")
            };
            let (missed, wrong) = (shown(&miss.missed), shown(&miss.wrong));
            output::line(&format!("row {}: missed [{missed}] wrong [{wrong}] {}", miss.row, miss.redacted));
        }
    }
    Ok(())
}

/// The golden report: all bases together, each base, each tag.
#[derive(Serialize)]
struct GoldenReport {
    #[serde(flatten)]
    pooled: RetrievalReport,
    bases: BTreeMap<String, RetrievalReport>,
    tags: BTreeMap<String, RetrievalReport>,
}

/// The demo bases as they serve, and those named of them, or all; not calibrated where they are to be as shipped.
fn demo(session: &Session, named: &[String], is_shipped: bool) -> anyhow::Result<(App, Vec<KnowledgeBaseId>)> {
    let clock = Arc::new(ManualClock::new(GOLDEN_MOMENT));
    let app = App::start_with(&session.config, &StoreKind::Memory, clock, None)?;
    let named = offline::knowledge_bases(named)?;
    let installed = app.install_demo()?;
    app.wait_ready()?;
    app.wait_encoded();
    if !is_shipped {
        app.calibration.calibrate_all()?;
    }
    Ok((app, if named.is_empty() { installed } else { named }))
}

/// Reads the golden questions of some demo bases.
fn golden_questions(app: &App, ids: &[KnowledgeBaseId], folder: &Path) -> anyhow::Result<Vec<Expected>> {
    let mut questions = Vec::new();
    for id in ids {
        let base = app.live.load().bases.get(id).cloned().with_context(|| format!("no demo knowledge base {id}"))?;
        let path = folder.join(format!("{id}.jsonl"));
        questions.extend(files::read_queries(&path, id, |article| {
            let article = ArticleId::try_new(article).ok()?;
            base.snapshot.table.article_by_id(&article).map(|_| article)
        })?);
    }
    Ok(questions)
}

fn golden(session: &Session, options: &GoldenOptions) -> anyhow::Result<()> {
    let (app, ids) = demo(session, &options.knowledge_bases, options.shipped)?;
    let questions = golden_questions(&app, &ids, &options.golden)?;
    let asked = ask(&app, &questions, GOLDEN_MOMENT)?;
    let of = |keep: &dyn Fn(&Expected) -> bool| {
        let kept: Vec<Asked> =
            questions.iter().zip(&asked).filter(|(question, _)| keep(question)).map(|(_, one)| one.clone()).collect();
        evaluation::report(&kept)
    };
    let mut tags: Vec<&String> = questions.iter().flat_map(|question| &question.tags).collect();
    tags.sort_unstable();
    tags.dedup();
    let report = GoldenReport {
        pooled: evaluation::report(&asked),
        bases: ids.iter().map(|id| (id.to_string(), of(&|question| question.knowledge_base == *id))).collect(),
        tags: tags.into_iter().map(|tag| (tag.clone(), of(&|question| question.tags.contains(tag)))).collect(),
    };
    if session.json {
        output::line(&serde_json::to_string(&report)?);
    } else {
        print_retrieval("all", &report.pooled);
        let parts = report.bases.iter().chain(&report.tags);
        parts.for_each(|(name, part)| print_retrieval(name, part));
    }
    if options.misses {
        print_misses(&questions, &asked);
    }
    Ok(())
}

fn ask(app: &App, questions: &[Expected], now: Timestamp) -> anyhow::Result<Vec<Asked>> {
    let bar = output::bar(questions.len(), "ask");
    let mut progress = |done: usize| bar.set_position(done as u64);
    let asked = evaluation::ask_all(&app.live.load(), questions, now, &app::thread_cpu_time, &mut progress)?;
    bar.finish_and_clear();
    Ok(asked)
}

fn print_retrieval(name: &str, report: &RetrievalReport) {
    output::line(&format!(
        "{name}: n={} answerable={} R@1={:.3} R@3={:.3} R@10={:.3} MRR={:.3} ECE={:.3} ({:.3} answerable)",
        report.n, report.answerable, report.r1, report.r3, report.r10, report.mrr, report.ece, report.ece_answerable
    ));
    let second_stage = match report.second_stage {
        0.0 => String::new(),
        share => format!("; second stage {share:.3}"),
    };
    output::line(&format!(
        "  at 70 %: false answers {:.3}, precision {:.3}; at policy: coverage {:.3}, false answers {:.3}, precision {:.3}; \
         clarified {:.3}{second_stage}; cpu {:.0} us p50, {:.0} us p99",
        report.fa_at_70,
        report.precision_at_70,
        report.coverage_at_policy,
        report.fa_at_policy,
        report.precision_at_policy,
        report.clarified,
        report.cpu_us_p50,
        report.cpu_us_p99
    ));
    let intervals = report.intervals.iter().map(|(name, f)| format!("{name} {:.3}-{:.3}", f.low, f.high));
    output::line(&format!("  95 %: {}", intervals.collect::<Vec<_>>().join(", ")));
}

fn print_misses(questions: &[Expected], asked: &[Asked]) {
    for (question, one) in questions.iter().zip(asked) {
        let is_wrong = if one.is_answerable { one.rank != Some(1) || !one.is_answered } else { one.is_answered };
        if is_wrong {
            output::line(&format!("{:?} {}", one.outcome, miss(question, one)));
        }
    }
}

/// A question that went wrong, with what came first and what should have.
fn miss(question: &Expected, asked: &Asked) -> String {
    format!(
        "{} rank={:?} p={:.2} want={} got={} {}",
        question.knowledge_base,
        asked.rank,
        asked.confidence,
        question.articles.first().map_or("-", ArticleId::as_str),
        asked.first.as_ref().map_or("-", ArticleId::as_str),
        question.question
    )
}

fn print_redaction(report: &RedactionReport) {
    let shown =
        |name: &str, figure: &Figure| format!("{name}={:.3} (95 % {:.3}-{:.3})", figure.value, figure.low, figure.high);
    output::line(&format!(
        "all: n={} traps={} items={} masks={} {} {} {}",
        report.n,
        report.traps,
        report.counts.items,
        report.counts.masks,
        shown("recall", &report.recall),
        shown("precision", &report.precision),
        shown("exact", &report.exact)
    ));
    for (kind, counts) in &report.kinds {
        output::line(&format!(
            "  {kind:<14} items={:<4} recall={:.3} exact={:<4} masks={:<4} precision={:.3}",
            counts.items,
            counts.recall(),
            counts.exact,
            counts.masks,
            counts.precision()
        ));
    }
}

fn print_labels(report: &LabelsReport) {
    for (question, figures) in &report.questions {
        let interval = |name: &str| figures.intervals.get(name).map_or((0.0, 0.0), |f| (f.low, f.high));
        let (low, high) = interval("macro_f1");
        output::line(&format!(
            "{question}: n={} accuracy={:.3} macro-F1={:.3} (95 % {low:.3}-{high:.3}) ECE={:.3} abstained={:.3}",
            figures.n, figures.accuracy, figures.macro_f1, figures.ece, figures.abstained
        ));
        for (label, score) in figures.labels.iter().filter(|(_, score)| score.n > 0) {
            output::line(&format!(
                "  {label:<14} n={:<5} precision={:.3} recall={:.3} F1={:.3}",
                score.n, score.precision, score.recall, score.f1
            ));
        }
    }
    output::line(&format!("cpu {:.0} us p50, {:.0} us p99", report.cpu_us_p50, report.cpu_us_p99));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_moments_are_those_named() {
        for (moment, named) in
            [(GOLDEN_MOMENT, "2026-11-22T10:00:00+08:00"), (LABELS_MOMENT, "2026-11-25T10:00:00+08:00")]
        {
            let named: jiff::Timestamp = named.parse().expect("a moment");
            assert_eq!(moment.0, named.as_millisecond());
        }
    }
}
