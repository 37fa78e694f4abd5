//! The application in this process, for one command.

use super::Session;
use crate::{
    app::{App, Config, StoreKind},
    domain::KnowledgeBaseId,
    insight::calibration::Wanted,
};

/// Opens the data folder with an index in memory, so that it works beside a running server; where there is no data
/// folder, the demo knowledge bases in memory, those asked calibrated.
pub(super) fn open_or_demo(session: &Session, asked: &[KnowledgeBaseId]) -> anyhow::Result<App> {
    if session.config.data_dir.join("yingda.db").is_file() {
        let app = App::start(&session.config, &StoreKind::FolderWithIndexInMemory)?;
        app.wait_ready()?;
        app.wait_encoded();
        Ok(app)
    } else {
        let app = demo(&session.config)?;
        // As a server would have done by now.
        for id in app.live.load().bases.keys().filter(|id| asked.is_empty() || asked.contains(id)) {
            app.calibration.calibrate(id, Wanted::default(), false)?;
        }
        Ok(app)
    }
}

/// Makes the demo knowledge bases in memory.
pub(super) fn demo(config: &Config) -> anyhow::Result<App> {
    let app = App::start(config, &StoreKind::Memory)?;
    app.install_demo()?;
    app.wait_ready()?;
    app.wait_encoded();
    Ok(app)
}

/// Reads names of knowledge bases, bare or as `knowledgeBases/{id}`.
pub(super) fn knowledge_bases(names: &[String]) -> anyhow::Result<Vec<KnowledgeBaseId>> {
    let ids = names.iter().map(|name| KnowledgeBaseId::try_new(name.trim_start_matches("knowledgeBases/")));
    Ok(ids.collect::<Result<_, _>>()?)
}
