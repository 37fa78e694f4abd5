//! `yingda train`: the table of vectors, the model bundle and the ranker, from the data folder.

mod ranker;
mod tables;

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, ensure};
use clap::Args;
use serde_json::json;

use super::{Session, output};
use crate::model::{
    Bundle,
    train::{self, PhrasingRow, Row},
};

use self::tables::Tables;

const RANKER_FILE: &str = "ranker.json";
/// Rows for measuring only; never trained on.
const TEST_FILE: &str = "test.jsonl";

#[derive(Debug, Args)]
pub(super) struct Options {
    /// Where the bundle goes.
    #[arg(long, value_name = "DIR", default_value = "models/yingda-base/1")]
    out: PathBuf,
    /// The folder with messages/, kb/, calibration/ and teacher/; the demo bases that are asked are those built in.
    #[arg(long, value_name = "DIR", default_value = "data")]
    source: PathBuf,
    /// A Hugging Face BERT folder (multilingual-e5-small) to fit the vectors to; writes them to teacher/ of the source.
    #[arg(long, value_name = "DIR")]
    teacher: Option<PathBuf>,
    /// Trains the ranker only, for the bundle that lies there.
    #[arg(long, conflicts_with = "teacher")]
    ranker_only: bool,
    #[arg(long, default_value_t = 20)]
    seed: u64,
}

pub(super) fn run(session: &Session, options: &Options) -> anyhow::Result<()> {
    let mut result = json!({"out": options.out.display().to_string()});
    let rows = messages(&options.source.join("messages"))?;
    let phrasings = phrasings(&options.source.join("kb"))?;
    ensure!(!rows.is_empty(), "no training messages under {}", options.source.display());
    if let Some(teacher) = &options.teacher {
        tables::fit(
            teacher,
            &options.source,
            rows.iter().map(|row| &row.text).chain(phrasings.iter().map(|row| &row.text)),
        )?;
    }
    // Read before the minutes of tuning, so that a wrong folder is said at once.
    let present = if options.ranker_only { Some(Bundle::load(&options.out)?) } else { None };
    let tables = Tables::tune(&options.source, options.seed)?;
    let bundle = match present {
        Some(bundle) => {
            let is_ours = bundle.encoder().is_same(&tables.whole);
            ensure!(is_ours, "the bundle in {} has other vectors; train it anew", options.out.display());
            bundle
        }
        None => {
            let trained = train_bundle(&rows, &phrasings, &tables, options.seed)?;
            trained.save(&options.out)?;
            if session.json {
                result["report"] = json!(trained.report.to_string());
            } else {
                output::line(&trained.report.to_string());
            }
            trained.bundle
        }
    };
    let trained = ranker::train(session, &tables, &bundle)?;
    let path = options.out.join(RANKER_FILE);
    fs::write(&path, trained.ranker.to_json() + "\n")
        .with_context(|| format!("{} cannot be written", path.display()))?;
    if session.json {
        result["ranker"] = trained.json();
        output::line(&result.to_string());
    } else {
        trained.print();
    }
    Ok(())
}

fn train_bundle(rows: &[Row], phrasings: &[PhrasingRow], tables: &Tables, seed: u64) -> anyhow::Result<train::Trained> {
    let settings = train::Settings { seed, ..train::Settings::default() };
    let bar = output::bar(0, "train");
    let trained = train::train((rows, phrasings), &tables.whole, &settings, &mut |progress| {
        bar.set_length(progress.num_total as u64);
        bar.set_position(progress.num_done as u64);
    })?;
    bar.finish_and_clear();
    Ok(trained)
}

/// Every labelled message but those for measuring.
fn messages(dir: &Path) -> anyhow::Result<Vec<Row>> {
    let mut rows = Vec::new();
    for path in sorted_files(dir, "jsonl")? {
        if path.file_name().is_none_or(|name| name != TEST_FILE) {
            rows.extend(train::read_messages(&path)?);
        }
    }
    Ok(rows)
}

/// Every phrasing of the knowledge bases below a folder.
fn phrasings(dir: &Path) -> anyhow::Result<Vec<PhrasingRow>> {
    let mut rows = Vec::new();
    for base in sorted(dir)?.into_iter().filter(|path| path.is_dir()) {
        rows.extend(train::read_phrasings(&base.join("articles.jsonl"))?);
    }
    Ok(rows)
}

fn sorted_files(dir: &Path, extension: &str) -> anyhow::Result<Vec<PathBuf>> {
    let is_wanted = |path: &PathBuf| path.extension().is_some_and(|known| known == extension);
    Ok(sorted(dir)?.into_iter().filter(is_wanted).collect())
}

fn sorted(dir: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let entries = fs::read_dir(dir).with_context(|| format!("{} cannot be read", dir.display()))?;
    let paths: Result<Vec<PathBuf>, _> = entries.map(|entry| entry.map(|entry| entry.path())).collect();
    let mut paths = paths?;
    paths.sort();
    Ok(paths)
}
