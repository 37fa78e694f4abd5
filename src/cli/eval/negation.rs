//! `yingda eval negation`: pairs of messages that want opposite things, asked of the demo knowledge bases.

use std::path::PathBuf;

use anyhow::Context;
use clap::Args;

use super::{GOLDEN_MOMENT, ask, demo};
use crate::{
    cli::{Session, files, output},
    domain::ArticleId,
    insight::evaluation::{Figure, NegationReport, OppositeAsked, negation_report},
};

#[derive(Debug, Args)]
pub(in crate::cli) struct NegationOptions {
    /// The folder with {knowledge base}.jsonl files: {"pair", "query", "article", "wrong"} a line; `article` is null where
    /// there is no answer, `wrong` the article of the other side.
    #[arg(long, value_name = "DIR", default_value = "data/negation")]
    pairs: PathBuf,
    /// Only these knowledge bases.
    #[arg(long = "kb", value_name = "ID")]
    knowledge_bases: Vec<String>,
    /// Leaves the bases as they are before they are calibrated by their own questions.
    #[arg(long)]
    shipped: bool,
    /// Lists the messages that the wrong side answers.
    #[arg(long)]
    misses: bool,
}

pub(super) fn run(session: &Session, options: &NegationOptions) -> anyhow::Result<()> {
    let (app, ids) = demo(session, &options.knowledge_bases, options.shipped)?;
    let mut questions = Vec::new();
    for id in &ids {
        let base = app.live.load().bases.get(id).cloned().with_context(|| format!("no demo knowledge base {id}"))?;
        let path = options.pairs.join(format!("{id}.jsonl"));
        questions.extend(files::read_opposites(&path, id, |article| {
            let article = ArticleId::try_new(article).ok()?;
            base.snapshot.table.article_by_id(&article).map(|_| article)
        })?);
    }
    let (questions, wrong): (Vec<_>, Vec<_>) = questions.into_iter().unzip();
    let asked = ask(&app, &questions, GOLDEN_MOMENT)?;
    let rows: Vec<OppositeAsked> =
        asked.into_iter().zip(wrong).map(|(asked, wrong)| OppositeAsked { asked, wrong }).collect();
    let report = negation_report(&rows);
    if session.json {
        output::line(&serde_json::to_string(&report)?);
    } else {
        print(&report);
    }
    if options.misses {
        for (question, row) in questions.iter().zip(&rows).filter(|(_, row)| row.is_answered_by_wrong_side()) {
            let (base, text) = (&question.knowledge_base, &question.question);
            let wrong = row.wrong.as_ref().map_or("", ArticleId::as_str);
            output::line(&format!("{base} p={:.2} answered by {wrong}: {text}", row.asked.confidence));
        }
    }
    Ok(())
}

fn print(report: &NegationReport) {
    let shown = |figure: Figure| format!("{:.3} (95 % {:.3}-{:.3})", figure.value, figure.low, figure.high);
    output::line(&format!(
        "all: n={} answered by the wrong side {} of {}; answered right {} of {}; false answers {}",
        report.n,
        shown(report.answered_wrong_side),
        report.opposed,
        shown(report.answered_right),
        report.answerable,
        shown(report.false_answers)
    ));
}
