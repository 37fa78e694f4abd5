//! Messages as proto3 JSON, by the descriptors compiled into the program.
//!
//! The same text that a JSON gateway would send: camelCase names, 64-bit numbers as strings, fields that are not set left
//! out. Must not know what a message means.

use std::sync::LazyLock;

use prost_reflect::{DescriptorPool, DynamicMessage, SerializeOptions};
use serde_json::Serializer;
use thiserror::Error;

use super::{
    convert::reply::{AnswerView, answer_response},
    pb::DESCRIPTOR_SET,
};
use crate::{
    domain::{Inquiry, Reply},
    text::OffsetEncoding,
};

/// A message that cannot be written.
#[derive(Debug, Error)]
pub enum JsonError {
    /// No such message was compiled in.
    #[error("message {full_name} is not known")]
    UnknownMessage { full_name: String },
    /// The bytes are not those of the message named.
    #[error("message is not a {full_name}")]
    OtherMessage { full_name: String, source: prost::DecodeError },
    /// An `Any` holds a message that is not known.
    #[error("message cannot be written as json")]
    Unwritable(#[from] serde_json::Error),
}

/// How the text is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Layout {
    /// On one line.
    #[default]
    Compact,
    /// For people.
    Pretty,
}

/// Writes a message on one line; `full_name` is such as `yingda.v1.AnswerResponse`. Fails where that is not its name.
pub fn to_json(full_name: &str, message: &impl prost::Message) -> Result<String, JsonError> {
    to_json_with(full_name, message, Layout::Compact)
}

/// Writes a message in the layout asked for. Fails where `full_name` is not the name of the message.
pub fn to_json_with(full_name: &str, message: &impl prost::Message, layout: Layout) -> Result<String, JsonError> {
    let descriptor = POOL
        .get_message_by_name(full_name)
        .ok_or_else(|| JsonError::UnknownMessage { full_name: full_name.to_owned() })?;
    let bytes = message.encode_to_vec();
    let dynamic = DynamicMessage::decode(descriptor, bytes.as_slice())
        .map_err(|source| JsonError::OtherMessage { full_name: full_name.to_owned(), source })?;
    let options = SerializeOptions::new();
    let mut text = Vec::new();
    match layout {
        Layout::Compact => dynamic.serialize_with_options(&mut Serializer::new(&mut text), &options)?,
        Layout::Pretty => dynamic.serialize_with_options(&mut Serializer::pretty(&mut text), &options)?,
    }
    Ok(String::from_utf8(text).expect("the serializer writes text"))
}

/// Writes a reply on one line as `Answer` returns it, with offsets in bytes and without a record.
pub fn answer_json(reply: &Reply, inquiry: &Inquiry) -> Result<String, JsonError> {
    let view = AnswerView {
        text: &inquiry.text,
        channel: inquiry.channel,
        encoding: OffsetEncoding::Utf8,
        answer_record: String::new(),
    };
    to_json("yingda.v1.AnswerResponse", &answer_response(reply, &view))
}

static POOL: LazyLock<DescriptorPool> =
    LazyLock::new(|| DescriptorPool::decode(DESCRIPTOR_SET).expect("the build wrote the descriptors"));

/// Returns the descriptors, for tests that walk all messages.
#[cfg(test)]
pub(super) fn pool() -> &'static DescriptorPool {
    &POOL
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rpc::pb;

    fn response() -> pb::AnswerResponse {
        pb::AnswerResponse {
            outcome: pb::Outcome::Answered.into(),
            message: "您好\"退货\"".to_owned(),
            answer: Some(pb::ComposedAnswer { article_revision: 12, confidence: 0.9, ..Default::default() }),
            ..Default::default()
        }
    }

    #[test]
    fn messages_become_proto3_json() {
        let text = to_json("yingda.v1.AnswerResponse", &response()).expect("a known message");
        let want = r#"{"outcome":"OUTCOME_ANSWERED","message":"您好\"退货\"","answer":{"articleRevision":"12","confidence":0.9}}"#;
        assert_eq!(text, want);
        let pretty = to_json_with("yingda.v1.AnswerResponse", &response(), Layout::Pretty).expect("a known message");
        assert!(pretty.contains("\n  \"outcome\": "), "{pretty}");
    }

    #[test]
    fn packed_messages_are_unpacked() {
        use prost::Message;
        let metadata = pb::ReindexMetadata { articles_done: 3, ..Default::default() };
        let operation = pb::google::longrunning::Operation {
            name: "operations/reindex-retail-1".to_owned(),
            metadata: Some(prost_types::Any {
                type_url: "type.googleapis.com/yingda.v1.ReindexMetadata".to_owned(),
                value: metadata.encode_to_vec(),
            }),
            ..Default::default()
        };
        let text = to_json("google.longrunning.Operation", &operation).expect("a known message");
        assert!(text.contains(r#""articlesDone":"3""#), "{text}");
    }

    #[test]
    fn unknown_names_are_refused() {
        let error = to_json("yingda.v1.Nonsense", &response()).expect_err("unknown");
        assert!(matches!(error, JsonError::UnknownMessage { .. }));
        let error = to_json("yingda.v1.Analysis", &response()).expect_err("another message");
        assert!(matches!(error, JsonError::OtherMessage { .. }));
    }
}
