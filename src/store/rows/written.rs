//! The shape of the reply that is kept with a request id, and how long it is kept.

use serde::{Deserialize, Serialize};

use super::article::StampedArticle;
use super::knowledge_base::StampedKnowledgeBase;
use super::{Format, Result};
use crate::domain::{Revision, Timestamp};
use crate::store::Written;

/// What a write did.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::store) struct WrittenBody {
    format: Format<1>,
    revision: u64,
    article: Option<StampedArticle>,
    knowledge_base: Option<StampedKnowledgeBase>,
    payload: String,
}

impl WrittenBody {
    /// Makes the reply of a replay; fails where a stored name or id is unknown.
    pub fn into_replay(self) -> Result<Written> {
        Ok(Written {
            revision: Revision(self.revision),
            article: self.article.map(StampedArticle::into_article).transpose()?,
            knowledge_base: self.knowledge_base.map(StampedKnowledgeBase::into_knowledge_base).transpose()?,
            payload: self.payload,
            is_replay: true,
        })
    }
}

impl From<&Written> for WrittenBody {
    fn from(written: &Written) -> Self {
        Self {
            format: Format,
            revision: written.revision.0,
            article: written.article.as_ref().map(StampedArticle::from),
            knowledge_base: written.knowledge_base.as_ref().map(StampedKnowledgeBase::from),
            payload: written.payload.clone(),
        }
    }
}

/// Replies to request ids are kept this long; nobody retries later.
const LIFE_MS: i64 = 7 * 24 * 60 * 60 * 1000;

/// Old ones are looked for at most this often, for looking costs a write more.
const INTERVAL_MS: i64 = 60 * 60 * 1000;

/// Says when old replies are thrown away.
#[derive(Debug, Default)]
pub(in crate::store) struct Pruning {
    last: Option<Timestamp>,
}

impl Pruning {
    /// Returns the moment before which replies are too old, where it is time to throw them away.
    pub fn due(&self, now: Timestamp) -> Option<Timestamp> {
        // A clock that was set back must not put the pruning off.
        let is_due = self.last.is_none_or(|last| now.0.abs_diff(last.0) >= INTERVAL_MS.unsigned_abs());
        is_due.then(|| Timestamp(now.0.saturating_sub(LIFE_MS)))
    }

    /// Notes that it was done.
    pub fn done(&mut self, now: Timestamp) {
        self.last = Some(now);
    }
}
