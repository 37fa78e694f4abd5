//! `yingda eval businesses`: questions to knowledge bases of businesses that nothing was ever trained on.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, ensure};
use clap::Args;
use serde::Serialize;

use super::{ask, own, print_misses, print_retrieval};
use crate::{
    cli::{Session, output},
    insight::evaluation::{self, RetrievalReport},
};

#[derive(Debug, Args)]
pub(in crate::cli) struct BusinessesOptions {
    /// The folder with a folder for each business: articles.jsonl and questions.jsonl, as `eval retrieval` reads them.
    #[arg(long, value_name = "DIR", default_value = "data/businesses")]
    businesses: PathBuf,
    /// Only these businesses.
    #[arg(long = "business", value_name = "NAME")]
    names: Vec<String>,
    /// Leaves the bases as they are before they are calibrated by their own questions.
    #[arg(long)]
    shipped: bool,
    /// Lists the questions that went wrong.
    #[arg(long)]
    misses: bool,
}

/// The report: all businesses together, and each.
#[derive(Serialize)]
struct BusinessesReport {
    #[serde(flatten)]
    pooled: RetrievalReport,
    businesses: BTreeMap<String, RetrievalReport>,
}

pub(super) fn run(session: &Session, options: &BusinessesOptions) -> anyhow::Result<()> {
    let (mut all, mut businesses) = (Vec::new(), BTreeMap::new());
    for (name, folder) in folders(&options.businesses, &options.names)? {
        let (articles, questions) = (folder.join("articles.jsonl"), folder.join("questions.jsonl"));
        let (app, questions) = own(session, &articles, &questions, options.shipped)?;
        let asked = ask(&app, &questions, app.clock.now())?;
        if options.misses {
            output::line(&name);
            print_misses(&questions, &asked);
        }
        businesses.insert(name, evaluation::report(&asked));
        all.extend(asked);
    }
    let report = BusinessesReport { pooled: evaluation::report(&all), businesses };
    if session.json {
        output::line(&serde_json::to_string(&report)?);
    } else {
        print_retrieval("all", &report.pooled);
        report.businesses.iter().for_each(|(name, part)| print_retrieval(name, part));
    }
    Ok(())
}

/// Lists the businesses below a folder by name, those named or all.
fn folders(root: &Path, names: &[String]) -> anyhow::Result<BTreeMap<String, PathBuf>> {
    let entries = fs::read_dir(root).with_context(|| format!("{} cannot be read", root.display()))?;
    let mut found = BTreeMap::new();
    for entry in entries {
        let path = entry.with_context(|| format!("{} cannot be read", root.display()))?.path();
        if let Some(name) = path.file_name().and_then(|name| name.to_str()).filter(|_| path.is_dir()) {
            found.insert(name.to_owned(), path);
        }
    }
    ensure!(!found.is_empty(), "{} holds no folder of a business", root.display());
    if let Some(unknown) = names.iter().find(|name| !found.contains_key(*name)) {
        let known: Vec<&str> = found.keys().map(String::as_str).collect();
        anyhow::bail!("no business {unknown} in {}; there are {}", root.display(), known.join(", "));
    }
    found.retain(|name, _| names.is_empty() || names.contains(name));
    Ok(found)
}
