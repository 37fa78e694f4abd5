//! Classes of characters.
//!
//! Knows code points only, no words. Invariant: a character is of at most one of the classes Han and plain.

/// Tells whether the character is a Chinese one: an ideograph, 〇 or 々.
pub fn is_han(c: char) -> bool {
    matches!(c,
        '\u{4E00}'..='\u{9FFF}' | '\u{3400}'..='\u{4DBF}' | '\u{3005}' | '\u{3007}'
        | '\u{F900}'..='\u{FAFF}' | '\u{20000}'..='\u{323AF}')
}

/// Tells whether the character is a letter or digit of another script; these form runs, Han characters do not.
pub fn is_plain(c: char) -> bool {
    if c.is_ascii() { c.is_ascii_alphanumeric() } else { c.is_alphanumeric() && !is_han(c) }
}

/// Tells whether the character is written without spaces around it: Han, kana and CJK punctuation.
pub fn is_cjk(c: char) -> bool {
    is_han(c) || matches!(c, '\u{3001}'..='\u{30FF}')
}

/// Tells whether the character is a Chinese numeral, whose repetition counts.
pub fn is_numeral(c: char) -> bool {
    "〇零一二两三四五六七八九十百千万亿".contains(c)
}

/// Tells whether an ASCII word would be cut at `start` or `end` of the text, that is, whether the letters go on there.
pub fn cuts_ascii_word(text: &str, start: usize, end: usize) -> bool {
    let bytes = text.as_bytes();
    let goes_on = |left: usize| bytes[left].is_ascii_alphanumeric() && bytes[left + 1].is_ascii_alphanumeric();
    (start > 0 && start < bytes.len() && goes_on(start - 1)) || (end > 0 && end < bytes.len() && goes_on(end - 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_are_apart() {
        for (c, han, plain, cjk) in [
            ('退', true, false, true),
            ('〇', true, false, true),
            ('𠮷', true, false, true),
            ('a', false, true, false),
            ('7', false, true, false),
            ('é', false, true, false),
            ('の', false, true, true),
            ('。', false, false, true),
            (',', false, false, false),
            (' ', false, false, false),
        ] {
            assert_eq!((is_han(c), is_plain(c), is_cjk(c)), (han, plain, cjk), "{c}");
        }
    }

    #[test]
    fn ascii_words_have_borders() {
        for (text, start, end, cut) in [
            ("5g套餐", 0, 2, false),
            ("x5g", 1, 3, true),
            ("5gx", 0, 2, true),
            ("退5g", 3, 5, false),
            ("a退b", 1, 4, false),
        ] {
            assert_eq!(cuts_ascii_word(text, start, end), cut, "{text}");
        }
    }
}
