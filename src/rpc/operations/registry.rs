//! Long work under way and lately finished, in memory: a restart forgets it.
//!
//! Bounded: what is finished is kept an hour, and of it the last thousand. Must not know how the work is done. Invariant:
//! one reindex of a knowledge base at a time is under way.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use prost::Message;
use tokio::sync::watch;

use crate::{
    domain::{ErrorKind, KnowledgeBaseId, Timestamp},
    rpc::{
        convert::{number::i64_of, time::timestamp_of},
        names,
        pb::{
            self,
            google::longrunning::{Operation, operation},
        },
        status::Failure,
    },
};

const KEPT_MINUTES: i64 = 60;
const MAX_KEPT: usize = 1_000;
const TYPE_URL: &str = "type.googleapis.com/";

/// Who asked, where a retry is to find the same operation: credential and request id.
pub(in crate::rpc) type Asker = Option<(String, String)>;

/// How an operation ended.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::rpc) enum Outcome {
    Done(pb::ReindexResponse),
    Failed(pb::google::rpc::Status),
}

/// Where an operation stands.
#[derive(Clone, Debug)]
struct State {
    metadata: pb::ReindexMetadata,
    outcome: Option<(Outcome, Timestamp)>,
}

/// One reindex, to be told of its progress and its end.
#[derive(Clone, Debug)]
pub(in crate::rpc) struct Running {
    name: String,
    state: Arc<watch::Sender<State>>,
}

/// What a call for a reindex began or found.
#[derive(Clone, Debug)]
pub(in crate::rpc) enum Begun {
    New(Running),
    /// The same call has begun it before.
    Before(Running),
}

#[derive(Debug)]
struct Entry {
    running: Running,
    knowledge_base: KnowledgeBaseId,
    asker: Asker,
}

#[derive(Debug, Default)]
struct Entries {
    by_number: BTreeMap<u64, Entry>,
    last: u64,
}

/// All operations of this process.
#[derive(Debug, Default)]
pub(in crate::rpc) struct Registry {
    entries: Mutex<Entries>,
}

/// Which operations to list.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::rpc) struct Listing {
    pub done: Option<bool>,
    /// The number of the last operation of the page before.
    pub after: u64,
    pub limit: usize,
}

impl Registry {
    /// Begins a reindex, or finds the one that the same call began before. Fails where another is under way.
    pub(in crate::rpc) fn begin(&self, id: &KnowledgeBaseId, asker: Asker, now: Timestamp) -> Result<Begun, Failure> {
        let mut entries = self.entries();
        entries.prune(now);
        if let Some(entry) = entries.by_number.values().find(|entry| asker.is_some() && entry.asker == asker) {
            if entry.knowledge_base != *id {
                return Err(Failure::invalid_field("request_id", "was used for another request"));
            }
            return Ok(Begun::Before(entry.running.clone()));
        }
        if let Some(running) = entries.running(id) {
            let message = "a reindex of the knowledge base is under way";
            let failure = Failure::new(ErrorKind::FailedPrecondition, "REINDEX_RUNNING", message);
            return Err(failure.with("operation", running.name.clone()));
        }
        entries.last += 1;
        let number = entries.last;
        let metadata = pb::ReindexMetadata {
            knowledge_base: names::of_knowledge_base(id),
            start_time: Some(timestamp_of(now)),
            ..Default::default()
        };
        let state = Arc::new(watch::Sender::new(State { metadata, outcome: None }));
        let running = Running { name: format!("operations/reindex-{id}-{number}"), state };
        let entry = Entry { running: running.clone(), knowledge_base: id.clone(), asker };
        entries.by_number.insert(number, entry);
        Ok(Begun::New(running))
    }

    /// Names the reindex of a knowledge base that is under way.
    pub(in crate::rpc) fn running(&self, id: &KnowledgeBaseId) -> Option<String> {
        self.entries().running(id).map(|running| running.name.clone())
    }

    /// Gets an operation; fails where there is none of the name, or no longer.
    pub(in crate::rpc) fn get(&self, name: &str, now: Timestamp) -> Result<Running, Failure> {
        let mut entries = self.entries();
        entries.prune(now);
        entries.find(name).map(|(_, running)| running)
    }

    /// Removes a finished operation; fails where it is under way.
    pub(in crate::rpc) fn delete(&self, name: &str) -> Result<(), Failure> {
        let mut entries = self.entries();
        let (number, running) = entries.find(name)?;
        if !running.is_done() {
            let message = "the operation is under way, only a finished one can be deleted";
            return Err(Failure::new(ErrorKind::FailedPrecondition, "OPERATION_RUNNING", message));
        }
        entries.by_number.remove(&number);
        Ok(())
    }

    /// Lists operations in the order they began, and says with which number the next page goes on, if there is one.
    pub(in crate::rpc) fn list(&self, listing: Listing, now: Timestamp) -> (Vec<Operation>, Option<u64>) {
        let mut entries = self.entries();
        entries.prune(now);
        let wanted = |entry: &Entry| listing.done.is_none_or(|done| entry.running.is_done() == done);
        let from = listing.after.saturating_add(1);
        let mut page: Vec<(u64, Operation)> = Vec::new();
        for (number, entry) in entries.by_number.range(from..).filter(|(_, entry)| wanted(entry)) {
            if page.len() == listing.limit {
                let last = page.last().map(|(number, _)| *number);
                return (page.into_iter().map(|(_, operation)| operation).collect(), last);
            }
            page.push((*number, entry.running.operation()));
        }
        (page.into_iter().map(|(_, operation)| operation).collect(), None)
    }

    fn entries(&self) -> MutexGuard<'_, Entries> {
        // Each change is one step, so a panic elsewhere leaves no half of one behind.
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entries {
    fn running(&self, id: &KnowledgeBaseId) -> Option<&Running> {
        let entry = self.by_number.values().find(|entry| entry.knowledge_base == *id && !entry.running.is_done());
        entry.map(|entry| &entry.running)
    }

    fn find(&self, name: &str) -> Result<(u64, Running), Failure> {
        let found = self.by_number.iter().find(|(_, entry)| entry.running.name == name);
        let found = found.map(|(number, entry)| (*number, entry.running.clone()));
        found.ok_or_else(|| Failure::new(ErrorKind::NotFound, "OPERATION_NOT_FOUND", "the operation does not exist"))
    }

    fn prune(&mut self, now: Timestamp) {
        self.by_number
            .retain(|_, entry| entry.running.end_time().is_none_or(|end| now < end.plus_minutes(KEPT_MINUTES)));
        let done: Vec<u64> =
            self.by_number.iter().filter(|(_, entry)| entry.running.is_done()).map(|(number, _)| *number).collect();
        for number in done.iter().take(done.len().saturating_sub(MAX_KEPT)) {
            self.by_number.remove(number);
        }
    }
}

impl Running {
    /// Tells how far it has come.
    pub(in crate::rpc) fn progress(&self, done: u64, total: u64) {
        self.state.send_modify(|state| {
            state.metadata.articles_done = i64_of(done);
            state.metadata.articles_total = i64_of(total);
        });
    }

    /// Tells how it ended.
    pub(in crate::rpc) fn finish(&self, outcome: Outcome, now: Timestamp) {
        self.state.send_modify(|state| state.outcome = Some((outcome, now)));
    }

    /// Waits until it has ended.
    pub(in crate::rpc) async fn done(&self) {
        let mut states = self.state.subscribe();
        // It cannot fail: `self` holds the sender.
        let _gone = states.wait_for(|state| state.outcome.is_some()).await.is_err();
    }

    /// Writes where it stands.
    pub(in crate::rpc) fn operation(&self) -> Operation {
        let State { metadata, outcome } = self.state.borrow().clone();
        let result = outcome.map(|(outcome, _)| match outcome {
            Outcome::Done(response) => operation::Result::Response(packed("yingda.v1.ReindexResponse", &response)),
            Outcome::Failed(status) => operation::Result::Error(status),
        });
        Operation {
            name: self.name.clone(),
            metadata: Some(packed("yingda.v1.ReindexMetadata", &metadata)),
            done: result.is_some(),
            result,
        }
    }

    fn is_done(&self) -> bool {
        self.state.borrow().outcome.is_some()
    }

    fn end_time(&self) -> Option<Timestamp> {
        self.state.borrow().outcome.as_ref().map(|(_, end)| *end)
    }
}

fn packed(full_name: &str, message: &impl Message) -> prost_types::Any {
    prost_types::Any { type_url: format!("{TYPE_URL}{full_name}"), value: message.encode_to_vec() }
}

#[cfg(test)]
mod tests {
    use tonic::{Code, Status};

    use super::*;

    fn id(text: &str) -> KnowledgeBaseId {
        KnowledgeBaseId::try_new(text).expect("an id")
    }

    fn begin(registry: &Registry, base: &str, now: i64) -> Running {
        match registry.begin(&id(base), None, Timestamp(now)).expect("none is under way") {
            Begun::New(running) | Begun::Before(running) => running,
        }
    }

    fn end(running: &Running, now: i64) {
        running.finish(Outcome::Done(pb::ReindexResponse::default()), Timestamp(now));
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
        assert_eq!(code(registry.begin(&id("retail"), None, Timestamp(0))), Code::FailedPrecondition);
        assert_eq!(begin(&registry, "bank", 0).name, "operations/reindex-bank-2");
        end(&first, 1);
        assert_eq!(registry.running(&id("retail")), None);
        assert_eq!(begin(&registry, "retail", 2).name, "operations/reindex-retail-3");
    }

    #[test]
    fn a_retry_finds_the_same_operation() {
        let registry = Registry::default();
        let asker = || Some(("anonymous".to_owned(), "a".to_owned()));
        assert!(matches!(registry.begin(&id("retail"), asker(), Timestamp(0)), Ok(Begun::New(_))));
        let again = registry.begin(&id("retail"), asker(), Timestamp(0));
        assert!(matches!(again, Ok(Begun::Before(running)) if running.name == "operations/reindex-retail-1"));
        assert_eq!(code(registry.begin(&id("bank"), asker(), Timestamp(0))), Code::InvalidArgument);
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
        assert!(
            operation.done && matches!(operation.result, Some(operation::Result::Error(error)) if error.code == 14)
        );
        let metadata = operation.metadata.expect("always there");
        let metadata = pb::ReindexMetadata::decode(metadata.value.as_slice()).expect("packed");
        assert_eq!((metadata.articles_done, metadata.articles_total), (3, 10));
        assert!(registry.delete(&running.name).is_ok());
        assert_eq!(code(registry.delete(&running.name)), Code::NotFound);
    }
}
