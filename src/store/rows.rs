//! The shapes in which values are stored, with their conversions.
//!
//! Every shape is JSON and begins with its format number, so that an unknown one is refused before anything else is
//! read of it. Knows no backend and no table. What a backend keeps in columns (ids, revisions, times) is not in the body
//! but comes in as a stamp. To change a shape: give it a new number, keep reading the old one, and add a fixture of the
//! new one beside that of the old in `rows/tests.rs`.

mod article;
mod bundle_choice;
mod calibration;
mod knowledge_base;
mod lexicon;
mod policy;
mod record;
mod rulebook;
mod written;

#[cfg(test)]
mod tests;

pub(super) use article::{ArticleBody, ArticleStamp, fold_lines, question_lines, tag_list, tag_needle};
pub(super) use bundle_choice::BundleChoiceBody;
pub(super) use calibration::CalibrationBody;
pub(super) use knowledge_base::{KnowledgeBaseBody, KnowledgeBaseStamp};
pub(super) use lexicon::LexiconBody;
pub(super) use record::{AnswerRecordBody, FeedbackBody, SatisfactionBody};
pub(super) use rulebook::RulebookBody;
pub(super) use written::{Pruning, WrittenBody};

use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use thiserror::Error;

use crate::domain::IdError;

/// Why a stored value cannot be understood.
#[derive(Debug, Error)]
pub(super) enum RowError {
    /// Not the JSON it should be, or of an unknown format.
    #[error(transparent)]
    Json(#[from] serde_json::Error),
    /// An identifier that none can have.
    #[error(transparent)]
    Id(#[from] IdError),
    /// A name that this program does not know.
    #[error("{field} has the unknown value {found:?}")]
    Unknown { field: &'static str, found: String },
    /// A count below zero.
    #[error("{found} is not a count")]
    Negative { found: i64 },
}

/// What a conversion of this module results in.
type Result<T> = std::result::Result<T, RowError>;

/// The format number of a shape; only this one is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Format<const NUMBER: u32>;

impl<const NUMBER: u32> Serialize for Format<NUMBER> {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.serialize_u32(NUMBER)
    }
}

impl<'de, const NUMBER: u32> Deserialize<'de> for Format<NUMBER> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        match u32::deserialize(deserializer)? {
            found if found == NUMBER => Ok(Self),
            found => Err(D::Error::custom(format_args!("format {found} is unknown, this program knows {NUMBER}"))),
        }
    }
}

/// The format number of a shape that has had others: those up to this one are read, this one is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct FormatUpTo<const NUMBER: u32>;

impl<const NUMBER: u32> Serialize for FormatUpTo<NUMBER> {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.serialize_u32(NUMBER)
    }
}

impl<'de, const NUMBER: u32> Deserialize<'de> for FormatUpTo<NUMBER> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        match u32::deserialize(deserializer)? {
            found if (1..=NUMBER).contains(&found) => Ok(Self),
            found => Err(D::Error::custom(format_args!("format {found} is unknown, this program knows 1 to {NUMBER}"))),
        }
    }
}

/// Writes a shape as JSON.
pub(super) fn encode<T: Serialize>(shape: &T) -> String {
    serde_json::to_string(shape).expect("shapes are structs of strings, numbers and lists, which JSON can hold")
}

/// Reads a shape; fails where the text is not JSON of this shape and format.
pub(super) fn decode<T: DeserializeOwned>(text: &str) -> Result<T> {
    Ok(serde_json::from_str(text)?)
}

/// Finds the value of a stored name; fails where there is none.
fn named<T>(field: &'static str, name: &str, lookup: impl Fn(&str) -> Option<T>) -> Result<T> {
    lookup(name).ok_or_else(|| RowError::Unknown { field, found: name.to_owned() })
}

/// Finds the values of stored names; fails where one is unknown.
fn all_named<T>(field: &'static str, names: &[String], lookup: impl Fn(&str) -> Option<T>) -> Result<Vec<T>> {
    names.iter().map(|name| named(field, name, &lookup)).collect()
}
