//! `yingda train`: the table of vectors, the model bundle and the ranker, from the data folder; or the bundle of a team,
//! from its own messages ([`own`]).

mod own;
mod ranker;
mod second_stage;
mod tables;

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, ensure};
use clap::Args;
use serde_json::json;

use super::{Session, output};
use crate::{
    domain::BundleId,
    model::{
        Bundle, Encoder,
        train::{self, Lessons, PhrasingRow, Report, Row},
    },
};

use self::tables::Tables;

/// Where the shipped bundle lies.
const SHIPPED_DIR: &str = "models/yingda-base/1";
const RANKER_FILE: &str = "ranker.json";
/// The figures, for people and for programs.
const REPORT_FILES: [&str; 3] = ["report.txt", "report.json", "report.svg"];
/// The weights of the second stage, below the source folder.
const SECOND_STAGE_FILE: &str = "second_stage.json";
/// Rows for measuring only; never trained on.
const TEST_FILE: &str = "test.jsonl";

#[derive(Debug, Args)]
pub(super) struct Options {
    /// Where the bundle goes, a folder NAME/VERSION; by default models/yingda-base/1, or of own messages the next free
    /// version below models/NAME.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// The folder with messages/, kb/, calibration/ and teacher/; the demo bases that are asked are those built in.
    #[arg(long, value_name = "DIR", default_value = "data")]
    source: PathBuf,
    /// A Hugging Face BERT folder (multilingual-e5-small) to fit the vectors to; writes them to teacher/ of the source.
    #[arg(long, value_name = "DIR")]
    teacher: Option<PathBuf>,
    /// Trains the ranker only, for the bundle that lies there.
    #[arg(long, conflicts_with = "teacher")]
    ranker_only: bool,
    /// Trains the weights of the second stage only, for the configured encoder and the bundle that lies there.
    #[arg(long, conflicts_with_all = ["teacher", "ranker_only"])]
    second_stage_only: bool,
    #[arg(long, default_value_t = 20)]
    seed: u64,
    #[command(flatten)]
    own: own::Options,
}

pub(super) fn run(session: &Session, options: &Options) -> anyhow::Result<()> {
    if options.own.is_given() {
        return own::run(session, options);
    }
    let out = options.out.clone().unwrap_or_else(|| PathBuf::from(SHIPPED_DIR));
    let mut result = json!({"out": out.display().to_string()});
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
    let is_present = options.ranker_only || options.second_stage_only;
    let present = if is_present { Some(Bundle::load(&out)?) } else { None };
    let encoder = second_stage::encoder(session, options.second_stage_only)?;
    let tables = Tables::tune(&options.source, options.seed)?;
    let bundle = match present {
        Some(bundle) => {
            // The second stage reads utilities, not vectors; those tuned on another machine differ by rounding.
            let is_ours = options.second_stage_only || bundle.encoder().is_same(&tables.whole);
            ensure!(is_ours, "the bundle in {} has other vectors; train it anew", out.display());
            bundle
        }
        None => {
            let id = bundle_id(&out)?;
            let settings = train::Settings {
                seed: options.seed,
                name: id.name().to_owned(),
                version: id.version().to_owned(),
                ..train::Settings::default()
            };
            let lessons = Lessons { rows: &rows, phrasings: &phrasings, ..Lessons::default() };
            let trained = train_bundle(lessons, &tables.whole, &settings)?;
            trained.save(&out)?;
            write_report(&out, &trained.report)?;
            if session.json {
                result["report"] = json!(trained.report.to_string());
            } else {
                output::line(&trained.report.to_string());
            }
            trained.bundle
        }
    };
    if let Some(encoder) = &encoder {
        return second_stage::run(session, (&tables, &bundle), encoder, &options.source.join(SECOND_STAGE_FILE));
    }
    let trained = ranker::train(session, &tables, &bundle)?;
    write(&out.join(RANKER_FILE), &(trained.ranker.to_json() + "\n"))?;
    Bundle::seal(&out, RANKER_FILE)?;
    if session.json {
        result["ranker"] = trained.json();
        output::line(&result.to_string());
    } else {
        trained.print();
    }
    Ok(())
}

fn train_bundle(lessons: Lessons<'_>, encoder: &Encoder, settings: &train::Settings) -> anyhow::Result<train::Trained> {
    let bar = output::bar(0, "train");
    let trained = train::train(lessons, encoder, settings, &mut |progress| {
        bar.set_length(progress.num_total as u64);
        bar.set_position(progress.num_done as u64);
    })?;
    bar.finish_and_clear();
    Ok(trained)
}

/// Reads name and version off a bundle's folder: the server knows a bundle by where it lies.
fn bundle_id(out: &Path) -> anyhow::Result<BundleId> {
    let part = |path: Option<&Path>| path.and_then(Path::file_name).and_then(|part| part.to_str()).map(str::to_owned);
    let (name, version) = (part(out.parent()), part(Some(out)));
    let id = BundleId::try_new(name.unwrap_or_default(), version.unwrap_or_default());
    id.with_context(|| format!("--out {} must end in NAME/VERSION", out.display()))
}

/// Puts the figures beside the bundle.
fn write_report(out: &Path, report: &Report) -> anyhow::Result<()> {
    let [text, json, picture] = REPORT_FILES.map(|name| out.join(name));
    write(&text, &report.to_string())?;
    write(&json, &(serde_json::to_string_pretty(report)? + "\n"))?;
    write(&picture, &train::picture(report))
}

fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    fs::write(path, text).with_context(|| format!("{} cannot be written", path.display()))
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
