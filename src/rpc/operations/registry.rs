//! Long work under way and lately finished, in memory: a restart forgets it.
//!
//! Bounded: what is finished is kept an hour, and of it the last thousand. Must not know how the work is done. Invariant:
//! one reindex and one calibration of a knowledge base at a time is under way, and one switch of bundles. To add a kind of work: a variant of
//! [`Work`], of [`Metadata`] and of [`Response`].

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use prost::Message;
use tokio::sync::watch;

use crate::{
    domain::{BundleId, ErrorKind, KnowledgeBaseId, Timestamp},
    insight::calibration::Wanted,
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

/// What an operation does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::rpc) enum Work {
    Reindex(KnowledgeBaseId),
    LoadBundle(BundleId),
    /// To whichever was wanted before the named one, or before whichever is wanted.
    RollbackBundle(Option<BundleId>),
    Calibrate(CalibrationWork),
}

/// A calibration, told from another by the very bits that were asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::rpc) struct CalibrationWork {
    pub knowledge_base: KnowledgeBaseId,
    precision: Option<u32>,
    unanswerable_share: Option<u32>,
    pub validate_only: bool,
}

impl CalibrationWork {
    pub(in crate::rpc) fn new(knowledge_base: KnowledgeBaseId, wanted: Wanted, validate_only: bool) -> Self {
        let (precision, unanswerable_share) =
            (wanted.precision.map(f32::to_bits), wanted.unanswerable_share.map(f32::to_bits));
        Self { knowledge_base, precision, unanswerable_share, validate_only }
    }

    /// Returns what it is to bring.
    pub(in crate::rpc) fn wanted(&self) -> Wanted {
        let (precision, unanswerable_share) =
            (self.precision.map(f32::from_bits), self.unanswerable_share.map(f32::from_bits));
        Wanted { precision, unanswerable_share }
    }
}

/// How far an operation has come, by its work.
#[derive(Clone, Debug, PartialEq)]
enum Metadata {
    Reindex(pb::ReindexMetadata),
    LoadBundle(pb::LoadBundleMetadata),
    Calibrate(pb::CalibrateThresholdsMetadata),
}

/// What an operation gives, by its work.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::rpc) enum Response {
    Reindex(pb::ReindexResponse),
    Bundle(Box<pb::Bundle>),
    Calibration(Box<pb::Calibration>),
}

/// How an operation ended.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::rpc) enum Outcome {
    Done(Response),
    Failed(pb::google::rpc::Status),
}

/// Where an operation stands.
#[derive(Clone, Debug)]
struct State {
    metadata: Metadata,
    outcome: Option<(Outcome, Timestamp)>,
}

/// One operation, to be told of its progress and its end.
#[derive(Clone, Debug)]
pub(in crate::rpc) struct Running {
    name: String,
    state: Arc<watch::Sender<State>>,
}

/// What a call for an operation began or found.
#[derive(Clone, Debug)]
pub(in crate::rpc) enum Begun {
    New(Running),
    /// The same call has begun it before.
    Before(Running),
}

#[derive(Debug)]
struct Entry {
    running: Running,
    work: Work,
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

impl Work {
    /// Whether both cannot be under way together.
    fn excludes(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Reindex(one), Self::Reindex(another)) => one == another,
            (Self::Calibrate(one), Self::Calibrate(another)) => one.knowledge_base == another.knowledge_base,
            (Self::Reindex(_) | Self::Calibrate(_), _) | (_, Self::Reindex(_) | Self::Calibrate(_)) => false,
            _ => true,
        }
    }

    fn name(&self, number: u64) -> String {
        match self {
            Self::Reindex(id) => format!("operations/reindex-{id}-{number}"),
            Self::LoadBundle(id) => format!("operations/load-{}-{}-{number}", id.name(), id.version()),
            Self::RollbackBundle(_) => format!("operations/rollback-bundle-{number}"),
            Self::Calibrate(work) => format!("operations/calibrate-{}-{number}", work.knowledge_base),
        }
    }

    fn metadata(&self, now: Timestamp) -> Metadata {
        let start_time = Some(timestamp_of(now));
        match self {
            Self::Reindex(id) => {
                let knowledge_base = names::of_knowledge_base(id);
                Metadata::Reindex(pb::ReindexMetadata { knowledge_base, start_time, ..Default::default() })
            }
            Self::LoadBundle(_) | Self::RollbackBundle(_) => {
                Metadata::LoadBundle(pb::LoadBundleMetadata { start_time, ..Default::default() })
            }
            Self::Calibrate(work) => {
                let knowledge_base = names::of_knowledge_base(&work.knowledge_base);
                Metadata::Calibrate(pb::CalibrateThresholdsMetadata { knowledge_base, start_time })
            }
        }
    }

    /// The refusal where `name` is under way.
    fn refusal(&self, name: &str) -> Failure {
        let (reason, message) = match self {
            Self::Reindex(_) => ("REINDEX_RUNNING", "a reindex of the knowledge base is under way"),
            Self::LoadBundle(_) | Self::RollbackBundle(_) => ("SWITCH_RUNNING", "a switch of bundles is under way"),
            Self::Calibrate(_) => ("CALIBRATION_RUNNING", "a calibration of the knowledge base is under way"),
        };
        Failure::new(ErrorKind::FailedPrecondition, reason, message).with("operation", name)
    }
}

impl Registry {
    /// Begins an operation, or finds the one that the same call began before. Fails where another of the kind is under
    /// way.
    pub(in crate::rpc) fn begin(&self, work: Work, asker: Asker, now: Timestamp) -> Result<Begun, Failure> {
        let mut entries = self.entries();
        entries.prune(now);
        if let Some(running) = entries.before(&work, &asker)? {
            return Ok(Begun::Before(running));
        }
        if let Some(running) = entries.running(&work) {
            return Err(work.refusal(&running.name));
        }
        entries.last += 1;
        let number = entries.last;
        let state = Arc::new(watch::Sender::new(State { metadata: work.metadata(now), outcome: None }));
        let running = Running { name: work.name(number), state };
        let entry = Entry { running: running.clone(), work, asker };
        entries.by_number.insert(number, entry);
        Ok(Begun::New(running))
    }

    /// Finds the operation that the same call began before. Fails where the id was used for another.
    pub(in crate::rpc) fn before(
        &self,
        work: &Work,
        asker: &Asker,
        now: Timestamp,
    ) -> Result<Option<Running>, Failure> {
        let mut entries = self.entries();
        entries.prune(now);
        entries.before(work, asker)
    }

    /// Names the reindex of a knowledge base that is under way.
    pub(in crate::rpc) fn running(&self, id: &KnowledgeBaseId) -> Option<String> {
        self.entries().running(&Work::Reindex(id.clone())).map(|running| running.name.clone())
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
    fn running(&self, work: &Work) -> Option<&Running> {
        let entry = self.by_number.values().find(|entry| entry.work.excludes(work) && !entry.running.is_done());
        entry.map(|entry| &entry.running)
    }

    fn before(&self, work: &Work, asker: &Asker) -> Result<Option<Running>, Failure> {
        let Some(entry) = self.by_number.values().find(|entry| asker.is_some() && entry.asker == *asker) else {
            return Ok(None);
        };
        if entry.work == *work {
            return Ok(Some(entry.running.clone()));
        }
        Err(Failure::invalid_field("request_id", "was used for another request"))
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
        let (done, total) = (i64_of(done), i64_of(total));
        self.state.send_modify(|state| match &mut state.metadata {
            Metadata::Reindex(metadata) => (metadata.articles_done, metadata.articles_total) = (done, total),
            Metadata::LoadBundle(metadata) => (metadata.articles_done, metadata.articles_total) = (done, total),
            Metadata::Calibrate(_) => {}
        });
    }

    /// Tells which bundle is to serve.
    pub(in crate::rpc) fn to_bundle(&self, id: &BundleId) {
        self.state.send_modify(|state| {
            if let Metadata::LoadBundle(metadata) = &mut state.metadata {
                metadata.bundle = names::of_bundle(id);
            }
        });
    }

    /// Says why it cannot be cancelled.
    pub(in crate::rpc) fn refuse_to_cancel(&self) -> Failure {
        let (reason, message) = match self.state.borrow().metadata {
            Metadata::Reindex(_) => (
                "REINDEX_NOT_CANCELLABLE",
                "a reindex cannot be cancelled; answers flow from the old generation until it is done",
            ),
            Metadata::LoadBundle(_) => (
                "SWITCH_NOT_CANCELLABLE",
                "a switch of bundles cannot be cancelled; answers flow from the old one until it is done",
            ),
            Metadata::Calibrate(_) => (
                "CALIBRATION_NOT_CANCELLABLE",
                "a calibration cannot be cancelled; answers flow by the old one until it is done",
            ),
        };
        Failure::new(ErrorKind::FailedPrecondition, reason, message)
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
            Outcome::Done(response) => operation::Result::Response(response.packed()),
            Outcome::Failed(status) => operation::Result::Error(status),
        });
        Operation { name: self.name.clone(), metadata: Some(metadata.packed()), done: result.is_some(), result }
    }

    fn is_done(&self) -> bool {
        self.state.borrow().outcome.is_some()
    }

    fn end_time(&self) -> Option<Timestamp> {
        self.state.borrow().outcome.as_ref().map(|(_, end)| *end)
    }
}

impl Metadata {
    fn packed(&self) -> prost_types::Any {
        match self {
            Self::Reindex(metadata) => packed("yingda.v1.ReindexMetadata", metadata),
            Self::LoadBundle(metadata) => packed("yingda.v1.LoadBundleMetadata", metadata),
            Self::Calibrate(metadata) => packed("yingda.v1.CalibrateThresholdsMetadata", metadata),
        }
    }
}

impl Response {
    /// Writes it as an operation holds it.
    pub(in crate::rpc) fn packed(&self) -> prost_types::Any {
        match self {
            Self::Reindex(response) => packed("yingda.v1.ReindexResponse", response),
            Self::Bundle(bundle) => packed("yingda.v1.Bundle", &**bundle),
            Self::Calibration(calibration) => packed("yingda.v1.Calibration", &**calibration),
        }
    }
}

fn packed(full_name: &str, message: &impl Message) -> prost_types::Any {
    prost_types::Any { type_url: format!("{TYPE_URL}{full_name}"), value: message.encode_to_vec() }
}

#[cfg(test)]
mod tests;
