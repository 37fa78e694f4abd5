//! Syllables as a key for typing slips: 退宽 and 退款 share theirs.
//!
//! A key, not a reading: each character gives its first reading, whatever the word. Invariant: no tones, lower case.

use pinyin::{Pinyin, ToPinyin};

/// Returns the toneless syllable of each Chinese character; everything else is skipped.
pub fn syllables(normalized: &str) -> Vec<&'static str> {
    normalized.to_pinyin().flatten().map(Pinyin::plain).collect()
}

/// Returns the syllable with what many speakers confuse made equal: zh ch sh as z c s, ang eng ing as an en in.
pub fn fuzzy_syllable(syllable: &str) -> String {
    let mut folded = syllable.to_owned();
    if ["zh", "ch", "sh"].iter().any(|initial| folded.starts_with(initial)) {
        folded.remove(1);
    }
    if ["ang", "eng", "ing"].iter().any(|end| folded.ends_with(end)) {
        folded.pop();
    }
    folded
}

/// Returns a hash of the character's folded syllable; nothing for what is no Chinese character.
pub(super) fn sound_hash(c: char) -> Option<u64> {
    let syllable = c.to_pinyin()?.plain();
    let has_h = ["zh", "ch", "sh"].iter().any(|initial| syllable.starts_with(initial));
    let has_g = ["ang", "eng", "ing"].iter().any(|end| syllable.ends_with(end));
    let end = syllable.len() - usize::from(has_g);
    // FNV-1a over the bytes of `fuzzy_syllable`, without writing it out.
    let bytes = syllable[..end].bytes().enumerate().filter(|(at, _)| !(has_h && *at == 1));
    let start = 0xcbf2_9ce4_8422_2325u64;
    Some(bytes.fold(start, |hash, (_, byte)| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_have_syllables() {
        for (text, expected) in
            [("退款", vec!["tui", "kuan"]), ("a退1,货", vec!["tui", "huo"]), ("女", vec!["nü"]), ("", vec![])]
        {
            assert_eq!(syllables(text), expected, "{text}");
        }
    }

    #[test]
    fn a_sound_is_the_hash_of_the_folded_syllable() {
        for c in "张床是生平两中男兰和女".chars() {
            let folded = fuzzy_syllable(syllables(&c.to_string())[0]);
            assert_eq!(sound_hash(c), Some(crate::text::gram_hash(&folded)), "{c}");
        }
        assert_eq!(sound_hash('a'), None);
    }

    #[test]
    fn confusions_are_folded() {
        for (syllable, expected) in [
            ("zhang", "zan"),
            ("chuang", "cuan"),
            ("shi", "si"),
            ("sheng", "sen"),
            ("ping", "pin"),
            ("liang", "lian"),
            ("zhong", "zong"),
            ("nan", "nan"),
            ("lan", "lan"),
            ("he", "he"),
            ("", ""),
        ] {
            assert_eq!(fuzzy_syllable(syllable), expected);
        }
    }
}
