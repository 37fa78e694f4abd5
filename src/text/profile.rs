//! What ranking compares of two texts: the same analysis for a message and for a phrasing.
//!
//! A profile depends on the text and on the lexicon laid over it, on nothing else.

use std::borrow::Cow;

use super::{
    AskedText, Overlay, Polarity, QuestionForm, Segmenter, Word, gram_hash, gram_spans, is_stop_word, negated,
    negations, polarity,
};

/// A gram with how often it stands in the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gram {
    pub hash: u64,
    /// 1 for a character or a run of letters or digits, 2 for a bigram.
    pub num_chars: u8,
}

/// The comparable content of a text.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Profile {
    /// Courtesy and what is set aside left out, synonyms folded onto the first word of their set.
    pub canonical: Box<str>,
    /// Distinct, sorted by hash.
    pub grams: Box<[Gram]>,
    /// Hashes of the content words, distinct and sorted.
    pub words: Box<[u64]>,
    /// Those of these words that the text denies. Distinct and sorted.
    pub denied: Box<[u64]>,
    /// Hashes of runs of letters or digits: numbers, models, brands. Distinct and sorted.
    pub units: Box<[u64]>,
    pub polarity: Polarity,
    pub form: QuestionForm,
}

impl Profile {
    /// Analyzes a normalized text.
    pub fn of(normalized: &str, overlay: &Overlay) -> Self {
        Self::of_asked(&AskedText::read(normalized), overlay)
    }

    /// Analyzes what a text asks.
    pub fn of_asked(text: &AskedText<'_>, overlay: &Overlay) -> Self {
        let canonical = overlay.canonical(&text.asked);
        let words = match &canonical {
            Cow::Borrowed(_) => text.words.clone(),
            Cow::Owned(canonical) => Segmenter::shared().words(canonical),
        };
        let mut grams = Vec::with_capacity(canonical.len());
        let mut units = Vec::new();
        for span in gram_spans(&canonical) {
            let gram = &canonical[span.range()];
            let hash = gram_hash(gram);
            let is_unit = gram.is_ascii();
            if is_unit {
                units.push(hash);
            }
            let num_chars = if is_unit || gram.chars().nth(1).is_none() { 1 } else { 2 };
            grams.push(Gram { hash, num_chars });
        }
        grams.sort_unstable_by_key(|gram| gram.hash);
        grams.dedup_by_key(|gram| gram.hash);
        let (words, denied) = content_words(words, &canonical, overlay);
        Self {
            grams: grams.into(),
            words: sorted(words),
            denied: sorted(denied),
            units: sorted(units),
            polarity: polarity(&canonical),
            form: QuestionForm::of(&canonical),
            canonical: canonical.as_ref().into(),
        }
    }
}

/// Returns the content words, and those of them that are denied.
fn content_words(words: Vec<Word>, canonical: &str, overlay: &Overlay) -> (Vec<u64>, Vec<u64>) {
    let negations = negations(canonical);
    let (mut content, mut denied) = (Vec::with_capacity(words.len()), Vec::new());
    for word in overlay.apply(words, canonical) {
        let text = &canonical[word.span.range()];
        if is_content(text) {
            let hash = gram_hash(text);
            content.push(hash);
            if negated(&negations, word.span) {
                denied.push(hash);
            }
        }
    }
    (content, denied)
}

fn is_content(word: &str) -> bool {
    word.chars().any(char::is_alphanumeric) && !is_stop_word(word)
}

fn sorted(mut hashes: Vec<u64>) -> Box<[u64]> {
    hashes.sort_unstable();
    hashes.dedup();
    hashes.into()
}
