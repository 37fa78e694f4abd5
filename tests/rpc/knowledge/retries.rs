//! Writes that are sent twice: done once, answered twice.

use tonic::Code;
use yingda::rpc::pb::{self, import_articles_request::Content};

use crate::harness::{
    refusal::{self, Refusal},
    sample::{Base, article, base_name, mask},
    server::{Running, Setup, shared},
};

/// A refusal of a request id that was used for another request.
fn reused() -> Refusal<'static> {
    Refusal { code: Code::InvalidArgument, reason: "REQUEST_ID_REUSED", fields: &["request_id"] }
}

#[tokio::test]
async fn a_base_is_created_once() {
    let mut clients = shared().clients().await;
    let request = |name: &str| pb::CreateKnowledgeBaseRequest {
        knowledge_base_id: "retry-base".to_owned(),
        knowledge_base: Some(pb::KnowledgeBase { display_name: name.to_owned(), ..Default::default() }),
        request_id: "retry-base-1".to_owned(),
        ..Default::default()
    };
    let first = clients.knowledge.create_knowledge_base(request("甲")).await.expect("a new base").into_inner();
    let again = clients.knowledge.create_knowledge_base(request("甲")).await.expect("a retry").into_inner();
    assert_eq!(first, again);
    refusal::check(clients.knowledge.create_knowledge_base(request("乙")).await, reused());
    let update = |name: &str| pb::UpdateKnowledgeBaseRequest {
        knowledge_base: Some(pb::KnowledgeBase {
            name: base_name("retry-base"),
            display_name: name.to_owned(),
            etag: first.etag.clone(),
            ..Default::default()
        }),
        update_mask: Some(mask(&["display_name"])),
        request_id: "retry-base-2".to_owned(),
        ..Default::default()
    };
    let one = clients.knowledge.update_knowledge_base(update("丙")).await.expect("an update").into_inner();
    let two = clients.knowledge.update_knowledge_base(update("丙")).await.expect("a retry").into_inner();
    assert_eq!(one, two, "the etag was current the first time");
    let delete = pb::DeleteKnowledgeBaseRequest {
        name: base_name("retry-base"),
        request_id: "retry-base-3".to_owned(),
        ..Default::default()
    };
    clients.knowledge.delete_knowledge_base(delete.clone()).await.expect("a deletion");
    clients.knowledge.delete_knowledge_base(delete).await.expect("a retry");
}

#[tokio::test]
async fn an_article_is_written_once() {
    let mut base = Base::create(shared().clients().await, "retry-article").await;
    let create = |question: &str| {
        let mut article = article(question, &[], "答案。");
        // Maps travel in no order; a retry is the same request all the same.
        article.metadata = (0..30).map(|n| (format!("key-{n}"), n.to_string())).collect();
        pb::CreateArticleRequest {
            parent: base_name("retry-article"),
            article: Some(article),
            request_id: "retry-article-1".to_owned(),
            ..Default::default()
        }
    };
    let first = base.clients.knowledge.create_article(create("怎么退货")).await.expect("a new article").into_inner();
    for _ in 0..5 {
        let again = base.clients.knowledge.create_article(create("怎么退货")).await.expect("a retry").into_inner();
        assert_eq!(first, again, "the id that the server chose too");
    }
    refusal::check(base.clients.knowledge.create_article(create("怎么换货")).await, reused());
    // Another method with the same id is another request.
    let delete = |request_id: &str| pb::DeleteArticleRequest {
        name: first.name.clone(),
        request_id: request_id.to_owned(),
        ..Default::default()
    };
    refusal::check(base.clients.knowledge.delete_article(delete("retry-article-1")).await, reused());
    let update = |text: &str| pb::UpdateArticleRequest {
        article: Some(pb::Article {
            name: first.name.clone(),
            etag: first.etag.clone(),
            ..article("怎么退货", &[], text)
        }),
        update_mask: Some(mask(&["answers"])),
        request_id: "retry-article-2".to_owned(),
        ..Default::default()
    };
    let one = base.clients.knowledge.update_article(update("新。")).await.expect("an update").into_inner();
    let two = base.clients.knowledge.update_article(update("新。")).await.expect("a retry").into_inner();
    assert_eq!(one, two);
    refusal::check(base.clients.knowledge.update_article(update("别的。")).await, reused());
    let one = base.clients.knowledge.delete_article(delete("retry-article-3")).await.expect("a deletion").into_inner();
    let two = base.clients.knowledge.delete_article(delete("retry-article-3")).await.expect("a retry").into_inner();
    assert_eq!(one, two);
}

#[tokio::test]
async fn a_refused_write_may_be_tried_again_with_the_same_id() {
    let mut base = Base::create(shared().clients().await, "retry-refused").await;
    let request = pb::CreateArticleRequest {
        parent: base.name.clone(),
        article_id: "a".to_owned(),
        article: Some(article("怎么退货", &[], "答案。")),
        request_id: "retry-refused-1".to_owned(),
        ..Default::default()
    };
    base.add("a", article("先来的", &[], "答案。")).await;
    let refused = base.clients.knowledge.create_article(request.clone()).await;
    refusal::check(refused, Refusal::of(Code::AlreadyExists, "ARTICLE_EXISTS"));
    base.delete("a").await;
    base.clients.knowledge.create_article(request).await.expect("nothing was done the first time");
}

#[tokio::test]
async fn a_validation_uses_no_id_up() {
    let mut base = Base::create(shared().clients().await, "retry-dry").await;
    let request = |validate_only| pb::CreateArticleRequest {
        parent: base_name("retry-dry"),
        article_id: "a".to_owned(),
        article: Some(article("怎么退货", &[], "答案。")),
        request_id: "retry-dry-1".to_owned(),
        validate_only,
    };
    base.clients.knowledge.create_article(request(true)).await.expect("it is good");
    let created = base.clients.knowledge.create_article(request(false)).await.expect("a new article").into_inner();
    assert!(!created.consistency_token.is_empty());
}

#[tokio::test]
async fn an_import_is_done_once() {
    let base = Base::create(shared().clients().await, "retry-import").await;
    let import = async |question: &str| {
        let settings = pb::ImportSettings {
            parent: base_name("retry-import"),
            format: pb::FileFormat::Jsonl.into(),
            mode: pb::ImportMode::Append.into(),
            request_id: "retry-import-1".to_owned(),
            ..Default::default()
        };
        let row = serde_json::json!({"id": "a", "standard_question": question, "answer": "答案。"});
        let contents = [Content::Settings(settings), Content::Data(row.to_string().into_bytes())];
        let messages = contents.map(|content| pb::ImportArticlesRequest { content: Some(content) });
        base.clients.knowledge.clone().import_articles(tokio_stream::iter(messages)).await
    };
    let first = import("怎么退货").await.expect("an import").into_inner();
    assert_eq!(first.created, 1);
    assert_eq!(import("怎么退货").await.expect("a retry").into_inner(), first, "not a row that exists already");
    refusal::check(import("怎么换货").await, reused());
}

#[tokio::test]
async fn concurrent_retries_write_once() {
    let base = Base::create(shared().clients().await, "retry-race").await;
    let tasks: Vec<_> = (0..8)
        .map(|_| {
            let mut clients = base.clients.clone();
            let request = pb::CreateArticleRequest {
                parent: base.name.clone(),
                article: Some(article("怎么退货", &[], "答案。")),
                request_id: "retry-race-1".to_owned(),
                ..Default::default()
            };
            tokio::spawn(async move { clients.knowledge.create_article(request).await })
        })
        .collect();
    let mut names = std::collections::BTreeSet::new();
    for task in tasks {
        names.insert(task.await.expect("no panic").expect("a retry").into_inner().name);
    }
    assert_eq!(names.len(), 1, "{names:?}");
}

#[tokio::test]
async fn ids_outlive_the_process() {
    let folder = tempfile::TempDir::new().expect("a folder");
    let request = pb::CreateKnowledgeBaseRequest {
        knowledge_base_id: "retry-restart".to_owned(),
        knowledge_base: Some(pb::KnowledgeBase { display_name: "甲".to_owned(), ..Default::default() }),
        request_id: "retry-restart-1".to_owned(),
        ..Default::default()
    };
    let mut replies = Vec::new();
    for _ in 0..2 {
        let server = Running::start(&Setup { folder: Some(folder.path().to_owned()), ..Setup::default() });
        let mut clients = server.clients().await;
        replies.push(clients.knowledge.create_knowledge_base(request.clone()).await.expect("a base").into_inner());
        drop(clients);
        server.stop().await.expect("it ends in order");
    }
    assert_eq!(replies[0], replies[1]);
}
