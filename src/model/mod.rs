//! The classifier: what a customer wants, how soon, about what and in which tone; and a vector of the text.
//!
//! - [`Input`]: a normalized text with its words, cut once for all rooms.
//! - [`LabelSet`]: the labels of a bundle; its [`Domains`] are its own, the rest is this program's.
//! - [`Bundle`]: weights, vocabulary, labels and calibration, loaded whole and hashed; [`Bundle::classify`] gives a
//!   [`Classification`], [`Bundle::embed`] a unit vector.
//! - [`train`]: makes a bundle from labelled rows, measures it, and fits the vectors to a teacher.
//! - [`bert`]: a large encoder from a Hugging Face folder, which whoever serves may configure as a second stage.
//! - [`measures`]: accuracy, macro-F1, calibration error and intervals, for everyone who evaluates.
//!
//! Inside: `features` (what is seen) → `attention` (what each part counts) → `encoder` (vector) → `heads` (logits) → `calibration` (probabilities).
//!
//! Must not know: rules, articles, the index, the wire, the clock. Only `train` and the reference of `bert` run candle; the
//! path of a message is plain arithmetic over tensors.
//!
//! Invariants: a bundle is immutable and gives the same answer for the same text; only labels of the label set are given;
//! a text of which nothing is known gets the harmless labels (other, normal, other, neutral), never NaN.
//!
//! To add a head: a variant of [`Head`] with its range in `heads::Layout`, its labels in [`LabelSet`], its targets in `train::rows`, its
//! place in [`Classification`], and a new bundle format.

mod attention;
pub mod bert;
mod bundle;
mod calibration;
mod classification;
mod encoder;
mod error;
mod features;
mod heads;
mod label_set;
pub mod measures;
pub mod products;
mod quantized;
mod tensors;
pub mod train;
mod vocabulary;

pub use bundle::{Bundle, FORMAT};
pub use classification::Classification;
pub use encoder::{Encoder, Unit};
pub use error::ModelError;
pub use features::Input;
pub use heads::{Head, MAX_DOMAINS};
pub use label_set::{Domains, LabelError, LabelSet};
