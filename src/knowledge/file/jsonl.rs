//! JSON lines: one object a line, blank lines between them allowed.

use super::{Row, row::ArticleRow};
use crate::domain::Article;

/// Reads the rows.
pub(super) fn read(data: &[u8]) -> Vec<Row> {
    let lines = data.split(|byte| *byte == b'\n').zip(1_u64..);
    let lines = lines.filter(|(line, _)| !line.iter().all(u8::is_ascii_whitespace));
    lines.map(|(bytes, line)| read_line(line, bytes)).collect()
}

/// Writes the row of an article.
pub(super) fn write(article: &Article) -> Vec<u8> {
    let mut line =
        serde_json::to_vec(&ArticleRow::from(article)).expect("a struct of strings, lists and flags serializes");
    line.push(b'\n');
    line
}

fn read_line(line: u64, bytes: &[u8]) -> Row {
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => {
            let at = error.valid_up_to() + 1;
            let error = format!("is not UTF-8 from byte {at} of the line on: save the file as UTF-8");
            return Row { line, id: None, article: Err(error) };
        }
    };
    match serde_json::from_str::<ArticleRow>(text) {
        Ok(row) => Row { line, id: Some(row.id.clone()), article: row.into_article() },
        Err(error) => Row { line, id: id_of(text), article: Err(in_words(&error)) },
    }
}

/// Reads the id alone, of a row whose rest cannot be understood.
fn id_of(text: &str) -> Option<String> {
    let row: serde_json::Value = serde_json::from_str(text).ok()?;
    Some(row.get("id")?.as_str()?.to_owned())
}

/// The parser counts lines within what it was given, which is always the first.
fn in_words(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let cause = text.split_once(" at line ").map_or(text.as_str(), |(cause, _)| cause);
    format!("{cause}, at column {}", error.column())
}
