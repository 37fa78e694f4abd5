//! What can be learned from calls: records, feedback, how good the answers are, how far confidences hold, which bundle gives
//! them, and the vectors of its second stage.
//!
//! May use the one production path of `assist` (evaluation never has a path of its own), `knowledge`, `model` and the
//! store. Must not know the wire or the configuration. To add a measure: compute it in `evaluation`, name it in its
//! report, and document its formula there.

pub mod bundles;
pub mod calibration;
mod encoding;
mod error;
pub mod evaluation;
mod feedback;
pub mod ranker_training;
mod recorder;
mod rounds;

pub use encoding::Encoding;
pub use error::InsightError;
pub use feedback::{FeedbackDesk, FeedbackGiven, SatisfactionGiven};
pub use recorder::{Call, RecordCounts, Recorder};
pub use rounds::Rounds;
