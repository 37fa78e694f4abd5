//! Between the wire's messages and the domain's types, one file per subject.
//!
//! Must not decide anything: a value is carried over or refused by name. Invariants: what is written and read again is
//! the same; an enum number that is not known, a time out of range and a name of another form are violations of their
//! field; nothing that a caller wrote is repeated in a refusal. To add a subject: one file with `*_of` for what comes out
//! and `read_*` for what comes in, and a round trip in its test where both exist.

pub(super) mod analysis;
pub(super) mod article;
pub(super) mod calibration;
pub(super) mod candidate;
pub(super) mod enums;
pub(super) mod files;
pub(super) mod inquiry;
pub(super) mod knowledge_base;
pub(super) mod label_set;
pub(super) mod lexicon;
pub(super) mod mask;
pub(super) mod number;
pub(super) mod policy;
pub(super) mod reply;
pub(super) mod rule;
pub(super) mod spans;
pub(super) mod time;
pub(super) mod urgency;

#[cfg(test)]
pub(super) mod random;
