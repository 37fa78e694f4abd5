//! `TextTools`.

use tonic::Code;
use yingda::rpc::pb;

use crate::harness::{
    refusal::{self, Refusal},
    sample::base_name,
    server::demo,
};

fn request(text: &str) -> pb::SegmentRequest {
    pb::SegmentRequest { text: text.to_owned(), ..Default::default() }
}

async fn segment(request: pb::SegmentRequest) -> pb::SegmentResponse {
    demo().clients().await.text_tools.segment(request).await.expect("a reply").into_inner()
}

#[tokio::test]
async fn a_text_is_normalized_and_cut() {
    let text = "請問😀運費險(yùn fèi xiǎn)能退錢嗎？？？";
    let reply = segment(request(text)).await;
    assert!(reply.normalized_text.contains("运费险能退钱吗"), "{}", reply.normalized_text);
    let words: String = reply.words.iter().map(|word| word.text.as_str()).collect();
    let bare: String = reply.normalized_text.chars().filter(|c| !c.is_whitespace()).collect();
    assert_eq!(words, bare, "the words are the text");
    assert!(reply.words.iter().all(|word| !word.from_lexicon && word.synonym_set.is_empty()));
    assert!(reply.words.iter().any(|word| word.stop_word && word.text == "请问"), "{:?}", reply.words);
}

#[tokio::test]
async fn spans_are_of_what_was_typed_in_every_encoding() {
    let text = "😀退貨，運費險Ａ１２";
    let mut reference: Option<Vec<String>> = None;
    for encoding in [pb::OffsetEncoding::Utf8, pb::OffsetEncoding::Utf16, pb::OffsetEncoding::CodePoints] {
        let reply = segment(pb::SegmentRequest { offset_encoding: encoding.into(), ..request(text) }).await;
        let cut = |span: pb::Span| {
            let (start, end) = (span.start as usize, span.end as usize);
            match encoding {
                pb::OffsetEncoding::Utf16 => {
                    String::from_utf16(&text.encode_utf16().collect::<Vec<_>>()[start..end]).expect("whole characters")
                }
                pb::OffsetEncoding::CodePoints => text.chars().skip(start).take(end - start).collect(),
                _ => text[start..end].to_owned(),
            }
        };
        let found: Vec<String> = reply.words.iter().map(|word| cut(word.span.expect("a span"))).collect();
        assert!(found.iter().any(|word| word == "退貨"), "{encoding:?}: {found:?}");
        match &reference {
            None => reference = Some(found),
            Some(reference) => assert_eq!(*reference, found, "{encoding:?}"),
        }
    }
}

#[tokio::test]
async fn the_lexicon_of_a_base_is_laid_over() {
    let plain = segment(request("禾邻月付怎么提前结清")).await;
    assert!(plain.words.iter().all(|word| word.text != "禾邻月付"));
    let own = pb::SegmentRequest { knowledge_base: base_name("retail"), ..request("禾邻月付怎么提前结清") };
    let own = segment(own).await;
    for term in ["禾邻月付", "提前结清"] {
        let word = own.words.iter().find(|word| word.text == term).expect("a term of the base");
        assert!(word.from_lexicon, "{term}");
    }
}

#[tokio::test]
async fn limits_hold() {
    let mut clients = demo().clients().await;
    let full = clients.text_tools.segment(request(&"退".repeat(2_000))).await;
    assert!(full.is_ok());
    refusal::check(clients.text_tools.segment(request(&"退".repeat(2_001))).await, Refusal::fields(&["text"]));
    refusal::check(clients.text_tools.segment(request(" ")).await, Refusal::fields(&["text"]));
    let wrong = pb::SegmentRequest { knowledge_base: "retail".to_owned(), offset_encoding: 9, ..request("退货") };
    let fields = ["knowledge_base", "offset_encoding"];
    refusal::check(clients.text_tools.segment(wrong).await, Refusal::fields(&fields));
    let nowhere = pb::SegmentRequest { knowledge_base: base_name("nowhere"), ..request("退货") };
    let refused = clients.text_tools.segment(nowhere).await;
    refusal::check(refused, Refusal::of(Code::NotFound, "KNOWLEDGE_BASE_NOT_FOUND"));
}
