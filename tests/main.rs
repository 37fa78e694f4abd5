//! The one integration binary.

mod cli;
mod data;
mod faults;
mod golden;
mod harness;
mod layers;
mod redaction;
mod rpc;
