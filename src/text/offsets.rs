//! Byte spans in the encoding a caller counts in.
//!
//! Knows no wire format; the numbers are what browsers (UTF-16), Python (code points) or Go (UTF-8) index by.
//! Invariant: one pass over the text, whatever the number of spans.

use crate::domain::Span;

/// What an offset counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OffsetEncoding {
    /// Bytes.
    Utf8,
    /// Code units of UTF-16, as in JavaScript, Java and C#.
    Utf16,
    /// Characters, as in Python.
    CodePoints,
}

/// Returns start and end of each span of `text`, counted in `encoding`, in the order of `spans`.
///
/// An offset within a character counts to the character's start, one beyond the text to its end.
pub fn convert_offsets(text: &str, spans: &[Span], encoding: OffsetEncoding) -> Vec<(u32, u32)> {
    let mut offsets: Vec<usize> = spans.iter().flat_map(|span| [span.start, span.end]).collect();
    offsets.sort_unstable();
    offsets.dedup();
    let counts = counts_at(text, &offsets, encoding);
    let count_of = |offset: usize| counts[offsets.partition_point(|known| *known < offset)];
    spans.iter().map(|span| (count_of(span.start), count_of(span.end))).collect()
}

fn counts_at(text: &str, sorted: &[usize], encoding: OffsetEncoding) -> Vec<u32> {
    let mut counts = Vec::with_capacity(sorted.len());
    let mut count = 0_usize;
    for (start, c) in text.char_indices() {
        let end = start + c.len_utf8();
        while sorted.get(counts.len()).is_some_and(|offset| *offset < end) {
            counts.push(saturated(count));
        }
        count += match encoding {
            OffsetEncoding::Utf8 => c.len_utf8(),
            OffsetEncoding::Utf16 => c.len_utf16(),
            OffsetEncoding::CodePoints => 1,
        };
    }
    counts.resize(sorted.len(), saturated(count));
    counts
}

fn saturated(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, span: Span, expected: [(u32, u32); 3]) {
        for (encoding, expected) in
            [OffsetEncoding::Utf8, OffsetEncoding::Utf16, OffsetEncoding::CodePoints].into_iter().zip(expected)
        {
            assert_eq!(convert_offsets(text, &[span], encoding), [expected], "{text} {encoding:?}");
        }
    }

    #[test]
    fn offsets_are_counted() {
        check("退😀a", Span::new(0, 3), [(0, 3), (0, 1), (0, 1)]);
        check("退😀a", Span::new(7, 8), [(7, 8), (3, 4), (2, 3)]);
        check("退😀a", Span::new(8, 8), [(8, 8), (4, 4), (3, 3)]);
        check("退😀a", Span::new(4, 99), [(3, 8), (1, 4), (1, 3)]);
        check("", Span::new(0, 0), [(0, 0); 3]);
    }

    #[test]
    fn many_spans_equal_one_by_one() {
        let mut rng = fastrand::Rng::with_seed(5);
        let letters: Vec<char> = "退货a1😀é 。".chars().collect();
        for _ in 0..300 {
            let text: String = (0..rng.usize(..20)).map(|_| letters[rng.usize(..letters.len())]).collect();
            let borders: Vec<usize> = (0..=text.len()).filter(|at| text.is_char_boundary(*at)).collect();
            let pick = |rng: &mut fastrand::Rng| borders[rng.usize(..borders.len())];
            let spans: Vec<Span> = (0..rng.usize(..6)).map(|_| Span::new(pick(&mut rng), pick(&mut rng))).collect();
            let naive: Vec<(u32, u32)> = spans
                .iter()
                .map(|span| {
                    let count = |at: usize| u32::try_from(text[..at].encode_utf16().count()).unwrap();
                    (count(span.start), count(span.end))
                })
                .collect();
            assert_eq!(convert_offsets(&text, &spans, OffsetEncoding::Utf16), naive, "{text}");
        }
    }
}
