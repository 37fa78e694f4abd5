//! What a text asks, cut into words once, for everyone who compares it.
//!
//! Knows no lexicon: a message asked of several knowledge bases is read once.

use std::borrow::Cow;

use super::{Segmenter, Word, contrast::without_set_aside, fillers::without_fillers};

/// The part of a normalized text that asks something.
#[derive(Clone, Debug)]
pub struct AskedText<'t> {
    /// The text without courtesy around it and fillers, unless there is nothing else.
    pub content: Cow<'t, str>,
    /// The content without what it sets aside.
    pub asked: Cow<'t, str>,
    /// The words of `asked`, by the base dictionary.
    pub words: Vec<Word>,
}

impl<'t> AskedText<'t> {
    /// Reads a normalized text.
    pub fn read(normalized: &'t str) -> Self {
        Self::of_content(without_fillers(normalized))
    }

    /// Reads what is left of a normalized text without courtesy and fillers.
    pub fn of_content(content: Cow<'t, str>) -> Self {
        let asked = set_aside(content.clone());
        let words = Segmenter::shared().words(&asked);
        Self { content, asked, words }
    }
}

/// Returns what a normalized text asks: courtesy, fillers and what it sets aside left out, unless there is nothing else.
pub fn asked_part(normalized: &str) -> Cow<'_, str> {
    set_aside(without_fillers(normalized))
}

fn set_aside(content: Cow<'_, str>) -> Cow<'_, str> {
    match content {
        Cow::Borrowed(content) => without_set_aside(content),
        Cow::Owned(content) => Cow::Owned(without_set_aside(&content).into_owned()),
    }
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
