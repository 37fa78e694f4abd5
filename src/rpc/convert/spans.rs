//! Byte spans of the original text, in the unit the caller counts in.

use std::collections::BTreeMap;

use crate::{
    domain::Span,
    rpc::pb,
    text::{OffsetEncoding, convert_offsets},
};

/// The spans of one reply, converted in one pass over the text.
#[derive(Debug, Default)]
pub(in crate::rpc) struct Spans {
    converted: BTreeMap<Span, (u32, u32)>,
}

impl Spans {
    /// Converts the spans of a text.
    pub(in crate::rpc) fn of(text: &str, encoding: OffsetEncoding, spans: impl Iterator<Item = Span>) -> Self {
        let spans: Vec<Span> = spans.collect();
        let converted = convert_offsets(text, &spans, encoding);
        Self { converted: spans.into_iter().zip(converted).collect() }
    }

    /// Returns a span that was among those converted; any other is empty.
    pub(in crate::rpc) fn get(&self, span: Span) -> pb::Span {
        let (start, end) = self.converted.get(&span).copied().unwrap_or_default();
        pb::Span { start, end }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_counted_as_asked() {
        let (text, span) = ("退😀货", Span::new(3, 7));
        for (encoding, start, end) in
            [(OffsetEncoding::Utf8, 3, 7), (OffsetEncoding::Utf16, 1, 3), (OffsetEncoding::CodePoints, 1, 2)]
        {
            let spans = Spans::of(text, encoding, [span, Span::new(0, 3)].into_iter());
            assert_eq!(spans.get(span), pb::Span { start, end });
        }
    }
}
