//! The command line: one file a command, its options and its `run`.
//!
//! May use every room. To add a command: a file with `Options` and `run`, one variant and one arm here, and a test in
//! `tests/cli`.

mod ask;
mod encoder;
mod eval;
mod export;
mod files;
mod import;
mod models;
mod offline;
mod output;
mod redact;
mod reindex;
mod serve;
mod train;

use std::path::PathBuf;

use anyhow::Context;
use clap::{Parser, Subcommand};

use crate::app::{self, Config, RawConfig};

/// Understands what customers write in Chinese and finds the approved answer.
#[derive(Debug, Parser)]
#[command(name = "yingda", version, propagate_version = true)]
struct Cli {
    /// Reads settings from this TOML file; variables YINGDA_… go before it.
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The data folder; made where it is missing.
    #[arg(long, global = true, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Prints one JSON object instead of text.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Starts the server.
    Serve(serve::Options),
    /// Asks one question, in this process.
    Ask(ask::Options),
    /// Brings articles from a file into a knowledge base.
    Import(import::Options),
    /// Writes the articles of a knowledge base to a file.
    Export(export::Options),
    /// Builds the index of a knowledge base anew.
    Reindex(reindex::Options),
    /// Masks personal data in lines of text.
    Redact(redact::Options),
    /// Trains the model bundle and the ranker, or a bundle of a team's own messages.
    Train(train::Options),
    /// Lists model bundles and chooses the one that serves.
    #[command(subcommand)]
    Models(models::Command),
    /// Measures answers and labels.
    #[command(subcommand)]
    Eval(eval::Command),
    /// Measures a large encoder that may serve as second stage.
    #[command(subcommand)]
    Encoder(encoder::Command),
}

/// What every command gets.
struct Session {
    config: Config,
    json: bool,
}

/// Parses the arguments and runs the command; returns the exit code: 0 done, 1 failed, 2 wrong usage.
pub fn run() -> u8 {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let code = error.exit_code();
            // Nobody is there to read it where the terminal has gone.
            let _ = error.print();
            return u8::try_from(code).unwrap_or(2);
        }
    };
    match dispatch(cli) {
        Ok(()) => 0,
        Err(error) => {
            output::failure(&error);
            1
        }
    }
}

fn dispatch(cli: Cli) -> anyhow::Result<()> {
    let raw = match &cli.config {
        Some(path) => RawConfig::read(path)?,
        None => RawConfig::default(),
    };
    let mut raw = raw.with_environment(&app::environment())?;
    if let Some(dir) = cli.data {
        raw.data_dir = Some(dir.to_str().context("--data is not UTF-8")?.to_owned());
    }
    if let Command::Serve(options) = &cli.command {
        options.lay_over(&mut raw);
    } else {
        raw.log.get_or_insert_with(|| "warn".to_owned());
    }
    let config = raw.resolve()?;
    app::init_telemetry(&config.log).context("log filter")?;
    let context = Session { config, json: cli.json };
    match cli.command {
        Command::Serve(options) => serve::run(&context, options),
        Command::Ask(options) => ask::run(&context, options),
        Command::Import(options) => import::run(&context, &options),
        Command::Export(options) => export::run(&context, &options),
        Command::Reindex(options) => reindex::run(&context, &options),
        Command::Redact(options) => redact::run(&context, &options),
        Command::Train(options) => train::run(&context, &options),
        Command::Models(command) => models::run(&context, &command),
        Command::Eval(command) => eval::run(&context, command),
        Command::Encoder(command) => encoder::run(&context, &command),
    }
}
