//! All articles, lexicon and policy of one business.

use super::{KnowledgeBaseId, Policy, Revision, Timestamp};

/// A knowledge base without its articles.
#[derive(Clone, Debug, PartialEq)]
pub struct KnowledgeBase {
    pub id: KnowledgeBaseId,
    pub display_name: String,
    pub description: String,
    pub policy: Policy,
    /// The count of all changes of the base: articles, lexicon, policy.
    pub revision: Revision,
    /// The revision of the last change of this record; the etag is made of it.
    pub record_revision: Revision,
    pub create_time: Timestamp,
    pub update_time: Timestamp,
}
