//! CSV as spreadsheets write it: a header, one article a record, lists in one cell joined by `|`.
//!
//! Within a list `\|` and `\\` stand for `|` and `\`. Metadata is a JSON object in its cell.

use std::collections::BTreeMap;

use csv::{ByteRecord, ReaderBuilder, WriterBuilder};

use super::{
    Row,
    row::{AnswersRow, ArticleRow},
};
use crate::{
    domain::Article,
    knowledge::error::{KnowledgeError, Result, Violations},
};

const COLUMNS: [&str; 17] = [
    "id",
    "standard_question",
    "similar_questions",
    "negative_questions",
    "answer_im",
    "answer_email",
    "answer_phone",
    "domain",
    "tags",
    "metadata",
    "audiences",
    "channels",
    "state",
    "effective_time",
    "expire_time",
    "pinned",
    "follow_up_questions",
];
/// Other names under which columns come.
const ALIASES: [(&str, &str); 2] = [("answer", "answer_im"), ("audience", "audiences")];
const REQUIRED: [&str; 3] = ["id", "standard_question", "answer_im"];
/// The field of the request that holds the file.
const DATA: &str = "data";

/// Counts lines from record to record: the reader's own count is one short after CRLF, whose LF it leaves to the next
/// record.
struct Lines<'a> {
    data: &'a [u8],
    at: usize,
    line: u64,
}

impl Lines<'_> {
    /// Returns the line on which the record at a byte begins; to be asked in order.
    fn line_of(&mut self, byte: u64) -> u64 {
        let start = usize::try_from(byte).map_or(self.data.len(), |byte| byte.min(self.data.len()));
        let is_end = |byte: &u8| matches!(byte, b'\r' | b'\n');
        let first = start + self.data[start..].iter().take_while(|byte| is_end(byte)).count();
        let passed = self.data.get(self.at..first).unwrap_or_default();
        self.line += passed.iter().filter(|byte| **byte == b'\n').count() as u64;
        self.at = self.at.max(first);
        self.line
    }
}

/// Reads the rows; fails on a header that cannot be understood, for then no row can be.
pub(super) fn read(data: &[u8]) -> Result<Vec<Row>> {
    let mut reader = ReaderBuilder::new().has_headers(false).flexible(true).from_reader(data);
    let mut record = ByteRecord::new();
    let mut columns: Option<Vec<usize>> = None;
    let mut rows = Vec::new();
    let mut lines = Lines { data, at: 0, line: 1 };
    loop {
        match reader.read_byte_record(&mut record) {
            Ok(true) => {}
            Ok(false) => break,
            Err(source) => return Err(KnowledgeError::invalid(DATA, format!("is not CSV: {source}"))),
        }
        let Some(columns) = &columns else {
            columns = Some(read_header(&record)?);
            continue;
        };
        if record.iter().any(|cell| !cell.is_empty()) {
            let line = lines.line_of(record.position().map_or(0, csv::Position::byte));
            rows.push(read_record(&record, columns, line));
        }
    }
    if columns.is_none() {
        return Err(KnowledgeError::invalid(DATA, "has no header"));
    }
    Ok(rows)
}

/// Writes the header.
pub(super) fn header() -> Vec<u8> {
    line(COLUMNS.map(str::to_owned))
}

/// Writes the record of an article.
pub(super) fn write(article: &Article) -> Vec<u8> {
    let row = ArticleRow::from(article);
    let answers = row.answers.unwrap_or_default();
    let metadata = match row.metadata {
        none if none.is_empty() => String::new(),
        some => serde_json::to_string(&some).expect("a map of strings serializes"),
    };
    line([
        row.id,
        row.standard_question,
        joined(&row.similar_questions),
        joined(&row.negative_questions),
        answers.im,
        answers.email.unwrap_or_default(),
        answers.phone.unwrap_or_default(),
        row.domain,
        joined(&row.tags),
        metadata,
        joined(&row.audiences),
        joined(&row.channels),
        row.state.unwrap_or_default(),
        row.effective_time.unwrap_or_default(),
        row.expire_time.unwrap_or_default(),
        if row.pinned { "true".to_owned() } else { String::new() },
        joined(&row.follow_up_questions),
    ])
}

/// Finds the place in [`COLUMNS`] of each column of the header.
fn read_header(record: &ByteRecord) -> Result<Vec<usize>> {
    let mut violations = Violations::under("");
    let mut columns = Vec::with_capacity(record.len());
    for cell in record {
        let given = String::from_utf8_lossy(cell).trim().to_ascii_lowercase();
        let name = ALIASES.iter().find(|(alias, _)| *alias == given).map_or(given.as_str(), |(_, name)| name);
        match COLUMNS.iter().position(|column| *column == name) {
            Some(column) if columns.contains(&column) => {
                violations.add(DATA, format!("line 1: the column {given:?} is there twice"));
            }
            Some(column) => columns.push(column),
            None => violations.add(DATA, format!("line 1: unknown column {given:?}, known are {}", COLUMNS.join(", "))),
        }
    }
    for name in REQUIRED {
        let is_there = columns.iter().any(|column| COLUMNS[*column] == name);
        violations.check(is_there, DATA, &format!("line 1: the column {name:?} is missing"));
    }
    violations.finish().map(|()| columns)
}

fn read_record(record: &ByteRecord, columns: &[usize], line: u64) -> Row {
    let mut cells: [&str; COLUMNS.len()] = [""; COLUMNS.len()];
    let mut error = None;
    if record.len() != columns.len() {
        error = Some(format!("has {} cells where the header has {}", record.len(), columns.len()));
    }
    for (cell, column) in record.iter().zip(columns) {
        match std::str::from_utf8(cell) {
            Ok(text) => cells[*column] = text,
            Err(_) => error = Some(format!("{}: is not UTF-8: save the file as UTF-8", COLUMNS[*column])),
        }
    }
    let id = Some(cells[0].trim().to_owned()).filter(|id| !id.is_empty());
    let article = match error {
        Some(error) => Err(error),
        None => to_row(&cells).and_then(ArticleRow::into_article),
    };
    Row { line, id, article }
}

fn to_row(cells: &[&str; COLUMNS.len()]) -> std::result::Result<ArticleRow, String> {
    let [id, standard, similar, negative, im, email, phone, domain, tags, metadata, rest @ ..] = *cells;
    let [audiences, channels, state, effective, expire, pinned, follow_ups] = rest;
    let filled = |cell: &str| Some(cell.trim().to_owned()).filter(|cell| !cell.is_empty());
    let answers = AnswersRow { im: im.to_owned(), email: Some(email.to_owned()), phone: Some(phone.to_owned()) };
    Ok(ArticleRow {
        id: id.trim().to_owned(),
        standard_question: standard.to_owned(),
        similar_questions: split(similar),
        negative_questions: split(negative),
        answer: None,
        answers: Some(answers),
        domain: domain.to_owned(),
        tags: split(tags),
        metadata: read_metadata(metadata)?,
        audiences: split(audiences),
        channels: split(channels),
        state: filled(state),
        effective_time: filled(effective),
        expire_time: filled(expire),
        pinned: read_flag(pinned)?,
        follow_up_questions: split(follow_ups),
    })
}

fn read_metadata(cell: &str) -> std::result::Result<BTreeMap<String, String>, String> {
    if cell.trim().is_empty() {
        return Ok(BTreeMap::new());
    }
    serde_json::from_str(cell).map_err(|_| "metadata: must be a JSON object of texts".to_owned())
}

fn read_flag(cell: &str) -> std::result::Result<bool, String> {
    match cell.trim().to_ascii_lowercase().as_str() {
        "true" | "1" | "yes" => Ok(true),
        "" | "false" | "0" | "no" => Ok(false),
        other => Err(format!("pinned: {other:?} must be true or false")),
    }
}

/// Cuts a cell at each bar that is not escaped; an empty cell is an empty list.
fn split(cell: &str) -> Vec<String> {
    if cell.trim().is_empty() {
        return Vec::new();
    }
    let mut parts = vec![String::new()];
    let mut chars = cell.chars().peekable();
    while let Some(ch) = chars.next() {
        let part = match ch {
            '|' => {
                parts.push(String::new());
                continue;
            }
            '\\' => chars.next_if(|next| matches!(next, '|' | '\\')).unwrap_or('\\'),
            other => other,
        };
        parts.last_mut().expect("begins with one part").push(part);
    }
    parts
}

fn joined(parts: &[String]) -> String {
    let escaped: Vec<String> = parts.iter().map(|part| part.replace('\\', "\\\\").replace('|', "\\|")).collect();
    escaped.join("|")
}

fn line(cells: [String; COLUMNS.len()]) -> Vec<u8> {
    let mut writer = WriterBuilder::new().from_writer(Vec::new());
    writer.write_record(cells).expect("memory takes all that is written to it");
    writer.into_inner().expect("memory takes all that is written to it")
}
