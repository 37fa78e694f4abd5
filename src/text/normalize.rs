//! Makes what a customer typed comparable, and remembers where each character came from.
//!
//! The canonical form: ASCII for everything that has an ASCII form (，！？：；（）【】“” and full-width letters), 。 and 、
//! as they are (… is 。), ¥ for every yen sign; lower case; Simplified script; no emoji, no control characters, no space next to Han;
//! a character elongated (急急急) is written twice, a punctuation mark once; pinyin in brackets after its own character
//! (退(tui)款) is gone. `~` stays between digits only.
//!
//! Must not know what the words mean. Invariants: idempotent; the map is monotone and on char boundaries; an empty
//! result is possible. To add a step: a function over the cells that tells whether it changed them, called in
//! [`normalize`].

use crate::domain::Span;

use self::fold::Cell;

pub(in crate::text) mod fold;
mod noise;
pub(in crate::text) mod script;

/// The canonical form of a text with the way back to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Normalized {
    text: String,
    /// Empty where the text is its source, byte for byte.
    pieces: Vec<Piece>,
}

/// A stretch of the normalized text and the bytes it stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Piece {
    at: usize,
    from: usize,
    to: usize,
    /// Character by character as long as its source; otherwise it is one character and maps as a whole.
    linear: bool,
}

/// One step may bring about another (a dropped emoji joins an elongation); more rounds than this were never seen.
const MAX_ROUNDS: usize = 8;

/// Returns the canonical form of `source`.
pub fn normalize(source: &str) -> Normalized {
    let (mut cells, mut is_changed) = fold::fold(source);
    for _ in 0..MAX_ROUNDS {
        let scripted = script::simplify(&mut cells);
        let unbracketed = noise::drop_pinyin_brackets(&mut cells);
        let collapsed = noise::collapse_runs(&mut cells);
        let spaced = noise::settle_spaces(&mut cells);
        if !(scripted || unbracketed || collapsed || spaced) {
            break;
        }
        is_changed = true;
    }
    if is_changed { assemble(&cells) } else { Normalized { text: source.to_owned(), pieces: Vec::new() } }
}

/// Returns a Simplified text in Traditional script, by phrase.
pub fn traditional(simplified: &str) -> String {
    hanconv::s2t(simplified)
}

impl Normalized {
    /// Returns the normalized text.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Tells whether nothing is left.
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// Returns the bytes of the source that `span` of the normalized text stands for.
    ///
    /// Ends beyond the text are cut to it. An empty span stays empty.
    pub fn source_span(&self, span: Span) -> Span {
        let (start, end) = (span.start.min(self.text.len()), span.end.min(self.text.len()));
        if self.pieces.is_empty() {
            return Span::new(start, end);
        }
        let from = self.source_start(start);
        if start >= end { Span::new(from, from) } else { Span::new(from, self.source_end(end)) }
    }

    fn source_start(&self, at: usize) -> usize {
        match self.pieces.partition_point(|piece| piece.at <= at) {
            0 => 0,
            _ if at == self.text.len() => self.source_end(at),
            after => {
                let piece = self.pieces[after - 1];
                if piece.linear { piece.from + (at - piece.at) } else { piece.from }
            }
        }
    }

    fn source_end(&self, at: usize) -> usize {
        match self.pieces.partition_point(|piece| piece.at < at) {
            0 => 0,
            after => {
                let piece = self.pieces[after - 1];
                if piece.linear { piece.from + (at - piece.at) } else { piece.to }
            }
        }
    }
}

fn assemble(cells: &[Cell]) -> Normalized {
    let mut text = String::with_capacity(cells.len() * 3);
    let mut pieces: Vec<Piece> = Vec::new();
    for cell in cells {
        let linear = cell.to - cell.from == cell.ch.len_utf8();
        match pieces.last_mut() {
            Some(last) if linear && last.linear && last.to == cell.from => last.to = cell.to,
            _ => pieces.push(Piece { at: text.len(), from: cell.from, to: cell.to, linear }),
        }
        text.push(cell.ch);
    }
    Normalized { text, pieces }
}

#[cfg(test)]
mod tests;
