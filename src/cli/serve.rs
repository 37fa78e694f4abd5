//! `yingda serve`: the gRPC server.

use std::{path::PathBuf, sync::Arc};

use anyhow::Context;
use clap::Args;

use super::{Session, output};
use crate::app::{self, App, Hooks, RawConfig, StoreKind};

#[derive(Debug, Args)]
pub(super) struct Options {
    /// Installs the demo knowledge bases that are missing.
    #[arg(long)]
    demo: bool,
    /// Where to listen; port 0 lets the system choose.
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<String>,
    /// Where model bundles lie.
    #[arg(long, value_name = "DIR")]
    models: Option<PathBuf>,
}

impl Options {
    /// Options go before variables and file.
    pub(super) fn lay_over(&self, raw: &mut RawConfig) {
        if let Some(listen) = &self.listen {
            raw.listen = Some(listen.clone());
        }
        if let Some(dir) = self.models.as_ref().and_then(|dir| dir.to_str()) {
            raw.models_dir = Some(dir.to_owned());
        }
    }
}

pub(super) fn run(session: &Session, options: Options) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().context("async runtime")?;
    let app = App::start(&session.config, &StoreKind::Folder)?;
    if options.demo {
        for id in app.install_demo()? {
            tracing::info!(knowledge_base = %id, "demo knowledge base installed");
        }
    }
    let hooks = Hooks {
        on_listening: Box::new(|address| output::line(&format!("listening on {address}"))),
        on_serving: Box::new(|| output::line("SERVING")),
    };
    runtime.block_on(app::serve(Arc::new(app), &session.config, hooks, stop_signal()))?;
    Ok(())
}

/// Resolves on Ctrl-C or, where there are such signals, on a request to terminate.
async fn stop_signal() {
    let interrupt = async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let Ok(mut terminate) = signal(SignalKind::terminate()) else { return interrupt.await };
        tokio::select! {
            () = interrupt => {}
            _ = terminate.recv() => {}
        }
    }
    #[cfg(not(unix))]
    interrupt.await;
}
