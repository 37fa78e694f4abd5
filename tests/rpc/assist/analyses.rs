//! What is understood of a message: one at a time and many at once.

use tonic::Code;
use yingda::rpc::pb;

use crate::harness::{
    json_lines,
    refusal::{self, Refusal},
    sample::base_name,
    server::demo,
};

fn request(text: &str) -> pb::AnalyzeRequest {
    pb::AnalyzeRequest { knowledge_base: base_name("retail"), text: text.to_owned(), ..pb::AnalyzeRequest::default() }
}

fn batch(texts: Vec<String>) -> pb::BatchAnalyzeRequest {
    pb::BatchAnalyzeRequest { knowledge_base: base_name("retail"), texts, ..pb::BatchAnalyzeRequest::default() }
}

fn texts(num: usize) -> Vec<String> {
    let rows = json_lines("data/messages/test.jsonl");
    rows.iter().cycle().take(num).map(|row| row["text"].as_str().expect("a text").to_owned()).collect()
}

#[tokio::test]
async fn a_batch_says_what_single_calls_say() {
    let mut clients = demo().clients().await;
    // Both sides of the size from which on a batch leaves the async threads.
    for num in [1, 40, 200] {
        let texts = texts(num);
        let reply = clients.assist.batch_analyze(batch(texts.clone())).await.expect("a reply").into_inner();
        assert_eq!(reply.analyses.len(), num);
        for (text, analysis) in texts.iter().zip(&reply.analyses) {
            let single = clients.assist.analyze(request(text)).await.expect("a reply").into_inner();
            assert_eq!(single.analysis.as_ref(), Some(analysis), "{text}");
            assert_eq!((&single.bundle, &single.rules_version), (&reply.bundle, &reply.rules_version));
        }
    }
}

#[tokio::test]
async fn an_answer_analyzes_as_analyze_does() {
    let mut clients = demo().clients().await;
    for text in ["我要投诉你们的快递员", "建议你们增加夜间配送", "手机充不进电了，急用！", "你好"]
    {
        let single = clients.assist.analyze(request(text)).await.expect("a reply").into_inner();
        let asked = crate::harness::sample::ask(&["retail"], text);
        let answer = clients.assist.answer(asked).await.expect("a reply").into_inner();
        assert_eq!(single.analysis, answer.analysis, "{text}");
    }
}

#[tokio::test]
async fn labels_are_of_the_label_set_with_probabilities() {
    let mut clients = demo().clients().await;
    let info = clients.server_info.get_server_info(pb::GetServerInfoRequest {}).await.expect("a reply").into_inner();
    let labels = info.label_set.expect("a label set");
    let reply = clients.assist.batch_analyze(batch(texts(150))).await.expect("a reply").into_inner();
    for analysis in reply.analyses {
        assert_eq!(analysis.types.len(), 4);
        let mut kinds: Vec<i32> = analysis.types.iter().map(|one| one.r#type).collect();
        kinds.sort_unstable();
        assert_eq!(kinds, [1, 2, 3, 4], "each type once, none unspecified");
        assert!(analysis.types.is_sorted_by(|a, b| a.probability >= b.probability), "{:?}", analysis.types);
        assert!(analysis.domains.iter().all(|one| labels.domains.contains(&one.label)), "{:?}", analysis.domains);
        let (urgency, sentiment) = (analysis.urgency.expect("an urgency"), analysis.sentiment.expect("a sentiment"));
        assert!(urgency.urgency != 0 && sentiment.sentiment != 0);
        let probabilities =
            analysis.types.iter().map(|one| one.probability).chain([urgency.probability, sentiment.probability]);
        assert!(
            probabilities.chain(analysis.domains.iter().map(|one| one.probability)).all(|p| (0.0..=1.0).contains(&p))
        );
        assert!(analysis.routing.is_some() && analysis.follow_up.is_some() && analysis.model_urgency.is_some());
    }
}

#[tokio::test]
async fn entities_are_in_canonical_form() {
    let mut clients = demo().clients().await;
    let text = "订单号 123456789012，138 0013 8000 联系我，付了1,299.50元，邮箱wang@example.com";
    let reply = clients.assist.analyze(request(text)).await.expect("a reply").into_inner();
    let entities = reply.analysis.expect("an analysis").entities;
    for (kind, value) in [("phone", "13800138000"), ("money", "1299.5"), ("email", "wang@example.com")] {
        let found = entities.iter().find(|entity| entity.kind == kind);
        assert_eq!(found.map(|entity| entity.value.as_str()), Some(value), "{kind}: {entities:?}");
    }
}

#[tokio::test]
async fn rules_are_named_with_what_they_changed() {
    let mut clients = demo().clients().await;
    let text = "阳台的充电器冒烟了，我要投诉";
    let reply = clients.assist.analyze(request(text)).await.expect("a reply").into_inner();
    let analysis = reply.analysis.expect("an analysis");
    let fire = analysis.rule_hits.iter().find(|hit| hit.rule_id == "safety.fire").expect("the rule fires");
    let span = fire.span.expect("a span");
    assert_eq!(&text[span.start as usize..span.end as usize], "冒烟");
    assert_eq!(fire.effect, "raise_urgency:urgent");
    assert!(analysis.urgency_signals.iter().any(|signal| signal.rule_id == "safety.fire"));
    assert_eq!(analysis.urgency.expect("an urgency").urgency(), pb::Urgency::Urgent);
    assert_eq!(analysis.types[0].r#type(), pb::InquiryType::Complaint);
}

#[tokio::test]
async fn a_number_within_a_number_is_no_threat() {
    let mut clients = demo().clients().await;
    for text in
        ["订单号123456789012，帮我查一下物流", "我的运单SF1231512378什么时候到", "手机号13151234512可以收短信吗"]
    {
        let reply = clients.assist.analyze(request(text)).await.expect("a reply").into_inner();
        let analysis = reply.analysis.expect("an analysis");
        let mut kinds = analysis.urgency_signals.iter().map(pb::UrgencySignal::kind);
        assert!(kinds.all(|kind| kind == pb::SignalKind::Head), "{text}: {:?}", analysis.urgency_signals);
    }
    let reply = clients.assist.analyze(request("我要打12315投诉")).await.expect("a reply").into_inner();
    let signals = reply.analysis.expect("an analysis").urgency_signals;
    assert!(signals.iter().any(|signal| signal.kind() == pb::SignalKind::LegalOrMediaThreat), "{signals:?}");
}

#[tokio::test]
async fn no_base_means_the_default_policy() {
    let mut clients = demo().clients().await;
    let plain = pb::AnalyzeRequest { knowledge_base: String::new(), ..request("快递三天没动了") };
    let reply = clients.assist.analyze(plain).await.expect("a reply").into_inner();
    assert_eq!(reply.analysis.expect("an analysis").routing.expect("a routing").queue, "general");
    let nowhere = pb::AnalyzeRequest { knowledge_base: base_name("nowhere"), ..request("你好") };
    let refused = clients.assist.analyze(nowhere).await;
    refusal::check(refused, Refusal::of(Code::NotFound, "KNOWLEDGE_BASE_NOT_FOUND"));
    let malformed = pb::AnalyzeRequest { knowledge_base: "retail".to_owned(), ..request("你好") };
    refusal::check(clients.assist.analyze(malformed).await, Refusal::fields(&["knowledge_base"]));
}

#[tokio::test]
async fn due_times_follow_the_channel() {
    let mut clients = demo().clients().await;
    let mut respond_by = async |channel: pb::Channel| {
        let mut request = request("发票抬头写错了可以改吗");
        request.set_channel(channel);
        let reply = clients.assist.analyze(request).await.expect("a reply").into_inner();
        reply.analysis.expect("an analysis").follow_up.expect("a plan").respond_by.expect("a moment").seconds
    };
    let (chat, mail) = (respond_by(pb::Channel::Im).await, respond_by(pb::Channel::Email).await);
    assert!(chat < mail, "chat by {chat}, mail by {mail}");
    assert_eq!(chat, respond_by(pb::Channel::Unspecified).await);
}

#[tokio::test]
async fn batches_have_limits() {
    let mut clients = demo().clients().await;
    let full = clients.assist.batch_analyze(batch(vec!["怎么退货".to_owned(); 1_000])).await;
    assert_eq!(full.expect("a thousand are allowed").into_inner().analyses.len(), 1_000);
    let many = clients.assist.batch_analyze(batch(vec!["怎么退货".to_owned(); 1_001])).await;
    refusal::check(many, Refusal::fields(&["texts"]));
    refusal::check(clients.assist.batch_analyze(batch(Vec::new())).await, Refusal::fields(&["texts"]));
    let mixed = vec!["怎么退货".to_owned(), " ".to_owned(), "退".repeat(2_001)];
    refusal::check(clients.assist.batch_analyze(batch(mixed)).await, Refusal::fields(&["texts[1]", "texts[2]"]));
}
