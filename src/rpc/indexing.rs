//! `yingda.v1.Indexing`: unpack, call, wrap.

use std::sync::Arc;

use prost::Message;
use tonic::{Request, Response, Status};

use super::{
    call::Call,
    convert::{number::i64_of, time::timestamp_of},
    lexicon::named,
    limits::{self, Violations},
    names,
    operations::registry::{Begun, Outcome, Registry, Response as Done, Running, Work},
    pb::{self, google::longrunning::Operation, indexing_server::Indexing},
};
use crate::{
    domain::{Clock, KnowledgeBaseId},
    knowledge::{IndexStatus, Knowledge, Reindexed},
};

/// The service.
pub(super) struct IndexingService {
    pub knowledge: Arc<Knowledge>,
    pub registry: Arc<Registry>,
    pub clock: Arc<dyn Clock>,
}

#[tonic::async_trait]
impl Indexing for IndexingService {
    async fn reindex(&self, request: Request<pb::ReindexRequest>) -> Result<Response<Operation>, Status> {
        let call = Call::of(&request);
        let pb::ReindexRequest { knowledge_base, request_id } = request.into_inner();
        let mut violations = Violations::default();
        limits::request_id(&mut violations, &request_id);
        let id = violations.take("knowledge_base", names::knowledge_base(&knowledge_base));
        let id = violations.finish_with(id)?;
        // What does not exist is said at once, not by an operation that fails.
        let (knowledge, wanted) = (Arc::clone(&self.knowledge), id.clone());
        call.read(move |_| knowledge.knowledge_base(&wanted)).await?;
        let asker = call.owned_request(request_id);
        let running = match self.registry.begin(Work::Reindex(id.clone()), asker, self.clock.now())? {
            Begun::Before(running) => running,
            Begun::New(running) => {
                self.begin(call, id, running.clone());
                running
            }
        };
        Ok(Response::new(running.operation()))
    }

    async fn get_index_status(
        &self,
        request: Request<pb::GetIndexStatusRequest>,
    ) -> Result<Response<pb::IndexStatus>, Status> {
        let call = Call::of(&request);
        let id = named("knowledge_base", names::knowledge_base(&request.into_inner().knowledge_base))?;
        let (knowledge, wanted) = (Arc::clone(&self.knowledge), id.clone());
        let status = call.read(move |_| knowledge.index_status(&wanted)).await?;
        let running_operation = self.registry.running(&id).unwrap_or_default();
        Ok(Response::new(pb::IndexStatus { running_operation, ..status_of(&status, &id) }))
    }
}

impl IndexingService {
    /// Begins the reindex; it outlives the call, and tells the operation how it ends.
    fn begin(&self, call: Call, id: KnowledgeBaseId, running: Running) {
        let (knowledge, clock, to_failed) = (Arc::clone(&self.knowledge), Arc::clone(&self.clock), running.clone());
        let failed_clock = Arc::clone(&self.clock);
        let reindex = move || {
            let progress = running.clone();
            let progress = Arc::new(move |done, total| progress.progress(done, total));
            let Reindexed { generation, revision } = knowledge.reindex(&id, progress)?;
            let response = pb::ReindexResponse { generation, revision: i64_of(revision.0) };
            running.finish(Outcome::Done(Done::Reindex(response)), clock.now());
            Ok(())
        };
        call.without_permit().begin(reindex, move |status| {
            tracing::warn!(code = ?status.code(), message = status.message(), "reindex failed");
            to_failed.finish(Outcome::Failed(rpc_status(&status)), failed_clock.now());
        });
    }
}

/// The status as a message: the details of a call that failed are one.
pub(super) fn rpc_status(status: &Status) -> pb::google::rpc::Status {
    let plain = || pb::google::rpc::Status {
        code: i32::from(status.code()),
        message: status.message().to_owned(),
        details: Vec::new(),
    };
    let decoded = pb::google::rpc::Status::decode(status.details());
    decoded.ok().filter(|decoded| decoded.code != 0).unwrap_or_else(plain)
}

fn status_of(status: &IndexStatus, id: &KnowledgeBaseId) -> pb::IndexStatus {
    let (applied, stored) = (status.applied_revision.0, status.store_revision.0);
    pb::IndexStatus {
        knowledge_base: names::of_knowledge_base(id),
        generation: status.generation.clone(),
        applied_revision: i64_of(applied),
        store_revision: i64_of(stored),
        lag_revisions: i64_of(stored.saturating_sub(applied)),
        article_count: i64_of(status.num_articles),
        phrasing_count: i64_of(status.num_phrasings),
        last_commit_time: status.last_commit_time.map(timestamp_of),
        running_operation: String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{domain::ErrorKind, rpc::status::Failure};

    #[test]
    fn a_failure_is_a_message_with_its_reason() {
        let failure = Failure::new(ErrorKind::Unavailable, "STORE_UNAVAILABLE", "try again");
        let message = rpc_status(&Status::from(failure));
        assert_eq!((message.code, message.message.as_str(), message.details.len()), (14, "try again", 1));
        assert_eq!(rpc_status(&Status::cancelled("left")).code, 1);
    }

    #[test]
    fn the_lag_is_never_negative() {
        let id = KnowledgeBaseId::try_new("retail").expect("an id");
        let status = IndexStatus { applied_revision: crate::domain::Revision(9), ..IndexStatus::default() };
        assert_eq!(status_of(&status, &id).lag_revisions, 0);
    }
}
