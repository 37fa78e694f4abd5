//! Yingda (应答) understands what customers write in Chinese and finds the approved answer.
//!
//! # The map
//!
//! Rooms, from the top down; each may use those below it, and `tests/layers.rs` fails on any other arrow.
//!
//! | room | owns | packages only it names |
//! |---|---|---|
//! | [`cli`] | commands, their options and output | clap, anyhow |
//! | [`app`] | configuration, clock, logs, putting the rooms together | |
//! | [`rpc`] | the wire: `yingda.v1` over gRPC | tonic, prost, tower |
//! | [`insight`] | records, feedback, evaluation, calibration, training of the ranker | |
//! | [`assist`] | the path of one message | |
//! | [`knowledge`] | articles, lexicons, rules, files, the indexer | |
//! | [`model`] | the bundle: encoder, heads, calibration, training; a large encoder as second stage | candle, tokenizers |
//! | [`index`] | documents and the table of articles | tantivy |
//! | [`store`] | the truth: rows, revisions, the change feed | rusqlite |
//! | [`text`] | normalizing, cutting, lexicon, negation, conditions of rules, entities, masks | jieba-rs, hanconv, pinyin |
//! | [`domain`] | the shared vocabulary | none |
//!
//! Rooms of one layer do not see each other, save that `insight` may use `assist` and `knowledge`.
//!
//! # Where to start
//!
//! A message: [`assist::answer`], which reads like the list of its stages. An edit: [`knowledge::Knowledge`], then the
//! indexer that follows the feed of [`store::Store`] into [`index::ArticleIndex`]. What serves: [`assist::Live`].
//!
//! # Invariants
//!
//! - A request works on one [`assist::Snap`]; nothing it sees changes under it.
//! - The index is a view of the store: it can be thrown away at any line and comes back the same.
//! - Text that customers wrote is masked before it is stored and never logged above debug level.
//! - Time and chance come in as arguments; `app` reads clock, environment and entropy, each in one place.

pub mod app;
pub mod assist;
pub mod cli;
pub mod domain;
pub mod index;
pub mod insight;
pub mod knowledge;
pub mod model;
pub mod rpc;
pub mod store;
pub mod text;
