//! Opening an index and bringing it up to a revision.

use std::{fs, path::Path};

use serde::{Deserialize, Serialize};
use tantivy::{Index, IndexReader, IndexWriter, ReloadPolicy, TantivyDocument, Term, directory::MmapDirectory};

use super::{
    IndexError, Result, Searcher,
    schema::{Fields, MAX_PHRASINGS, format_name, key_of, register_tokenizers, schema},
    table::IndexedArticle,
};
use crate::domain::{ArticleNo, Revision, StoreEpoch};

/// How much memory a writer may take before it spills.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// At least 15,000,000, tantivy's least.
    pub writer_memory_bytes: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self { writer_memory_bytes: 32_000_000 }
    }
}

/// How far an index has come: kept in its own commit, so that a crash at any line replays harmlessly.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Applied {
    pub epoch: StoreEpoch,
    pub revision: Revision,
}

#[derive(Serialize, Deserialize)]
struct Payload {
    format: String,
    epoch: String,
    revision: u64,
}

/// Changes that go into one commit. Applying a batch twice leaves the same index.
#[derive(Clone, Copy, Debug, Default)]
pub struct Batch<'a> {
    /// Forget everything first.
    pub clear: bool,
    /// Replace all documents of these articles.
    pub upserts: &'a [std::sync::Arc<IndexedArticle>],
    pub deletes: &'a [ArticleNo],
}

/// The index of one knowledge base and generation, and its only writer.
pub struct ArticleIndex {
    index: Index,
    fields: Fields,
    reader: IndexReader,
    /// Opened at the first change, for it takes threads and memory.
    writer: Option<IndexWriter>,
    settings: Settings,
    applied: Option<Applied>,
}

impl ArticleIndex {
    /// Opens the index in a folder, making both where they are missing. Fails with `OtherFormat` where the folder holds
    /// an index of another schema or analysis.
    pub fn open(dir: &Path, settings: Settings) -> Result<Self> {
        fs::create_dir_all(dir).map_err(|source| IndexError::Folder { path: dir.display().to_string(), source })?;
        let directory = MmapDirectory::open(dir)?;
        let (schema, _) = schema();
        let index = match Index::open_or_create(directory, schema) {
            Err(tantivy::TantivyError::SchemaError(_)) => {
                return Err(IndexError::OtherFormat { found: "another schema".to_owned(), wanted: format_name() });
            }
            opened => opened?,
        };
        Self::with_index(index, settings)
    }

    /// Makes an index that lives in memory.
    pub fn in_memory(settings: Settings) -> Result<Self> {
        Self::with_index(Index::create_in_ram(schema().0), settings)
    }

    fn with_index(index: Index, settings: Settings) -> Result<Self> {
        register_tokenizers(&index);
        let applied = read_payload(&index)?;
        let reader = index.reader_builder().reload_policy(ReloadPolicy::Manual).try_into()?;
        Ok(Self { index, fields: schema().1, reader, writer: None, settings, applied })
    }

    /// Returns how far the index has come; `None` where nothing was ever committed.
    pub fn applied(&self) -> Option<&Applied> {
        self.applied.as_ref()
    }

    /// Applies a batch and commits it together with how far that brings the index. On failure nothing of the batch is
    /// seen, now or after a restart.
    pub fn apply(&mut self, batch: Batch<'_>, applied: Applied) -> Result<Searcher> {
        let result = self.try_apply(batch, &applied);
        if result.is_err() {
            // A writer that failed holds half a batch; the next one begins at the last commit.
            self.writer = None;
        } else {
            self.applied = Some(applied);
        }
        result
    }

    fn try_apply(&mut self, batch: Batch<'_>, applied: &Applied) -> Result<Searcher> {
        let fields = self.fields;
        let writer = self.writer()?;
        if batch.clear {
            writer.delete_all_documents()?;
        }
        for no in batch.deletes {
            writer.delete_term(Term::from_field_u64(fields.article_no, no.0));
        }
        for article in batch.upserts {
            if !batch.clear {
                writer.delete_term(Term::from_field_u64(fields.article_no, article.article.no.0));
            }
            for document in documents(article, fields) {
                writer.add_document(document)?;
            }
        }
        let payload = Payload { format: format_name(), epoch: applied.epoch.0.clone(), revision: applied.revision.0 };
        let mut commit = writer.prepare_commit()?;
        commit.set_payload(&serde_json::to_string(&payload).expect("a struct of strings and numbers serializes"));
        commit.commit()?;
        self.reader.reload()?;
        self.searcher()
    }

    /// Returns a view of the last commit.
    pub fn searcher(&self) -> Result<Searcher> {
        Searcher::try_new(self.reader.searcher(), self.fields)
    }

    /// Gives the writer's threads and memory back until the next change, after its merges are done.
    pub fn rest(&mut self) -> Result<()> {
        match self.writer.take() {
            Some(writer) => Ok(writer.wait_merging_threads()?),
            None => Ok(()),
        }
    }

    fn writer(&mut self) -> Result<&mut IndexWriter> {
        if self.writer.is_none() {
            let writer = self.index.writer_with_num_threads(1, self.settings.writer_memory_bytes)?;
            self.writer = Some(writer);
        }
        Ok(self.writer.as_mut().expect("was set just above"))
    }
}

fn documents(article: &IndexedArticle, fields: Fields) -> impl Iterator<Item = TantivyDocument> + '_ {
    let no = article.article.no;
    article.positives().iter().take(MAX_PHRASINGS).enumerate().map(move |(idx, phrasing)| {
        let mut document = TantivyDocument::default();
        document.add_u64(fields.article_no, no.0);
        document.add_u64(fields.key, key_of(no, idx));
        document.add_text(fields.grams, &phrasing.normalized);
        document
    })
}

fn read_payload(index: &Index) -> Result<Option<Applied>> {
    let Some(text) = index.load_metas()?.payload else { return Ok(None) };
    let other = |found: String| IndexError::OtherFormat { found, wanted: format_name() };
    let payload: Payload = serde_json::from_str(&text).map_err(|_| other("an unknown payload".to_owned()))?;
    if payload.format != format_name() {
        return Err(other(payload.format));
    }
    Ok(Some(Applied { epoch: StoreEpoch(payload.epoch), revision: Revision(payload.revision) }))
}
