//! What is decided for a message, and why where there is no answer.

use tonic::Code;
use yingda::{
    assist::{self, Ask},
    domain::{Inquiry, NoAnswerReason, Outcome, Timestamp},
    rpc::pb,
};

use crate::harness::{
    MOMENT, on_wire,
    refusal::{self, Refusal},
    sample::{Base, article, ask, id_of},
    server::{demo, shared},
};

/// A policy that never answers and hands nothing off: whatever is found stays below it.
fn never() -> pb::Policy {
    let thresholds = pb::Thresholds { answer: Some(1.0), clarify: Some(1.0), abstain: None };
    let handoff = Some(pb::HandoffTriggers::default());
    pb::Policy { thresholds: Some(thresholds), handoff, ..pb::Policy::default() }
}

/// Asks a demo base and looks at the outcome alone.
async fn check(base: &str, text: &str, want: pb::Outcome) -> pb::AnswerResponse {
    let mut clients = demo().clients().await;
    let reply = clients.assist.answer(ask(&[base], text)).await.expect("a reply").into_inner();
    assert_eq!(reply.outcome(), want, "{text}: {}", reply.message);
    assert!(!reply.message.trim().is_empty(), "{text}: there is always something to show");
    reply
}

/// Asks a base and looks at the reason for the no.
async fn check_no(base: &mut Base, text: &str, want: pb::NoAnswerReason) {
    let reply = base.answer(text).await;
    assert_eq!(reply.outcome(), pb::Outcome::NoAnswer, "{text}: {}", reply.message);
    assert_eq!(reply.no_answer_reason(), want, "{text}");
    assert!(reply.answer.is_none() && reply.handoff.is_none() && reply.clarify_options.is_empty(), "{text}");
    assert!(!reply.message.is_empty(), "{text}");
}

#[tokio::test]
async fn questions_that_stand_in_a_base_are_answered() {
    for (base, text, article) in [
        ("retail", "怎么查我的快递到哪了？", "track-parcel"),
        ("retail", "运费怎么算，满多少包邮？", "freight-rule"),
        ("electronics", "怎么申请寄修？", "mail-in-repair"),
        ("electronics", "怎么备份手机数据？", "data-backup"),
        ("telecom", "怎么开通国际漫游？", "roaming-open"),
        ("telecom", "怎么关闭国际漫游？", "roaming-close"),
        ("bank", "怎么存定期，起存金额和利率是多少？", "fixed-deposit-open"),
        ("bank", "怎么开存款证明？", "deposit-proof"),
    ] {
        let reply = check(base, text, pb::Outcome::Answered).await;
        let answer = reply.answer.expect("an answer");
        assert_eq!(id_of(&answer.article), article, "{text}");
        assert!(answer.article_revision > 0 && answer.confidence > 0.5, "{text}: {answer:?}");
        assert!(reply.message.contains(&answer.text), "{text}");
        assert_eq!(reply.candidates[0].article, answer.article, "{text}");
        assert_eq!(reply.candidates[0].match_type(), pb::MatchType::Exact, "{text}");
        assert_eq!(reply.no_answer_reason, 0, "{text}");
    }
}

#[tokio::test]
async fn other_scripts_widths_and_courtesies_find_the_same_article() {
    for text in ["怎麼查我的快遞到哪了？", "怎么查我的快递到哪了???😭😭", "请问怎么查我的快递到哪了，谢谢"]
    {
        let reply = check("retail", text, pb::Outcome::Answered).await;
        assert_eq!(id_of(&reply.answer.expect("an answer").article), "track-parcel", "{text}");
    }
}

#[tokio::test]
async fn small_talk_is_recognized_before_retrieval() {
    for (text, intent) in [
        ("你好", "greeting"),
        ("谢谢啦", "thanks"),
        ("好的，谢谢", "thanks"),
        ("再见", "farewell"),
        ("你是机器人吗", "identity"),
    ] {
        let reply = check("retail", text, pb::Outcome::SmallTalk).await;
        assert_eq!(reply.small_talk_intent, intent, "{text}");
        assert!(!reply.popular_questions.is_empty(), "{text}: an opening offers questions to go on with");
    }
    let greeting = check("retail", "您好", pb::Outcome::SmallTalk).await.message;
    assert!(greeting.contains("禾邻商城"), "the base has a greeting of its own: {greeting}");
}

#[tokio::test]
async fn opening_questions_are_those_of_the_policy() {
    let reply = check("retail", "你好", pb::Outcome::SmallTalk).await;
    let ids: Vec<&str> = reply.popular_questions.iter().map(|question| id_of(&question.article)).collect();
    assert_eq!(ids[..3], ["track-parcel", "return-process", "refund-overdue"]);
}

#[tokio::test]
async fn two_articles_as_likely_are_offered() {
    let mut base = Base::create(shared().clients().await, "outcome-clarify").await;
    base.add("phone", article("怎么办理换机？", &[], "请到网点。")).await;
    base.add("card", article("怎么办理换机？", &[], "请到网点。")).await;
    let reply = base.answer("怎么办理换机").await;
    assert_eq!(reply.outcome(), pb::Outcome::Clarify, "{reply:?}");
    let mut ids: Vec<&str> = reply.clarify_options.iter().map(|option| id_of(&option.article)).collect();
    ids.sort_unstable();
    assert_eq!(ids, ["card", "phone"]);
    for option in &reply.clarify_options {
        assert!(!option.answer.is_empty(), "a click needs no second call");
        assert!(reply.message.contains(&option.question));
    }
    assert!(reply.answer.is_none());
}

#[tokio::test]
async fn sensitive_words_and_abuse_are_blocked() {
    let policy = pb::Policy { sensitive_words: vec!["代开发票".to_owned()], ..pb::Policy::default() };
    let mut base = Base::create_with(shared().clients().await, "outcome-blocked", policy).await;
    base.add("fake", article("怎么办理代开发票？", &[], "不应该出现。")).await;
    for text in ["怎么办理代开发票？", "怎麼辦理代開發票？", "客服你去死吧"] {
        let reply = base.answer(text).await;
        assert_eq!(reply.outcome(), pb::Outcome::Blocked, "{text}");
        assert!(reply.answer.is_none() && !reply.message.contains("不应该出现"), "{text}");
    }
    base.set_policy(pb::Policy::default(), &["policy.sensitive_words"]).await;
    assert_eq!(base.answer("怎么办理代开发票？").await.outcome(), pb::Outcome::Answered, "a policy is data");
}

#[tokio::test]
async fn every_no_has_its_reason() {
    use pb::NoAnswerReason as Reason;
    let mut base = Base::create_with(shared().clients().await, "outcome-no", never()).await;
    base.add("refund", article("退款多久能够到账", &["退款几天到卡里"], "三天。")).await;
    let mut negated = article("积分怎么兑换礼品", &[], "在会员页兑换。");
    negated.negative_questions.push("积分兑换的礼品坏了找谁".to_owned());
    base.add("points", negated).await;
    base.add("renew", article("怎么开通自动续费？", &[], "点开通。")).await;
    check_no(&mut base, "！！！", Reason::Empty).await;
    check_no(&mut base, "😀😀", Reason::Empty).await;
    check_no(&mut base, "退款多久能够到账", Reason::BelowThreshold).await;
    check_no(&mut base, "积分兑换的礼品坏了找谁", Reason::NegativeQuestion).await;
    check_no(&mut base, "怎么关闭自动续费？", Reason::PolarityConflict).await;
    check_no(&mut base, "怎么学弹钢琴", Reason::OutOfScope).await;
}

#[tokio::test]
async fn what_matches_and_may_not_be_shown_is_told_apart() {
    let mut base = Base::create_with(shared().clients().await, "outcome-draft", never()).await;
    let mut draft = article("屏幕碎屏险咋购买", &[], "尚未审核。");
    draft.set_state(pb::ArticleState::Draft);
    base.add("draft", draft).await;
    check_no(&mut base, "屏幕碎屏险咋购买", pb::NoAnswerReason::FilteredOut).await;
    let mut base = Base::create_with(base.clients, "outcome-expired", never()).await;
    let mut expired = article("端午粽子券哪里领", &[], "已经结束。");
    expired.expire_time = Some(on_wire(Timestamp(MOMENT.0 - 1)));
    base.add("expired", expired).await;
    check_no(&mut base, "端午粽子券哪里领", pb::NoAnswerReason::Expired).await;
}

#[tokio::test]
async fn likely_rivals_make_a_no_ambiguous_and_particles_alone_say_nothing() {
    let mut base = Base::create_with(shared().clients().await, "outcome-ambiguous", never()).await;
    base.add("a", article("宽带怎么移机？", &[], "甲")).await;
    base.add("b", article("宽带怎么移机？", &[], "乙")).await;
    check_no(&mut base, "宽带怎么移机", pb::NoAnswerReason::Ambiguous).await;
    check_no(&mut base, "就是那个吗", pb::NoAnswerReason::AllStopWords).await;
}

#[tokio::test]
async fn a_base_without_articles_says_no() {
    let mut base = Base::create(shared().clients().await, "outcome-empty").await;
    check_no(&mut base, "怎么修改收货地址", pb::NoAnswerReason::NoCandidate).await;
}

#[tokio::test]
async fn misses_in_a_row_bring_a_human() {
    let mut base = Base::create_with(shared().clients().await, "outcome-repeated", never()).await;
    base.add("a", article("宽带怎么移机？", &[], "甲")).await;
    let miss = base.answer("电视机怎么挂墙").await;
    assert_eq!(miss.outcome(), pb::Outcome::NoAnswer);
    let turn = |speaker: pb::Speaker, text: &str| pb::Turn { speaker: speaker.into(), text: text.to_owned() };
    let mut request = base.request("那到底怎么挂到墙上");
    for _ in 0..2 {
        request.history.push(turn(pb::Speaker::Customer, "电视机怎么挂墙"));
        request.history.push(turn(pb::Speaker::Bot, &miss.message));
    }
    let reply = base.clients.assist.answer(request).await.expect("a reply").into_inner();
    assert_eq!(reply.outcome(), pb::Outcome::Handoff, "{}", reply.message);
    assert_eq!(reply.handoff.expect("a handoff").reason(), pb::HandoffReason::RepeatedFailure);
}

#[tokio::test]
async fn a_policy_may_hand_off_what_has_no_answer() {
    let mut base = Base::create_with(shared().clients().await, "outcome-trigger", never()).await;
    let triggers = pb::HandoffTriggers { complaints: true, urgent: true, no_answer: true };
    base.set_policy(pb::Policy { handoff: Some(triggers), ..never() }, &["policy.handoff"]).await;
    let reply = base.answer("怎么修改收货地址").await;
    assert_eq!(reply.outcome(), pb::Outcome::Handoff, "{}", reply.message);
    assert_eq!(reply.handoff.expect("a handoff").reason(), pb::HandoffReason::NoAnswer);
}

#[tokio::test]
async fn a_leaning_message_is_completed_from_the_conversation() {
    let mut clients = demo().clients().await;
    let turn = |speaker: pb::Speaker, text: &str| pb::Turn { speaker: speaker.into(), text: text.to_owned() };
    let mut request = ask(&["retail"], "那运费呢");
    request.history = vec![turn(pb::Speaker::Customer, "怎么退货"), turn(pb::Speaker::Bot, "点退货就行。")];
    let reply = clients.assist.answer(request).await.expect("a reply").into_inner();
    assert_eq!(reply.effective_query, "退货运费");
    assert!(reply.candidates.iter().any(|one| id_of(&one.article) == "return-freight-who-pays"), "{reply:?}");
    let alone = clients.assist.answer(ask(&["retail"], "那运费呢")).await.expect("a reply").into_inner();
    assert_eq!(alone.effective_query, "那运费呢");
}

#[tokio::test]
async fn a_deadline_that_has_passed_still_gives_a_reply() {
    let inquiry = Inquiry::im("怎么查我的快递到哪了？");
    let retail = [yingda::domain::KnowledgeBaseId::try_new("retail").expect("an id")];
    let ask = Ask {
        inquiry: &inquiry,
        knowledge_bases: &retail,
        now: MOMENT,
        deadline: Some(std::time::Instant::now()),
        max_candidates: 5,
        explain: false,
    };
    let reply = assist::answer(&demo().app.live.load(), &ask).expect("a reply");
    assert_eq!((reply.outcome, reply.no_answer_reason), (Outcome::NoAnswer, Some(NoAnswerReason::Deadline)));
    assert_eq!(reply.degraded, ["deadline:retrieve"]);
}

#[tokio::test]
async fn what_cannot_be_asked_is_refused() {
    let mut clients = demo().clients().await;
    for text in ["", " ", "\u{3000}\n\t"] {
        refusal::check(clients.assist.answer(ask(&["retail"], text)).await, Refusal::fields(&["text"]));
    }
    let unknown = clients.assist.answer(ask(&["retail", "nowhere"], "你好")).await;
    refusal::check(unknown, Refusal::of(Code::NotFound, "KNOWLEDGE_BASE_NOT_FOUND"));
    let mut malformed = ask(&[], "你好");
    malformed.knowledge_bases = vec!["retail".to_owned()];
    refusal::check(clients.assist.answer(malformed).await, Refusal::fields(&["knowledge_bases[0]"]));
}
