//! What a text asks, cut into words once, for everyone who compares it.
//!
//! Knows no lexicon: a message asked of several knowledge bases is read once.

use std::borrow::Cow;

use super::{Segmenter, Word, contrast::without_set_aside, courtesy::content_span};

/// The part of a normalized text that asks something.
#[derive(Clone, Debug)]
pub struct AskedText<'t> {
    /// The text without courtesy around it, unless there is nothing else.
    pub content: &'t str,
    /// The content without what it sets aside.
    pub asked: Cow<'t, str>,
    /// The words of `asked`, by the base dictionary.
    pub words: Vec<Word>,
}

impl<'t> AskedText<'t> {
    /// Reads a normalized text.
    pub fn read(normalized: &'t str) -> Self {
        let content = content_of(normalized);
        let asked = without_set_aside(content);
        let words = Segmenter::shared().words(&asked);
        Self { content, asked, words }
    }
}

/// Returns what a normalized text asks: courtesy and what it sets aside left out, unless there is nothing else.
pub fn asked_part(normalized: &str) -> Cow<'_, str> {
    without_set_aside(content_of(normalized))
}

fn content_of(normalized: &str) -> &str {
    let content = &normalized[content_span(normalized).range()];
    if content.is_empty() { normalized } else { content }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_read_as_its_parts_say() {
        for normalized in ["请问怎么退货,谢谢", "我不是要退货,我就想换个颜色", "谢谢", ""] {
            let read = AskedText::read(normalized);
            assert_eq!(read.asked, asked_part(normalized), "{normalized}");
            assert_eq!(read.words, Segmenter::shared().words(&read.asked), "{normalized}");
            assert_eq!(read.content.is_empty(), normalized.is_empty());
        }
        assert_eq!(AskedText::read("请问怎么退货,谢谢").content, "怎么退货");
    }
}
