//! `google.longrunning.Operations`: unpack, call, wrap.

pub(super) mod registry;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use tonic::{Request, Response, Status};

use self::registry::{Listing, Registry};
use super::{
    call::Call,
    deadline,
    drain::{Phase, Phases},
    limits::{self, Violations},
    pb::google::longrunning::{
        CancelOperationRequest, DeleteOperationRequest, GetOperationRequest, ListOperationsRequest,
        ListOperationsResponse, Operation, WaitOperationRequest, operations_server::Operations,
    },
    status::Failure,
};
use crate::domain::Clock;

/// How long a caller without timeout and deadline waits.
const PATIENCE: Duration = Duration::from_secs(300);
/// Default and limit of how many operations make a page.
const PAGE: (usize, usize) = (50, 1_000);

/// The service.
pub(super) struct OperationsService {
    pub registry: Arc<Registry>,
    pub clock: Arc<dyn Clock>,
    pub phases: Phases,
}

#[tonic::async_trait]
impl Operations for OperationsService {
    async fn list_operations(
        &self,
        request: Request<ListOperationsRequest>,
    ) -> Result<Response<ListOperationsResponse>, Status> {
        let listing = read_listing(&request.into_inner())?;
        let (operations, next) = self.registry.list(listing, self.clock.now());
        let next_page_token = next.map(|number| number.to_string()).unwrap_or_default();
        Ok(Response::new(ListOperationsResponse { operations, next_page_token, unreachable: Vec::new() }))
    }

    async fn get_operation(&self, request: Request<GetOperationRequest>) -> Result<Response<Operation>, Status> {
        let running = self.registry.get(&request.into_inner().name, self.clock.now())?;
        Ok(Response::new(running.operation()))
    }

    async fn delete_operation(&self, request: Request<DeleteOperationRequest>) -> Result<Response<()>, Status> {
        self.registry.delete(&request.into_inner().name)?;
        Ok(Response::new(()))
    }

    async fn cancel_operation(&self, request: Request<CancelOperationRequest>) -> Result<Response<()>, Status> {
        let running = self.registry.get(&request.into_inner().name, self.clock.now())?;
        Err(running.refuse_to_cancel().into())
    }

    async fn wait_operation(&self, request: Request<WaitOperationRequest>) -> Result<Response<Operation>, Status> {
        let call = Call::of(&request);
        let WaitOperationRequest { name, timeout } = request.into_inner();
        let running = self.registry.get(&name, self.clock.now())?;
        let patience = match timeout.map(Duration::try_from) {
            None => PATIENCE,
            Some(Ok(timeout)) => timeout.min(PATIENCE),
            Some(Err(_)) => return Err(Failure::invalid_field("timeout", "must not be negative").into()),
        };
        let now = Instant::now();
        let until = deadline::until(call.deadline, now, patience).min(now + patience);
        tokio::select! {
            () = running.done() => {}
            () = tokio::time::sleep_until(until.into()) => {}
            () = self.phases.clone().reached(Phase::Draining) => {}
        }
        Ok(Response::new(running.operation()))
    }
}

fn read_listing(request: &ListOperationsRequest) -> Result<Listing, Failure> {
    let mut violations = Violations::default();
    violations.check(matches!(request.name.as_str(), "" | "operations"), "name", "must be operations");
    let done = match request.filter.as_str() {
        "" => None,
        "done:true" => Some(true),
        "done:false" => Some(false),
        _ => {
            violations.add("filter", "must be done:true or done:false or empty");
            None
        }
    };
    let after = if request.page_token.is_empty() { Ok(0) } else { request.page_token.parse() };
    violations.check(after.is_ok(), "page_token", "must be the next_page_token of the page before");
    let limit = limits::wanted(&mut violations, "page_size", request.page_size, PAGE);
    violations.finish_with(Some(Listing { done, after: after.unwrap_or(0), limit }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn listings_are_read_or_refused_by_field() {
        let check = |name: &str, filter: &str, page_token: &str, is_good: bool| {
            let request = ListOperationsRequest {
                name: name.to_owned(),
                filter: filter.to_owned(),
                page_token: page_token.to_owned(),
                ..Default::default()
            };
            assert_eq!(read_listing(&request).is_ok(), is_good, "{request:?}");
        };
        check("", "", "", true);
        check("operations", "done:true", "12", true);
        check("other", "", "", false);
        check("", "done=true", "", false);
        check("", "", "x", false);
    }
}
