//! A knowledge base's own terms and synonyms, laid over the words of the base dictionary.
//!
//! Built once per published lexicon and read-only then; it acts at query time, so that publishing needs no rebuild of
//! the index. Must not know articles. Invariants: words are kept normalized, each once; matches do not overlap, and of
//! those that could start at a place the longest wins; a word of letters or digits is never found inside a longer one.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::HashMap;

use aho_corasick::AhoCorasick;

use super::chars::cuts_ascii_word;
use super::normalize::normalize;
use super::segment::{Word, WordKind};
use crate::domain::{ErrorKind, Span, SynonymSet};

/// Why a lexicon cannot be built.
#[derive(Debug, thiserror::Error)]
pub enum LexiconError {
    /// Nothing is left of the word after normalizing.
    #[error("the word {given:?} of {place} is empty")]
    EmptyWord { given: String, place: String },
    #[error("the word {word:?} is in the synonym sets {first:?} and {second:?}")]
    InTwoSets { word: String, first: String, second: String },
    #[error("the lexicon is too large")]
    TooLarge {
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// A place where a word of the lexicon stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TermMatch {
    pub span: Span,
    /// The place in the list of the overlay's words, see [`Overlay::word`].
    pub word_idx: usize,
    /// The place in the list of synonym sets the overlay was built from.
    pub synonym_set: Option<usize>,
}

/// The words of one lexicon, ready to be found.
#[derive(Clone, Debug)]
pub struct Overlay {
    automaton: AhoCorasick,
    entries: Vec<Entry>,
    idx_of: HashMap<String, usize>,
}

#[derive(Clone, Debug)]
struct Entry {
    word: String,
    synonym_set: Option<usize>,
    /// The first word of its set, where that is another.
    canonical: Option<String>,
    synonyms: Vec<String>,
}

impl LexiconError {
    /// Returns the kind of the error.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::EmptyWord { .. } | Self::InTwoSets { .. } => ErrorKind::InvalidArgument,
            Self::TooLarge { .. } => ErrorKind::ResourceExhausted,
        }
    }
}

impl Overlay {
    /// Builds the overlay; fails on a word that is empty after normalizing or in two sets, and on too many words.
    pub fn build(terms: &[String], synonym_sets: &[SynonymSet]) -> Result<Self, LexiconError> {
        let mut entries: Vec<Entry> = Vec::new();
        let mut idx_of: HashMap<String, usize> = HashMap::new();
        for term in terms {
            let word = normalized_word(term, || "the terms".to_owned())?;
            add(&mut entries, &mut idx_of, word);
        }
        for (set_idx, set) in synonym_sets.iter().enumerate() {
            let words = set_words(set)?;
            for word in &words {
                let entry_idx = add(&mut entries, &mut idx_of, word.clone());
                let entry = &mut entries[entry_idx];
                if let Some(first) = entry.synonym_set.filter(|known| *known != set_idx) {
                    let (first, second) = (synonym_sets[first].id.clone(), set.id.clone());
                    return Err(LexiconError::InTwoSets { word: word.clone(), first, second });
                }
                entry.synonym_set = Some(set_idx);
                entry.canonical = words.first().filter(|first| *first != word).cloned();
                entry.synonyms = words.iter().filter(|other| *other != word).cloned().collect();
            }
        }
        let automaton = AhoCorasick::new(entries.iter().map(|entry| &entry.word))
            .map_err(|source| LexiconError::TooLarge { source: Box::new(source) })?;
        Ok(Self { automaton, entries, idx_of })
    }

    /// Returns the normalized word that `word_idx` of a match names; panics on an index of another overlay.
    pub fn word(&self, word_idx: usize) -> &str {
        &self.entries[word_idx].word
    }

    /// Returns the longest words from left to right.
    pub fn matches(&self, normalized: &str) -> Vec<TermMatch> {
        // All matches, not only the longest: where the longest is refused for its border, a shorter one may stand.
        let mut found: Vec<TermMatch> = self
            .automaton
            .find_overlapping_iter(normalized)
            .filter(|found| !cuts_ascii_word(normalized, found.start(), found.end()))
            .map(|found| {
                let word_idx = found.pattern().as_usize();
                let synonym_set = self.entries[word_idx].synonym_set;
                TermMatch { span: found.range().into(), word_idx, synonym_set }
            })
            .collect();
        found.sort_unstable_by_key(|found| (found.span.start, Reverse(found.span.end)));
        let mut free_from = 0;
        found.retain(|found| {
            let is_free = found.span.start >= free_from;
            if is_free {
                free_from = found.span.end;
            }
            is_free
        });
        found
    }

    /// Returns the words with each match as one word; what a match cuts off a word stays as a word of its own.
    ///
    /// The words must be in order and not overlap, as from [`Segmenter::words`](super::Segmenter::words).
    pub fn apply(&self, words: Vec<Word>, normalized: &str) -> Vec<Word> {
        let matches = self.matches(normalized);
        if matches.is_empty() {
            return words;
        }
        let mut out = Vec::with_capacity(words.len() + matches.len());
        let mut terms = matches.iter().map(|found| Word { span: found.span, kind: WordKind::Term }).peekable();
        let mut free_from = 0;
        for word in words {
            let mut start = word.span.start.max(free_from);
            while let Some(term) = terms.next_if(|term| term.span.start < word.span.end) {
                if start < term.span.start {
                    out.push(Word::at(Span::new(start, term.span.start), normalized));
                }
                out.push(term);
                free_from = term.span.end;
                start = start.max(free_from);
            }
            if start == word.span.start {
                out.push(word);
            } else if start < word.span.end {
                out.push(Word::at(Span::new(start, word.span.end), normalized));
            }
        }
        out
    }

    /// Returns the other words of the word's synonym set, in the order of the set; none for an unknown word.
    pub fn synonyms_of(&self, word: &str) -> &[String] {
        self.idx_of.get(word).map_or(&[], |idx| &self.entries[*idx].synonyms)
    }

    /// Returns the text with each synonym replaced by the first word of its set.
    pub fn canonical<'t>(&self, normalized: &'t str) -> Cow<'t, str> {
        let mut out = String::new();
        let mut copied = 0;
        for found in self.matches(normalized) {
            if let Some(canonical) = &self.entries[found.word_idx].canonical {
                out.push_str(&normalized[copied..found.span.start]);
                out.push_str(canonical);
                copied = found.span.end;
            }
        }
        if copied == 0 {
            return Cow::Borrowed(normalized);
        }
        out.push_str(&normalized[copied..]);
        Cow::Owned(out)
    }
}

fn add(entries: &mut Vec<Entry>, idx_of: &mut HashMap<String, usize>, word: String) -> usize {
    *idx_of.entry(word).or_insert_with_key(|word| {
        entries.push(Entry { word: word.clone(), synonym_set: None, canonical: None, synonyms: Vec::new() });
        entries.len() - 1
    })
}

/// Returns the normalized words of a set; spellings that fold to one word count once.
fn set_words(set: &SynonymSet) -> Result<Vec<String>, LexiconError> {
    let mut words: Vec<String> = Vec::with_capacity(set.words.len());
    for given in &set.words {
        let word = normalized_word(given, || format!("the synonym set {:?}", set.id))?;
        if !words.contains(&word) {
            words.push(word);
        }
    }
    Ok(words)
}

fn normalized_word(given: &str, place: impl Fn() -> String) -> Result<String, LexiconError> {
    let word = normalize(given).as_str().to_owned();
    if word.is_empty() { Err(LexiconError::EmptyWord { given: given.to_owned(), place: place() }) } else { Ok(word) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Segmenter;

    fn overlay() -> Overlay {
        let terms = ["运费险", "花呗", "仅退款", "iPhone 15", "花呗a", "Plus會員"].map(str::to_owned);
        let set = |id: &str, words: &[&str]| SynonymSet {
            id: id.to_owned(),
            words: words.iter().map(|word| (*word).to_owned()).collect(),
        };
        let sets = [set("refund", &["退款", "退钱", "返款"]), set("huabei", &["花呗", "蚂蚁花呗"])];
        Overlay::build(&terms, &sets).unwrap()
    }

    fn check(text: &str, words: &[&str], canonical: &str) {
        let overlay = overlay();
        let cut = overlay.apply(Segmenter::shared().words(text), text);
        assert_eq!(cut.iter().map(|word| word.text(text)).collect::<Vec<_>>(), words, "{text}");
        assert_eq!(overlay.canonical(text), canonical, "{text}");
    }

    #[test]
    fn terms_stand_whole_and_synonyms_become_one() {
        check("运费险怎么退", &["运费险", "怎么", "退"], "运费险怎么退");
        check("蚂蚁花呗能退钱吗", &["蚂蚁花呗", "能", "退钱", "吗"], "花呗能退款吗");
        check("我要仅退款", &["我", "要", "仅退款"], "我要仅退款");
        check("plus会员", &["plus会员"], "plus会员");
        check("iphone 15怎么返款", &["iphone 15", "怎么", "返款"], "iphone 15怎么退款");
        check("iphone 155", &["iphone", "155"], "iphone 155");
        check("花呗abc", &["花呗", "abc"], "花呗abc");
        check("花呗a", &["花呗a"], "花呗a");
        check("", &[], "");
    }

    #[test]
    fn matches_name_their_set() {
        let found = overlay().matches("花呗返款");
        assert_eq!(found.iter().map(|found| found.synonym_set).collect::<Vec<_>>(), [Some(1), Some(0)]);
        assert_eq!(overlay().word(found[1].word_idx), "返款");
        assert_eq!(overlay().synonyms_of("返款"), ["退款", "退钱"]);
        assert!(overlay().synonyms_of("运费险").is_empty() && overlay().synonyms_of("没有").is_empty());
    }

    #[test]
    fn bad_words_are_named() {
        let set =
            |id: &str, word: &str| SynonymSet { id: id.to_owned(), words: vec![word.to_owned(), "x".to_owned() + id] };
        for (terms, sets, expected) in [
            (vec!["😀"], vec![], "the word \"😀\" of the terms is empty"),
            (vec![], vec![set("a", " ")], "the word \" \" of the synonym set \"a\" is empty"),
            (
                vec![],
                vec![set("a", "退錢"), set("b", "退钱")],
                "the word \"退钱\" is in the synonym sets \"a\" and \"b\"",
            ),
        ] {
            let terms: Vec<String> = terms.into_iter().map(str::to_owned).collect();
            let error = Overlay::build(&terms, &sets).unwrap_err();
            assert_eq!((error.to_string().as_str(), error.kind()), (expected, ErrorKind::InvalidArgument));
        }
    }

    #[test]
    fn random_words_still_tile_the_text() {
        let mut rng = fastrand::Rng::with_seed(7);
        let parts = ["运费", "险", "种", "仅", "退款", "退", "钱", "花呗", "a", "iphone 15", " ", ",", "蚂蚁"];
        let overlay = overlay();
        for _ in 0..500 {
            let text: String = (0..rng.usize(..9)).map(|_| parts[rng.usize(..parts.len())]).collect();
            let mut at = 0;
            let words = overlay.apply(Segmenter::shared().words(&text), &text);
            for word in &words {
                assert!(word.span.start >= at && text[at..word.span.start].trim().is_empty(), "{text} {words:?}");
                at = word.span.end;
            }
            assert!(text[at..].trim().is_empty(), "{text}");
            let terms = words.iter().filter(|word| word.kind == WordKind::Term).map(|word| word.span);
            assert!(terms.eq(overlay.matches(&text).iter().map(|found| found.span)), "{text}");
        }
    }
}
