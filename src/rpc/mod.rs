//! The wire: gRPC in, gRPC out, and nothing decided in between.
//!
//! A call passes `layers` (request id, span, phase, permit, deadline, panics), is unpacked by the file of its service,
//! checked by `limits` and read by `convert`, put to `assist`, `knowledge` or `insight`, and wrapped again. Errors become
//! codes in `status` and nowhere else. Consistency tokens are in `token`, names in `names`, long work in `operations`, the
//! end of it all in `drain` and `server`.
//!
//! The only room that says tonic, prost or tower. Must not know: SQL, the index, the model but for its labels, the configuration, the system
//! clock (the moment is asked of the clock that was passed in; deadlines are read off the monotonic one).
//!
//! Invariants: no customer text in a span, a log above debug or an error; what blocks runs off the async threads; a write
//! that has begun is finished; every error says its reason; an unknown enum number is refused by name.
//!
//! To add a method: the proto, its `read_*` and `*_of` in `convert`, a method in the file of its service. To add a
//! service, see `server`.

pub mod pb;

mod assist;
mod call;
mod convert;
mod deadline;
mod drain;
mod evaluation;
mod feedback;
mod indexing;
mod json;
mod knowledge;
mod layers;
mod lexicon;
mod limits;
mod models;
mod names;
mod operations;
mod rules;
mod server;
mod server_info;
mod standard;
mod status;
mod text_tools;
mod token;

pub use call::CallCounts;
pub use convert::reply::{AnswerView, answer_response};
pub use json::{JsonError, Layout, answer_json, to_json, to_json_with};
pub use server::{Parts, RpcError, Server, ServerFacts, Settings};
