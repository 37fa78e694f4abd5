//! The fields of a document and how text becomes tokens.

use tantivy::{
    Index,
    schema::{FAST, Field, INDEXED, IndexRecordOption, Schema, TextFieldIndexing, TextOptions},
    tokenizer::{TextAnalyzer, Token, TokenStream, Tokenizer},
};

use crate::{
    domain::{ArticleNo, Span},
    text,
};

/// Raised with every change of fields or of what is written into them.
pub const SCHEMA_VERSION: u32 = 1;

/// The most phrasings of one article that a document key can tell apart.
pub(super) const MAX_PHRASINGS: usize = 1 << KEY_BITS;
const KEY_BITS: u32 = 12;
const GRAM_TOKENIZER: &str = "yingda_grams";

/// The fields of a document.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fields {
    /// Indexed, for deletion by article.
    pub article_no: Field,
    /// Fast, for what a hit refers to: article and phrasing number in one.
    pub key: Field,
    /// Characters, bigrams and runs of letters or digits of the normalized phrasing.
    pub grams: Field,
}

/// Makes the schema.
pub(super) fn schema() -> (Schema, Fields) {
    let mut builder = Schema::builder();
    let indexing =
        TextFieldIndexing::default().set_tokenizer(GRAM_TOKENIZER).set_index_option(IndexRecordOption::WithFreqs);
    let fields = Fields {
        article_no: builder.add_u64_field("article_no", INDEXED),
        key: builder.add_u64_field("key", FAST),
        grams: builder.add_text_field("grams", TextOptions::default().set_indexing_options(indexing)),
    };
    (builder.build(), fields)
}

/// Names schema and analysis: an index built as another is rebuilt.
pub(super) fn format_name() -> String {
    format!("s{SCHEMA_VERSION}-t{}", text::ANALYSIS_VERSION)
}

/// Makes the index know how to cut text.
pub(super) fn register_tokenizers(index: &Index) {
    index.tokenizers().register(GRAM_TOKENIZER, TextAnalyzer::builder(GramTokenizer).build());
}

/// Packs what a document refers to into its fast field.
pub(super) fn key_of(article: ArticleNo, phrasing_idx: usize) -> u64 {
    debug_assert!(phrasing_idx < MAX_PHRASINGS);
    (article.0 << KEY_BITS) | phrasing_idx as u64
}

/// Unpacks a key.
pub(super) fn parts_of(key: u64) -> (ArticleNo, usize) {
    (ArticleNo(key >> KEY_BITS), (key & (MAX_PHRASINGS as u64 - 1)) as usize)
}

/// Cuts normalized text into grams, for tantivy.
#[derive(Clone)]
struct GramTokenizer;

struct GramStream<'a> {
    text: &'a str,
    spans: std::vec::IntoIter<Span>,
    token: Token,
}

impl Tokenizer for GramTokenizer {
    type TokenStream<'a> = GramStream<'a>;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> GramStream<'a> {
        let spans: Vec<Span> = text::gram_spans(text).collect();
        GramStream { text, spans: spans.into_iter(), token: Token::default() }
    }
}

impl TokenStream for GramStream<'_> {
    fn advance(&mut self) -> bool {
        let Some(span) = self.spans.next() else { return false };
        self.token.position = self.token.position.wrapping_add(1);
        self.token.offset_from = span.start;
        self.token.offset_to = span.end;
        self.token.text.clear();
        self.token.text.push_str(&self.text[span.range()]);
        true
    }

    fn token(&self) -> &Token {
        &self.token
    }

    fn token_mut(&mut self) -> &mut Token {
        &mut self.token
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_come_apart_as_they_were_put_together() {
        for (article, phrasing) in [(0, 0), (1, 4095), (123_456_789, 17)] {
            assert_eq!(parts_of(key_of(ArticleNo(article), phrasing)), (ArticleNo(article), phrasing));
        }
    }
}
