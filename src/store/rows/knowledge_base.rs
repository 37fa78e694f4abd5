//! The shape of a knowledge base.

use serde::{Deserialize, Serialize};

use super::policy::PolicyShape;
use super::{FormatUpTo, Result};
use crate::domain::{KnowledgeBase, KnowledgeBaseId, Revision, Timestamp};

/// What the store itself says of a knowledge base.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::store) struct KnowledgeBaseStamp {
    pub id: KnowledgeBaseId,
    pub revision: Revision,
    pub record_revision: Revision,
    pub create_time: Timestamp,
    pub update_time: Timestamp,
}

/// What the editor wrote. Format 2 weighs urgency too, format 3 says what thresholds are to bring.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::store) struct KnowledgeBaseBody {
    format: FormatUpTo<3>,
    display_name: String,
    description: String,
    policy: PolicyShape,
}

impl KnowledgeBaseBody {
    /// Adds the stamp; fails where a stored name is unknown.
    pub fn into_knowledge_base(self, stamp: KnowledgeBaseStamp) -> Result<KnowledgeBase> {
        Ok(KnowledgeBase {
            id: stamp.id,
            display_name: self.display_name,
            description: self.description,
            policy: self.policy.into_policy()?,
            revision: stamp.revision,
            record_revision: stamp.record_revision,
            create_time: stamp.create_time,
            update_time: stamp.update_time,
        })
    }
}

impl From<&KnowledgeBase> for KnowledgeBaseBody {
    fn from(base: &KnowledgeBase) -> Self {
        Self {
            format: FormatUpTo,
            display_name: base.display_name.clone(),
            description: base.description.clone(),
            policy: PolicyShape::from(&base.policy),
        }
    }
}

/// A knowledge base with its stamp in one value, where no column holds the stamp.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct StampedKnowledgeBase {
    id: String,
    revision: u64,
    record_revision: u64,
    create_time: i64,
    update_time: i64,
    body: KnowledgeBaseBody,
}

impl StampedKnowledgeBase {
    /// Puts the knowledge base together; fails where a stored name or id is unknown.
    pub fn into_knowledge_base(self) -> Result<KnowledgeBase> {
        let stamp = KnowledgeBaseStamp {
            id: KnowledgeBaseId::try_new(self.id)?,
            revision: Revision(self.revision),
            record_revision: Revision(self.record_revision),
            create_time: Timestamp(self.create_time),
            update_time: Timestamp(self.update_time),
        };
        self.body.into_knowledge_base(stamp)
    }
}

impl From<&KnowledgeBase> for StampedKnowledgeBase {
    fn from(base: &KnowledgeBase) -> Self {
        Self {
            id: base.id.as_str().to_owned(),
            revision: base.revision.0,
            record_revision: base.record_revision.0,
            create_time: base.create_time.0,
            update_time: base.update_time.0,
            body: base.into(),
        }
    }
}
