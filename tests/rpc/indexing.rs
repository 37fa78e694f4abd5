//! `Indexing` and the operations it begins.

use std::time::{Duration, Instant};

use prost::Message;
use tonic::{Code, Status};
use yingda::rpc::pb::{
    self,
    google::longrunning::{
        CancelOperationRequest, DeleteOperationRequest, GetOperationRequest, ListOperationsRequest, Operation,
        WaitOperationRequest, operation,
    },
};

use crate::harness::{
    refusal::{self, Refusal},
    sample::{Base, article, ask, base_name},
    server::{Clients, Running, Setup, shared},
};

fn request(base: &str) -> pb::ReindexRequest {
    pb::ReindexRequest { knowledge_base: base_name(base), request_id: String::new() }
}

async fn status(clients: &Clients, base: &str) -> Result<pb::IndexStatus, Status> {
    let request = pb::GetIndexStatusRequest { knowledge_base: base_name(base) };
    Ok(clients.indexing.clone().get_index_status(request).await?.into_inner())
}

/// Waits for a status: it is told of a moment after a read sees the change.
async fn settled(clients: &Clients, base: &str, is_settled: impl Fn(&pb::IndexStatus) -> bool) -> pb::IndexStatus {
    let since = Instant::now();
    loop {
        let status = status(clients, base).await.expect("a status");
        if is_settled(&status) {
            return status;
        }
        assert!(since.elapsed() < Duration::from_secs(20), "{status:?}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

async fn wait(clients: &Clients, name: &str) -> Operation {
    let timeout = Some(prost_types::Duration { seconds: 60, nanos: 0 });
    let request = WaitOperationRequest { name: name.to_owned(), timeout };
    let operation = clients.operations.clone().wait_operation(request).await.expect("an operation").into_inner();
    assert!(operation.done, "{operation:?}");
    operation
}

fn response(operation: &Operation) -> pb::ReindexResponse {
    let Some(operation::Result::Response(any)) = &operation.result else { panic!("{operation:?}") };
    assert!(any.type_url.ends_with("/yingda.v1.ReindexResponse"));
    pb::ReindexResponse::decode(any.value.as_slice()).expect("packed")
}

fn metadata(operation: &Operation) -> pb::ReindexMetadata {
    let any = operation.metadata.as_ref().expect("metadata");
    assert!(any.type_url.ends_with("/yingda.v1.ReindexMetadata"));
    pb::ReindexMetadata::decode(any.value.as_slice()).expect("packed")
}

/// A server of its own: operations are of the whole process.
async fn setup(id: &str) -> (Running, Base) {
    let server = Running::start(&Setup { in_folder: true, ..Setup::default() });
    let mut base = Base::create(server.clients().await, id).await;
    base.add("a", article("怎么退货", &["如何退货", "退货流程"], "点退货。")).await;
    base.add("b", article("怎么换货", &["如何换货"], "点换货。")).await;
    base.search("怎么退货").await;
    (server, base)
}

#[tokio::test]
async fn a_status_tells_how_far_the_index_is() {
    let mut base = Base::create(shared().clients().await, "index-status").await;
    base.search("空").await;
    let empty = settled(&base.clients, "index-status", |status| status.lag_revisions == 0).await;
    assert_eq!((empty.article_count, empty.phrasing_count), (0, 0));
    let mut negated = article("怎么退货", &["如何退货", "退货流程"], "点退货。");
    negated.negative_questions = vec!["怎么换货".to_owned()];
    let added = base.add("a", negated).await;
    base.search("怎么退货").await;
    let one = settled(&base.clients, "index-status", |status| status.lag_revisions == 0).await;
    assert_eq!((one.article_count, one.phrasing_count), (1, 3), "negative questions do not count");
    assert_eq!((one.applied_revision, one.store_revision), (added.revision, added.revision));
    assert!(!one.generation.is_empty() && one.last_commit_time.is_some() && one.running_operation.is_empty());
    assert_eq!(one.knowledge_base, base_name("index-status"));
    base.delete("a").await;
    base.search("怎么退货").await;
    let none = settled(&base.clients, "index-status", |status| status.lag_revisions == 0).await;
    assert_eq!((none.article_count, none.store_revision), (0, added.revision + 1));
    let refused = status(&base.clients, "nowhere").await.expect_err("no such base");
    refusal::check_status(&refused, Refusal::of(Code::NotFound, "KNOWLEDGE_BASE_NOT_FOUND"));
    let malformed = pb::GetIndexStatusRequest { knowledge_base: "nowhere".to_owned() };
    refusal::check(base.clients.indexing.get_index_status(malformed).await, Refusal::fields(&["knowledge_base"]));
}

#[tokio::test]
async fn a_reindex_switches_to_a_new_generation() {
    let (_server, mut base) = setup("index-new").await;
    let before = status(&base.clients, "index-new").await.expect("a status");
    let begun = base.clients.indexing.reindex(request("index-new")).await.expect("an operation").into_inner();
    assert!(begun.name.starts_with("operations/reindex-index-new-"), "{}", begun.name);
    assert_eq!(metadata(&begun).knowledge_base, base_name("index-new"));
    let done = wait(&base.clients, &begun.name).await;
    let result = response(&done);
    assert_eq!((metadata(&done).articles_done, metadata(&done).articles_total), (2, 2));
    assert_ne!(result.generation, before.generation);
    let after = settled(&base.clients, "index-new", |status| status.generation == result.generation).await;
    assert_eq!((after.article_count, after.lag_revisions), (2, 0));
    assert_eq!(base.search("怎么退货").await[0], "a");
    let reply = base.answer("怎么退货").await;
    assert_eq!(reply.provenance.expect("a provenance").sources[0].generation, result.generation);
    // Edits go on in the new generation.
    base.add("c", article("怎么维修", &[], "寄修。")).await;
    assert_eq!(base.search("怎么维修").await[0], "c");
}

#[tokio::test]
async fn operations_are_got_listed_and_deleted() {
    let (_server, mut base) = setup("index-operations").await;
    let mut names = Vec::new();
    for _ in 0..3 {
        let begun =
            base.clients.indexing.reindex(request("index-operations")).await.expect("an operation").into_inner();
        wait(&base.clients, &begun.name).await;
        names.push(begun.name);
    }
    let mut operations = base.clients.operations.clone();
    let (mut found, mut page_token) = (Vec::new(), String::new());
    loop {
        let request = ListOperationsRequest {
            name: "operations".to_owned(),
            filter: "done:true".to_owned(),
            page_size: 2,
            page_token,
            ..Default::default()
        };
        let page = operations.list_operations(request).await.expect("a page").into_inner();
        found.extend(page.operations.into_iter().map(|operation| operation.name));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    assert_eq!(found, names);
    let running = ListOperationsRequest { filter: "done:false".to_owned(), ..Default::default() };
    assert!(operations.list_operations(running).await.expect("a page").into_inner().operations.is_empty());
    let wrong = ListOperationsRequest {
        filter: "done".to_owned(),
        page_size: -1,
        page_token: "x".to_owned(),
        ..Default::default()
    };
    refusal::check(operations.list_operations(wrong).await, Refusal::fields(&["filter", "page_size", "page_token"]));
    let name = || names[0].clone();
    assert!(
        operations.get_operation(GetOperationRequest { name: name() }).await.expect("it is there").into_inner().done
    );
    let refused = operations.cancel_operation(CancelOperationRequest { name: name() }).await;
    refusal::check(refused, Refusal::of(Code::FailedPrecondition, "REINDEX_NOT_CANCELLABLE"));
    operations.delete_operation(DeleteOperationRequest { name: name() }).await.expect("it is done");
    let gone = Refusal::of(Code::NotFound, "OPERATION_NOT_FOUND");
    refusal::check(operations.get_operation(GetOperationRequest { name: name() }).await, gone);
    refusal::check(operations.delete_operation(DeleteOperationRequest { name: name() }).await, gone);
    refusal::check(operations.cancel_operation(CancelOperationRequest { name: name() }).await, gone);
    let waiting = WaitOperationRequest { name: name(), timeout: None };
    refusal::check(operations.wait_operation(waiting).await, gone);
}

#[tokio::test]
async fn a_retry_finds_its_operation_and_what_does_not_exist_is_refused() {
    let (_server, mut base) = setup("index-retry").await;
    let retried = || pb::ReindexRequest { request_id: "index-retry-1".to_owned(), ..request("index-retry") };
    let first = base.clients.indexing.reindex(retried()).await.expect("an operation").into_inner();
    let again = base.clients.indexing.reindex(retried()).await.expect("a retry").into_inner();
    assert_eq!(first.name, again.name);
    wait(&base.clients, &first.name).await;
    let other = Base::create(base.clients.clone(), "index-retry-other").await;
    let reused = pb::ReindexRequest { request_id: "index-retry-1".to_owned(), ..request(&other.id) };
    let status = base.clients.indexing.reindex(reused).await.expect_err("another request");
    assert_eq!(status.code(), Code::InvalidArgument, "{status:?}");
    let refused = base.clients.indexing.reindex(request("nowhere")).await;
    refusal::check(refused, Refusal::of(Code::NotFound, "KNOWLEDGE_BASE_NOT_FOUND"));
    let long = pb::ReindexRequest { knowledge_base: "x".to_owned(), request_id: "x".repeat(65) };
    refusal::check(base.clients.indexing.reindex(long).await, Refusal::fields(&["knowledge_base", "request_id"]));
}

/// Asks without a pause until told to stop; returns how many calls were made and those that failed.
async fn keep_asking(
    mut clients: Clients,
    base: &'static str,
    stop: tokio::sync::watch::Receiver<bool>,
) -> (usize, Vec<Status>) {
    let (mut num_calls, mut failed) = (0, Vec::new());
    while !*stop.borrow() {
        let question = format!("第{}种商品怎么退货", num_calls % 300);
        match clients.assist.answer(ask(&[base], &question)).await {
            Ok(reply) => assert!(!reply.get_ref().degraded, "{reply:?}"),
            Err(status) => failed.push(status),
        }
        num_calls += 1;
    }
    (num_calls, failed)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_call_fails_while_the_index_is_built_anew() {
    let server = Running::start(&Setup { in_folder: true, ..Setup::default() });
    let mut base = Base::create(server.clients().await, "index-busy").await;
    let rows: Vec<String> = (0..300)
        .map(|n| {
            let similar: Vec<String> = ["想退", "不要", "退掉", "退回"].map(|verb| format!("第{n}种商品{verb}了怎么办")).to_vec();
            let question = format!("第{n}种商品怎么退货");
            serde_json::json!({"id": format!("a{n}"), "standard_question": question, "similar_questions": similar, "answer": "点退货。"}).to_string()
        })
        .collect();
    let settings = pb::ImportSettings {
        parent: base.name.clone(),
        format: pb::FileFormat::Jsonl.into(),
        mode: pb::ImportMode::Merge.into(),
        ..Default::default()
    };
    use pb::import_articles_request::Content;
    let contents = [Content::Settings(settings), Content::Data(rows.join("\n").into_bytes())];
    let messages = contents.map(|content| pb::ImportArticlesRequest { content: Some(content) });
    let report =
        base.clients.knowledge.import_articles(tokio_stream::iter(messages)).await.expect("an import").into_inner();
    assert_eq!(report.created, 300);
    base.token = report.consistency_token;
    assert_eq!(base.search("第7种商品怎么退货").await[0], "a7");
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let mut asking = Vec::new();
    for _ in 0..4 {
        asking.push(tokio::spawn(keep_asking(server.clients().await, "index-busy", stopped.clone())));
    }
    let mut generations = std::collections::BTreeSet::new();
    for n in 0..4 {
        let begun = base.clients.indexing.reindex(request("index-busy")).await.expect("an operation").into_inner();
        // An edit in the middle is in the new generation too.
        base.add(&format!("edit{n}"), article(&format!("第{n}次编辑的问题"), &[], "答案。")).await;
        generations.insert(response(&wait(&base.clients, &begun.name).await).generation);
        let found = base.search(&format!("第{n}次编辑的问题")).await;
        assert_eq!(found[0], format!("edit{n}"));
    }
    assert_eq!(generations.len(), 4);
    stop.send_replace(true);
    for task in asking {
        let (num_calls, failed) = task.await.expect("no panic");
        assert!(num_calls > 0 && failed.is_empty(), "{num_calls} calls, {failed:?}");
    }
}

#[tokio::test]
async fn waiting_ends_with_its_timeout() {
    let (_server, mut base) = setup("index-wait").await;
    let begun = base.clients.indexing.reindex(request("index-wait")).await.expect("an operation").into_inner();
    let wrong = WaitOperationRequest {
        name: begun.name.clone(),
        timeout: Some(prost_types::Duration { seconds: -1, nanos: 0 }),
    };
    refusal::check(base.clients.operations.wait_operation(wrong).await, Refusal::fields(&["timeout"]));
    let short = WaitOperationRequest { name: begun.name.clone(), timeout: Some(prost_types::Duration::default()) };
    let waited = tokio::time::timeout(Duration::from_secs(20), base.clients.operations.wait_operation(short)).await;
    waited.expect("it does not hang").expect("an operation");
    wait(&base.clients, &begun.name).await;
}
