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
    domain::KnowledgeBaseId,
    text::{OffsetEncoding, Overlay, Word, WordKind, is_stop_word},
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
    }
}
