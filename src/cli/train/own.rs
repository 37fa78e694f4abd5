//! A team's own bundle: its messages and domains, over the vectors and the ranker of a bundle that is there.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, bail, ensure};
use clap::{ArgAction, Args};
use serde_json::json;

use super::{
    super::{Session, output},
    RANKER_FILE, bundle_id, messages, sorted, train_bundle, write_report,
};
use crate::{
    app,
    domain::BundleId,
    model::{
        Bundle, Domains,
        train::{self, Lessons, Row},
    },
};

const MODELS_DIR: &str = "models";
const EXTENSIONS: [&str; 2] = ["csv", "jsonl"];

#[derive(Debug, Args)]
pub(super) struct Options {
    /// Labelled messages of a team's own: a CSV or JSONL file with text, type, urgency, domain, sentiment, group and
    /// second_type, any label of which may be missing; or a folder of such files.
    #[arg(long, value_name = "PATH", conflicts_with_all = ["teacher", "ranker_only"])]
    messages: Vec<PathBuf>,
    /// The bundle's name.
    #[arg(long, requires = "messages")]
    name: Option<String>,
    /// The domains, `other` among them; by default those that the messages name.
    #[arg(long, value_name = "LIST", value_delimiter = ',', requires = "messages")]
    domains: Vec<String>,
    /// The bundle whose vectors and ranker are taken over; by default the configured one.
    #[arg(long, value_name = "DIR", requires = "messages")]
    base: Option<PathBuf>,
    /// Whether the shipped messages teach too: type, urgency, tone, and those of the domains that ship.
    #[arg(long, value_name = "BOOL", requires = "messages", action = ArgAction::Set, num_args = 0..=1,
        default_value_t = true, default_missing_value = "true")]
    with_shipped: bool,
}

impl Options {
    /// Tells whether a bundle of own messages is wanted.
    pub(super) fn is_given(&self) -> bool {
        !self.messages.is_empty()
    }
}

pub(super) fn run(session: &Session, options: &super::Options) -> anyhow::Result<()> {
    let own = &options.own;
    let out = out(options)?;
    let id = bundle_id(&out)?;
    ensure!(
        own.name.as_ref().is_none_or(|name| name == id.name()),
        "--out {} must end in {}/VERSION, as --name says",
        out.display(),
        own.name.as_deref().unwrap_or_default()
    );
    let base_dir = match &own.base {
        Some(dir) => dir.clone(),
        None => app::bundle_dir(session.config.models_dir.as_deref(), &session.config.bundle)?,
    };
    let base = Bundle::load(&base_dir)?;
    let ranker = base_dir.join(RANKER_FILE);
    let ranker = fs::read(&ranker).with_context(|| format!("{} cannot be read", ranker.display()))?;
    let (rows, domains) = read(own)?;
    let background = shipped(options, &rows, &domains)?;
    let settings = train::Settings {
        seed: options.seed,
        name: id.name().to_owned(),
        version: id.version().to_owned(),
        provenance: provenance(&base, rows.len(), background.len()),
        domains: domains.clone(),
        ..train::Settings::default()
    };
    let lessons = Lessons { rows: &rows, background: &background, ..Lessons::default() };
    let trained = train_bundle(lessons, base.encoder(), &settings)?;
    trained.save(&out)?;
    fs::write(out.join(RANKER_FILE), ranker).with_context(|| format!("{} cannot be written", out.display()))?;
    Bundle::seal(&out, RANKER_FILE)?;
    write_report(&out, &trained.report)?;
    if session.json {
        let report = serde_json::to_value(&trained.report)?;
        let result = json!({"out": out.display().to_string(), "bundle": id.to_string(),
            "domains": domains.as_slice(), "rows": rows.len(), "shipped_rows": background.len(), "report": report});
        output::line(&result.to_string());
    } else {
        output::line(&trained.report.to_string());
        output::line(&format!("bundle {id} in {}: {} domains", out.display(), domains.as_slice().len()));
    }
    Ok(())
}

/// The folder that is given, else the next free version below the name.
fn out(options: &super::Options) -> anyhow::Result<PathBuf> {
    if let Some(out) = &options.out {
        return Ok(out.clone());
    }
    let Some(name) = &options.own.name else { bail!("give --name, or --out that ends in NAME/VERSION") };
    let dir = Path::new(MODELS_DIR).join(BundleId::try_new(name, "1")?.name());
    let taken = if dir.is_dir() { sorted(&dir)? } else { Vec::new() };
    let number = |path: &PathBuf| path.file_name()?.to_str()?.parse::<u64>().ok();
    let last = taken.iter().filter_map(number).max().unwrap_or(0);
    Ok(dir.join((last + 1).to_string()))
}

/// Reads the messages, with the domains that are given or those they name.
fn read(own: &Options) -> anyhow::Result<(Vec<Row>, Domains)> {
    let mut files = Vec::new();
    for path in &own.messages {
        if path.is_dir() {
            let is_wanted = |path: &PathBuf| {
                let extension = path.extension().map(|extension| extension.to_string_lossy().to_ascii_lowercase());
                extension.is_some_and(|extension| EXTENSIONS.contains(&extension.as_str()))
            };
            let found: Vec<PathBuf> = sorted(path)?.into_iter().filter(is_wanted).collect();
            ensure!(!found.is_empty(), "no .csv or .jsonl file in {}", path.display());
            files.extend(found);
        } else {
            files.push(path.clone());
        }
    }
    let given =
        if own.domains.is_empty() { None } else { Some(Domains::try_new(own.domains.clone()).context("--domains")?) };
    let mut rows = Vec::new();
    for file in &files {
        rows.extend(train::read_own_messages(file, given.as_ref())?);
    }
    let domains = match given {
        Some(domains) => domains,
        None => train::domains_of(&rows).context("the domains that the messages name; --domains gives others")?,
    };
    Ok((rows, domains))
}

/// The shipped messages, for what they can teach beside these; none where they are not wanted.
fn shipped(options: &super::Options, own: &[Row], domains: &Domains) -> anyhow::Result<Vec<Row>> {
    if !options.own.with_shipped {
        return Ok(Vec::new());
    }
    let rows = messages(&options.source.join("messages"));
    let rows = rows.context("the shipped messages; --source says where they lie, --with-shipped=false goes without")?;
    Ok(train::background(rows, own, domains))
}

fn provenance(base: &Bundle, num_own: usize, num_shipped: usize) -> String {
    let name = format!("{}/{}", base.name(), base.version());
    format!(
        "heads trained on {num_own} messages of a team's own and {num_shipped} that ship; vectors and ranker of {name}, \
         whose provenance is: {}",
        base.provenance()
    )
}
