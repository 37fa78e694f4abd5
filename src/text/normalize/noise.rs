//! The steps that look at neighbors: pinyin in brackets, elongations, repeated marks, spaces.
//!
//! Each works in place and tells whether it changed anything. None of them adds a character.

use pinyin::{Pinyin, ToPinyinMulti};

use super::fold::{Cell, SEPARATOR};
use crate::text::chars::{is_cjk, is_han, is_numeral};

/// The longest reading in brackets, for up to four characters.
const MAX_READING_CHARS: usize = 30;

/// Removes brackets that hold nothing but the reading of what stands before: 退(tui)款.
pub(super) fn drop_pinyin_brackets(cells: &mut Vec<Cell>) -> bool {
    let mut is_changed = false;
    let mut open = 1;
    while open < cells.len() {
        match bracket_end(cells, open) {
            Some(close) => {
                cells.drain(open..=close);
                is_changed = true;
            }
            None => open += 1,
        }
    }
    is_changed
}

/// Writes elongated characters twice, repeated marks once; drops `~` that joins no digits.
pub(super) fn collapse_runs(cells: &mut Vec<Cell>) -> bool {
    let is_calm = |pair: &[Cell]| pair[0].ch != pair[1].ch || !is_collapsible(pair[0].ch) && !is_elongated(pair[0].ch);
    if cells.windows(2).all(is_calm) && cells.iter().all(|cell| cell.ch != '~') {
        return false;
    }
    let before = cells.len();
    let mut is_changed = false;
    let mut kept: Vec<Cell> = Vec::with_capacity(before);
    let mut i = 0;
    while i < before {
        let ch = cells[i].ch;
        let end = i + cells[i..].iter().take_while(|cell| cell.ch == ch).count();
        let whole = Cell { ch, from: cells[i].from, to: cells[end - 1].to };
        if ch == '~' && !joins_digits(&kept, cells.get(end)) {
            kept.push(Cell { ch: SEPARATOR, ..whole });
            is_changed = true;
        } else if is_collapsible(ch) {
            kept.push(whole);
        } else if is_elongated(ch) && end - i > 2 {
            kept.push(cells[i]);
            kept.push(Cell { from: cells[i + 1].from, ..whole });
        } else {
            kept.extend_from_slice(&cells[i..end]);
        }
        i = end;
    }
    is_changed |= kept.len() != before;
    *cells = kept;
    is_changed
}

/// Keeps one space where it parts something, none at the ends and next to Han; a separator only parts letters.
pub(super) fn settle_spaces(cells: &mut Vec<Cell>) -> bool {
    let is_gap = |cell: &Cell| cell.ch == ' ' || cell.ch == SEPARATOR;
    if !cells.iter().any(is_gap) {
        return false;
    }
    let mut kept: Vec<Cell> = Vec::with_capacity(cells.len());
    let mut is_changed = false;
    let mut i = 0;
    while i < cells.len() {
        let end = i + cells[i..].iter().take_while(|cell| is_gap(cell)).count();
        if end == i {
            kept.push(cells[i]);
            i += 1;
            continue;
        }
        let gap = &cells[i..end];
        let parts = match (kept.last(), cells.get(end)) {
            (Some(left), Some(right)) if gap.iter().any(|cell| cell.ch == ' ') => !is_cjk(left.ch) && !is_cjk(right.ch),
            (Some(left), Some(right)) => left.ch.is_ascii_alphanumeric() && right.ch.is_ascii_alphanumeric(),
            _ => false,
        };
        is_changed |= !(parts && gap.len() == 1 && gap[0].ch == ' ');
        if parts {
            kept.push(Cell { ch: ' ', from: gap[0].from, to: gap[gap.len() - 1].to });
        }
        i = end;
    }
    *cells = kept;
    is_changed
}

/// Returns where the bracket opened at `open` closes, if it holds the reading of what stands before.
fn bracket_end(cells: &[Cell], open: usize) -> Option<usize> {
    let closing = match cells[open].ch {
        '(' => ')',
        '[' => ']',
        _ => return None,
    };
    if !is_han(cells[open - 1].ch) {
        return None;
    }
    let inside = cells[open + 1..].iter().take(MAX_READING_CHARS + 1);
    let close = open + 1 + inside.into_iter().position(|cell| cell.ch == closing)?;
    let mut reading = String::new();
    for cell in &cells[open + 1..close] {
        match cell.ch {
            ' ' | '\'' | '-' => {}
            // A tone written as a figure follows its syllable.
            '0'..='5' if reading.ends_with(|c: char| c.is_ascii_lowercase()) => {}
            ch => reading.push(plain_letter(ch)?),
        }
    }
    (!reading.is_empty() && reads(&cells[..open], &reading)).then_some(close)
}

/// Tells whether `reading` is that of the last characters of `before`, in any of their readings.
fn reads(before: &[Cell], reading: &str) -> bool {
    if reading.is_empty() {
        return true;
    }
    let Some((last, rest)) = before.split_last() else { return false };
    let Some(readings) = last.ch.to_pinyin_multi() else { return false };
    readings.into_iter().map(Pinyin::plain).any(|syllable| match reading.strip_suffix(syllable) {
        Some(start) => reads(rest, start),
        None if syllable.contains('ü') => {
            let typed = [syllable.replace('ü', "v"), syllable.replace('ü', "u")];
            typed.iter().any(|typed| reading.strip_suffix(typed.as_str()).is_some_and(|start| reads(rest, start)))
        }
        None => false,
    })
}

fn plain_letter(c: char) -> Option<char> {
    Some(match c {
        'a'..='z' | 'ü' => c,
        'ā' | 'á' | 'ǎ' | 'à' => 'a',
        'ē' | 'é' | 'ě' | 'è' => 'e',
        'ī' | 'í' | 'ǐ' | 'ì' => 'i',
        'ō' | 'ó' | 'ǒ' | 'ò' => 'o',
        'ū' | 'ú' | 'ǔ' | 'ù' => 'u',
        'ǖ' | 'ǘ' | 'ǚ' | 'ǜ' => 'ü',
        'ń' | 'ň' | 'ǹ' => 'n',
        _ => return None,
    })
}

fn is_collapsible(c: char) -> bool {
    matches!(c, '。' | '、' | '·' | '¥') || c.is_ascii_punctuation() && !matches!(c, '(' | ')' | '[' | ']' | '/')
}

fn is_elongated(c: char) -> bool {
    is_han(c) && !is_numeral(c)
}

fn joins_digits(left: &[Cell], right: Option<&Cell>) -> bool {
    left.last().is_some_and(|cell| cell.ch.is_ascii_digit()) && right.is_some_and(|cell| cell.ch.is_ascii_digit())
}
