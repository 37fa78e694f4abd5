//! Articles from a file, and into one.
//!
//! An import compares the file with what is there, then makes one write of all that differs, so that a retry by request
//! id is exact: the report is kept with the request and given back. Where somebody else changes an article meanwhile,
//! the comparison is made anew.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use serde::{Deserialize, Serialize};

use super::{
    error::{KnowledgeError, Result},
    file::{FileFormat, Row, read_articles, write_header, write_row},
    filter::parse_filter,
    service::{Knowledge, Request, Saved},
};
use crate::{
    domain::{Article, ArticleId, Etag, KnowledgeBaseId, PhrasingKind},
    store::{ArticleChange, WriteOp},
    text::normalize,
};

const MAX_FAILED_ROWS: usize = 1_000;
const EXPORT_PAGE: usize = 500;
const EXPORT_PIECE_BYTES: usize = 512 << 10;

/// What happens to articles that are there already, or that the file does not name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ImportMode {
    /// An id that exists is a failed row.
    Append,
    /// An id that exists is overwritten.
    Merge,
    /// As merge; what the file does not name is deleted, and nothing changes where a row fails.
    Replace,
}

/// How a file is to be imported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ImportOptions {
    pub format: FileFormat,
    pub mode: ImportMode,
    /// Checks every row and changes nothing.
    pub dry_run: bool,
}

/// What an import did, or would do.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ImportReport {
    pub created: u64,
    pub updated: u64,
    pub unchanged: u64,
    pub deleted: u64,
    pub failed: u64,
    /// The first 1,000 failed rows and every row with a warning, by line.
    pub rows: Vec<ImportRow>,
}

/// What became of a row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportRow {
    pub line: u64,
    /// The id, where it could be read.
    pub article: Option<String>,
    /// None where the row is good.
    pub error: Option<String>,
    pub warnings: Vec<String>,
}

impl Knowledge {
    /// Imports a file. What is wrong with a row is in the report; fails as a whole on a file beyond the limits, on a
    /// header that cannot be understood, and with `NotFound` where there is no such base.
    pub fn import_articles(
        &self,
        request: &Request,
        parent: &KnowledgeBaseId,
        options: ImportOptions,
        data: &[u8],
    ) -> Result<Saved<ImportReport>> {
        if !options.dry_run
            && let Some(written) = self.earlier(request)?
        {
            return Ok(self.saved(read_report(&written.payload)?, written.revision));
        }
        let rows = read_articles(options.format, data)?;
        self.in_turn(options.dry_run, || {
            let (present, revision) = self.store.snapshot(parent)?;
            let Import { report, changes } = plan_import(&rows, &present, options.mode);
            if options.dry_run {
                return Ok(self.saved(report, revision));
            }
            let payload = serde_json::to_string(&report).expect("a struct of numbers and texts serializes");
            let op = WriteOp::ChangeArticles { knowledge_base: parent.clone(), changes };
            let written = self.write(request, parent, op, payload)?;
            let report = if written.is_replay { read_report(&written.payload)? } else { report };
            Ok(self.saved(report, written.revision))
        })
    }

    /// Writes the articles that meet a filter into `sink`, in pieces of under a mebibyte or one row, until it returns
    /// false.
    pub fn export_articles(
        &self,
        parent: &KnowledgeBaseId,
        format: FileFormat,
        filter: &str,
        sink: &mut dyn FnMut(Vec<u8>) -> bool,
    ) -> Result<()> {
        let filter = parse_filter(filter)?;
        let mut piece = write_header(format);
        let mut after: Option<ArticleId> = None;
        loop {
            let page = self.store.articles(parent, &filter, after.as_ref(), EXPORT_PAGE)?;
            for article in &page.articles {
                let row = write_row(format, article);
                if piece.len() + row.len() > EXPORT_PIECE_BYTES && !sink(std::mem::take(&mut piece)) {
                    return Ok(());
                }
                piece.extend(row);
            }
            after = page.articles.last().map(|last| last.id.clone());
            if !page.has_more || after.is_none() {
                break;
            }
        }
        if !piece.is_empty() {
            sink(piece);
        }
        Ok(())
    }
}

/// What a file changes, and what is said of it.
struct Import {
    report: ImportReport,
    changes: Vec<ArticleChange>,
}

/// Compares a file with the articles that are there.
fn plan_import(rows: &[Row], present: &[Article], mode: ImportMode) -> Import {
    let by_id: HashMap<&ArticleId, &Article> = present.iter().map(|article| (&article.id, article)).collect();
    let mut first_line: HashMap<&str, u64> = HashMap::with_capacity(rows.len());
    let mut import = Import { report: ImportReport::default(), changes: Vec::new() };
    let mut failures: Vec<ImportRow> = Vec::new();
    let mut good: Vec<(u64, &Article)> = Vec::with_capacity(rows.len());
    for row in rows {
        let seen = row.id.as_deref().and_then(|id| first_line.insert(id, row.line).map(|line| (id, line)));
        let error = match (&row.article, seen) {
            (Err(error), _) => error.clone(),
            (Ok(_), Some((id, line))) => format!("id: {id} is on line {line} already"),
            (Ok(article), None) if mode == ImportMode::Append && by_id.contains_key(&article.id) => {
                format!("id: {} exists already", article.id)
            }
            (Ok(article), None) => {
                import.put(article, by_id.get(&article.id).copied());
                good.push((row.line, article));
                continue;
            }
        };
        import.report.failed += 1;
        failures.push(ImportRow { line: row.line, article: row.id.clone(), error: Some(error), warnings: Vec::new() });
    }
    if mode == ImportMode::Replace {
        import.finish_replace(&good, present);
    }
    failures.truncate(MAX_FAILED_ROWS);
    import.report.rows = failures;
    import.report.rows.extend(warnings(&good, present, mode));
    import.report.rows.sort_by_key(|row| row.line);
    import
}

impl Import {
    fn put(&mut self, article: &Article, present: Option<&Article>) {
        match present {
            None => {
                self.report.created += 1;
                self.changes.push(ArticleChange::Create(Box::new(article.clone())));
            }
            Some(present) if is_same_content(article, present) => self.report.unchanged += 1,
            Some(present) => {
                self.report.updated += 1;
                let expected = Some(Etag::of(present.revision));
                self.changes.push(ArticleChange::Update { article: Box::new(article.clone()), expected });
            }
        }
    }

    fn finish_replace(&mut self, good: &[(u64, &Article)], present: &[Article]) {
        if self.report.failed > 0 {
            self.changes.clear();
            self.report = ImportReport { failed: self.report.failed, ..ImportReport::default() };
            return;
        }
        let named: HashSet<&ArticleId> = good.iter().map(|(_, article)| &article.id).collect();
        for article in present.iter().filter(|article| !named.contains(&article.id)) {
            self.report.deleted += 1;
            let expected = Some(Etag::of(article.revision));
            self.changes.push(ArticleChange::Delete { id: article.id.clone(), expected });
        }
    }
}

/// Compares what the editor wrote, not what the store added.
fn is_same_content(given: &Article, present: &Article) -> bool {
    let Article { no, revision, create_time, update_time, .. } = *present;
    Article { no, revision, create_time, update_time, ..given.clone() } == *present
}

/// Warns of questions that lead to two articles, and of follow-up questions that do not exist, in the base as the
/// import leaves it.
fn warnings(good: &[(u64, &Article)], present: &[Article], mode: ImportMode) -> Vec<ImportRow> {
    let named: HashSet<&ArticleId> = good.iter().map(|(_, article)| &article.id).collect();
    let kept = present.iter().filter(|article| mode != ImportMode::Replace && !named.contains(&article.id));
    let all: Vec<&Article> = kept.chain(good.iter().map(|(_, article)| *article)).collect();
    let ids: BTreeSet<&ArticleId> = all.iter().map(|article| &article.id).collect();
    let mut owners: HashMap<String, &ArticleId> = HashMap::new();
    let mut clashes: BTreeMap<&ArticleId, Vec<String>> = BTreeMap::new();
    for article in &all {
        for phrasing in article.phrasings().filter(|phrasing| phrasing.kind != PhrasingKind::Negative) {
            let owner = *owners.entry(normalize(phrasing.text).as_str().to_owned()).or_insert(&article.id);
            if owner != &article.id {
                let warning = format!("the question {:?} is one of article {owner} too", phrasing.text);
                clashes.entry(&article.id).or_default().push(warning);
            }
        }
    }
    let of_row = |(line, article): &(u64, &Article)| {
        let mut warnings = clashes.remove(&article.id).unwrap_or_default();
        let unknown = article.follow_up_questions.iter().filter(|id| !ids.contains(id));
        warnings.extend(unknown.map(|id| format!("follow_up_questions: article {id} does not exist")));
        let article = Some(article.id.to_string());
        (!warnings.is_empty()).then_some(ImportRow { line: *line, article, error: None, warnings })
    };
    good.iter().filter_map(of_row).collect()
}

fn read_report(payload: &str) -> Result<ImportReport> {
    serde_json::from_str(payload)
        .map_err(|source| KnowledgeError::Malformed { what: "report of an import", source: Box::new(source) })
}

#[cfg(test)]
mod tests;
