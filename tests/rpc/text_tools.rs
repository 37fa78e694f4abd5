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

fn redaction(text: &str) -> pb::RedactRequest {
    pb::RedactRequest { text: text.to_owned(), ..Default::default() }
}

async fn redact(request: pb::RedactRequest) -> pb::RedactResponse {
    demo().clients().await.text_tools.redact(request).await.expect("a reply").into_inner()
}

#[tokio::test]
async fn personal_data_is_masked_in_its_form() {
    let text =
        "收货人：張學友，電話１３８-1234-5678，廣東省佛山市順德區東樂路268號，订单号6222021234567890128，退￥299.5";
    let reply = redact(redaction(text)).await;
    assert_eq!(
        reply.redacted_text,
        "收货人：張**，電話１３８-****-5678，廣東省佛山市順德區*******，订单号6222021234567890128，退￥299.5"
    );
    let kinds: Vec<&str> = reply.masked.iter().map(|mask| mask.kind.as_str()).collect();
    assert_eq!(kinds, ["person_name", "phone", "address"]);
    for mask in &reply.masked {
        let (span, redacted) = (mask.span.expect("a span"), mask.redacted_span.expect("a span"));
        assert!(!text[span.start as usize..span.end as usize].contains('*'));
        assert!(reply.redacted_text[redacted.start as usize..redacted.end as usize].contains('*'));
    }
    let again = redact(redaction(&reply.redacted_text)).await;
    assert_eq!((again.redacted_text, again.masked.len()), (reply.redacted_text, 0));
}

#[tokio::test]
async fn the_caller_says_what_is_masked() {
    let text = "我叫李建军，手机13812345678，订单号SO20261122001234";
    let phones = pb::RedactRequest { kinds: vec!["phone".to_owned()], ..redaction(text) };
    assert_eq!(redact(phones).await.redacted_text, "我叫李建军，手机138****5678，订单号SO20261122001234");
    let all = pb::RedactRequest { mask_order_numbers: true, ..redaction(text) };
    let all = redact(all).await.redacted_text;
    assert_eq!(all, "我叫李**，手机138****5678，订单号************1234");
}

#[tokio::test]
async fn limits_of_redaction_hold() {
    let mut clients = demo().clients().await;
    assert!(clients.text_tools.redact(redaction(&"退".repeat(2_000))).await.is_ok());
    refusal::check(clients.text_tools.redact(redaction(&"退".repeat(2_001))).await, Refusal::fields(&["text"]));
    let kinds = vec!["phone".to_owned(), "money".to_owned(), "smell".to_owned()];
    let wrong = pb::RedactRequest { kinds, offset_encoding: 9, ..redaction("") };
    let fields = ["text", "kinds[1]", "kinds[2]", "offset_encoding"];
    refusal::check(clients.text_tools.redact(wrong).await, Refusal::fields(&fields));
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
