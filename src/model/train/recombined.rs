//! Further texts for the teacher to read: what customers wrote, with words put in others' place, cut and joined.
//!
//! Customers of other businesses use other words in the same ways. A teacher can tell the meaning of any text, so that
//! the table and its layer learn words in company that they do not keep in the project's own messages. Must not know
//! the teacher. Invariant: the same texts, words and seed give the same texts.

use crate::text::{Segmenter, WordKind};

/// The share of texts in which words are replaced, and of those that are only cut; others are joined of two.
const REPLACED_SHARE: f32 = 0.7;
const CUT_SHARE: f32 = 0.15;
/// How many words are replaced, each as often as it stands here.
const NUM_REPLACED: [usize; 4] = [1, 1, 2, 3];
/// Words that a longer text is cut to.
const CUT_WORDS: std::ops::Range<usize> = 3..13;
/// Words taken of each of two joined texts.
const JOINED_WORDS: usize = 8;
/// Longer texts are not used.
const MAX_CHARS: usize = 60;

/// Makes `num` texts of `texts`, all normalized, and of words of two and more characters among `words`.
pub(super) fn recombined(texts: &[String], words: &[String], num: usize, seed: u64) -> Vec<String> {
    let is_used = |text: &&String| text.chars().count() <= MAX_CHARS;
    let texts: Vec<&String> = texts.iter().filter(is_used).collect();
    let words: Vec<&String> = words.iter().filter(|word| word.chars().nth(1).is_some()).collect();
    if texts.is_empty() || words.is_empty() {
        return Vec::new();
    }
    let mut rng = fastrand::Rng::with_seed(seed);
    let segmenter = Segmenter::shared();
    let mut made = Vec::with_capacity(num);
    while made.len() < num {
        let text = texts[rng.usize(..texts.len())];
        let cut = segmenter.words(text);
        let mut parts: Vec<&str> = cut.iter().map(|word| word.text(text)).collect();
        let kind = rng.f32();
        if kind < REPLACED_SHARE {
            let is_replaceable = |at: &usize| cut[*at].kind == WordKind::Han && parts[*at].chars().nth(1).is_some();
            let places: Vec<usize> = (0..cut.len()).filter(is_replaceable).collect();
            let num_replaced = NUM_REPLACED[rng.usize(..NUM_REPLACED.len())];
            for place in rng.choose_multiple(places, num_replaced) {
                parts[place] = words[rng.usize(..words.len())];
            }
        }
        if kind < REPLACED_SHARE + CUT_SHARE {
            let num_kept = rng.usize(CUT_WORDS);
            if (kind >= REPLACED_SHARE || rng.bool()) && num_kept < parts.len() {
                let first = rng.usize(..=parts.len() - num_kept);
                parts = parts[first..first + num_kept].to_vec();
            }
            made.push(parts.concat());
        } else {
            let other = texts[rng.usize(..texts.len())];
            let other_cut = segmenter.words(other);
            let first = parts.len().saturating_sub(rng.usize(1..=JOINED_WORDS));
            let after = other_cut.iter().map(|word| word.text(other)).take(rng.usize(1..=JOINED_WORDS));
            made.push(parts[first..].iter().copied().chain(after).collect());
        }
    }
    made
}

#[cfg(test)]
mod tests {
    use super::*;

    fn own(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    #[test]
    fn texts_are_of_the_words_given_and_repeat() {
        let texts = own(&["我的快递什么时候能送到家里", "退款什么时候到账"]);
        let words = own(&["疫情", "字", "发票"]);
        let made = recombined(&texts, &words, 200, 5);
        assert_eq!(made.len(), 200);
        assert_eq!(made, recombined(&texts, &words, 200, 5));
        assert!(made.iter().any(|text| text.contains("疫情")) && made.iter().any(|text| text.contains("发票")));
        assert!(made.iter().all(|text| !text.contains('字') && !text.is_empty()));
        assert!(made.iter().any(|text| text.chars().count() < 6), "some are cut");
    }

    #[test]
    fn of_nothing_nothing_is_made() {
        assert!(recombined(&[], &own(&["疫情"]), 3, 1).is_empty());
        assert!(recombined(&own(&["退款"]), &[], 3, 1).is_empty());
    }
}
