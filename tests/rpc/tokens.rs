//! Consistency tokens: what a write returns, and a read waits for.

use std::time::{Duration, Instant};

use tonic::{Code, Request};
use tonic_types::StatusExt;
use yingda::rpc::pb;

use crate::harness::{
    refusal::{self, Refusal},
    sample::{Base, article},
    server::{Running, Setup, shared},
};

/// Flips what a token says of the revision, and makes its checksum fit again.
fn with_revision(token: &str, revision: u64) -> String {
    use sha2::{Digest, Sha256};
    let mut bytes: Vec<u8> = (0..token.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&token[at..at + 2], 16).expect("hexadecimal"))
        .collect();
    let body = bytes.len() - 4;
    bytes[body - 8..body].copy_from_slice(&revision.to_be_bytes());
    let sum = Sha256::digest(&bytes[..body]);
    bytes[body..].copy_from_slice(&sum[..4]);
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[tokio::test]
async fn a_token_of_the_future_is_unavailable_when_its_patience_ends() {
    let mut base = Base::create(shared().clients().await, "token-future").await;
    base.add("a", article("怎么退货", &[], "点退货。")).await;
    base.search("怎么退货").await;
    base.token = with_revision(&base.token, 1_000_000);
    let not_yet = Refusal::of(Code::Unavailable, "WRITE_NOT_YET_VISIBLE");
    // Two seconds where the caller names no deadline, else its own.
    for (timeout, least, most) in [(None, 1_500, 20_000), (Some(10_000), 8_000, 30_000), (Some(3_000), 1_500, 3_000)] {
        let mut request = Request::new(base.request("怎么退货"));
        if let Some(millis) = timeout {
            request.set_timeout(Duration::from_millis(millis));
        }
        let since = Instant::now();
        let status = base.clients.assist.answer(request).await.expect_err("it never comes");
        let waited = since.elapsed().as_millis();
        assert!((least..=most).contains(&waited), "{timeout:?}: {waited} ms");
        refusal::check_status(&status, not_yet);
        let hint = status.get_error_details().retry_info().and_then(|info| info.retry_delay);
        assert!(hint.is_some_and(|delay| !delay.is_zero()), "{status:?}");
    }
}

#[tokio::test]
async fn a_token_of_another_store_is_a_failed_precondition() {
    let other = Running::start(&Setup::default());
    let foreign = Base::create(other.clients().await, "token-epoch").await.token;
    let mut base = Base::create(shared().clients().await, "token-epoch").await;
    base.token = foreign;
    let other_epoch = Refusal::of(Code::FailedPrecondition, "CONSISTENCY_TOKEN_OTHER_EPOCH");
    let request = base.request("怎么退货");
    refusal::check(base.clients.assist.answer(request).await, other_epoch);
    let search = pb::SearchArticlesRequest {
        text: "怎么退货".to_owned(),
        consistency_tokens: vec![base.token.clone()],
        ..Default::default()
    };
    refusal::check(base.clients.assist.search_articles(search).await, other_epoch);
    let suggest = pb::SuggestRequest {
        text: "怎么退货".to_owned(),
        consistency_tokens: vec![base.token.clone()],
        ..Default::default()
    };
    refusal::check(base.clients.assist.suggest(suggest).await, other_epoch);
}

#[tokio::test]
async fn what_is_no_token_is_refused_by_its_place() {
    let mut base = Base::create(shared().clients().await, "token-wrong").await;
    let good = base.token.clone();
    for wrong in ["", "nonsense", &good[2..], &good[..good.len() - 2], &good.to_uppercase()] {
        let mut request = base.request("怎么退货");
        request.consistency_tokens = vec![good.clone(), wrong.to_owned()];
        refusal::check(base.clients.assist.answer(request).await, Refusal::fields(&["consistency_tokens[1]"]));
    }
    let mut request = base.request("怎么退货");
    request.consistency_tokens = vec![good; 17];
    refusal::check(base.clients.assist.answer(request).await, Refusal::fields(&["consistency_tokens"]));
}

#[tokio::test]
async fn every_write_has_a_token_that_a_read_sees() {
    let mut base = Base::create(shared().clients().await, "token-writes").await;
    // A base that is just made, and named by its token, is there.
    let reply = base.answer("怎么退货").await;
    assert_eq!(reply.no_answer_reason(), pb::NoAnswerReason::NoCandidate);
    let change = pb::Policy {
        texts: Some(pb::ReplyTexts { no_answer: "没有答案。".to_owned(), ..Default::default() }),
        ..Default::default()
    };
    base.set_policy(change, &["policy.texts"]).await;
    assert_eq!(base.answer("怎么退货").await.message, "没有答案。");
    for n in 0..20 {
        let question = format!("第{n}个问题怎么办");
        base.add(&format!("a{n}"), article(&question, &[], "答案。")).await;
        assert!(base.search(&question).await.contains(&format!("a{n}")), "write {n}");
    }
    for n in 0..20 {
        base.delete(&format!("a{n}")).await;
        assert!(!base.search(&format!("第{n}个问题怎么办")).await.contains(&format!("a{n}")), "deletion {n}");
    }
}

#[tokio::test]
async fn tokens_of_several_bases_are_waited_for_together() {
    let mut one = Base::create(shared().clients().await, "token-one").await;
    let mut two = Base::create(shared().clients().await, "token-two").await;
    for n in 0..5 {
        let question = format!("第{n}次团购怎么报名");
        one.add(&format!("a{n}"), article(&question, &[], "甲")).await;
        two.add(&format!("b{n}"), article(&question, &[], "乙")).await;
        let request = pb::SearchArticlesRequest {
            knowledge_bases: vec![one.name.clone(), two.name.clone()],
            text: question,
            consistency_tokens: vec![two.token.clone(), one.token.clone()],
            ..Default::default()
        };
        let found = one.clients.assist.search_articles(request).await.expect("a reply").into_inner().candidates;
        let ends_with = |id: &str| found.iter().any(|candidate| candidate.article.ends_with(id));
        assert!(ends_with(&format!("/a{n}")) && ends_with(&format!("/b{n}")), "{n}: {found:?}");
    }
}
