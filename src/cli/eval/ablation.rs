//! `yingda eval ablation`: what each stage of retrieval brings.
//!
//! Stages are added one after another, each by the path that serves, with other weights in the ranker: BM25 of the index
//! alone, then vectors whose entries all count alike, then as weighed by what stands around them, then like words, then
//! crowding, then all features as trained, then what the base's own questions teach, then the configured encoder. From the
//! second row on every feature is computed, whatever it weighs: what vectors and features cost together is the difference to
//! the first row, and the encoder's cost is that of the last.

use std::{path::PathBuf, sync::Arc};

use clap::Args;
use serde::Serialize;

use super::{ask, fill_base, own};
use crate::{
    app::{self, App, Config, StoreKind, SystemClock},
    assist::{BM25, COSINE, Features, GramWeights, LIKE_OVERLAP, Model, NUM_FEATURES, Ranker, Weights},
    cli::{Session, files, output},
    domain::{ArticleId, StoreEpoch},
    insight::{
        evaluation::{self, Asked, RetrievalReport},
        ranker_training::Prior,
    },
    model::Bundle,
};

#[derive(Debug, Args)]
pub(in crate::cli) struct AblationOptions {
    /// Articles, as `import` reads them (.jsonl or .csv).
    #[arg(long, value_name = "FILE")]
    articles: PathBuf,
    /// Questions: {"query", "article"} a line; article is null where there is no answer.
    #[arg(long, value_name = "FILE")]
    queries: PathBuf,
}

/// The report of one row.
#[derive(Serialize)]
struct Row {
    stage: &'static str,
    #[serde(flatten)]
    report: RetrievalReport,
}

pub(super) fn run(session: &Session, options: &AblationOptions) -> anyhow::Result<()> {
    // The encoder comes last.
    let first_only = Session { config: Config { encoder: None, ..session.config.clone() }, ..*session };
    let (app, questions) = own(&first_only, &options.articles, &options.queries, true)?;
    let snap = app.live.load();
    let bundle = &snap.shared.bundle;
    let mut rows = Vec::new();
    let mut keep = |stage: &'static str, asked: &[Asked]| {
        let row = Row { stage, report: evaluation::report(asked) };
        print(session, &row);
        rows.push(row);
    };
    let blind = bundle.with_encoder(bundle.encoder().without_entries());
    let mut hybrid = [0.0; NUM_FEATURES];
    let prior = Prior::Hybrid.weights();
    hybrid[BM25] = prior[BM25];
    keep("bm25", &with(session, options, &blind, fixed(hybrid))?);
    hybrid[COSINE] = prior[COSINE];
    let plain = bundle.with_encoder(bundle.encoder().without_attention());
    keep("+ vectors", &with(session, options, &plain, fixed(hybrid))?);
    keep("+ attention", &with(session, options, bundle, fixed(hybrid))?);
    hybrid[LIKE_OVERLAP] = prior[LIKE_OVERLAP];
    keep("+ like words", &with(session, options, bundle, fixed(hybrid))?);
    keep("+ crowding", &with(session, options, bundle, fixed(prior))?);
    keep("+ trained ranker", &ask(&app, &questions, app.clock.now())?);
    app.calibration.calibrate_all()?;
    keep("+ own questions", &ask(&app, &questions, app.clock.now())?);
    if session.config.encoder.is_some() {
        let (app, questions) = own(session, &options.articles, &options.queries, false)?;
        keep("+ second stage", &ask(&app, &questions, app.clock.now())?);
    }
    if session.json {
        output::line(&serde_json::to_string(&rows)?);
    }
    Ok(())
}

/// Asks the base with other vectors and another ranker.
fn with(session: &Session, options: &AblationOptions, bundle: &Bundle, ranker: Ranker) -> anyhow::Result<Vec<Asked>> {
    let model = Model { bundle: Arc::new(bundle.clone()), ranker: Arc::new(ranker) };
    let shared = app::shared_with(model, StoreEpoch("ablation".to_owned()))?;
    let app = App::start_with(&session.config, &StoreKind::Memory, Arc::new(SystemClock), Some(shared))?;
    let base = fill_base(&app, &options.articles)?;
    let questions = files::read_queries(&options.queries, &base, |id| ArticleId::try_new(id).ok())?;
    ask(&app, &questions, app.clock.now())
}

/// A ranker that knows these weights only. Its confidences are of no scale; their order is what counts.
fn fixed(weights: Features) -> Ranker {
    let of = |richness| Weights { weights, richness, ..Weights::BLANK };
    Ranker {
        sparse: of(0.0),
        rich: of(1.0),
        missing_grams: GramWeights::default(),
        extra_grams: GramWeights::default(),
        provenance: "fixed".to_owned(),
    }
}

fn print(session: &Session, row: &Row) {
    if session.json {
        return;
    }
    let Row { stage, report } = row;
    output::line(&format!(
        "{stage:<18} R@1={:.3} R@10={:.3} MRR={:.3}; at 70 %: false answers {:.3}, precision {:.3}; ECE {:.3}; \
         cpu {:.0} us p50",
        report.r1,
        report.r10,
        report.mrr,
        report.fa_at_70,
        report.precision_at_70,
        report.ece_answerable,
        report.cpu_us_p50
    ));
}
