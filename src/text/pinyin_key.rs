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
