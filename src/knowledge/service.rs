//! The service of editors: knowledge bases, and what all its writes have in common.
//!
//! Each write first looks up its request id, then checks, then makes one transaction, then nudges the indexer. Must not
//! know the wire or who may do what. To add a write: begin with [`Knowledge::earlier`], end with [`Knowledge::write`].

use std::sync::{Arc, Mutex, PoisonError};

use super::{
    error::{FieldViolation, KnowledgeError, Result},
    fields::merge_base,
    indexer::{IndexStatus, IndexerHandle, Progress, Reindexed},
    page::{Cut, Page, PageRequest},
    policy::default_policy,
    validate::{check_base, settle_policy},
};
use crate::{
    domain::{ArticleId, Clock, Etag, KnowledgeBase, KnowledgeBaseId, Revision, StoreEpoch},
    store::{RequestKey, Store, StoreError, Write, WriteOp, Written},
};

const MAX_REQUEST_ID_CHARS: usize = 64;
const DEFAULT_PAGE: usize = 50;
const ID_DIGITS: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";
const ID_LENGTH: usize = 12;
/// How often a write that read first is begun again because another process wrote meanwhile.
const ATTEMPTS: usize = 8;

/// Whose write it is, so that a retry is known again.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Request {
    pub credential: String,
    /// None: the call cannot be told from another like it.
    pub request_id: Option<String>,
    /// A hash of method and request.
    pub fingerprint: String,
}

/// What a write left, and from when on it is seen.
#[derive(Clone, Debug, PartialEq)]
pub struct Saved<T> {
    pub value: T,
    /// Of the knowledge base after the write.
    pub revision: Revision,
    pub epoch: StoreEpoch,
}

/// A change of a knowledge base.
#[derive(Clone, Debug, PartialEq)]
pub struct KnowledgeBaseUpdate {
    pub knowledge_base: KnowledgeBase,
    /// Names of the proto; `*` means all, none overwrites nothing.
    pub fields: Vec<String>,
    /// The etag that was read; none overwrites whatever is there.
    pub etag: Option<Etag>,
}

/// How a knowledge base is to be deleted.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Deletion {
    pub etag: Option<Etag>,
    /// Also where it holds articles.
    pub force: bool,
}

/// Everything editors do.
pub struct Knowledge {
    pub(super) store: Arc<dyn Store>,
    indexer: IndexerHandle,
    clock: Arc<dyn Clock>,
    ids: Mutex<fastrand::Rng>,
    /// Held by a write from reading to writing, so that those of one process never overtake each other.
    turn: Mutex<()>,
}

impl Knowledge {
    /// Makes the service; `ids` is where the ids of articles come from whose authors named none.
    pub fn new(store: Arc<dyn Store>, indexer: IndexerHandle, clock: Arc<dyn Clock>, ids: fastrand::Rng) -> Self {
        Self { store, indexer, clock, ids: Mutex::new(ids), turn: Mutex::new(()) }
    }

    /// Returns the store behind the service.
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    /// Returns the indexer that is nudged by each write.
    pub fn indexer(&self) -> &IndexerHandle {
        &self.indexer
    }

    /// Chooses the id of an article whose author named none.
    pub fn new_article_id(&self) -> ArticleId {
        // A generator has no state that a panic could break.
        let mut ids = self.ids.lock().unwrap_or_else(PoisonError::into_inner);
        let digits = (0..ID_LENGTH).map(|_| char::from(ID_DIGITS[ids.usize(..ID_DIGITS.len())]));
        let text: String = std::iter::once('a').chain(digits).collect();
        ArticleId::try_new(text).expect("an a with twelve digits of base 36 has the form of an id")
    }

    /// Creates a knowledge base; what its policy leaves out takes the default. Fails with `AlreadyExists`.
    pub fn create_knowledge_base(
        &self,
        request: &Request,
        given: KnowledgeBase,
        validate_only: bool,
    ) -> Result<Saved<KnowledgeBase>> {
        if !validate_only && let Some(written) = self.earlier(request)? {
            return self.saved_base(written);
        }
        let mut base = given;
        if base.policy.working_hours.is_empty() && base.policy.calendar.is_empty() {
            let default = default_policy();
            base.policy.working_hours = default.working_hours;
            base.policy.calendar = default.calendar;
        }
        settle_policy(&mut base.policy);
        fail_on(check_base(&base, "knowledge_base"))?;
        if validate_only {
            return match self.store.knowledge_base(&base.id) {
                Ok(_) => Err(StoreError::AlreadyExists { what: "knowledge base", id: base.id.to_string() }.into()),
                Err(StoreError::NotFound { .. }) => Ok(self.saved(base, Revision(0))),
                Err(error) => Err(error.into()),
            };
        }
        let id = base.id.clone();
        let written = self.write(request, &id, WriteOp::CreateKnowledgeBase(Box::new(base)), String::new())?;
        self.saved_base(written)
    }

    /// Gets a knowledge base; fails with `NotFound`.
    pub fn knowledge_base(&self, id: &KnowledgeBaseId) -> Result<KnowledgeBase> {
        Ok(self.store.knowledge_base(id)?)
    }

    /// Lists the knowledge bases that the caller may see, by id.
    pub fn list_knowledge_bases(
        &self,
        is_visible: &dyn Fn(&KnowledgeBaseId) -> bool,
        page: &PageRequest,
    ) -> Result<Page<KnowledgeBase>> {
        let cut = Cut::try_new(page, DEFAULT_PAGE, "knowledgeBases")?;
        let bases = self.store.knowledge_bases()?.into_iter().filter(|base| is_visible(&base.id));
        Ok(cut.page_of(bases, |base| base.id.as_str()))
    }

    /// Overwrites the named fields of a knowledge base. Fails with `NotFound`, or `Aborted` where the etag is not the
    /// current one.
    pub fn update_knowledge_base(
        &self,
        request: &Request,
        update: KnowledgeBaseUpdate,
        validate_only: bool,
    ) -> Result<Saved<KnowledgeBase>> {
        if !validate_only && let Some(written) = self.earlier(request)? {
            return self.saved_base(written);
        }
        let id = update.knowledge_base.id.clone();
        self.in_turn(validate_only, || {
            let present = self.store.knowledge_base(&id)?;
            let mut merged = merge_base(&present, &update.knowledge_base, &update.fields)?;
            settle_policy(&mut merged.policy);
            fail_on(check_base(&merged, "knowledge_base"))?;
            let current = Etag::of(present.record_revision);
            check_etag(update.etag.as_ref(), &current, ("knowledge base", id.as_str()))?;
            if validate_only {
                return Ok(self.saved(merged, present.revision));
            }
            let op = WriteOp::UpdateKnowledgeBase { knowledge_base: Box::new(merged), expected: Some(current) };
            self.saved_base(self.write(request, &id, op, String::new())?)
        })
    }

    /// Deletes a knowledge base with all it holds. Fails with `NotFound`, with `Aborted` where the etag is not the
    /// current one, and without force with `FailedPrecondition` where it holds articles.
    pub fn delete_knowledge_base(
        &self,
        request: &Request,
        id: &KnowledgeBaseId,
        deletion: Deletion,
    ) -> Result<Saved<()>> {
        if let Some(written) = self.earlier(request)? {
            return Ok(self.saved((), written.revision));
        }
        let Deletion { etag, force } = deletion;
        let op = WriteOp::DeleteKnowledgeBase { id: id.clone(), expected: etag, force };
        let written = self.write(request, id, op, String::new())?;
        Ok(self.saved((), written.revision))
    }

    /// Tells how far the index of a knowledge base has come; fails with `NotFound`. With the store gone it tells what
    /// was seen of it last.
    pub fn index_status(&self, id: &KnowledgeBaseId) -> Result<IndexStatus> {
        let status = self.indexer.status(id);
        match self.store.knowledge_base(id) {
            Ok(base) => Ok(IndexStatus { store_revision: base.revision, ..status.unwrap_or_default() }),
            Err(StoreError::Unavailable { source }) => status.ok_or_else(|| StoreError::Unavailable { source }.into()),
            Err(error) => Err(error.into()),
        }
    }

    /// Builds the index of a knowledge base anew beside the serving one and switches to it; returns when that is done.
    /// Fails with `NotFound`, and with `FailedPrecondition` where a reindex of the base is running.
    pub fn reindex(&self, id: &KnowledgeBaseId, progress: Arc<Progress>) -> Result<Reindexed> {
        self.store.knowledge_base(id)?;
        self.indexer.reindex(id, progress)
    }

    /// Looks up the result of an earlier call with the same request id; fails where that was another request.
    pub(super) fn earlier(&self, request: &Request) -> Result<Option<Written>> {
        match &request.request_id {
            Some(id) if id.chars().count() > MAX_REQUEST_ID_CHARS => {
                let description = format!("must have at most {MAX_REQUEST_ID_CHARS} characters");
                Err(KnowledgeError::invalid("request_id", description))
            }
            _ => Ok(request.key().map(|key| self.store.replay(&key)).transpose()?.flatten()),
        }
    }

    /// Does one write and nudges the indexer.
    pub(super) fn write(
        &self,
        request: &Request,
        id: &KnowledgeBaseId,
        op: WriteOp,
        payload: String,
    ) -> Result<Written> {
        let write = Write { now: self.clock.now(), request: request.key(), op, payload };
        let written = self.store.write(&write)?;
        if !written.is_replay {
            self.indexer.nudge(id);
        }
        Ok(written)
    }

    /// Makes a write that reads first, one after the other, and begins it anew where another process changed meanwhile
    /// what it had read. An etag that the caller brought is checked each time, so that a stale one still fails. What is
    /// only validated waits for nobody.
    pub(super) fn in_turn<T>(&self, validate_only: bool, mut once: impl FnMut() -> Result<T>) -> Result<T> {
        if validate_only {
            return once();
        }
        // The lock guards no value that a panic could break.
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        for _ in 1..ATTEMPTS {
            match once() {
                Err(KnowledgeError::Store(error)) if is_race(&error) => {}
                result => return result,
            }
        }
        once()
    }

    /// Puts a value together with the moment from which on it is seen.
    pub(super) fn saved<T>(&self, value: T, revision: Revision) -> Saved<T> {
        Saved { value, revision, epoch: self.store.epoch().clone() }
    }

    fn saved_base(&self, written: Written) -> Result<Saved<KnowledgeBase>> {
        let revision = written.revision;
        written.knowledge_base.map(|base| self.saved(base, revision)).ok_or_else(|| incomplete("knowledge base"))
    }
}

impl Request {
    fn key(&self) -> Option<RequestKey> {
        let request_id = self.request_id.clone().filter(|id| !id.is_empty())?;
        Some(RequestKey { credential: self.credential.clone(), request_id, fingerprint: self.fingerprint.clone() })
    }
}

fn is_race(error: &StoreError) -> bool {
    match error {
        StoreError::EtagMismatch { .. } | StoreError::DraftChanged { .. } => true,
        StoreError::NotFound { what, .. } | StoreError::AlreadyExists { what, .. } => *what == "article",
        _ => false,
    }
}

/// Fails with `EtagMismatch` where the caller read another version than the present one.
pub(super) fn check_etag(expected: Option<&Etag>, current: &Etag, (what, id): (&'static str, &str)) -> Result<()> {
    match expected {
        Some(expected) if expected != current => {
            Err(StoreError::EtagMismatch { what, id: id.to_owned(), current: current.clone() }.into())
        }
        _ => Ok(()),
    }
}

/// Fails where anything is wrong.
pub(super) fn fail_on(violations: Vec<FieldViolation>) -> Result<()> {
    if violations.is_empty() { Ok(()) } else { Err(KnowledgeError::Invalid(violations)) }
}

/// Makes the error of a store that did not give back what it wrote.
pub(super) fn incomplete(what: &'static str) -> KnowledgeError {
    KnowledgeError::Malformed { what, source: "the store gave nothing back".into() }
}
