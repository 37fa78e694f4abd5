//! `yingda.v1.Models`: unpack, call, wrap.

use std::sync::Arc;

use tonic::{Request, Response, Status};

use super::{
    call::Call,
    convert::{label_set::label_set_of, number::i64_of},
    indexing::rpc_status,
    limits::{self, Violations},
    names,
    operations::registry::{Asker, Begun, Outcome, Registry, Response as Done, Running, Work},
    pb::{
        self,
        google::longrunning::{Operation, operation},
        models_server::Models,
    },
    status::Failure,
};
use crate::{
    domain::{BundleId, Clock},
    insight::bundles::{BundleDesk, BundleError, Contents, Facts, ListedBundle, Switch},
};

/// Default and limit of how many bundles make a page.
const PAGE: (usize, usize) = (100, 1_000);

/// The service.
pub(super) struct ModelsService {
    pub desk: Arc<BundleDesk>,
    pub registry: Arc<Registry>,
    pub clock: Arc<dyn Clock>,
}

#[tonic::async_trait]
impl Models for ModelsService {
    async fn list_bundles(
        &self,
        request: Request<pb::ListBundlesRequest>,
    ) -> Result<Response<pb::ListBundlesResponse>, Status> {
        let call = Call::of(&request);
        let pb::ListBundlesRequest { page_size, page_token } = request.into_inner();
        let mut violations = Violations::default();
        let limit = limits::wanted(&mut violations, "page_size", page_size, PAGE);
        let after = if page_token.is_empty() { None } else { names::bundle(&page_token).ok() };
        let is_known = page_token.is_empty() || after.is_some();
        violations.check(is_known, "page_token", "must be the next_page_token of the page before");
        violations.finish()?;
        let desk = Arc::clone(&self.desk);
        let list = move || -> Result<_, BundleError> { Ok((desk.status()?, desk.list(after.as_ref(), limit))) };
        let (status, (listed, has_more)) = call.read(move |_| list()).await?;
        let next_page_token = listed.last().filter(|_| has_more).map(|last| names::of_bundle(&last.id));
        Ok(Response::new(pb::ListBundlesResponse {
            bundles: listed.into_iter().map(bundle_of).collect(),
            next_page_token: next_page_token.unwrap_or_default(),
            serving: names::of_bundle(&status.serving),
            wanted: names::of_bundle(&status.wanted),
        }))
    }

    async fn load_bundle(&self, request: Request<pb::LoadBundleRequest>) -> Result<Response<Operation>, Status> {
        let call = Call::of(&request);
        let pb::LoadBundleRequest { name, validate_only, request_id } = request.into_inner();
        let mut violations = Violations::default();
        limits::request_id(&mut violations, &request_id);
        let id = violations.take("name", names::bundle(&name));
        let id = violations.finish_with(id)?;
        let asker = call.owned_request(request_id).filter(|_| !validate_only);
        let work = Work::LoadBundle(id.clone());
        if let Some(running) = self.registry.before(&work, &asker, self.clock.now())? {
            return Ok(Response::new(running.operation()));
        }
        // What cannot be used is said at once, not by an operation that fails.
        let (desk, wanted) = (Arc::clone(&self.desk), id);
        if validate_only {
            let verify = move || -> Result<_, BundleError> { desk.verify(&wanted).map(|_| listed(&desk, &wanted)) };
            let response = Done::Bundle(Box::new(call.read(move |_| verify()).await?)).packed();
            let result = Some(operation::Result::Response(response));
            return Ok(Response::new(Operation { done: true, result, ..Operation::default() }));
        }
        let switch = call.read(move |_| desk.verify(&wanted)).await?;
        Ok(Response::new(self.begin(call, (work, asker), switch)?))
    }

    async fn rollback_bundle(
        &self,
        request: Request<pb::RollbackBundleRequest>,
    ) -> Result<Response<Operation>, Status> {
        let call = Call::of(&request);
        let pb::RollbackBundleRequest { from, request_id } = request.into_inner();
        let mut violations = Violations::default();
        limits::request_id(&mut violations, &request_id);
        let from = if from.is_empty() { None } else { violations.take("from", names::bundle(&from)) };
        violations.finish()?;
        let asker = call.owned_request(request_id);
        let work = Work::RollbackBundle(from.clone());
        if let Some(running) = self.registry.before(&work, &asker, self.clock.now())? {
            return Ok(Response::new(running.operation()));
        }
        let desk = Arc::clone(&self.desk);
        let switch = call.read(move |_| desk.verify_earlier(from.as_ref())).await?;
        Ok(Response::new(self.begin(call, (work, asker), switch)?))
    }
}

impl ModelsService {
    /// Begins the switch; it outlives the call, and tells the operation how it ends.
    fn begin(&self, call: Call, (work, asker): (Work, Asker), switch: Switch) -> Result<Operation, Failure> {
        let running = match self.registry.begin(work, asker, self.clock.now())? {
            Begun::Before(running) => return Ok(running.operation()),
            Begun::New(running) => running,
        };
        running.to_bundle(&switch.id);
        self.run(call, running.clone(), switch);
        Ok(running.operation())
    }

    fn run(&self, call: Call, running: Running, switch: Switch) {
        let (desk, clock, to_failed) = (Arc::clone(&self.desk), Arc::clone(&self.clock), running.clone());
        let failed_clock = Arc::clone(&self.clock);
        let work = move || {
            let id = switch.id.clone();
            desk.switch(switch, &|done, total| running.progress(done, total))?;
            running.finish(Outcome::Done(Done::Bundle(Box::new(listed(&desk, &id)))), clock.now());
            Ok(())
        };
        call.without_permit().begin(work, move |status| {
            tracing::warn!(code = ?status.code(), message = status.message(), "switch of bundles failed");
            to_failed.finish(Outcome::Failed(rpc_status(&status)), failed_clock.now());
        });
    }
}

/// Writes a bundle as the list has it.
fn listed(desk: &BundleDesk, id: &BundleId) -> pb::Bundle {
    bundle_of(desk.bundle(id))
}

fn bundle_of(listed: ListedBundle) -> pb::Bundle {
    let ListedBundle { id, is_serving, facts: Facts { size_bytes, contents } } = listed;
    let state = match (is_serving, &contents) {
        (true, _) => pb::BundleState::Serving,
        (false, Ok(_)) => pb::BundleState::Available,
        (false, Err(_)) => pb::BundleState::Invalid,
    };
    let bundle = pb::Bundle {
        name: names::of_bundle(&id),
        state: state.into(),
        size_bytes: i64_of(size_bytes),
        ..pb::Bundle::default()
    };
    match contents {
        Ok(Contents { labels, data_fingerprint, hash, provenance }) => {
            pb::Bundle { label_set: Some(label_set_of(&labels)), data_fingerprint, hash, provenance, ..bundle }
        }
        Err(fault) => pb::Bundle { invalid_reason: fault.reason.to_owned(), invalid_message: fault.message, ..bundle },
    }
}
