//! BM25 over every posting of a few grams, one gram after another.
//!
//! tantivy's own boolean query looks each term up twice, makes tables for each, and merges the lists document by
//! document; over short texts with some thirty grams that costs several times the arithmetic. This walks tantivy's posting
//! blocks and adds into one number a document. The formula and its statistics are tantivy's (k1 1.2, b .75; deleted
//! documents count until they are merged away). Must not know what the documents stand for.

use std::sync::Arc;

use tantivy::{
    DocAddress, DocId, SegmentReader, Term,
    fieldnorm::FieldNormReader,
    index::InvertedIndexReader,
    postings::{BlockSegmentPostings, TermInfo},
    schema::{Field, IndexRecordOption},
};

use super::{Result, reader::WeightedGram};

/// How soon more of the same gram tells no more.
pub const K1: f32 = 1.2;
/// How much a long document is discounted.
pub const B: f32 = 0.75;
/// The lengths of documents are kept in so many steps.
const NUM_LENGTHS: usize = 256;

/// A document with its score.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Scored {
    pub score: f32,
    pub address: DocAddress,
}

/// The postings of one field in all index segments, with what BM25 asks of the whole.
#[derive(Clone)]
pub(super) struct Postings {
    field: Field,
    segments: Arc<[SegmentPostings]>,
    num_docs: u64,
    norms: Arc<Norms>,
}

/// By the step of a document's length.
struct Norms {
    /// k1 (1 - b + b length / mean length).
    norms: [f32; NUM_LENGTHS],
    /// What a gram counts that stands in the document once, as most do: 1 / (1 + norm).
    once: [f32; NUM_LENGTHS],
}

struct SegmentPostings {
    reader: SegmentReader,
    inverted: Arc<InvertedIndexReader>,
    /// The length of each document, in steps.
    lengths: Box<[u8]>,
}

impl Postings {
    /// Opens the field in each segment; fails where a file of the index cannot be read.
    pub fn open(readers: &[SegmentReader], field: Field) -> Result<Self> {
        let open = |reader: &SegmentReader| -> Result<SegmentPostings> {
            let lengths = reader.get_fieldnorms_reader(field)?;
            let lengths = (0..reader.max_doc()).map(|doc| lengths.fieldnorm_id(doc)).collect();
            Ok(SegmentPostings { reader: reader.clone(), inverted: reader.inverted_index(field)?, lengths })
        };
        let segments: Arc<[SegmentPostings]> = readers.iter().map(open).collect::<Result<_>>()?;
        let num_docs: u64 = segments.iter().map(|segment| u64::from(segment.reader.max_doc())).sum();
        let num_tokens: u64 = segments.iter().map(|segment| segment.inverted.total_num_tokens()).sum();
        let mean_length = num_tokens as f32 / num_docs.max(1) as f32;
        Ok(Self { field, segments, num_docs, norms: Arc::new(Norms::new(mean_length)) })
    }

    /// Returns the documents that score highest, at most `limit`, the best first; of equal ones the first in the index.
    /// Fails where a file of the index cannot be read.
    pub fn top(&self, grams: &[WeightedGram], limit: usize) -> Result<Vec<Scored>> {
        let mut infos: Vec<Vec<(TermInfo, f32)>> =
            self.segments.iter().map(|_| Vec::with_capacity(grams.len())).collect();
        for gram in grams {
            self.look_up(gram, &mut infos)?;
        }
        let mut best = Best::new(limit);
        for (ord, (segment, infos)) in self.segments.iter().zip(&infos).enumerate() {
            let scores = segment.scores(infos, &self.norms)?;
            let alive = segment.reader.alive_bitset();
            for (doc, score) in scores.into_iter().enumerate() {
                // Most documents fall out here, so whether it was deleted is asked last.
                if score > best.least && alive.is_none_or(|alive| alive.is_alive(doc as DocId)) {
                    best.push(Scored { score, address: DocAddress::new(ord as u32, doc as DocId) });
                }
            }
        }
        Ok(best.into_sorted())
    }

    /// Adds to each segment's list where the gram's postings lie and what one of them is worth at most.
    fn look_up(&self, gram: &WeightedGram, infos: &mut [Vec<(TermInfo, f32)>]) -> Result<()> {
        let term = Term::from_field_text(self.field, &gram.text);
        let mut found = Vec::with_capacity(self.segments.len());
        for (ord, segment) in self.segments.iter().enumerate() {
            found.extend(segment.inverted.get_term_info(&term)?.map(|info| (ord, info)));
        }
        let frequency = found.iter().map(|(_, info)| u64::from(info.doc_freq)).sum::<u64>();
        let worth = gram.weight * idf(frequency, self.num_docs) * (K1 + 1.0);
        found.into_iter().for_each(|(ord, info)| infos[ord].push((info, worth)));
        Ok(())
    }
}

impl Norms {
    fn new(mean_length: f32) -> Self {
        let norm = |step: usize| {
            let length = FieldNormReader::id_to_fieldnorm(step as u8) as f32;
            K1 * (1.0 - B + B * length / mean_length.max(f32::MIN_POSITIVE))
        };
        let norms = std::array::from_fn(norm);
        Self { norms, once: norms.map(|norm| 1.0 / (1.0 + norm)) }
    }

    /// tf / (tf + norm).
    fn share(&self, step: usize, count: u32) -> f32 {
        if count == 1 {
            return self.once[step];
        }
        let count = count as f32;
        count / (count + self.norms[step])
    }
}

impl SegmentPostings {
    /// Returns the score of each document.
    fn scores(&self, infos: &[(TermInfo, f32)], norms: &Norms) -> Result<Vec<f32>> {
        let mut scores = vec![0.0f32; self.reader.max_doc() as usize];
        let mut blocks = BlockSegmentPostings::empty();
        for (idx, (info, worth)) in infos.iter().enumerate() {
            if idx == 0 {
                blocks = self.inverted.read_block_postings_from_terminfo(info, IndexRecordOption::WithFreqs)?;
            } else {
                self.inverted.reset_block_postings_from_terminfo(info, &mut blocks)?;
            }
            while blocks.block_len() > 0 {
                for (doc, count) in blocks.docs().iter().zip(blocks.freqs()) {
                    let doc = *doc as usize;
                    scores[doc] += worth * norms.share(usize::from(self.lengths[doc]), *count);
                }
                blocks.advance();
            }
        }
        Ok(scores)
    }
}

/// ln(1 + (n - df + .5) / (df + .5)).
fn idf(frequency: u64, num_docs: u64) -> f32 {
    let frequency = frequency as f32;
    (1.0 + (num_docs as f32 - frequency + 0.5) / (frequency + 0.5)).ln()
}

/// The best of a stream of documents that comes in the order of the index.
struct Best {
    limit: usize,
    /// Up to twice the limit, in no order.
    kept: Vec<Scored>,
    /// What does not exceed it is not among the best.
    least: f32,
}

impl Best {
    fn new(limit: usize) -> Self {
        Self { limit, kept: Vec::with_capacity(2 * limit), least: 0.0 }
    }

    fn push(&mut self, scored: Scored) {
        self.kept.push(scored);
        if self.kept.len() == 2 * self.limit {
            self.cut();
        }
    }

    fn cut(&mut self) {
        if self.kept.len() > self.limit && self.limit > 0 {
            let (_, last, _) = self.kept.select_nth_unstable_by(self.limit - 1, by_score);
            self.least = last.score;
        }
        self.kept.truncate(self.limit);
    }

    fn into_sorted(mut self) -> Vec<Scored> {
        self.cut();
        self.kept.sort_unstable_by(by_score);
        self.kept
    }
}

fn by_score(a: &Scored, b: &Scored) -> std::cmp::Ordering {
    b.score.total_cmp(&a.score).then(a.address.cmp(&b.address))
}

#[cfg(test)]
mod tests {
    use tantivy::{
        Index, IndexWriter, TantivyDocument,
        collector::{Count, TopDocs},
        indexer::NoMergePolicy,
        query::{BooleanQuery, BoostQuery, Occur, Query, TermQuery},
    };

    use super::*;
    use crate::{
        index::schema::{register_tokenizers, schema},
        text::grams,
    };

    /// Documents of random characters in several index segments, every seventh deleted.
    fn index(rng: &mut fastrand::Rng) -> (tantivy::Searcher, Field) {
        let (schema, fields) = schema();
        let index = Index::create_in_ram(schema);
        register_tokenizers(&index);
        let mut writer: IndexWriter<TantivyDocument> = index.writer_with_num_threads(1, 20_000_000).expect("a writer");
        writer.set_merge_policy(Box::new(NoMergePolicy));
        for number in 0..900u64 {
            let mut document = TantivyDocument::new();
            document.add_u64(fields.article_no, number);
            document.add_text(fields.grams, text(rng));
            writer.add_document(document).expect("a document");
            if number % 300 == 299 {
                writer.commit().expect("a commit");
            }
        }
        for number in (0..900).step_by(7) {
            writer.delete_term(Term::from_field_u64(fields.article_no, number));
        }
        writer.commit().expect("a commit");
        (index.reader().expect("a reader").searcher(), fields.grams)
    }

    fn text(rng: &mut fastrand::Rng) -> String {
        let letters: Vec<char> = "退货款运费发票保修".chars().collect();
        (0..1 + rng.usize(..12)).map(|_| letters[rng.usize(..letters.len())]).collect()
    }

    /// What tantivy's own query finds.
    fn expected(searcher: &tantivy::Searcher, field: Field, query: &[WeightedGram], limit: usize) -> Vec<Scored> {
        let clauses = query.iter().map(|gram| {
            let term = Term::from_field_text(field, &gram.text);
            let term: Box<dyn Query> = Box::new(TermQuery::new(term, IndexRecordOption::WithFreqs));
            (Occur::Should, Box::new(BoostQuery::new(term, gram.weight)) as Box<dyn Query>)
        });
        let query = BooleanQuery::new(clauses.collect());
        let collector = (TopDocs::with_limit(limit).order_by_score(), Count);
        let (top, _) = searcher.search(&query, &collector).expect("a search");
        top.into_iter().map(|(score, address)| Scored { score, address }).collect()
    }

    #[test]
    fn scores_are_those_of_the_engine() {
        let mut rng = fastrand::Rng::with_seed(4);
        let (searcher, field) = index(&mut rng);
        assert_eq!(searcher.segment_readers().len(), 3);
        let postings = Postings::open(searcher.segment_readers(), field).expect("a field");
        for limit in [1, 10, 200, 5_000] {
            for _ in 0..20 {
                let mut query: Vec<WeightedGram> = Vec::new();
                for gram in grams(&text(&mut rng)).chain(["没有"]) {
                    if query.iter().all(|known| known.text != gram) {
                        query.push(WeightedGram { text: gram.to_owned(), weight: 0.5 + rng.f32() });
                    }
                }
                let found = postings.top(&query, limit).expect("a search");
                let expected = expected(&searcher, field, &query, limit);
                assert_eq!(found.len(), expected.len());
                // Sums of floats in another order differ in the last digits, and so may the order of equals.
                for (a, b) in found.iter().zip(&expected) {
                    assert!((a.score - b.score).abs() < 1e-4 * b.score, "{a:?} {b:?}");
                }
                assert!(found.is_sorted_by(|a, b| by_score(a, b).is_lt()));
            }
        }
        assert!(postings.top(&[], 10).expect("a search").is_empty());
    }
}
