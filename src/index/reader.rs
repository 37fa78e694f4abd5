//! Finding phrasings.

use std::sync::Arc;

use tantivy::{DocAddress, columnar::Column};

use super::{
    Result,
    schema::{Fields, parts_of},
    scoring::Postings,
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
    postings: Postings,
    /// One column for each index segment, opened once: opening by name for every hit costs more than the search.
    keys: Arc<[Column<u64>]>,
}

impl Searcher {
    pub(super) fn try_new(searcher: tantivy::Searcher, fields: Fields) -> Result<Self> {
        let name = searcher.schema().get_field_name(fields.key).to_owned();
        let keys: tantivy::Result<Vec<Column<u64>>> =
            searcher.segment_readers().iter().map(|reader| reader.fast_fields().u64(&name)).collect();
        let postings = Postings::open(searcher.segment_readers(), fields.grams)?;
        Ok(Self { searcher, postings, keys: keys?.into() })
    }

    /// Counts the documents.
    pub fn num_docs(&self) -> u64 {
        self.searcher.num_docs()
    }

    /// Finds the phrasings that share most with the grams, each of which is given once: at most `limit`, the best first.
    /// Fails where a file of the index cannot be read.
    pub fn search(&self, grams: &[WeightedGram], limit: usize) -> Result<Vec<Hit>> {
        if grams.is_empty() || limit == 0 {
            return Ok(Vec::new());
        }
        let top = self.postings.top(grams, limit)?;
        let mut hits: Vec<Hit> = top.into_iter().filter_map(|scored| self.hit(scored.score, scored.address)).collect();
        // Equal ones stand in the order of their numbers, not as the index happens to lie in this process.
        hits.sort_by(|a, b| {
            let number = |hit: &Hit| (hit.article, hit.phrasing_idx);
            b.score.total_cmp(&a.score).then_with(|| number(a).cmp(&number(b)))
        });
        Ok(hits)
    }

    fn hit(&self, score: f32, address: DocAddress) -> Option<Hit> {
        let key = self.keys.get(address.segment_ord as usize)?.first(address.doc_id)?;
        let (article, phrasing_idx) = parts_of(key);
        Some(Hit { article, phrasing_idx, score })
    }
}
