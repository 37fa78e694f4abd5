//! What ranking compares of two texts: the same analysis for a message and for a phrasing.
//!
//! A profile depends on the text and on the lexicon laid over it, on nothing else.

use std::borrow::Cow;

use super::{
    AskedText, Overlay, Polarity, QuestionForm, Segmenter, Word, gram_hash, gram_spans, is_stop_word, polarity,
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
        Self {
            grams: grams.into(),
            words: sorted(content_words(words, &canonical, overlay)),
            units: sorted(units),
            polarity: polarity(&canonical),
            form: QuestionForm::of(&canonical),
            canonical: canonical.as_ref().into(),
        }
    }
}

fn content_words(words: Vec<Word>, canonical: &str, overlay: &Overlay) -> Vec<u64> {
    let words = overlay.apply(words, canonical);
    let texts = words.iter().map(|word| &canonical[word.span.range()]);
    texts.filter(|text| is_content(text)).map(gram_hash).collect()
}

fn is_content(word: &str) -> bool {
    word.chars().any(char::is_alphanumeric) && !is_stop_word(word)
}

fn sorted(mut hashes: Vec<u64>) -> Box<[u64]> {
    hashes.sort_unstable();
    hashes.dedup();
    hashes.into()
}
