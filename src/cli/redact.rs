//! `yingda redact`: masks personal data in lines of text.

use std::{
    fs::File,
    io::{BufRead, BufReader},
    path::PathBuf,
};

use anyhow::Context;
use clap::Args;
use serde_json::json;

use super::{Session, output};
use crate::text::{Redacted, Redactor};

#[derive(Debug, Args)]
pub(super) struct Options {
    /// Reads the lines from this file; from standard input where none is given.
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// Masks order and tracking numbers too.
    #[arg(long)]
    order_numbers: bool,
}

pub(super) fn run(session: &Session, options: &Options) -> anyhow::Result<()> {
    let redactor = Redactor::new(options.order_numbers);
    let (name, lines): (String, Box<dyn BufRead>) = match &options.file {
        Some(path) => {
            let file = File::open(path).with_context(|| format!("{} cannot be read", path.display()))?;
            (path.display().to_string(), Box::new(BufReader::new(file)))
        }
        None => ("standard input".to_owned(), Box::new(std::io::stdin().lock())),
    };
    for (idx, line) in lines.lines().enumerate() {
        let line = line.with_context(|| format!("{name}:{}: not UTF-8 text", idx + 1))?;
        let redacted = redactor.mask(&line);
        if session.json {
            output::line(&view(&redacted).to_string());
        } else {
            output::line(&redacted.text);
        }
    }
    Ok(())
}

/// A line as JSON; the spans are in bytes.
fn view(redacted: &Redacted) -> serde_json::Value {
    let masked = redacted.masked.iter().map(|masked| {
        json!({
            "kind": masked.kind.as_str(),
            "start": masked.original.start,
            "end": masked.original.end,
            "redacted_start": masked.span.start,
            "redacted_end": masked.span.end,
        })
    });
    json!({"redacted_text": redacted.text, "masked": masked.collect::<Vec<_>>()})
}
