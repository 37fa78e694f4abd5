//! `yingda.v1.ServerInfo`: unpack, call, wrap.

use std::sync::Arc;

use tonic::{Request, Response, Status};

use super::{
    convert::{
        label_set::label_set_of,
        number::{i32_of, i64_of},
        time::timestamp_of,
    },
    pb::{self, server_info_server::ServerInfo},
    server::ServerFacts,
};
use crate::{
    assist::{Live, provenance},
    domain::Provenance,
    insight::{Recorder, bundles::BundleDesk},
};

/// The service.
pub(super) struct ServerInfoService {
    pub live: Arc<Live>,
    pub recorder: Arc<Recorder>,
    pub bundles: Arc<BundleDesk>,
    pub facts: ServerFacts,
}

#[tonic::async_trait]
impl ServerInfo for ServerInfoService {
    async fn get_server_info(
        &self,
        _: Request<pb::GetServerInfoRequest>,
    ) -> Result<Response<pb::GetServerInfoResponse>, Status> {
        let snap = self.live.load();
        let Provenance { bundle, rules_version, .. } = provenance(&snap, &[]);
        let counts = self.recorder.counts();
        let fault = self.bundles.fault().map(|fault| format!("bundle:{}", fault.reason));
        Ok(Response::new(pb::GetServerInfoResponse {
            version: self.facts.version.clone(),
            bundle,
            rules_version,
            store_epoch: snap.shared.store_epoch.0.clone(),
            store: self.facts.store_backend.to_owned(),
            start_time: Some(timestamp_of(self.facts.start_time)),
            knowledge_base_count: i32_of(snap.bases.len()),
            answer_records_dropped: i64_of(counts.dropped),
            answer_records_written: i64_of(counts.written),
            label_set: Some(label_set_of(snap.shared.bundle.labels())),
            degraded: fault.is_some(),
            degraded_reasons: fault.into_iter().collect(),
        }))
    }
}
