//! What a reply holds beside its outcome: candidates, spans, provenance, explanation, the text for the channel.

use tonic::Code;
use yingda::rpc::pb;

use crate::harness::{
    json_lines,
    refusal::{self, Refusal},
    sample::{Base, article, ask, base_name, id_of},
    server::{demo, shared},
};

/// Messages of many kinds.
const MESSAGES: [&str; 9] = [
    "怎么查我的快递到哪了？",
    "我要投诉你们的快递员",
    "转人工",
    "谢谢",
    "建议你们增加夜间配送",
    "怎麼退貨？運費誰出？",
    "能不能便宜一点",
    "！！！",
    "订单123456789012的手机充不进电，电话13800138000😭",
];

/// Takes out what no two calls share.
fn settled(mut reply: pb::AnswerResponse) -> pb::AnswerResponse {
    reply.timings.clear();
    reply.answer_record.clear();
    reply
}

#[tokio::test]
async fn explaining_changes_nothing_but_the_size() {
    let mut clients = demo().clients().await;
    for text in MESSAGES {
        let plain = ask(&["retail", "electronics"], text);
        let explained = pb::AnswerRequest { explain: true, ..plain.clone() };
        let plain = settled(clients.assist.answer(plain).await.expect("a reply").into_inner());
        let mut explained = settled(clients.assist.answer(explained).await.expect("a reply").into_inner());
        assert!(explained.explanation.take().is_some() && plain.explanation.is_none(), "{text}");
        for candidate in &mut explained.candidates {
            assert!(!std::mem::take(&mut candidate.features).is_empty(), "{text}");
        }
        assert_eq!(plain, explained, "{text}");
    }
}

#[tokio::test]
async fn the_same_message_gets_the_same_reply() {
    let mut clients = demo().clients().await;
    for text in MESSAGES {
        let first = clients.assist.answer(ask(&[], text)).await.expect("a reply").into_inner();
        let second = clients.assist.answer(ask(&[], text)).await.expect("a reply").into_inner();
        assert_eq!(settled(first), settled(second), "{text}");
    }
}

#[tokio::test]
async fn an_explanation_tells_the_whole_why() {
    let mut clients = demo().clients().await;
    let request = pb::AnswerRequest { explain: true, ..ask(&["retail"], "請問怎麼取消會員自動續費？") };
    let reply = clients.assist.answer(request).await.expect("a reply").into_inner();
    let why = reply.explanation.expect("an explanation");
    assert!(why.normalized_text.contains("怎么取消会员自动续费"), "{}", why.normalized_text);
    assert!(!why.words.is_empty() && why.ignored_words.iter().any(|word| word == "请问"), "{why:?}");
    assert!(why.answer_threshold > why.clarify_threshold, "{why:?}");
    let distance = reply.candidates[0].confidence - why.answer_threshold;
    assert!((why.distance_to_answer - distance).abs() < 1e-6, "{why:?}");
    let names: Vec<&str> = reply.candidates[0].features.iter().map(|share| share.name.as_str()).collect();
    assert!(names.len() > 10, "{names:?}");
    assert_eq!(why.compared_text, "怎么取消会员自动续费?");
    // 优会券 is no word of the base, and sounds like one that is.
    let request = pb::AnswerRequest {
        explain: true, ..ask(&["retail"], "就是说，怎么说呢，你听我说，优会券怎么用")
    };
    let why = clients.assist.answer(request).await.expect("a reply").into_inner().explanation.expect("an explanation");
    assert_eq!((&*why.compared_text, why.normalized_text.contains("优会券")), ("优惠券怎么用", true), "{why:?}");
}

#[tokio::test]
async fn confidence_is_a_probability_that_falls_with_rank() {
    let mut clients = demo().clients().await;
    let rows = json_lines("data/golden/retail.jsonl");
    for row in rows.iter().step_by(5) {
        let text = row["query"].as_str().expect("a question");
        let request = pb::AnswerRequest { max_candidates: 50, ..ask(&["retail", "bank"], text) };
        let reply = clients.assist.answer(request).await.expect("a reply").into_inner();
        let confidences: Vec<f32> = reply.candidates.iter().map(|candidate| candidate.confidence).collect();
        assert!(confidences.iter().all(|confidence| (0.0..=1.0).contains(confidence)), "{text}: {confidences:?}");
        assert!(confidences.is_sorted_by(|a, b| a >= b), "{text}: {confidences:?}");
        let analysis = reply.analysis.expect("an analysis");
        let sum: f32 = analysis.types.iter().map(|one| one.probability).sum();
        assert!((sum - 1.0).abs() < 1e-3, "{text}: {:?}", analysis.types);
    }
}

#[tokio::test]
async fn as_many_candidates_as_asked_for() {
    let mut clients = demo().clients().await;
    for (given, most) in [(0, 5), (1, 1), (3, 3), (50, 50)] {
        let request = pb::AnswerRequest { max_candidates: given, ..ask(&["retail"], "怎么退货退款") };
        let found = clients.assist.answer(request).await.expect("a reply").into_inner().candidates.len();
        assert!(found <= most && (found == most || most == 50), "{given}: {found}");
    }
    for wrong in [-1, 51] {
        let request = pb::AnswerRequest { max_candidates: wrong, ..ask(&["retail"], "怎么退货") };
        refusal::check(clients.assist.answer(request).await, Refusal::fields(&["max_candidates"]));
    }
}

/// The texts that the spans of a reply stand for, cut out of the message by the encoding.
fn cut(text: &str, spans: &[pb::Span], encoding: pb::OffsetEncoding) -> Vec<String> {
    let slice = |span: &pb::Span| {
        let (start, end) = (span.start as usize, span.end as usize);
        match encoding {
            pb::OffsetEncoding::Utf16 => {
                let units: Vec<u16> = text.encode_utf16().collect();
                String::from_utf16(&units[start..end]).expect("whole characters")
            }
            pb::OffsetEncoding::CodePoints => text.chars().skip(start).take(end - start).collect(),
            pb::OffsetEncoding::Utf8 | pb::OffsetEncoding::Unspecified => text[start..end].to_owned(),
        }
    };
    spans.iter().map(slice).collect()
}

fn spans(reply: &pb::AnswerResponse) -> Vec<pb::Span> {
    let analysis = reply.analysis.as_ref().expect("an analysis");
    let entities = analysis.entities.iter().map(|entity| entity.span);
    let hits = analysis.rule_hits.iter().map(|hit| hit.span);
    let signals = analysis.urgency_signals.iter().map(|signal| signal.span);
    let highlights = reply.candidates.iter().flat_map(|candidate| candidate.highlights.iter().map(|span| Some(*span)));
    entities.chain(hits).chain(signals).chain(highlights).map(|span| span.expect("a span")).collect()
}

#[tokio::test]
async fn offsets_mean_the_same_in_every_encoding() {
    let mut clients = demo().clients().await;
    let text = "😀我的訂單號是202611229988，👨‍👩‍👧電話13800138000，(tuì)退貨的運費誰承擔？我要打１２３１５";
    let mut first: Option<Vec<String>> = None;
    for encoding in [
        pb::OffsetEncoding::Unspecified,
        pb::OffsetEncoding::Utf8,
        pb::OffsetEncoding::Utf16,
        pb::OffsetEncoding::CodePoints,
    ] {
        let mut request = ask(&["retail"], text);
        request.set_offset_encoding(encoding);
        let reply = clients.assist.answer(request).await.expect("a reply").into_inner();
        let found = cut(text, &spans(&reply), encoding);
        for want in ["202611229988", "13800138000", "１２３１５"] {
            assert!(found.iter().any(|one| one == want), "{encoding:?}: {want} is not among {found:?}");
        }
        assert!(found.iter().any(|one| one.contains("運費")), "{encoding:?}: {found:?}");
        match &first {
            None => first = Some(found),
            Some(first) => assert_eq!(*first, found, "{encoding:?}"),
        }
    }
}

#[tokio::test]
async fn the_base_named_first_gives_the_policy() {
    let mut clients = demo().clients().await;
    for (bases, queues) in [(["retail", "bank"], "retail"), (["bank", "retail"], "bank")] {
        let reply = clients.assist.answer(ask(&bases, "转人工")).await.expect("a reply").into_inner();
        let sources = reply.provenance.expect("a provenance").sources;
        let names: Vec<&str> = sources.iter().map(|source| source.knowledge_base.as_str()).collect();
        assert_eq!(names, bases.map(base_name));
        assert!(reply.answer_record.starts_with(&format!("knowledgeBases/{queues}/answerRecords/")));
        let alone = clients.assist.answer(ask(&[queues], "转人工")).await.expect("a reply").into_inner();
        assert_eq!(reply.handoff, alone.handoff);
    }
}

#[tokio::test]
async fn several_bases_share_one_list_and_tighten_the_thresholds() {
    let mut clients = demo().clients().await;
    let asked = async |clients: &mut crate::harness::server::Clients, bases: &[&str], text: &str| {
        let request = pb::AnswerRequest { explain: true, ..ask(bases, text) };
        clients.assist.answer(request).await.expect("a reply").into_inner()
    };
    let text = "怎么转人工客服？几点上班？发票怎么开";
    let every = ["retail", "bank", "telecom", "electronics"];
    let one = asked(&mut clients, &["retail"], text).await;
    let all = asked(&mut clients, &every, text).await;
    let none_named = asked(&mut clients, &[], text).await;
    let threshold = |reply: &pb::AnswerResponse| reply.explanation.as_ref().expect("an explanation").answer_threshold;
    assert!(threshold(&all) > threshold(&one), "{} and {}", threshold(&all), threshold(&one));
    assert_eq!(none_named.provenance.expect("a provenance").sources.len(), 4, "none named means all");
    let bases: std::collections::BTreeSet<&str> =
        all.candidates.iter().filter_map(|candidate| candidate.article.split('/').nth(1)).collect();
    assert!(bases.len() > 1, "{bases:?}");
    // Each candidate has its own base's probability, so asking more bases changes none of them. Of several questions
    // another one may lead the list, so one is asked.
    let text = "怎么转人工客服";
    let one = asked(&mut clients, &["retail"], text).await;
    let all = asked(&mut clients, &every, text).await;
    assert!(all.candidates.iter().any(|other| one.candidates.iter().any(|same| same.article == other.article)));
    for candidate in &one.candidates {
        if let Some(same) = all.candidates.iter().find(|other| other.article == candidate.article) {
            assert_eq!(same.confidence, candidate.confidence, "{}", candidate.article);
        }
    }
}

#[tokio::test]
async fn a_base_is_named_once_and_sixteen_are_the_most() {
    let mut clients = demo().clients().await;
    let twice = clients.assist.answer(ask(&["retail", "bank", "retail"], "怎么退货")).await;
    refusal::check(twice, Refusal::fields(&["knowledge_bases[2]"]));
    let names: Vec<String> = (0..17).map(|n| format!("base-{n}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let many = clients.assist.answer(ask(&names, "怎么退货")).await;
    refusal::check(many, Refusal::fields(&["knowledge_bases"]));
    let sixteen = clients.assist.answer(ask(&names[..16], "怎么退货")).await;
    refusal::check(sixteen, Refusal::of(Code::NotFound, "KNOWLEDGE_BASE_NOT_FOUND"));
}

#[tokio::test]
async fn a_reply_says_what_it_was_made_with() {
    let mut base = Base::create(shared().clients().await, "reply-provenance").await;
    let before = base.answer("怎么退货").await.provenance.expect("a provenance");
    base.add("a", article("怎么退货", &[], "点退货。")).await;
    let after = base.answer("怎么退货").await;
    let provenance = after.provenance.expect("a provenance");
    let info =
        base.clients.server_info.get_server_info(pb::GetServerInfoRequest {}).await.expect("a reply").into_inner();
    assert_eq!((&provenance.bundle, &provenance.rules_version), (&info.bundle, &info.rules_version));
    let (before, after_source) = (&before.sources[0], &provenance.sources[0]);
    assert_eq!(after_source.store_epoch, info.store_epoch);
    assert!(after_source.index_revision > before.index_revision, "{before:?} {after_source:?}");
    assert_eq!(after_source.policy_revision, before.policy_revision, "an article is no policy");
    assert!(!after_source.generation.is_empty());
    let stages: Vec<&str> = after.timings.iter().map(|timing| timing.stage.as_str()).collect();
    for stage in ["normalize", "analyze", "complete", "decide", "compose"] {
        assert!(stages.contains(&stage), "{stages:?}");
    }
    assert!(!after.degraded && after.degraded_reasons.is_empty());
}

#[tokio::test]
async fn answers_are_those_of_the_channel_with_slots_filled() {
    let mut base = Base::create(shared().clients().await, "reply-channel").await;
    let mut order = article("我的订单什么时候到", &[], "{customer_name}，订单{order_id}明天到。");
    let answers = order.answers.as_mut().expect("answers");
    answers.email = "您的订单{order_id}预计明天送达。".to_owned();
    base.add("order", order).await;
    let mut request = base.request("我的订单什么时候到");
    request.slots.insert("customer_name".to_owned(), "王女士".to_owned());
    for (channel, text, missing) in [
        (pb::Channel::Unspecified, "王女士，订单明天到。", &["order_id"][..]),
        (pb::Channel::Im, "王女士，订单明天到。", &["order_id"]),
        // The answer for chats stands in where a channel has none.
        (pb::Channel::Phone, "王女士，订单明天到。", &["order_id"]),
        (pb::Channel::Email, "您的订单预计明天送达。", &["order_id"]),
    ] {
        request.set_channel(channel);
        let reply = base.clients.assist.answer(request.clone()).await.expect("a reply").into_inner();
        let answer = reply.answer.expect("an answer");
        assert_eq!((answer.text.as_str(), answer.missing_slots.as_slice()), (text, missing.map_owned().as_slice()));
        assert_eq!(reply.message.starts_with("尊敬的王女士："), channel == pb::Channel::Email, "{}", reply.message);
    }
    request.set_channel(pb::Channel::Im);
    request.slots.insert("order_id".to_owned(), "A1".to_owned());
    let answer = base.clients.assist.answer(request).await.expect("a reply").into_inner().answer.expect("an answer");
    assert_eq!((answer.text.as_str(), answer.missing_slots.len()), ("王女士，订单A1明天到。", 0));
}

/// Owned copies, to compare with what travelled.
trait MapOwned {
    fn map_owned(&self) -> Vec<String>;
}

impl MapOwned for &[&str] {
    fn map_owned(&self) -> Vec<String> {
        self.iter().map(|one| (*one).to_owned()).collect()
    }
}

#[tokio::test]
async fn an_answer_comes_with_questions_to_go_on_with() {
    let mut clients = demo().clients().await;
    let reply = clients.assist.answer(ask(&["retail"], "在禾邻商城怎么下单？")).await.expect("a reply").into_inner();
    let ids: Vec<&str> = reply.related_questions.iter().map(|question| id_of(&question.article)).collect();
    assert_eq!(ids[..2], ["freight-rule", "payment-failed"], "those that the article names come first");
    assert!(!ids.contains(&"order-how") && ids.len() <= 5, "{ids:?}");
}

#[tokio::test]
async fn two_questions_get_two_answers() {
    let mut base = Base::create(shared().clients().await, "reply-two").await;
    base.add("invoice", article("发票怎么开？", &["如何开发票"], "在订单页开票。")).await;
    base.add("address", article("怎么修改收货地址？", &["收货地址写错了怎么改"], "在订单页修改。")).await;
    let reply = base.answer("发票怎么开？怎么修改收货地址？").await;
    assert_eq!(reply.outcome(), pb::Outcome::Answered, "{}", reply.message);
    let first = reply.answer.expect("an answer");
    let mut ids = vec![id_of(&first.article)];
    ids.extend(reply.further_answers.iter().map(|answer| id_of(&answer.article)));
    ids.sort_unstable();
    assert_eq!(ids, ["address", "invoice"]);
    assert!(reply.message.contains("在订单页开票") && reply.message.contains("在订单页修改"), "{}", reply.message);
}

#[tokio::test]
async fn pinned_breaks_ties_and_nothing_more() {
    let mut base = Base::create(shared().clients().await, "reply-pinned").await;
    base.add("first", article("宽带怎么移机", &[], "打电话。")).await;
    let mut pinned = article("宽带怎么移机", &[], "打电话。");
    pinned.pinned = true;
    base.add("second", pinned).await;
    let mut far = article("宽带怎么续费", &[], "打电话。");
    far.pinned = true;
    base.add("third", far).await;
    assert_eq!(base.search("宽带怎么移机").await, ["second", "first", "third"]);
}

#[tokio::test]
async fn searches_find_whatever_the_thresholds() {
    let mut clients = demo().clients().await;
    let request = |text: &str, max_results| pb::SearchArticlesRequest {
        knowledge_bases: vec![base_name("telecom")],
        text: text.to_owned(),
        max_results,
        ..pb::SearchArticlesRequest::default()
    };
    let found = clients.assist.search_articles(request("流量", 0)).await.expect("a reply").into_inner();
    assert_eq!(found.candidates.len(), 10);
    assert!(found.candidates.iter().all(|candidate| candidate.features.is_empty()));
    assert_eq!(found.provenance.expect("a provenance").sources.len(), 1);
    let explained = pb::SearchArticlesRequest { explain: true, ..request("流量", 2) };
    let explained = clients.assist.search_articles(explained).await.expect("a reply").into_inner();
    assert_eq!(explained.candidates.len(), 2);
    assert!(explained.candidates.iter().all(|candidate| !candidate.features.is_empty()));
    refusal::check(clients.assist.search_articles(request("", 0)).await, Refusal::fields(&["text"]));
    refusal::check(clients.assist.search_articles(request("流量", 51)).await, Refusal::fields(&["max_results"]));
    let mut nowhere = request("流量", 1);
    nowhere.knowledge_bases = vec![base_name("nowhere")];
    let refused = clients.assist.search_articles(nowhere).await;
    refusal::check(refused, Refusal::of(Code::NotFound, "KNOWLEDGE_BASE_NOT_FOUND"));
}
