//! Changes of articles, gathered before any of them is done: all or nothing.

use std::collections::BTreeMap;

use crate::domain::{Article, ArticleId, ArticleNo, KnowledgeBaseId, Revision, Timestamp};
use crate::store::error::Subject;
use crate::store::{ArticleChange, ChangedSubject, FeedEntry, Result};

/// Where and when the changes are done.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    pub knowledge_base: &'a KnowledgeBaseId,
    pub now: Timestamp,
}

/// Changes on top of the articles of a base.
pub(super) struct Staged<'a> {
    present: &'a BTreeMap<ArticleId, Article>,
    /// `None` is a deleted one.
    pub changed: BTreeMap<ArticleId, Option<Article>>,
    pub feed: Vec<FeedEntry>,
    /// What the first change stored.
    pub first: Option<Article>,
    pub last_no: u64,
    revision: u64,
}

impl<'a> Staged<'a> {
    /// Begins on top of the given articles, revision and article number.
    pub(super) fn new(present: &'a BTreeMap<ArticleId, Article>, revision: Revision, last_no: u64) -> Self {
        let (changed, feed) = (BTreeMap::new(), Vec::new());
        Self { present, changed, feed, first: None, last_no, revision: revision.0 }
    }

    /// Adds a change; fails as the contract says, and then none of the changes may be done.
    pub(super) fn apply(&mut self, place: Place<'_>, change: &ArticleChange) -> Result<()> {
        let id = match change {
            ArticleChange::Create(article) | ArticleChange::Upsert(article) => &article.id,
            ArticleChange::Update { article, .. } => &article.id,
            ArticleChange::Delete { id, .. } => id,
        };
        let subject = Subject::Article(place.knowledge_base, id);
        let staged = self.changed.get(id).map(Option::as_ref);
        let present = staged.unwrap_or_else(|| self.present.get(id)).map(|a| (a.no, a.revision, a.create_time));
        match (change, present) {
            (ArticleChange::Create(_), Some(_)) => return Err(subject.already_exists()),
            (ArticleChange::Update { .. } | ArticleChange::Delete { .. }, None) => return Err(subject.not_found()),
            (ArticleChange::Update { expected, .. } | ArticleChange::Delete { expected, .. }, Some((_, at, _))) => {
                subject.check_etag(expected.as_ref(), at)?;
            }
            (ArticleChange::Create(_), None) | (ArticleChange::Upsert(_), _) => {}
        }
        let (no, create_time) = present.map_or((ArticleNo(self.last_no + 1), place.now), |(no, _, time)| (no, time));
        self.last_no = self.last_no.max(no.0);
        self.put(change, Stamp { no, create_time, update_time: place.now });
        Ok(())
    }

    fn put(&mut self, change: &ArticleChange, stamp: Stamp) {
        let Stamp { no, create_time, update_time } = stamp;
        self.revision += 1;
        let revision = Revision(self.revision);
        let (id, article, subject) = match change {
            ArticleChange::Create(given)
            | ArticleChange::Upsert(given)
            | ArticleChange::Update { article: given, .. } => {
                let article = Article { no, revision, create_time, update_time, ..(**given).clone() };
                (given.id.clone(), Some(article), ChangedSubject::Article { no, id: given.id.clone() })
            }
            ArticleChange::Delete { id, .. } => {
                (id.clone(), None, ChangedSubject::ArticleDeleted { no, id: id.clone() })
            }
        };
        if self.feed.is_empty() {
            self.first = article.clone();
        }
        self.feed.push(FeedEntry { revision, subject });
        self.changed.insert(id, article);
    }
}

struct Stamp {
    no: ArticleNo,
    create_time: Timestamp,
    update_time: Timestamp,
}
