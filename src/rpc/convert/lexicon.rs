//! Terms and synonym sets.

use crate::{
    domain::{KnowledgeBaseId, SynonymSet},
    knowledge::synonym_set_etag,
    rpc::{names, pb},
};

/// Writes a term.
pub(in crate::rpc) fn term_of(text: String, base: &KnowledgeBaseId) -> pb::Term {
    pb::Term { name: names::of_child(base, "terms", &text), text }
}

/// Writes a synonym set.
pub(in crate::rpc) fn synonym_set_of(set: SynonymSet, base: &KnowledgeBaseId) -> pb::SynonymSet {
    pb::SynonymSet {
        name: names::of_child(base, "synonymSets", &set.id),
        etag: synonym_set_etag(&set).0,
        words: set.words,
    }
}

/// Reads a synonym set of a request.
pub(in crate::rpc) fn read_synonym_set(message: pb::SynonymSet, id: String) -> SynonymSet {
    SynonymSet { id, words: message.words }
}
