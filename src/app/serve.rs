//! Runs the server until it is told to stop.

use std::{future::Future, net::SocketAddr, sync::Arc};

use thiserror::Error;
use tokio::{net::TcpListener, sync::watch};

use super::{App, Config, StartError};
use crate::{
    domain::Timestamp,
    rpc::{Parts, RpcError, Server, ServerFacts, Settings},
};

/// The server ended otherwise than asked.
#[derive(Debug, Error)]
pub enum ServeError {
    #[error("cannot listen on {address}")]
    Listen { address: SocketAddr, source: std::io::Error },
    #[error(transparent)]
    Rpc(#[from] RpcError),
    #[error(transparent)]
    Start(#[from] StartError),
    #[error("loading was interrupted")]
    Interrupted,
}

/// Listens, loads, serves, and drains once `stop` resolves. `on_listening` hears the real address, `on_serving` that
/// health says so.
pub async fn serve(
    app: Arc<App>,
    config: &Config,
    hooks: Hooks,
    stop: impl Future<Output = ()> + Send + 'static,
) -> Result<(), ServeError> {
    let failed = |source| ServeError::Listen { address: config.listen, source };
    let listener = TcpListener::bind(config.listen).await.map_err(failed)?;
    (hooks.on_listening)(listener.local_addr().map_err(failed)?);
    let (ready, is_ready) = watch::channel(false);
    let loading = Arc::clone(&app);
    let poll_interval = config.index_poll;
    let loader = tokio::task::spawn_blocking(move || {
        let loaded = loading.wait_ready()?;
        if loaded {
            ready.send_replace(true);
            loading.begin_calibrating(poll_interval)?;
        }
        Ok::<bool, StartError>(loaded)
    });
    let start_time: Timestamp = app.clock.now();
    let server = Server::new(Parts {
        live: Arc::clone(&app.live),
        knowledge: Arc::clone(&app.knowledge),
        recorder: Arc::clone(&app.recorder),
        feedback: Arc::clone(&app.feedback),
        bundles: Arc::clone(&app.bundles),
        calibration: Arc::clone(&app.calibration),
        clock: Arc::clone(&app.clock),
        facts: ServerFacts {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            start_time,
            store_backend: app.store.backend(),
        },
        settings: Settings {
            max_in_flight: config.max_in_flight,
            drain_timeout: config.drain_timeout,
            ..Settings::default()
        },
    });
    let served = server.serve(listener, (is_ready, hooks.on_serving), stop).await;
    let stopping = Arc::clone(&app);
    let stopped = tokio::task::spawn_blocking(move || stopping.stop()).await;
    if stopped.is_err() {
        tracing::error!("stopping panicked");
    }
    served?;
    match loader.await {
        Ok(Ok(true)) => Ok(()),
        Ok(Ok(false)) | Err(_) => Err(ServeError::Interrupted),
        Ok(Err(error)) => Err(error.into()),
    }
}

/// What the caller wants to hear.
pub struct Hooks {
    pub on_listening: Box<dyn FnOnce(SocketAddr) + Send>,
    pub on_serving: Box<dyn FnOnce() + Send>,
}
