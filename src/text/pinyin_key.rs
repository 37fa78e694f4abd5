//! Syllables as a key for typing slips: 退宽 and 退款 share theirs.
//!
//! A key, not a reading: each character gives its first reading, whatever the word. Invariant: no tones, lower case.

use pinyin::{Pinyin, ToPinyin};

/// How one character is read, as it may be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    /// Without tone: lü.
    pub plain: &'static str,
    /// With a mark on the vowel: lǜ.
    pub marked: &'static str,
    /// With a figure behind: lü4.
    pub numbered: &'static str,
}

/// Returns the first reading of a character; nothing for what is no Chinese character.
pub fn reading(c: char) -> Option<Reading> {
    let pinyin = c.to_pinyin()?;
    Some(Reading { plain: pinyin.plain(), marked: pinyin.with_tone(), numbered: pinyin.with_tone_num_end() })
}

/// Returns the toneless syllable of each Chinese character; everything else is skipped.
pub fn syllables(normalized: &str) -> Vec<&'static str> {
    normalized.to_pinyin().flatten().map(Pinyin::plain).collect()
}

/// Returns the syllable with what many speakers confuse made equal: zh ch sh as z c s, ang eng ing as an en in.
pub fn fuzzy_syllable(syllable: &str) -> String {
    let (initial, rest) = folded(syllable);
    format!("{initial}{rest}")
}

/// Returns a hash of the character's folded syllable; nothing for what is no Chinese character.
pub(super) fn sound_hash(c: char) -> Option<u64> {
    let (initial, rest) = folded(c.to_pinyin()?.plain());
    // FNV-1a, as of grams, without putting both parts together first.
    let bytes = initial.bytes().chain(rest.bytes());
    Some(bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)))
}

/// Leaves the h of zh ch sh and the g of ang eng ing out: what is before the h, and the rest.
fn folded(syllable: &str) -> (&str, &str) {
    let has_g = ["ang", "eng", "ing"].iter().any(|end| syllable.ends_with(end));
    let syllable = &syllable[..syllable.len() - usize::from(has_g)];
    let has_h = ["zh", "ch", "sh"].iter().any(|initial| syllable.starts_with(initial));
    if has_h { (&syllable[..1], &syllable[2..]) } else { ("", syllable) }
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
    fn readings_are_written_in_three_ways() {
        assert_eq!(reading('绿'), Some(Reading { plain: "lü", marked: "lǜ", numbered: "lü4" }));
        assert_eq!(reading('a'), None);
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
