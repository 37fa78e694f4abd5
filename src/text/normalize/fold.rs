//! The first step: character by character, width, case and what is no text at all.
//!
//! Knows no neighbors; whatever depends on them is a later step. Invariant: folding a folded character changes nothing.

/// One character on its way, with the bytes of the source it stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::text) struct Cell {
    pub ch: char,
    pub from: usize,
    pub to: usize,
}

/// Stands where a pictograph was until the spaces are settled; control characters never survive folding.
pub(in crate::text) const SEPARATOR: char = '\u{1}';

/// What becomes of a character.
enum Folded {
    Keep(char),
    Drop,
    /// Lower case of more than one character.
    Lower,
}

/// Returns the folded characters and whether any differs from the source.
pub(in crate::text) fn fold(source: &str) -> (Vec<Cell>, bool) {
    let mut cells = Vec::with_capacity(source.len() / 2);
    let mut is_changed = false;
    for (from, c) in source.char_indices() {
        let to = from + c.len_utf8();
        match fold_char(c) {
            Folded::Keep(ch) => {
                is_changed |= ch != c;
                cells.push(Cell { ch, from, to });
            }
            Folded::Drop => is_changed = true,
            Folded::Lower => {
                let lower = c.to_lowercase().filter(|ch| !is_mark(*ch));
                is_changed = true;
                cells.extend(lower.map(|ch| Cell { ch, from, to }));
            }
        }
    }
    (cells, is_changed)
}

/// Returns the half-width form of a full-width character, the canonical mark of a punctuation mark, or the character.
pub(in crate::text) fn half_width(c: char) -> char {
    match c {
        '\u{FF01}'..='\u{FF5E}' => char::from_u32(u32::from(c) - 0xFEE0).unwrap_or(c),
        '\u{FFE5}' => '¥',
        '\u{FFE0}' => '¢',
        '\u{FFE1}' => '£',
        '\u{3000}' => ' ',
        _ => c,
    }
}

fn fold_char(c: char) -> Folded {
    if c.is_ascii() {
        return match c {
            ' ' | '\t' | '\n' | '\r' | '\u{B}' | '\u{C}' => Folded::Keep(' '),
            _ if c.is_ascii_control() => Folded::Drop,
            '`' => Folded::Keep('\''),
            _ => Folded::Keep(c.to_ascii_lowercase()),
        };
    }
    match c {
        '\u{4E00}'..='\u{9FFF}' => Folded::Keep(c),
        '\u{FF01}'..='\u{FFE6}' if half_width(c) != c => fold_char_of_half(half_width(c)),
        _ if is_mark(c) || c.is_control() => Folded::Drop,
        _ if c.is_whitespace() => Folded::Keep(' '),
        _ => match punctuation(c) {
            Some(mark) => Folded::Keep(mark),
            None if is_pictograph(c) => Folded::Keep(SEPARATOR),
            None => lower(c),
        },
    }
}

fn fold_char_of_half(half: char) -> Folded {
    if half.is_ascii() { fold_char(half) } else { Folded::Keep(half) }
}

fn lower(c: char) -> Folded {
    let mut lower = c.to_lowercase();
    match (lower.next(), lower.next()) {
        (Some(one), None) => Folded::Keep(one),
        _ => Folded::Lower,
    }
}

fn punctuation(c: char) -> Option<char> {
    Some(match c {
        '“' | '”' | '„' | '‟' | '«' | '»' | '「' | '」' | '『' | '』' | '〝' | '〞' | '〟' | '｢' | '｣' => {
            '"'
        }
        '‘' | '’' | '‚' | '‛' | '´' | '′' => '\'',
        '【' | '〔' | '〖' | '〘' => '[',
        '】' | '〕' | '〗' | '〙' => ']',
        '《' | '〈' | '‹' => '<',
        '》' | '〉' | '›' => '>',
        '‐' | '‑' | '‒' | '–' | '—' | '―' | '−' | '─' => '-',
        '〜' | '∼' | '〰' => '~',
        '…' | '⋯' | '‥' | '｡' | '。' => '。',
        '､' | '、' => '、',
        '·' | '•' | '‧' | '・' | '･' => '·',
        '❗' | '❕' | '‼' => '!',
        '❓' | '❔' | '⁉' => '?',
        '×' => '*',
        _ => return None,
    })
}

/// Tells whether the character has no width of its own: joiners, directions, variation selectors, combining marks.
fn is_mark(c: char) -> bool {
    matches!(c,
        '\u{300}'..='\u{36F}' | '\u{AD}' | '\u{61C}' | '\u{115F}'..='\u{1160}' | '\u{180B}'..='\u{180F}'
        | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{20D0}'..='\u{20FF}'
        | '\u{3164}' | '\u{FE00}'..='\u{FE0F}' | '\u{FE20}'..='\u{FE2F}' | '\u{FEFF}' | '\u{FFA0}'
        | '\u{FFF0}'..='\u{FFFB}' | '\u{E0000}'..='\u{E0FFF}')
}

/// Tells whether the character is a picture: emoji, dingbats, arrows, shapes, private use.
fn is_pictograph(c: char) -> bool {
    matches!(c,
        '\u{A9}' | '\u{AE}' | '\u{2122}' | '\u{2190}'..='\u{21FF}' | '\u{2300}'..='\u{23FF}' | '\u{25A0}'..='\u{27BF}'
        | '\u{2900}'..='\u{297F}' | '\u{2B00}'..='\u{2BFF}' | '\u{3004}' | '\u{3012}'..='\u{3013}' | '\u{303D}'
        | '\u{3297}' | '\u{3299}' | '\u{E000}'..='\u{F8FF}' | '\u{FFFC}'..='\u{FFFD}' | '\u{1F000}'..='\u{1FAFF}'
        | '\u{F0000}'..='\u{10FFFD}')
}
