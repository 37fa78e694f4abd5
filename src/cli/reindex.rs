//! `yingda reindex`: a new generation of an index, while no server runs on the folder.

use std::sync::Arc;

use clap::Args;
use serde_json::json;

use super::{Session, offline, output};
use crate::app::{App, StoreKind};

#[derive(Debug, Args)]
pub(super) struct Options {
    /// The knowledge bases; all where none is given.
    #[arg(long = "kb", value_name = "ID")]
    knowledge_bases: Vec<String>,
}

pub(super) fn run(session: &Session, options: &Options) -> anyhow::Result<()> {
    let app = App::start(&session.config, &StoreKind::Folder)?;
    app.wait_ready()?;
    let mut ids = offline::knowledge_bases(&options.knowledge_bases)?;
    if ids.is_empty() {
        ids = app.store.knowledge_bases()?.into_iter().map(|base| base.id).collect();
    }
    let mut done = Vec::new();
    for id in ids {
        let bar = output::bar(0, "reindex");
        let shown = bar.clone();
        let progress = Arc::new(move |done: u64, total: u64| {
            shown.set_length(total);
            shown.set_position(done);
        });
        let reindexed = app.knowledge.reindex(&id, progress)?;
        bar.finish_and_clear();
        if !session.json {
            output::line(&format!("{id}: generation {} at revision {}", reindexed.generation, reindexed.revision.0));
        }
        done.push(json!({"knowledge_base": id.as_str(), "generation": reindexed.generation,
            "revision": reindexed.revision.0}));
    }
    app.stop();
    if session.json {
        output::line(&json!({"reindexed": done}).to_string());
    }
    Ok(())
}
