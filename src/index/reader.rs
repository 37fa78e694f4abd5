//! Finding phrasings.

use std::sync::Arc;

use tantivy::{
    DocAddress, Term,
    collector::{Count, TopDocs},
    columnar::Column,
    query::{BooleanQuery, BoostQuery, Occur, Query, TermQuery},
    schema::IndexRecordOption,
};

use super::{
    Result,
    schema::{Fields, parts_of},
};
use crate::domain::ArticleNo;

/// A gram of the message with its weight in the query: its count, less for one that came from a synonym.
#[derive(Clone, Debug, PartialEq)]
pub struct WeightedGram {
    pub text: String,
    pub weight: f32,
}

/// A phrasing found, with its BM25 score.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Hit {
    pub article: ArticleNo,
    /// Counts positive phrasings of the article, the standard question being 0.
    pub phrasing_idx: usize,
    pub score: f32,
}

/// An immutable view of the documents.
#[derive(Clone)]
pub struct Searcher {
    searcher: tantivy::Searcher,
    fields: Fields,
    /// One column for each index segment, opened once: opening by name for every hit costs more than the search.
    keys: Arc<[Column<u64>]>,
}

impl Searcher {
    pub(super) fn try_new(searcher: tantivy::Searcher, fields: Fields) -> Result<Self> {
        let name = searcher.schema().get_field_name(fields.key).to_owned();
        let keys: tantivy::Result<Vec<Column<u64>>> =
            searcher.segment_readers().iter().map(|reader| reader.fast_fields().u64(&name)).collect();
        Ok(Self { searcher, fields, keys: keys?.into() })
    }

    /// Counts the documents.
    pub fn num_docs(&self) -> u64 {
        self.searcher.num_docs()
    }

    /// Finds the phrasings that share most with the grams: at most `limit`, the best first. Fails where a file of the
    /// index cannot be read.
    ///
    /// Collects exhaustively: over short texts that costs a third of block-max pruning (the counter forces it).
    pub fn search(&self, grams: &[WeightedGram], limit: usize) -> Result<Vec<Hit>> {
        if grams.is_empty() || limit == 0 {
            return Ok(Vec::new());
        }
        let collector = (TopDocs::with_limit(limit).order_by_score(), Count);
        let (top, _) = self.searcher.search(&self.query(grams), &collector)?;
        Ok(top.into_iter().filter_map(|(score, address)| self.hit(score, address)).collect())
    }

    fn query(&self, grams: &[WeightedGram]) -> BooleanQuery {
        let clauses = grams.iter().map(|gram| {
            let term = Term::from_field_text(self.fields.grams, &gram.text);
            let term_query = TermQuery::new(term, IndexRecordOption::WithFreqs);
            let query: Box<dyn Query> = if gram.weight == 1.0 {
                Box::new(term_query)
            } else {
                Box::new(BoostQuery::new(Box::new(term_query), gram.weight))
            };
            (Occur::Should, query)
        });
        BooleanQuery::new(clauses.collect())
    }

    fn hit(&self, score: f32, address: DocAddress) -> Option<Hit> {
        let key = self.keys.get(address.segment_ord as usize)?.first(address.doc_id)?;
        let (article, phrasing_idx) = parts_of(key);
        Some(Hit { article, phrasing_idx, score })
    }
}
