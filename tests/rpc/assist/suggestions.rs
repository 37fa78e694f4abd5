//! Ready replies for agents.

use yingda::rpc::pb;

use crate::harness::{
    refusal::{self, Refusal},
    sample::{Base, article, base_name, id_of},
    server::{demo, shared},
};

fn request(base: &str, text: &str) -> pb::SuggestRequest {
    pb::SuggestRequest {
        knowledge_bases: vec![base_name(base)],
        text: text.to_owned(),
        ..pb::SuggestRequest::default()
    }
}

#[tokio::test]
async fn suggestions_are_ready_to_send() {
    let mut base = Base::create(shared().clients().await, "suggest-ready").await;
    base.add("refund", article("退款多久到账", &[], "{customer_name}，退款三天到账，单号{order_id}。")).await;
    let mut request = request("suggest-ready", "退款多久到账");
    request.consistency_tokens.push(base.token.clone());
    request.slots.insert("customer_name".to_owned(), "李先生".to_owned());
    let reply = base.clients.assist.suggest(request).await.expect("a reply").into_inner();
    let best = &reply.suggestions[0];
    assert_eq!(best.text, "李先生，退款三天到账，单号。");
    assert_eq!(best.missing_slots, ["order_id"]);
    assert!(best.above_threshold);
    assert_eq!(best.candidate.as_ref().map(|candidate| id_of(&candidate.article)), Some("refund"));
    assert_eq!(reply.bot_outcome(), pb::Outcome::Answered);
    assert!(reply.answer_record.starts_with("knowledgeBases/suggest-ready/answerRecords/"));
    let analysis = reply.analysis.expect("an analysis");
    assert!(analysis.routing.is_some() && analysis.follow_up.is_some());
}

#[tokio::test]
async fn suggestions_come_whatever_the_threshold_of_the_bot() {
    let mut clients = demo().clients().await;
    let reply = clients.assist.suggest(request("retail", "退货")).await.expect("a reply").into_inner();
    assert_eq!(reply.suggestions.len(), 3);
    let best = reply.suggestions.iter().filter(|suggestion| suggestion.above_threshold).count();
    assert!(best <= 1, "the bot answers with one article at most");
    for (given, most) in [(1, 1), (20, 20)] {
        let asked = pb::SuggestRequest { max_suggestions: given, ..request("retail", "怎么退货") };
        let reply = clients.assist.suggest(asked).await.expect("a reply").into_inner();
        assert!((1..=most).contains(&reply.suggestions.len()), "{given}: {}", reply.suggestions.len());
    }
    for wrong in [-1, 21] {
        let asked = pb::SuggestRequest { max_suggestions: wrong, ..request("retail", "怎么退货") };
        refusal::check(clients.assist.suggest(asked).await, Refusal::fields(&["max_suggestions"]));
    }
    refusal::check(clients.assist.suggest(request("retail", " ")).await, Refusal::fields(&["text"]));
}

#[tokio::test]
async fn a_complaint_is_suggested_for_too() {
    let mut clients = demo().clients().await;
    let asked = pb::SuggestRequest { explain: true, ..request("retail", "我要投诉！退款怎么还没到账") };
    let reply = clients.assist.suggest(asked).await.expect("a reply").into_inner();
    assert_eq!(reply.bot_outcome(), pb::Outcome::Handoff);
    assert!(!reply.suggestions.is_empty() && reply.explanation.is_some());
}

#[tokio::test]
async fn agents_see_what_is_theirs() {
    let mut clients = demo().clients().await;
    let internal = "agent-compensation-authority";
    let question = "客服安抚补偿的权限和额度是多少？";
    let reply = clients.assist.suggest(request("retail", question)).await.expect("a reply").into_inner();
    let names = |reply: &pb::SuggestResponse| -> Vec<String> {
        let candidates = reply.suggestions.iter().filter_map(|suggestion| suggestion.candidate.as_ref());
        candidates.map(|candidate| id_of(&candidate.article).to_owned()).collect()
    };
    assert_eq!(names(&reply)[0], internal);
    let asked = crate::harness::sample::ask(&["retail"], question);
    let bot = clients.assist.answer(asked).await.expect("a reply").into_inner();
    assert!(bot.candidates.iter().all(|candidate| id_of(&candidate.article) != internal), "not for customers");
    assert!(!bot.message.contains("【内部】"));
}
