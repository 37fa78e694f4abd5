use tonic::{Code, Status};

use super::*;

fn id(text: &str) -> KnowledgeBaseId {
    KnowledgeBaseId::try_new(text).expect("an id")
}

fn begin(registry: &Registry, base: &str, now: i64) -> Running {
    match registry.begin(Work::Reindex(id(base)), None, Timestamp(now)).expect("none is under way") {
        Begun::New(running) | Begun::Before(running) => running,
    }
}

fn end(running: &Running, now: i64) {
    running.finish(Outcome::Done(Response::Reindex(pb::ReindexResponse::default())), Timestamp(now));
}

fn code<T: std::fmt::Debug>(result: Result<T, Failure>) -> Code {
    Status::from(result.expect_err("it is refused")).code()
}

#[test]
fn one_reindex_of_a_base_at_a_time() {
    let registry = Registry::default();
    let first = begin(&registry, "retail", 0);
    assert_eq!(first.operation().name, "operations/reindex-retail-1");
    assert_eq!(registry.running(&id("retail")), Some(first.name.clone()));
    assert_eq!(code(registry.begin(Work::Reindex(id("retail")), None, Timestamp(0))), Code::FailedPrecondition);
    assert_eq!(begin(&registry, "bank", 0).name, "operations/reindex-bank-2");
    end(&first, 1);
    assert_eq!(registry.running(&id("retail")), None);
    assert_eq!(begin(&registry, "retail", 2).name, "operations/reindex-retail-3");
}

#[test]
fn one_switch_of_bundles_at_a_time_beside_any_reindex() {
    let registry = Registry::default();
    let acme = |version: &str| BundleId::try_new("acme", version).expect("an id");
    begin(&registry, "retail", 0);
    let asker = || Some(("anonymous".to_owned(), "a".to_owned()));
    let load = Work::LoadBundle(acme("1"));
    let Ok(Begun::New(running)) = registry.begin(load.clone(), asker(), Timestamp(0)) else { panic!("none runs") };
    running.to_bundle(&acme("1"));
    running.progress(1, 2);
    let operation = running.operation();
    assert_eq!(operation.name, "operations/load-acme-1-2");
    let metadata = operation.metadata.expect("always there");
    assert!(metadata.type_url.ends_with("/yingda.v1.LoadBundleMetadata"), "{}", metadata.type_url);
    let metadata = pb::LoadBundleMetadata::decode(metadata.value.as_slice()).expect("packed");
    assert_eq!((metadata.bundle.as_str(), metadata.articles_done), ("bundles/acme/versions/1", 1));
    for other in [Work::LoadBundle(acme("2")), Work::RollbackBundle(None), load.clone()] {
        assert_eq!(code(registry.begin(other, None, Timestamp(0))), Code::FailedPrecondition);
    }
    assert!(registry.before(&load, &asker(), Timestamp(0)).is_ok_and(|found| found.is_some()));
    assert!(registry.before(&load, &None, Timestamp(0)).is_ok_and(|found| found.is_none()));
    assert_eq!(code(registry.before(&Work::RollbackBundle(None), &asker(), Timestamp(0))), Code::InvalidArgument);
    running.finish(Outcome::Done(Response::Bundle(Box::default())), Timestamp(1));
    let back = |from: &str| Work::RollbackBundle(Some(acme(from)));
    let asker = || Some(("anonymous".to_owned(), "b".to_owned()));
    assert!(matches!(registry.begin(back("1"), asker(), Timestamp(2)), Ok(Begun::New(_))));
    assert!(matches!(registry.begin(back("1"), asker(), Timestamp(2)), Ok(Begun::Before(_))));
    for other in [back("2"), Work::RollbackBundle(None)] {
        assert_eq!(code(registry.before(&other, &asker(), Timestamp(2))), Code::InvalidArgument);
    }
}

#[test]
fn a_retry_finds_the_same_operation() {
    let registry = Registry::default();
    let asker = || Some(("anonymous".to_owned(), "a".to_owned()));
    assert!(matches!(registry.begin(Work::Reindex(id("retail")), asker(), Timestamp(0)), Ok(Begun::New(_))));
    let again = registry.begin(Work::Reindex(id("retail")), asker(), Timestamp(0));
    assert!(matches!(again, Ok(Begun::Before(running)) if running.name == "operations/reindex-retail-1"));
    assert_eq!(code(registry.begin(Work::Reindex(id("bank")), asker(), Timestamp(0))), Code::InvalidArgument);
}

#[test]
fn what_is_finished_is_kept_an_hour_and_a_thousand() {
    let registry = Registry::default();
    let minute = 60_000;
    let first = begin(&registry, "retail", 0);
    end(&first, minute);
    assert!(registry.get(&first.name, Timestamp(60 * minute)).is_ok());
    assert_eq!(code(registry.get(&first.name, Timestamp(61 * minute))), Code::NotFound);
    for _ in 0..=MAX_KEPT {
        end(&begin(&registry, "retail", 0), 0);
    }
    let all = Listing { limit: 5_000, ..Listing::default() };
    let (kept, _) = registry.list(all, Timestamp(0));
    assert_eq!((kept.len(), kept[0].name.as_str()), (MAX_KEPT, "operations/reindex-retail-3"));
}

#[test]
fn pages_tile_the_list_and_filters_hold() {
    let registry = Registry::default();
    for base in ["a", "b", "c", "d", "e"] {
        begin(&registry, base, 0);
    }
    end(&registry.get("operations/reindex-b-2", Timestamp(0)).expect("it began"), 0);
    let (mut names, mut after) = (Vec::new(), Some(0));
    while let Some(number) = after {
        let listing = Listing { done: Some(false), after: number, limit: 2 };
        let (page, next) = registry.list(listing, Timestamp(0));
        names.extend(page.into_iter().map(|operation| operation.name));
        after = next;
    }
    let want = ["a-1", "c-3", "d-4", "e-5"].map(|end| format!("operations/reindex-{end}"));
    assert_eq!(names, want);
}

#[tokio::test]
async fn the_end_is_told_and_only_then_deleted() {
    let registry = Registry::default();
    let running = begin(&registry, "retail", 0);
    running.progress(3, 10);
    assert_eq!(code(registry.delete(&running.name)), Code::FailedPrecondition);
    let waiting = tokio::spawn({
        let running = running.clone();
        async move { running.done().await }
    });
    running.finish(Outcome::Failed(pb::google::rpc::Status { code: 14, ..Default::default() }), Timestamp(1));
    waiting.await.expect("it has ended");
    let operation = running.operation();
    assert!(operation.done && matches!(operation.result, Some(operation::Result::Error(error)) if error.code == 14));
    let metadata = operation.metadata.expect("always there");
    let metadata = pb::ReindexMetadata::decode(metadata.value.as_slice()).expect("packed");
    assert_eq!((metadata.articles_done, metadata.articles_total), (3, 10));
    assert!(registry.delete(&running.name).is_ok());
    assert_eq!(code(registry.delete(&running.name)), Code::NotFound);
}
