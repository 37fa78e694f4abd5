//! `yingda eval calibrate`: checks a knowledge base on its own questions, and what that changes for questions given.

use std::{fs, path::PathBuf, sync::Arc};

use anyhow::{Context, ensure};
use clap::Args;
use serde::Serialize;

use super::{GOLDEN_MOMENT, ask, import_base, print_retrieval};
use crate::{
    app::{self, App, StoreKind},
    assist::Weights,
    cli::{Session, files, output},
    domain::{ArticleId, Calibration, CalibrationPolicy, CurvePoint, KnowledgeBaseId, ManualClock, Timestamp},
    insight::{
        calibration::{
            Wanted,
            picture::{self, Curve},
        },
        evaluation::{self, Expected, RetrievalReport},
    },
};

#[derive(Debug, Args)]
pub(in crate::cli) struct CalibrateOptions {
    /// Articles, as `import` reads them (.jsonl or .csv).
    #[arg(long, value_name = "FILE", conflicts_with = "knowledge_base", required_unless_present = "knowledge_base")]
    articles: Option<PathBuf>,
    /// A demo knowledge base.
    #[arg(long = "kb", value_name = "ID")]
    knowledge_base: Option<String>,
    /// Questions to compare before and after: {"query", "article"} a line; article is null where there is no answer.
    #[arg(long, value_name = "FILE")]
    queries: Option<PathBuf>,
    /// The share of answers that are to be right; the policy's where left out.
    #[arg(long, value_name = "SHARE")]
    precision: Option<f32>,
    /// The share of messages that no article answers; the policy's where left out.
    #[arg(long, value_name = "SHARE")]
    unanswerable: Option<f32>,
    /// Draws the risk-coverage curve into an SVG file.
    #[arg(long, value_name = "FILE")]
    picture: Option<PathBuf>,
}

/// What a calibration came to, and what it changed.
#[derive(Serialize)]
struct Report {
    scale: f32,
    shift: f32,
    answer_threshold: f32,
    clarify_threshold: f32,
    shipped_answer_threshold: f32,
    shipped_clarify_threshold: f32,
    wanted_precision: f32,
    unanswerable_share: f32,
    questions_left_out: u32,
    questions_perturbed: u32,
    questions_without_answer: u32,
    own_ece_before: f32,
    own_ece_after: f32,
    own_r1: f32,
    cpu_ms: f64,
    curve: Vec<PointShape>,
    #[serde(skip_serializing_if = "Option::is_none")]
    queries_before: Option<RetrievalReport>,
    #[serde(skip_serializing_if = "Option::is_none")]
    queries_after: Option<RetrievalReport>,
}

#[derive(Serialize)]
struct PointShape {
    threshold: f32,
    coverage: f32,
    precision: f32,
    false_answers: f32,
}

impl From<CurvePoint> for PointShape {
    fn from(point: CurvePoint) -> Self {
        let CurvePoint { threshold, coverage, precision, false_answers } = point;
        Self { threshold, coverage, precision, false_answers }
    }
}

/// What came of the questions given.
struct Measured {
    report: RetrievalReport,
    curve: Vec<CurvePoint>,
}

pub(super) fn run(session: &Session, options: &CalibrateOptions) -> anyhow::Result<()> {
    let wanted = wanted(options)?;
    let (app, id, now) = open(session, options)?;
    let read = |path| files::read_queries(path, &id, |id| ArticleId::try_new(id).ok());
    let questions = options.queries.as_deref().map(read).transpose()?;
    let measure = || questions.as_deref().map(|questions| measure(&app, questions, now)).transpose();
    let before = measure()?;
    let begun = app::thread_cpu_time();
    let calibration = app.calibration.calibrate(&id, wanted, false)?;
    let cpu = app::thread_cpu_time().saturating_sub(begun);
    let after = measure()?;
    if let Some(path) = &options.picture {
        let drawn = draw(&id, &calibration, after.as_ref());
        fs::write(path, drawn).with_context(|| format!("{} cannot be written", path.display()))?;
    }
    let shipped = app.live.load().bases.get(&id).context("it was calibrated")?.shipped;
    let report = Report {
        queries_before: before.map(|measured| measured.report),
        queries_after: after.map(|measured| measured.report),
        cpu_ms: cpu.as_secs_f64() * 1e3,
        ..Report::of(&calibration, &shipped)
    };
    if session.json {
        output::line(&serde_json::to_string(&report)?);
    } else {
        print(&report);
    }
    Ok(())
}

impl Report {
    fn of(calibration: &Calibration, shipped: &Weights) -> Self {
        Self {
            scale: calibration.scale,
            shift: calibration.shift,
            answer_threshold: calibration.answer_threshold,
            clarify_threshold: calibration.clarify_threshold,
            shipped_answer_threshold: shipped.answer_threshold,
            shipped_clarify_threshold: shipped.clarify_threshold,
            wanted_precision: calibration.wanted.wanted_precision,
            unanswerable_share: calibration.wanted.unanswerable_share,
            questions_left_out: calibration.questions.left_out,
            questions_perturbed: calibration.questions.perturbed,
            questions_without_answer: calibration.questions.without_answer,
            own_ece_before: calibration.ece_before,
            own_ece_after: calibration.ece_after,
            own_r1: calibration.recall_at_1,
            cpu_ms: 0.0,
            curve: calibration.curve.iter().copied().map(PointShape::from).collect(),
            queries_before: None,
            queries_after: None,
        }
    }
}

/// Opens the base to check, and tells the moment it is checked at.
fn open(session: &Session, options: &CalibrateOptions) -> anyhow::Result<(App, KnowledgeBaseId, Timestamp)> {
    let Some(name) = &options.knowledge_base else {
        let articles = options.articles.as_deref().context("either articles or a knowledge base is given")?;
        let (app, id) = import_base(session, articles)?;
        let now = app.clock.now();
        return Ok((app, id, now));
    };
    // Articles of the demo bases come and go, and figures must not.
    let clock = Arc::new(ManualClock::new(GOLDEN_MOMENT));
    let app = App::start_with(&session.config, &StoreKind::Memory, clock, None)?;
    app.install_demo()?;
    app.wait_ready()?;
    let id = KnowledgeBaseId::try_new(name.trim_start_matches("knowledgeBases/"))?;
    ensure!(app.live.load().bases.contains_key(&id), "no demo knowledge base {id}");
    Ok((app, id, GOLDEN_MOMENT))
}

fn wanted(options: &CalibrateOptions) -> anyhow::Result<Wanted> {
    let wanted = Wanted { precision: options.precision, unanswerable_share: options.unanswerable };
    let completed = wanted.or(CalibrationPolicy::default());
    ensure!(completed.has_good_precision(), "--precision: {}", CalibrationPolicy::PRECISION_RANGE);
    ensure!(completed.has_good_share(), "--unanswerable: {}", CalibrationPolicy::SHARE_RANGE);
    Ok(wanted)
}

/// Asks the questions as the base serves now.
fn measure(app: &App, questions: &[Expected], now: Timestamp) -> anyhow::Result<Measured> {
    let asked = ask(app, questions, now)?;
    Ok(Measured { report: evaluation::report(&asked), curve: evaluation::risk_coverage(&asked) })
}

fn draw(id: &KnowledgeBaseId, calibration: &Calibration, measured: Option<&Measured>) -> String {
    let threshold = calibration.answer_threshold;
    let mut curves = vec![Curve { name: "own questions", points: &calibration.curve, threshold }];
    curves.extend(measured.map(|measured| Curve { name: "questions given", points: &measured.curve, threshold }));
    picture::picture(&format!("{id}: risk and coverage"), &curves, 1.0 - calibration.wanted.wanted_precision)
}

fn print(report: &Report) {
    let line = |text: String| output::line(&text);
    line(format!(
        "asked {} wordings left out, {} said otherwise, {} without an answer; cpu {:.0} ms",
        report.questions_left_out, report.questions_perturbed, report.questions_without_answer, report.cpu_ms
    ));
    line(format!(
        "utilities: scale {:.3}, shift {:+.3}; own questions: R@1={:.3} ECE {:.3} before, {:.3} after",
        report.scale, report.shift, report.own_r1, report.own_ece_before, report.own_ece_after
    ));
    line(format!(
        "thresholds for precision {:.3} with {:.0} % unanswerable: answer {:.3} (shipped {:.3}), clarify {:.3} (shipped {:.3})",
        report.wanted_precision,
        100.0 * report.unanswerable_share,
        report.answer_threshold,
        report.shipped_answer_threshold,
        report.clarify_threshold,
        report.shipped_clarify_threshold
    ));
    line("threshold  coverage  precision  false answers".to_owned());
    for point in report.curve.iter().step_by(4) {
        line(format!(
            "{:>9.3}  {:>8.3}  {:>9.3}  {:>13.3}",
            point.threshold, point.coverage, point.precision, point.false_answers
        ));
    }
    for (name, measured) in [("before", &report.queries_before), ("after", &report.queries_after)] {
        if let Some(measured) = measured {
            print_retrieval(name, measured);
        }
    }
}
