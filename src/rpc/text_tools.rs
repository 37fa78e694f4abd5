//! `yingda.v1.TextTools`: unpack, call, wrap.

use std::sync::Arc;

use tonic::{Request, Response, Status};

use super::{
    convert::{enums::read_offset_encoding, spans::Spans},
    limits::{self, Violations},
    names,
    pb::{self, text_tools_server::TextTools},
    status::Failure,
};
use crate::{
    assist::{AssistError, Base, Live, Message},
    domain::{EntityKind, KnowledgeBaseId},
    text::{OffsetEncoding, Overlay, Redactor, Word, WordKind, is_stop_word},
};

/// The service.
pub(super) struct TextToolsService {
    pub live: Arc<Live>,
}

#[tonic::async_trait]
impl TextTools for TextToolsService {
    async fn segment(&self, request: Request<pb::SegmentRequest>) -> Result<Response<pb::SegmentResponse>, Status> {
        let request = request.into_inner();
        let (base, encoding) = read(&request)?;
        let snap = self.live.load();
        let base: Option<Arc<Base>> = match base {
            None => None,
            Some(id) => {
                Some(snap.bases.get(&id).cloned().ok_or_else(|| AssistError::UnknownKnowledgeBase(id.clone()))?)
            }
        };
        let overlay = base.as_ref().map(|base| &*base.overlay);
        Ok(Response::new(segment(&request.text, overlay, encoding)))
    }

    async fn redact(&self, request: Request<pb::RedactRequest>) -> Result<Response<pb::RedactResponse>, Status> {
        let request = request.into_inner();
        let (redactor, encoding) = read_redact(&request)?;
        Ok(Response::new(redact(&request.text, &redactor, encoding)))
    }
}

fn read_redact(request: &pb::RedactRequest) -> Result<(Redactor, OffsetEncoding), Failure> {
    let mut violations = Violations::default();
    limits::text(&mut violations, "text", &request.text);
    let mut kinds = Vec::with_capacity(request.kinds.len());
    for (idx, label) in request.kinds.iter().enumerate() {
        match EntityKind::from_label(label).filter(|kind| Redactor::is_maskable(*kind)) {
            Some(kind) => kinds.push(kind),
            None => violations.add(format!("kinds[{idx}]"), format!("must be one of {}", maskable_kinds())),
        }
    }
    if kinds.is_empty() {
        kinds.extend(EntityKind::ALL.iter().filter(|kind| kind.is_personal()));
    }
    if request.mask_order_numbers {
        kinds.extend([EntityKind::OrderNumber, EntityKind::TrackingNumber]);
    }
    let encoding = read_offset_encoding(request.offset_encoding, "offset_encoding", &mut violations);
    violations.finish_with(Some((Redactor::of_kinds(kinds), encoding.unwrap_or(OffsetEncoding::Utf8))))
}

fn maskable_kinds() -> String {
    let kinds = EntityKind::ALL.iter().filter(|kind| Redactor::is_maskable(**kind));
    kinds.map(|kind| kind.as_str()).collect::<Vec<_>>().join(", ")
}

fn redact(original: &str, redactor: &Redactor, encoding: OffsetEncoding) -> pb::RedactResponse {
    let redacted = redactor.mask(original);
    let before = Spans::of(original, encoding, redacted.masked.iter().map(|masked| masked.original));
    let after = Spans::of(&redacted.text, encoding, redacted.masked.iter().map(|masked| masked.span));
    let masked = redacted.masked.iter().map(|masked| pb::Mask {
        kind: masked.kind.as_str().to_owned(),
        span: Some(before.get(masked.original)),
        redacted_span: Some(after.get(masked.span)),
    });
    pb::RedactResponse { masked: masked.collect(), redacted_text: redacted.text }
}

fn read(request: &pb::SegmentRequest) -> Result<(Option<KnowledgeBaseId>, OffsetEncoding), Failure> {
    let mut violations = Violations::default();
    limits::text(&mut violations, "text", &request.text);
    let base = match request.knowledge_base.as_str() {
        "" => None,
        name => violations.take("knowledge_base", names::knowledge_base(name)),
    };
    let encoding = read_offset_encoding(request.offset_encoding, "offset_encoding", &mut violations);
    violations.finish_with(Some((base, encoding.unwrap_or(OffsetEncoding::Utf8))))
}

fn segment(original: &str, overlay: Option<&Overlay>, encoding: OffsetEncoding) -> pb::SegmentResponse {
    let Message { normalized, words, .. } = Message::read(original);
    let text = normalized.as_str();
    let words = match overlay {
        Some(overlay) => overlay.apply(words, text),
        None => words,
    };
    let spans = Spans::of(original, encoding, words.iter().map(|word| normalized.source_span(word.span)));
    let one = |word: &Word| pb::Word {
        text: word.text(text).to_owned(),
        span: Some(spans.get(normalized.source_span(word.span))),
        from_lexicon: word.kind == WordKind::Term,
        synonym_set: overlay.map(|overlay| synonym_set(overlay, word.text(text))).unwrap_or_default(),
        stop_word: is_stop_word(word.text(text)),
    };
    pb::SegmentResponse { words: words.iter().map(one).collect(), normalized_text: text.to_owned() }
}

/// The word that stands for the set; empty for a word that belongs to none.
fn synonym_set(overlay: &Overlay, word: &str) -> String {
    match overlay.synonyms_of(word) {
        [] => String::new(),
        [..] => overlay.canonical(word).into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::SynonymSet;

    #[test]
    fn words_point_into_what_was_typed() {
        let terms = ["运费险".to_owned()];
        let sets = [SynonymSet { id: "refund".to_owned(), words: vec!["退款".to_owned(), "退钱".to_owned()] }];
        let overlay = Overlay::build(&terms, &sets).expect("a good lexicon");
        let reply = segment("運費險能退錢", Some(&overlay), OffsetEncoding::CodePoints);
        assert_eq!(reply.normalized_text, "运费险能退钱");
        let first = &reply.words[0];
        assert_eq!((first.text.as_str(), first.from_lexicon), ("运费险", true));
        assert_eq!(first.span, Some(pb::Span { start: 0, end: 3 }));
        let last = reply.words.last().expect("words");
        assert_eq!((last.text.as_str(), last.synonym_set.as_str()), ("退钱", "退款"));
    }

    #[test]
    fn wrong_fields_are_refused() {
        let request =
            pb::SegmentRequest { knowledge_base: "retail".to_owned(), offset_encoding: 9, ..Default::default() };
        let status = Status::from(read(&request).expect_err("three are wrong"));
        assert!(status.message().ends_with("(and 2 more)"), "{}", status.message());
        let kinds = vec!["money".to_owned(), "phone".to_owned()];
        let request = pb::RedactRequest { kinds, offset_encoding: 9, ..Default::default() };
        let status = Status::from(read_redact(&request).expect_err("three are wrong"));
        assert!(status.message().ends_with("(and 2 more)"), "{}", status.message());
    }

    #[test]
    fn masks_point_into_both_texts() {
        let reply = redact("電話😀13812345678，張偉先生", &Redactor::new(false), OffsetEncoding::Utf16);
        assert_eq!(reply.redacted_text, "電話😀138****5678，張*先生");
        let spans: Vec<_> =
            reply.masked.iter().map(|mask| (mask.kind.as_str(), mask.span, mask.redacted_span)).collect();
        let span = |start, end| Some(pb::Span { start, end });
        assert_eq!(spans, [("phone", span(4, 15), span(4, 15)), ("person_name", span(16, 18), span(16, 18))]);
    }
}
