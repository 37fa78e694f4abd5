//! Puts the rooms together: configuration, clock, logs, the running application.
//!
//! The only room that reads the environment, the wall clock and the machine's randomness, each in one place. To add a
//! setting: put it into `config`, resolve it there, and hand it to the room that needs it as that room's own `Settings`.

mod assets;
mod clock;
mod compose;
mod config;
mod serve;
mod telemetry;

pub use assets::{AssetError, bundle_dir, models_folder, second_stage, shared_with};
pub use clock::{SystemClock, thread_cpu_time};
pub use compose::{App, StartError, StoreKind, open_bundles};
pub use config::{Config, ConfigError, EncoderConfig, RawConfig, environment};
pub use serve::{Hooks, ServeError, serve};
pub use telemetry::init as init_telemetry;
