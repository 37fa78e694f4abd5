//! When and with which settings benches run.

use std::path::PathBuf;

use yingda::{
    app::{Config, RawConfig},
    domain::Timestamp,
};

/// The allocator of the program: with the system's an answer costs a fifth more.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The moment the benches run at: 2026-11-22 10:00 in Shanghai.
pub const MOMENT: Timestamp = Timestamp(1_795_312_800_000);

/// Returns the configuration of benches.
pub fn config(data_dir: Option<PathBuf>) -> Config {
    let text = |path: PathBuf| path.to_str().expect("UTF-8").to_owned();
    let raw = RawConfig {
        listen: Some("127.0.0.1:0".to_owned()),
        data_dir: data_dir.map(text),
        models_dir: Some(concat!(env!("CARGO_MANIFEST_DIR"), "/models").to_owned()),
        ..RawConfig::default()
    };
    raw.resolve().expect("a good configuration")
}
