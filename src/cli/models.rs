//! `yingda models`: which bundles there are, and which one is to serve; a server that runs on the folder follows.

use clap::Subcommand;
use serde_json::{Value, json};

use super::{Session, output};
use crate::{
    app,
    domain::BundleId,
    insight::bundles::{BundleDesk, Contents, Facts, Fault, ListedBundle, Switch},
};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Lists the bundles of the models folder; a star is at the one that is wanted.
    List,
    /// Verifies a bundle and makes it the one that serves.
    Load {
        #[arg(value_name = "NAME/VERSION")]
        bundle: String,
    },
    /// Goes back to the bundle that was wanted before.
    Rollback,
}

pub(super) fn run(session: &Session, command: &Command) -> anyhow::Result<()> {
    let desk = app::open_bundles(&session.config)?;
    match command {
        Command::List => list(session, &desk),
        Command::Load { bundle } => {
            let switch = desk.verify(&BundleId::parse(bundle)?)?;
            serve(session, &desk, switch)
        }
        Command::Rollback => {
            let switch = desk.verify_earlier(None)?;
            serve(session, &desk, switch)
        }
    }
}

fn list(session: &Session, desk: &BundleDesk) -> anyhow::Result<()> {
    let wanted = desk.status()?.wanted;
    let (listed, _) = desk.list(None, usize::MAX);
    if session.json {
        let bundles: Vec<Value> = listed.iter().map(json_of).collect();
        output::line(&json!({"bundles": bundles, "wanted": wanted.to_string()}).to_string());
        return Ok(());
    }
    for bundle in listed {
        let star = if bundle.id == wanted { "*" } else { " " };
        output::line(&format!("{star} {:<24} {}", bundle.id.to_string(), words_of(&bundle.facts)));
    }
    Ok(())
}

fn serve(session: &Session, desk: &BundleDesk, switch: Switch) -> anyhow::Result<()> {
    let id = switch.id.clone();
    desk.switch(switch, &|_, _| ())?;
    output::line(&if session.json { json!({"wanted": id.to_string()}).to_string() } else { format!("{id} is wanted") });
    Ok(())
}

fn words_of(facts: &Facts) -> String {
    let megabytes = facts.size_bytes as f64 / 1e6;
    match &facts.contents {
        Ok(Contents { labels, hash, .. }) => {
            format!("{megabytes:>6.1} MB  {}  domains: {}", &hash[..12], labels.domains.as_slice().join(", "))
        }
        Err(Fault { reason, message }) => format!("{megabytes:>6.1} MB  invalid: {reason}: {message}"),
    }
}

fn json_of(bundle: &ListedBundle) -> Value {
    let (id, size) = (bundle.id.to_string(), bundle.facts.size_bytes);
    match &bundle.facts.contents {
        Ok(Contents { labels, data_fingerprint, hash, provenance }) => json!({"bundle": id, "size_bytes": size,
            "domains": labels.domains.as_slice(), "data_fingerprint": data_fingerprint, "hash": hash,
            "provenance": provenance}),
        Err(Fault { reason, message }) => json!({"bundle": id, "size_bytes": size, "invalid_reason": reason,
            "invalid_message": message}),
    }
}
