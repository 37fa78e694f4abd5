//! Single articles: create, get, update, delete.

use std::collections::HashMap;

use tonic::{Code, Response, Status};
use yingda::rpc::pb;

use crate::harness::{
    MOMENT, on_wire,
    refusal::{self, Refusal},
    sample::{Base, article, article_name, id_of, mask, update_of},
    server::shared,
};

fn creation(base: &Base, id: &str, article: pb::Article) -> pb::CreateArticleRequest {
    pb::CreateArticleRequest {
        parent: base.name.clone(),
        article_id: id.to_owned(),
        article: Some(article),
        ..Default::default()
    }
}

async fn get(base: &mut Base, id: &str) -> Result<Response<pb::Article>, Status> {
    let name = article_name(&base.id, id);
    base.clients.knowledge.get_article(pb::GetArticleRequest { name }).await
}

fn not_found() -> Refusal<'static> {
    Refusal::of(Code::NotFound, "ARTICLE_NOT_FOUND")
}

/// An article with every field set.
fn full(base: &str) -> pb::Article {
    pb::Article {
        negative_questions: vec!["怎么寄快递".to_owned()],
        answers: Some(pb::Answers {
            im: "{customer_name}，看订单页。".to_owned(),
            email: "您好，请看订单页。".to_owned(),
            phone: "您看订单页就行。".to_owned(),
        }),
        domain: "logistics".to_owned(),
        tags: vec!["物流".to_owned(), "查询".to_owned()],
        metadata: HashMap::from([("owner".to_owned(), "物流组".to_owned()), ("level".to_owned(), "2".to_owned())]),
        audiences: vec![pb::Audience::Bot.into(), pb::Audience::Agent.into()],
        channels: vec![pb::Channel::Im.into(), pb::Channel::Email.into()],
        state: pb::ArticleState::InReview.into(),
        effective_time: Some(on_wire(MOMENT)),
        expire_time: Some(on_wire(MOMENT.plus_minutes(60))),
        pinned: true,
        follow_up_questions: vec![article_name(base, "other")],
        ..article("怎么查快递到哪了", &["快递到哪了", "查一下物流"], "")
    }
}

#[tokio::test]
async fn an_article_comes_back_as_it_was_given() {
    let mut base = Base::create(shared().clients().await, "article-new").await;
    let created = base.add("track", full("article-new")).await;
    assert_eq!(created.name, article_name("article-new", "track"));
    assert!(created.revision > 0 && !created.etag.is_empty() && !created.consistency_token.is_empty());
    assert_eq!((created.create_time, created.update_time), (Some(on_wire(MOMENT)), Some(on_wire(MOMENT))));
    let got = get(&mut base, "track").await.expect("it is there").into_inner();
    assert_eq!(got, pb::Article { consistency_token: String::new(), ..created.clone() });
    let given = pb::Article {
        name: got.name.clone(),
        etag: got.etag.clone(),
        revision: got.revision,
        create_time: got.create_time,
        update_time: got.update_time,
        ..full("article-new")
    };
    assert_eq!(got, given);
    let twice = base.clients.knowledge.create_article(creation(&base, "track", full("article-new"))).await;
    refusal::check(twice, Refusal::of(Code::AlreadyExists, "ARTICLE_EXISTS"));
}

#[tokio::test]
async fn what_is_left_out_has_its_default() {
    let mut base = Base::create(shared().clients().await, "article-default").await;
    let created = base.add("", article("  怎么退货？ ", &[], "点退货。")).await;
    let id = id_of(&created.name);
    assert!((1..=63).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()), "{id}");
    assert_eq!(created.state(), pb::ArticleState::Active);
    assert_eq!((created.domain.as_str(), created.standard_question.as_str()), ("other", "怎么退货？"));
    let second = base.add("", article("怎么换货", &[], "点换货。")).await;
    assert_ne!(created.name, second.name);
}

#[tokio::test]
async fn what_an_article_may_be_is_checked_field_by_field() {
    let base = Base::create(shared().clients().await, "article-bad").await;
    let good = || article("怎么退货", &["如何退货"], "点退货。");
    let many = |count: usize| (0..count).map(|n| format!("第{n}种问法")).collect::<Vec<_>>();
    let change = |change: &dyn Fn(&mut pb::Article)| {
        let mut article = good();
        change(&mut article);
        article
    };
    for (article, fields) in [
        (change(&|a| a.standard_question.clear()), &["standard_question"][..]),
        (change(&|a| a.standard_question = "😀".to_owned()), &["standard_question"]),
        (change(&|a| a.standard_question = "问".repeat(501)), &["standard_question"]),
        (
            change(&|a| a.similar_questions = vec![String::new(), "问".repeat(501)]),
            &["similar_questions[0]", "similar_questions[1]"],
        ),
        (change(&|a| a.similar_questions = many(501)), &["similar_questions"]),
        (change(&|a| a.similar_questions = vec!["怎麼退貨".to_owned()]), &["similar_questions[0]"]),
        (change(&|a| a.negative_questions = many(101)), &["negative_questions"]),
        (change(&|a| a.negative_questions = vec!["如何退货".to_owned()]), &["negative_questions[0]"]),
        (change(&|a| a.answers = None), &["answers.im"]),
        (change(&|a| a.answers.as_mut().expect("given").im = "答".repeat(8_001)), &["answers.im"]),
        (change(&|a| a.answers.as_mut().expect("given").email = "{Name}".to_owned()), &["answers.email"]),
        (change(&|a| a.domain = "域".repeat(65)), &["domain"]),
        (change(&|a| a.tags = many(51)), &["tags"]),
        (change(&|a| a.tags = vec!["签".repeat(65)]), &["tags[0]"]),
        (change(&|a| a.metadata = many(51).into_iter().map(|key| (key, String::new())).collect()), &["metadata"]),
        (change(&|a| drop(a.metadata.insert("k".to_owned(), "值".repeat(1_001)))), &["metadata.k"]),
        (change(&|a| a.audiences = vec![7]), &["audiences[0]"]),
        (change(&|a| a.channels = vec![0]), &["channels[0]"]),
        (change(&|a| a.state = 99), &["state"]),
        (
            change(&|a| a.effective_time = Some(prost_types::Timestamp { seconds: i64::MAX, nanos: 0 })),
            &["effective_time"],
        ),
        (
            change(&|a| {
                a.effective_time = Some(on_wire(MOMENT));
                a.expire_time = Some(on_wire(MOMENT));
            }),
            &["expire_time"],
        ),
        (change(&|a| a.follow_up_questions = vec!["other".to_owned()]), &["follow_up_questions[0]"]),
        (
            change(&|a| a.follow_up_questions = vec!["knowledgeBases/bank/articles/x".to_owned()]),
            &["follow_up_questions[0]"],
        ),
        (
            change(&|a| {
                a.follow_up_questions = (0..21).map(|n| article_name("article-bad", &format!("f{n}"))).collect()
            }),
            &["follow_up_questions"],
        ),
    ] {
        let fields: Vec<String> = fields.iter().map(|field| format!("article.{field}")).collect();
        let fields: Vec<&str> = fields.iter().map(String::as_str).collect();
        let mut clients = base.clients.clone();
        refusal::check(clients.knowledge.create_article(creation(&base, "x", article)).await, Refusal::fields(&fields));
    }
    let mut clients = base.clients.clone();
    let nothing = pb::CreateArticleRequest { article: None, ..creation(&base, "x", good()) };
    refusal::check(clients.knowledge.create_article(nothing).await, Refusal::fields(&["article"]));
    let wrong_id = creation(&base, "X", good());
    refusal::check(clients.knowledge.create_article(wrong_id).await, Refusal::fields(&["article_id"]));
    let wrong_parent = pb::CreateArticleRequest { parent: "article-bad".to_owned(), ..creation(&base, "x", good()) };
    refusal::check(clients.knowledge.create_article(wrong_parent).await, Refusal::fields(&["parent"]));
    let nowhere =
        pb::CreateArticleRequest { parent: "knowledgeBases/nowhere".to_owned(), ..creation(&base, "x", good()) };
    let refused = clients.knowledge.create_article(nowhere).await;
    refusal::check(refused, Refusal::of(Code::NotFound, "KNOWLEDGE_BASE_NOT_FOUND"));
    let at_the_limit = pb::Article {
        standard_question: "问".repeat(500),
        similar_questions: many(500),
        answers: Some(pb::Answers { im: "答".repeat(8_000), ..Default::default() }),
        ..good()
    };
    clients.knowledge.create_article(creation(&base, "x", at_the_limit)).await.expect("the limits are allowed");
}

#[tokio::test]
async fn updates_touch_what_their_mask_names() {
    let mut base = Base::create(shared().clients().await, "article-update").await;
    let before = base.add("a", full("article-update")).await;
    let named = || pb::Article { name: before.name.clone(), ..Default::default() };
    // No mask means what is set; within the answers too.
    let answers = Some(pb::Answers { email: "新的邮件答案。".to_owned(), ..Default::default() });
    let request = pb::UpdateArticleRequest {
        article: Some(pb::Article { answers, tags: vec!["新".to_owned()], ..named() }),
        ..Default::default()
    };
    let after = base.clients.knowledge.update_article(request).await.expect("an update").into_inner();
    let answers = after.answers.clone().expect("answers");
    assert_eq!((answers.email.as_str(), answers.im.as_str()), ("新的邮件答案。", "{customer_name}，看订单页。"));
    assert_eq!(
        (after.tags.as_slice(), after.domain.as_str(), after.pinned),
        (&["新".to_owned()][..], "logistics", true)
    );
    assert!(after.revision > before.revision && after.etag != before.etag);
    assert_eq!(after.create_time, before.create_time);
    // A mask empties what it names and is not set.
    let emptied = base.update(named(), &["tags", "pinned", "expire_time", "answers.phone", "metadata"]).await;
    assert!(emptied.tags.is_empty() && !emptied.pinned && emptied.expire_time.is_none() && emptied.metadata.is_empty());
    assert_eq!(emptied.answers.expect("answers").phone, "");
    assert_eq!(emptied.similar_questions, before.similar_questions);
    // Everything, and nothing but what only the server sets.
    let all = base
        .update(pb::Article { name: before.name.clone(), ..article("全新的问题", &[], "全新的答案。") }, &["*"])
        .await;
    assert!(all.similar_questions.is_empty() && all.follow_up_questions.is_empty());
    let same = base.update(named(), &["etag", "revision", "name"]).await;
    assert_eq!(same.standard_question, "全新的问题");
    for wrong in ["colour", "answers.fax"] {
        let refused = base.clients.knowledge.update_article(update_of(named(), &[wrong])).await;
        refusal::check(refused, Refusal::fields(&["update_mask"]));
    }
    let emptied = base.clients.knowledge.update_article(update_of(named(), &["standard_question"])).await;
    refusal::check(emptied, Refusal::fields(&["article.standard_question"]));
    let unnamed = base.clients.knowledge.update_article(update_of(pb::Article::default(), &["tags"])).await;
    refusal::check(unnamed, Refusal::fields(&["article.name"]));
}

#[tokio::test]
async fn a_missing_article_is_created_where_that_is_allowed() {
    let mut base = Base::create(shared().clients().await, "article-missing").await;
    let given =
        pb::Article { name: article_name("article-missing", "a"), ..article("怎么退货", &[], "点退货。") };
    let request = pb::UpdateArticleRequest { article: Some(given), ..Default::default() };
    refusal::check(base.clients.knowledge.update_article(request.clone()).await, not_found());
    let allowed = pb::UpdateArticleRequest { allow_missing: true, ..request };
    let dry = pb::UpdateArticleRequest { validate_only: true, ..allowed.clone() };
    base.clients.knowledge.update_article(dry).await.expect("it is good");
    refusal::check(get(&mut base, "a").await, not_found());
    base.clients.knowledge.update_article(allowed.clone()).await.expect("a new article");
    let again = base.clients.knowledge.update_article(allowed).await.expect("an update").into_inner();
    assert_eq!(get(&mut base, "a").await.expect("it is there").into_inner().etag, again.etag);
}

#[tokio::test]
async fn an_etag_that_is_not_current_is_aborted() {
    let mut base = Base::create(shared().clients().await, "article-etag").await;
    let first = base.add("a", article("怎么退货", &[], "甲")).await;
    let change = |text: &str, etag: &str| {
        let article =
            pb::Article { name: first.name.clone(), etag: etag.to_owned(), ..article("怎么退货", &[], text) };
        update_of(article, &["answers"])
    };
    let second = base.clients.knowledge.update_article(change("乙", &first.etag)).await.expect("current").into_inner();
    let mismatch = Refusal::of(Code::Aborted, "ETAG_MISMATCH");
    refusal::check(base.clients.knowledge.update_article(change("丙", &first.etag)).await, mismatch);
    let dry = pb::UpdateArticleRequest { validate_only: true, ..change("丙", &first.etag) };
    refusal::check(base.clients.knowledge.update_article(dry).await, mismatch);
    let delete =
        |etag: &str| pb::DeleteArticleRequest { name: first.name.clone(), etag: etag.to_owned(), ..Default::default() };
    refusal::check(base.clients.knowledge.delete_article(delete(&first.etag)).await, mismatch);
    let got = get(&mut base, "a").await.expect("it is there").into_inner();
    assert_eq!((got.answers.expect("answers").im.as_str(), &got.etag), ("乙", &second.etag));
    let deleted = base.clients.knowledge.delete_article(delete(&second.etag)).await.expect("current").into_inner();
    assert!(!deleted.consistency_token.is_empty());
    refusal::check(get(&mut base, "a").await, not_found());
    refusal::check(base.clients.knowledge.delete_article(delete("")).await, not_found());
}

#[tokio::test]
async fn two_editors_at_once_do_not_overwrite_each_other() {
    let mut base = Base::create(shared().clients().await, "article-race").await;
    let first = base.add("a", article("怎么退货", &[], "甲")).await;
    let tasks: Vec<_> = (0..8)
        .map(|n| {
            let mut clients = base.clients.clone();
            let article = pb::Article {
                name: first.name.clone(),
                etag: first.etag.clone(),
                ..article("怎么退货", &[], &format!("{n}"))
            };
            tokio::spawn(async move { clients.knowledge.update_article(update_of(article, &["answers"])).await })
        })
        .collect();
    let mut won = 0;
    for task in tasks {
        match task.await.expect("no panic") {
            Ok(_) => won += 1,
            Err(status) => refusal::check_status(&status, Refusal::of(Code::Aborted, "ETAG_MISMATCH")),
        }
    }
    assert_eq!(won, 1);
}

#[tokio::test]
async fn edits_without_an_etag_all_get_through() {
    let mut base = Base::create(shared().clients().await, "article-many").await;
    let first = base.add("a", article("怎么退货", &[], "甲")).await;
    let tasks: Vec<_> = (0..8)
        .map(|n| {
            let mut clients = base.clients.clone();
            let article = pb::Article { name: first.name.clone(), tags: vec![format!("t{n}")], ..Default::default() };
            tokio::spawn(async move { clients.knowledge.update_article(update_of(article, &["tags"])).await })
        })
        .collect();
    for task in tasks {
        let result = task.await.expect("no panic");
        assert!(result.is_ok(), "{result:?}");
    }
    let got = get(&mut base, "a").await.expect("it is there").into_inner();
    assert!(got.revision >= first.revision + 8, "{} after {}", got.revision, first.revision);
}

#[tokio::test]
async fn only_validated_changes_nothing() {
    let mut base = Base::create(shared().clients().await, "article-dry").await;
    let before = base.add("a", article("怎么退货", &[], "甲")).await;
    let change = pb::Article { name: before.name.clone(), ..article("怎么换货", &[], "乙") };
    let request = pb::UpdateArticleRequest {
        article: Some(change),
        update_mask: Some(mask(&["*"])),
        validate_only: true,
        ..Default::default()
    };
    let checked = base.clients.knowledge.update_article(request).await.expect("it is good").into_inner();
    assert_eq!((checked.standard_question.as_str(), checked.consistency_token.as_str()), ("怎么换货", ""));
    let create =
        pb::CreateArticleRequest { validate_only: true, ..creation(&base, "b", article("怎么换货", &[], "乙")) };
    base.clients.knowledge.create_article(create).await.expect("it is good");
    refusal::check(get(&mut base, "b").await, not_found());
    let twice =
        pb::CreateArticleRequest { validate_only: true, ..creation(&base, "a", article("怎么换货", &[], "乙")) };
    refusal::check(
        base.clients.knowledge.create_article(twice).await,
        Refusal::of(Code::AlreadyExists, "ARTICLE_EXISTS"),
    );
    let got = get(&mut base, "a").await.expect("it is there").into_inner();
    assert_eq!((got.etag, got.standard_question), (before.etag, before.standard_question));
}
