//! What may be shown to whom and when, and how soon an edit is seen.

use std::time::{Duration, Instant};

use tonic::Code;
use yingda::rpc::pb;

use crate::harness::{
    MOMENT, on_wire,
    refusal::{self, Refusal},
    sample::{Base, article, article_name, base_name},
    server::{Running, Setup, shared},
};

const QUESTION: &str = "企业团购怎么报名";

#[tokio::test]
async fn only_active_articles_answer() {
    let mut base = Base::create(shared().clients().await, "visible-state").await;
    base.add("a", article(QUESTION, &[], "找客户经理。")).await;
    for (state, is_visible) in [
        (pb::ArticleState::Active, true),
        (pb::ArticleState::Draft, false),
        (pb::ArticleState::InReview, false),
        (pb::ArticleState::Disabled, false),
        (pb::ArticleState::Active, true),
    ] {
        let mut change = pb::Article { name: article_name("visible-state", "a"), ..pb::Article::default() };
        change.set_state(state);
        base.update(change, &["state"]).await;
        assert_eq!(base.search(QUESTION).await.len(), usize::from(is_visible), "{state:?}");
        assert_eq!(base.answer(QUESTION).await.answer.is_some(), is_visible, "{state:?}");
    }
}

#[tokio::test]
async fn articles_come_and_go_with_the_clock() {
    let server = Running::start(&Setup::default());
    let mut base = Base::create(server.clients().await, "visible-time").await;
    let mut campaign = article(QUESTION, &[], "报名从今天开始。");
    let at = |minutes: i64| MOMENT.plus_minutes(minutes);
    campaign.effective_time = Some(on_wire(at(10)));
    campaign.expire_time = Some(on_wire(at(20)));
    base.add("a", campaign).await;
    for (minutes, is_visible) in [(0, false), (9, false), (10, true), (19, true), (20, false), (500, false)] {
        server.clock.set(at(minutes));
        let reply = base.answer(QUESTION).await;
        assert_eq!(reply.answer.is_some(), is_visible, "after {minutes} minutes");
        if !is_visible {
            assert_eq!(reply.no_answer_reason(), pb::NoAnswerReason::Expired, "after {minutes} minutes");
        }
    }
    let mut request = base.request(QUESTION);
    request.explain = true;
    let reply = base.clients.assist.answer(request).await.expect("a reply").into_inner();
    let filtered = reply.explanation.expect("an explanation").filtered;
    assert_eq!(
        (filtered[0].article.as_str(), filtered[0].reason.as_str()),
        (article_name("visible-time", "a").as_str(), "validity")
    );
}

#[tokio::test]
async fn channels_and_audiences_are_kept_apart() {
    let mut base = Base::create(shared().clients().await, "visible-who").await;
    let mut mail = article(QUESTION, &[], "回信即可。");
    mail.channels = vec![pb::Channel::Email.into()];
    base.add("mail", mail).await;
    let mut agents = article("企业团购怎么报名登记", &[], "内部。");
    agents.audiences = vec![pb::Audience::Agent.into()];
    base.add("agents", agents).await;
    for (channel, audience, want) in [
        (pb::Channel::Im, pb::Audience::Bot, &[][..]),
        (pb::Channel::Email, pb::Audience::Bot, &["mail"]),
        (pb::Channel::Phone, pb::Audience::Agent, &["agents"]),
        (pb::Channel::Email, pb::Audience::Agent, &["mail", "agents"]),
        (pb::Channel::Unspecified, pb::Audience::Unspecified, &[]),
    ] {
        let request = pb::SearchArticlesRequest {
            knowledge_bases: vec![base.name.clone()],
            text: QUESTION.to_owned(),
            channel: channel.into(),
            audience: audience.into(),
            consistency_tokens: vec![base.token.clone()],
            ..pb::SearchArticlesRequest::default()
        };
        let found = base.clients.assist.search_articles(request).await.expect("a reply").into_inner();
        let names: Vec<&str> = found.candidates.iter().map(|candidate| candidate.article.as_str()).collect();
        let want: Vec<String> = want.iter().map(|id| article_name("visible-who", id)).collect();
        assert_eq!(names, want, "{channel:?} {audience:?}");
    }
}

#[tokio::test]
async fn an_edit_is_seen_at_once_with_its_token() {
    let mut base = Base::create(shared().clients().await, "visible-token").await;
    base.add("a", article("零号问题怎么办", &[], "零")).await;
    for (number, word) in ["壹", "贰", "叁", "肆", "伍", "陆", "柒", "捌", "玖", "拾"].into_iter().enumerate()
    {
        let question = format!("{word}号问题怎么办");
        let change = pb::Article { name: article_name("visible-token", "a"), ..article(&question, &[], word) };
        base.update(change, &["standard_question", "answers"]).await;
        let reply = base.answer(&question).await;
        assert_eq!(reply.answer.map(|answer| answer.text).as_deref(), Some(word), "edit {number}");
    }
    base.delete("a").await;
    assert_eq!(base.answer("拾号问题怎么办").await.answer, None);
}

#[tokio::test]
async fn an_edit_is_seen_soon_without_a_token() {
    let mut base = Base::create(shared().clients().await, "visible-soon").await;
    base.add("a", article(QUESTION, &[], "找客户经理。")).await;
    let since = Instant::now();
    let mut request = base.request(QUESTION);
    request.consistency_tokens.clear();
    loop {
        let reply = base.clients.assist.answer(request.clone()).await;
        // Before the new base is loaded it is not known.
        match reply {
            Ok(reply) if reply.get_ref().answer.is_some() => break,
            Ok(_) => {}
            Err(status) => assert_eq!(status.code(), Code::NotFound, "{status:?}"),
        }
        assert!(since.elapsed() < Duration::from_secs(20), "the edit is never seen");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn a_deleted_base_answers_no_more() {
    let mut base = Base::create(shared().clients().await, "visible-gone").await;
    base.add("a", article(QUESTION, &[], "找客户经理。")).await;
    assert!(base.answer(QUESTION).await.answer.is_some());
    let request = pb::DeleteKnowledgeBaseRequest { name: base_name("visible-gone"), force: true, ..Default::default() };
    base.clients.knowledge.delete_knowledge_base(request).await.expect("a deletion");
    let since = Instant::now();
    let mut request = base.request(QUESTION);
    request.consistency_tokens.clear();
    loop {
        match base.clients.assist.answer(request.clone()).await {
            Err(status) => {
                refusal::check_status(&status, Refusal::of(Code::NotFound, "KNOWLEDGE_BASE_NOT_FOUND"));
                return;
            }
            Ok(_) => assert!(since.elapsed() < Duration::from_secs(20), "the base never goes"),
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn a_base_made_anew_holds_nothing_of_the_old_one() {
    let mut base = Base::create(shared().clients().await, "visible-anew").await;
    base.add("a", article(QUESTION, &[], "旧的。")).await;
    assert!(base.answer(QUESTION).await.answer.is_some());
    let request = pb::DeleteKnowledgeBaseRequest { name: base.name.clone(), force: true, ..Default::default() };
    base.clients.knowledge.delete_knowledge_base(request).await.expect("a deletion");
    let mut anew = Base::create(base.clients, "visible-anew").await;
    assert_eq!(anew.search(QUESTION).await, [""; 0]);
    anew.add("b", article(QUESTION, &[], "新的。")).await;
    assert_eq!(anew.search(QUESTION).await, ["b"]);
}
