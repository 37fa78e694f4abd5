//! `yingda export`: the articles of a knowledge base as a file.

use std::{
    fs::File,
    io::{BufWriter, Write},
    path::PathBuf,
};

use anyhow::Context;
use clap::Args;
use serde_json::json;

use super::{Session, import::format_of, offline, output};
use crate::app::{App, StoreKind};

#[derive(Debug, Args)]
pub(super) struct Options {
    #[arg(long = "kb", value_name = "ID")]
    knowledge_base: String,
    /// Only what matches, e.g. 'state:ACTIVE AND domain:invoice'.
    #[arg(long, default_value = "")]
    filter: String,
    /// A .jsonl or .csv file; overwritten where it exists.
    file: PathBuf,
}

pub(super) fn run(session: &Session, options: &Options) -> anyhow::Result<()> {
    let id = offline::knowledge_bases(std::slice::from_ref(&options.knowledge_base))?.remove(0);
    let format = format_of(&options.file)?;
    let app = App::start(&session.config, &StoreKind::FolderWithIndexInMemory)?;
    let named = || format!("{} cannot be written", options.file.display());
    // Asked first, so that a wrong name leaves no empty file.
    app.knowledge.knowledge_base(&id)?;
    let mut file = BufWriter::new(File::create(&options.file).with_context(named)?);
    let mut failure = None;
    let mut num_bytes = 0usize;
    app.knowledge.export_articles(&id, format, &options.filter, &mut |piece| {
        num_bytes += piece.len();
        failure = file.write_all(&piece).err();
        failure.is_none()
    })?;
    failure.map_or_else(|| file.flush(), Err).with_context(named)?;
    app.stop();
    let shown = options.file.display();
    if session.json {
        output::line(&json!({"file": shown.to_string(), "bytes": num_bytes}).to_string());
    } else {
        output::line(&format!("{num_bytes} bytes written to {shown}"));
    }
    Ok(())
}
