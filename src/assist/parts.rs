//! The questions within one message. Pure.

use std::ops::Range;

use crate::text::{QuestionForm, content_span};

/// More parts than this are not looked at on their own.
const MAX_PARTS: usize = 4;
/// A part shorter than this says nothing on its own.
const MIN_PART_CHARS: usize = 4;
/// From this length on a message is a story: what it asks may be one sentence, and need not be put as a question.
const STORY_CHARS: usize = 60;
/// A sentence of a story that does not ask must say as much as this.
const MIN_TELLING_CHARS: usize = 6;

/// Cuts a normalized text where one sentence ends and the next begins. The parts of a message are its questions, where
/// it has two or more; of a story also the sentences that only tell. None where the message asks one thing.
pub fn parts(normalized: &str) -> Vec<&str> {
    let is_story = normalized.chars().count() >= STORY_CHARS;
    let sentences = sentences(normalized);
    let good: Vec<&str> =
        sentences.into_iter().map(|range| &normalized[range]).filter(|part| is_telling(part, is_story)).collect();
    if good.len() < if is_story { 1 } else { 2 } {
        return Vec::new();
    }
    // The question comes last in a long story.
    good[good.len().saturating_sub(MAX_PARTS)..].to_vec()
}

fn sentences(text: &str) -> Vec<Range<usize>> {
    let mut ranges = Vec::new();
    let mut start = 0;
    for (at, c) in text.char_indices() {
        let ends = matches!(c, '?' | '!' | '。' | ';' | '\n') || (matches!(c, ',' | '、' | ' ') && at - start >= 9);
        if ends {
            ranges.push(start..at);
            start = at + c.len_utf8();
        }
    }
    ranges.push(start..text.len());
    ranges
}

fn is_telling(part: &str, is_story: bool) -> bool {
    let content = &part[content_span(part).range()];
    let num_chars = content.chars().filter(|c| c.is_alphanumeric()).count();
    let asks = QuestionForm::of(content) != QuestionForm::Other;
    if asks { num_chars >= MIN_PART_CHARS } else { is_story && num_chars >= MIN_TELLING_CHARS }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_are_told_apart() {
        let check = |text: &str, want: &[&str]| assert_eq!(parts(text), want, "{text}");
        check("怎么退货?运费谁出?", &["怎么退货", "运费谁出"]);
        check("怎么退货", &[]);
        check("你好!怎么退货?", &[]);
        check("谢谢。", &[]);
        check("物流写着签收了,可我根本没收到货", &[]);
        check("钱扣了,为什么还没发货", &[]);
        check("怎么退货,运费谁出", &["怎么退货", "运费谁出"]);
    }
}
