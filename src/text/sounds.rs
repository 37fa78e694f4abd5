//! Pairs of neighboring characters by their sound, for slips of pinyin input: 退宽 sounds like 退款.
//!
//! One character alone sounds like too many others; two rarely do. Knows no articles.

use std::{collections::HashMap, sync::LazyLock};

use super::{gram_hash, pinyin_key::sound_hash};

/// Common characters by their sound.
static COMMON: LazyLock<HashMap<u64, Vec<char>>> = LazyLock::new(|| {
    let mut common: HashMap<u64, Vec<char>> = HashMap::new();
    let lines = include_str!("../../data/text/common_characters.txt").lines().filter(|line| !line.starts_with('#'));
    for c in lines.flat_map(str::chars) {
        if let Some(sound) = sound_hash(c) {
            common.entry(sound).or_default().push(c);
        }
    }
    common
});

/// Returns the common characters that sound like `c`, tones and common confusions aside; `c` itself may be among them.
pub fn sound_alikes(c: char) -> &'static [char] {
    sound_hash(c).and_then(|sound| COMMON.get(&sound)).map_or(&[], Vec::as_slice)
}

/// Two neighboring characters of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SoundedPair {
    /// The hashes of the characters and of the pair, as of grams.
    pub first: u64,
    pub second: u64,
    pub pair: u64,
    /// The same for pairs that sound alike, tones and common confusions aside.
    pub sound: u64,
}

/// Lists the pairs of neighboring Chinese characters of a normalized text.
pub fn sounded_pairs(normalized: &str) -> impl Iterator<Item = SoundedPair> + '_ {
    let chars = normalized.char_indices().map(|(at, c)| (&normalized[at..at + c.len_utf8()], at, sound_hash(c)));
    chars.clone().zip(chars.skip(1)).filter_map(|((first, at, first_sound), (second, second_at, second_sound))| {
        let pair = &normalized[at..second_at + second.len()];
        Some(SoundedPair {
            first: gram_hash(first),
            second: gram_hash(second),
            pair: gram_hash(pair),
            sound: first_sound?.rotate_left(17) ^ second_sound?,
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_sounds_alike_has_one_sound() {
        let sound = |text: &str| sounded_pairs(text).next().map(|pair| pair.sound);
        for (a, b) in [("退宽", "退款"), ("留量", "流量"), ("现制", "限制"), ("名字", "明子")] {
            assert_eq!(sound(a), sound(b), "{a} {b}");
            assert!(sound(a).is_some());
        }
        assert_ne!(sound("退款"), sound("退货"));
        assert_ne!(sound("款退"), sound("退款"));
    }

    #[test]
    fn common_characters_are_found_by_sound() {
        assert!(sound_alikes('宽').contains(&'款') && sound_alikes('先').contains(&'现'));
        assert!(sound_alikes('生').contains(&'森'), "common confusions aside");
        assert!(sound_alikes('a').is_empty());
    }

    #[test]
    fn pairs_carry_the_hashes_of_their_grams() {
        let pairs: Vec<SoundedPair> = sounded_pairs("退货a款").collect();
        assert_eq!(pairs.len(), 1);
        assert_eq!((pairs[0].first, pairs[0].pair), (gram_hash("退"), gram_hash("退货")));
        assert_eq!(sounded_pairs("").count(), 0);
    }
}
