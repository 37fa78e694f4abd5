//! The standard services around ours: health and reflection.
//!
//! Both have streams without an end of their own, which are ended when the server drains. Must not know what the server
//! serves but by name.

use std::{
    convert::Infallible,
    task::{Context, Poll},
};

use tonic::{Request, Response, Status, body::Body, codegen::http, server::NamedService, service::AxumBody};
use tonic_health::{
    ServingStatus,
    pb::{
        HealthCheckRequest, HealthCheckResponse,
        health_server::{Health, HealthServer},
    },
    server::{HealthReporter, HealthService, WatchStream},
};
use tower::Service;

use super::{
    drain::{Ending, Phase, Phases},
    pb,
};

/// Whose health is told; the empty name is the server as a whole.
const SERVICES: [&str; 11] = [
    "",
    pb::assist_server::SERVICE_NAME,
    pb::text_tools_server::SERVICE_NAME,
    pb::knowledge_server::SERVICE_NAME,
    pb::lexicon_server::SERVICE_NAME,
    pb::rules_server::SERVICE_NAME,
    pb::feedback_server::SERVICE_NAME,
    pb::indexing_server::SERVICE_NAME,
    pb::evaluation_server::SERVICE_NAME,
    pb::models_server::SERVICE_NAME,
    pb::server_info_server::SERVICE_NAME,
];

/// Says of every service whether it serves.
pub(super) async fn report(reporter: &HealthReporter, is_serving: bool) {
    let status = if is_serving { ServingStatus::Serving } else { ServingStatus::NotServing };
    for service in SERVICES {
        reporter.set_service_status(service, status).await;
    }
}

/// Makes the health service.
pub(super) fn health(reporter: &HealthReporter, phases: Phases) -> HealthServer<DrainingHealth> {
    HealthServer::new(DrainingHealth { inner: HealthService::from_health_reporter(reporter.clone()), phases })
}

/// Health whose watches end when the server drains, after they have told so.
pub(super) struct DrainingHealth {
    inner: HealthService,
    phases: Phases,
}

#[tonic::async_trait]
impl Health for DrainingHealth {
    type WatchStream = Ending<WatchStream>;

    async fn check(&self, request: Request<HealthCheckRequest>) -> Result<Response<HealthCheckResponse>, Status> {
        self.inner.check(request).await
    }

    async fn watch(&self, request: Request<HealthCheckRequest>) -> Result<Response<Self::WatchStream>, Status> {
        let stream = self.inner.watch(request).await?;
        Ok(stream.map(|stream| self.phases.end(stream, Phase::Draining, None)))
    }
}

/// A service whose callers' streams end when the server drains, and with them its own.
#[derive(Clone, Debug)]
pub(super) struct Draining<S> {
    pub inner: S,
    pub phases: Phases,
}

impl<S: NamedService> NamedService for Draining<S> {
    const NAME: &'static str = S::NAME;
}

impl<S> Service<http::Request<Body>> for Draining<S>
where
    S: Service<http::Request<AxumBody>, Error = Infallible>,
{
    type Response = S::Response;
    type Error = Infallible;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let phases = &self.phases;
        let request = request.map(|body| {
            AxumBody::from_stream(phases.end(AxumBody::new(body).into_data_stream(), Phase::Draining, None))
        });
        self.inner.call(request)
    }
}
