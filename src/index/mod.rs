//! The tantivy index of one knowledge base, and the table of articles that goes with it.
//!
//! The index is a materialized view of the store: it can be thrown away and built anew at any time, and its own commit
//! payload says how far it has come ([`Applied`]). It must not know of SQL, the model, policies or the wire. Invariants:
//! documents are positive phrasings; they hold numbers, not texts; a document's numbers are found in the [`Table`] of
//! the same [`Snapshot`]; the lexicon never enters a document, so that publishing one needs no rebuild. To add a field:
//! declare it in `schema.rs`, raise [`SCHEMA_VERSION`], and every base is rebuilt on its next start.

mod error;
mod memo;
mod reader;
mod schema;
mod scoring;
mod table;
mod writer;

#[cfg(test)]
pub(crate) mod samples;
#[cfg(test)]
mod tests;

pub use error::IndexError;
pub use reader::{Hit, Searcher, WeightedGram};
pub use schema::SCHEMA_VERSION;
pub use scoring::{B as BM25_B, K1 as BM25_K1};
pub use table::{IndexedArticle, IndexedPhrasing, Table};
pub use writer::{Applied, ArticleIndex, Batch, Settings};

use crate::domain::Revision;

/// What a result of this room is.
pub type Result<T> = std::result::Result<T, IndexError>;

/// One immutable view: documents and articles of the same revision.
#[derive(Clone)]
pub struct Snapshot {
    pub searcher: Searcher,
    pub table: Table,
    /// All changes up to this one are seen.
    pub revision: Revision,
    pub generation: String,
}
