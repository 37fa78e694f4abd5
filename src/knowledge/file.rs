//! The files in which articles come and go: JSON lines and CSV.
//!
//! Reads a file into rows, each with its line and either a checked article or what is wrong with it; writes articles
//! such that reading them gives them back. Pure: bytes in, values out. To add a field: the shape in `row.rs`, the column
//! in `csv.rs`. To add a format: a module with `read` and `write`, an arm in each match here.

mod csv;
mod jsonl;
mod row;

#[cfg(test)]
mod tests;

use super::error::{KnowledgeError, Result};
use crate::domain::Article;

/// The most bytes of a file.
pub const MAX_FILE_BYTES: usize = 64 << 20;
/// The most rows of a file.
pub const MAX_FILE_ROWS: usize = 200_000;

const BOM: &str = "\u{feff}";

/// How articles are written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FileFormat {
    /// One object a line.
    Jsonl,
    /// With a header and a byte order mark.
    Csv,
}

/// One row of a file.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// From 1.
    pub line: u64,
    /// As written, where it could be read.
    pub id: Option<String>,
    /// The article, or what is wrong with the row.
    pub article: std::result::Result<Article, String>,
}

/// Reads the rows of a file. Fails as a whole on a file beyond the limits and on a header that cannot be understood;
/// what is wrong with a row is told in the row.
pub fn read_articles(format: FileFormat, data: &[u8]) -> Result<Vec<Row>> {
    if data.len() > MAX_FILE_BYTES {
        return Err(KnowledgeError::TooLarge { unit: "bytes", found: data.len(), allowed: MAX_FILE_BYTES });
    }
    let data = data.strip_prefix(BOM.as_bytes()).unwrap_or(data);
    let rows = match format {
        FileFormat::Jsonl => jsonl::read(data),
        FileFormat::Csv => csv::read(data)?,
    };
    if rows.len() > MAX_FILE_ROWS {
        return Err(KnowledgeError::TooLarge { unit: "rows", found: rows.len(), allowed: MAX_FILE_ROWS });
    }
    Ok(rows)
}

/// Writes what stands before the first row.
pub(super) fn write_header(format: FileFormat) -> Vec<u8> {
    match format {
        FileFormat::Jsonl => Vec::new(),
        FileFormat::Csv => [BOM.as_bytes(), &csv::header()].concat(),
    }
}

/// Writes the row of an article.
pub(super) fn write_row(format: FileFormat, article: &Article) -> Vec<u8> {
    match format {
        FileFormat::Jsonl => jsonl::write(article),
        FileFormat::Csv => csv::write(article),
    }
}
