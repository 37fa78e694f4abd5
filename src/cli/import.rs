//! `yingda import`: articles from a file into a knowledge base, made where it is missing.

use std::{fs, path::PathBuf};

use anyhow::{Context, bail};
use clap::{Args, ValueEnum};
use serde_json::json;

use super::{Session, offline, output};
use crate::{
    app::{App, StoreKind},
    domain::{KnowledgeBase, KnowledgeBaseId, Revision, Timestamp},
    knowledge::{FileFormat, ImportMode, ImportOptions, ImportReport, Request, default_policy},
};

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Mode {
    /// An id that exists is a failed row.
    Append,
    /// An id that exists is overwritten.
    Merge,
    /// As merge, and what the file does not name is deleted.
    Replace,
}

#[derive(Debug, Args)]
pub(super) struct Options {
    /// The knowledge base; made where it is missing.
    #[arg(long = "kb", value_name = "ID")]
    knowledge_base: String,
    #[arg(long, value_enum, default_value = "merge")]
    mode: Mode,
    /// Checks every row and changes nothing.
    #[arg(long)]
    dry_run: bool,
    /// A .jsonl or .csv file.
    file: PathBuf,
}

pub(super) fn run(session: &Session, options: &Options) -> anyhow::Result<()> {
    let id = offline::knowledge_bases(std::slice::from_ref(&options.knowledge_base))?.remove(0);
    let data = fs::read(&options.file).with_context(|| format!("{} cannot be read", options.file.display()))?;
    let settings = ImportOptions {
        format: format_of(&options.file)?,
        mode: match options.mode {
            Mode::Append => ImportMode::Append,
            Mode::Merge => ImportMode::Merge,
            Mode::Replace => ImportMode::Replace,
        },
        dry_run: options.dry_run,
    };
    let app = App::start(&session.config, &StoreKind::FolderWithIndexInMemory)?;
    if app.knowledge.knowledge_base(&id).is_err() {
        create(&app, &id)?;
    }
    let report = app.knowledge.import_articles(&request(), &id, settings, &data)?.value;
    app.stop();
    print(session.json, &report);
    if report.failed > 0 {
        bail!("{} rows failed", report.failed);
    }
    Ok(())
}

/// The format a file's name says.
pub(super) fn format_of(path: &std::path::Path) -> anyhow::Result<FileFormat> {
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("jsonl" | "ndjson") => Ok(FileFormat::Jsonl),
        Some("csv") => Ok(FileFormat::Csv),
        _ => bail!("{}: the name must end in .jsonl or .csv", path.display()),
    }
}

/// A write of the command line: not retried, so without a request id.
pub(super) fn request() -> Request {
    Request { credential: "cli".to_owned(), request_id: None, fingerprint: String::new() }
}

/// Makes a knowledge base of the default policy.
pub(super) fn create(app: &App, id: &KnowledgeBaseId) -> anyhow::Result<()> {
    let knowledge_base = KnowledgeBase {
        id: id.clone(),
        display_name: id.as_str().to_owned(),
        description: String::new(),
        policy: default_policy(),
        revision: Revision(0),
        record_revision: Revision(0),
        create_time: Timestamp(0),
        update_time: Timestamp(0),
    };
    app.knowledge.create_knowledge_base(&request(), knowledge_base, false)?;
    Ok(())
}

fn print(as_json: bool, report: &ImportReport) {
    let ImportReport { created, updated, unchanged, deleted, failed, rows } = report;
    if as_json {
        let rows: Vec<_> = rows
            .iter()
            .map(|row| json!({"line": row.line, "article": row.article, "error": row.error, "warnings": row.warnings}))
            .collect();
        let report = json!({"created": created, "updated": updated, "unchanged": unchanged, "deleted": deleted,
            "failed": failed, "rows": rows});
        return output::line(&report.to_string());
    }
    for row in rows {
        let article = row.article.as_deref().unwrap_or("-");
        for text in row.error.iter().chain(&row.warnings) {
            output::line(&format!("line {}, {article}: {text}", row.line));
        }
    }
    output::line(&format!(
        "{created} created, {updated} updated, {unchanged} unchanged, {deleted} deleted, {failed} failed"
    ));
}
