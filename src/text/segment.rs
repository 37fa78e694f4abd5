//! Cuts normalized text into words with the one jieba of the process.
//!
//! Holds the base dictionary only, so that the index does not depend on any knowledge base's lexicon; own terms come
//! later, as an [`Overlay`](super::Overlay). The statistical guessing of unknown words is off: it invents words (学术 from
//! 大学术语). Invariants: words are in order and do not overlap (save those of [`Segmenter::search_words`]); spaces are of
//! no word. No jieba type leaves this file.

use std::collections::HashSet;
use std::sync::{Arc, LazyLock, OnceLock};

use jieba_rs::{Jieba, Token};

use super::chars::{is_han, is_plain};
use crate::domain::Span;

/// Cuts text into words; cloning shares the dictionary.
#[derive(Clone, Debug)]
pub struct Segmenter {
    jieba: Arc<Jieba>,
}

/// What a word is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WordKind {
    Han,
    /// Letters and digits of other scripts, joined as in `wi-fi` or `5.4`.
    Plain,
    Punctuation,
    /// A term or synonym of a knowledge base.
    Term,
}

/// One word of a normalized text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Word {
    pub span: Span,
    pub kind: WordKind,
}

impl Word {
    /// Makes the word that lies at `span`; its kind is that of its first character.
    pub fn at(span: Span, normalized: &str) -> Self {
        let kind = match normalized[span.range()].chars().next() {
            Some(c) if is_han(c) => WordKind::Han,
            Some(c) if is_plain(c) => WordKind::Plain,
            _ => WordKind::Punctuation,
        };
        Self { span, kind }
    }

    /// Returns the word's text.
    pub fn text<'t>(&self, normalized: &'t str) -> &'t str {
        &normalized[self.span.range()]
    }
}

impl Segmenter {
    /// Returns the process's segmenter; the first call loads the dictionary (about 120 ms).
    pub fn shared() -> Self {
        static SHARED: OnceLock<Segmenter> = OnceLock::new();
        SHARED.get_or_init(|| Segmenter { jieba: Arc::new(Jieba::new()) }).clone()
    }

    /// Returns the words, which cover the text except for its spaces.
    pub fn words(&self, normalized: &str) -> Vec<Word> {
        to_words(self.jieba.cut(normalized, false), normalized)
    }

    /// Tells whether the dictionary has the word and not as the name of a person.
    pub fn is_common_word(&self, word: &str) -> bool {
        self.jieba.has_word(word) && !matches!(self.jieba.tag(word, false)[..], [ref one] if one.tag.starts_with("nr"))
    }

    /// Tells whether the dictionary has the word, be it a name.
    pub fn has_word(&self, word: &str) -> bool {
        self.jieba.has_word(word)
    }

    /// Returns the words and the shorter words within them, the shorter ones first.
    pub fn search_words(&self, normalized: &str) -> Vec<Word> {
        to_words(self.jieba.cut_for_search(normalized, false), normalized)
    }
}

fn to_words(tokens: Vec<Token<'_>>, normalized: &str) -> Vec<Word> {
    let visible = tokens.into_iter().filter(|token| !token.word.trim().is_empty());
    visible.map(|token| Word::at(Span::new(token.byte_start, token.byte_end), normalized)).collect()
}

/// Tells whether a word carries no information of its own: particles, pronouns, courtesy.
pub fn is_stop_word(word: &str) -> bool {
    static STOP_WORDS: LazyLock<HashSet<&str>> = LazyLock::new(|| {
        let lines = include_str!("../../data/text/stop_words.txt").lines().map(str::trim);
        lines.filter(|line| !line.is_empty() && !line.starts_with('#')).collect()
    });
    STOP_WORDS.contains(word)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::normalize;

    fn check(text: &str, expected: &[&str]) {
        let words = Segmenter::shared().words(text);
        let found: Vec<&str> = words.iter().map(|word| word.text(text)).collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn words_cover_the_text_but_its_spaces() {
        check("我要退货", &["我", "要", "退货"]);
        check("订单号a123怎么查询,急", &["订单号", "a123", "怎么", "查询", ",", "急"]);
        check("wifi 6 连不上", &["wifi", "6", "连不上"]);
        check("", &[]);
    }

    #[test]
    fn search_words_hold_shorter_ones() {
        let text = "中华人民共和国";
        let words = Segmenter::shared().search_words(text);
        let found: Vec<&str> = words.iter().map(|word| word.text(text)).collect();
        assert!(found.contains(&"中华") && found.contains(&"共和国") && found.last() == Some(&text), "{found:?}");
    }

    #[test]
    fn names_of_persons_are_no_common_words() {
        for (word, is_common) in [("高兴", true), ("方便", true), ("温州", true), ("刘德华", false), ("李筱薇", false)]
        {
            assert_eq!(Segmenter::shared().is_common_word(word), is_common, "{word}");
        }
    }

    #[test]
    fn kinds_follow_the_first_character() {
        let text = "退a1,";
        let kinds: Vec<WordKind> = Segmenter::shared().words(text).iter().map(|word| word.kind).collect();
        assert_eq!(kinds, [WordKind::Han, WordKind::Plain, WordKind::Punctuation]);
    }

    #[test]
    fn stop_words_are_normalized_and_carry_nothing() {
        for (word, is_stop) in
            [("的", true), ("请问", true), ("谢谢", true), ("退款", false), ("不", false), ("#", false)]
        {
            assert_eq!(is_stop_word(word), is_stop, "{word}");
        }
        let lines = include_str!("../../data/text/stop_words.txt").lines().filter(|line| !line.starts_with('#'));
        for line in lines {
            assert_eq!(normalize(line).as_str(), line);
        }
    }

    #[test]
    fn random_text_is_tiled() {
        let mut rng = fastrand::Rng::with_seed(11);
        let letters: Vec<char> = "退货款的运费险a1 ,.-。不能Z😀".chars().collect();
        for _ in 0..500 {
            let text: String = (0..rng.usize(..20)).map(|_| letters[rng.usize(..letters.len())]).collect();
            let mut at = 0;
            for word in Segmenter::shared().words(&text) {
                assert!(word.span.start >= at && text[at..word.span.start].trim().is_empty(), "{text}");
                at = word.span.end;
            }
            assert!(text[at..].trim().is_empty(), "{text}");
        }
    }
}
