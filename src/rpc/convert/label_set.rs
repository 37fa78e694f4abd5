//! The labels of a bundle.

use crate::{model::LabelSet, rpc::pb};

/// Writes a label set.
pub(in crate::rpc) fn label_set_of(labels: &LabelSet) -> pb::LabelSet {
    pb::LabelSet {
        types: labels.types.clone(),
        urgencies: labels.urgencies.clone(),
        domains: labels.domains.as_slice().to_vec(),
        sentiments: labels.sentiments.clone(),
    }
}
