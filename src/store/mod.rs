//! The truth: knowledge bases, articles, lexicons, rules, the change feed, answer records, feedback, calibrations, the
//! wanted bundle.
//!
//! A store takes each change in one transaction with the next revision of its knowledge base, from a locked counter row
//! (a sequence may commit out of order, and a follower would skip one), and appends it to the change feed. It must not
//! know of the index, the model, the wire or the clock: time comes in with each call. Every implementation passes the
//! one contract suite in `contract.rs`. To add a backend: implement [`Store`] in a folder of its own and add one line to
//! the suite.

mod error;
mod memory;
mod rows;
mod sqlite;

#[cfg(test)]
mod contract;

pub use error::StoreError;
pub use memory::MemoryStore;
pub use sqlite::SqliteStore;

use crate::domain::{
    AnswerRecord, Article, ArticleId, ArticleNo, ArticleState, BundleId, Calibration, Etag, Feedback, KnowledgeBase,
    KnowledgeBaseId, Lexicon, Revision, Rulebook, Satisfaction, StoreEpoch, Timestamp,
};

/// What a result of this room is.
pub type Result<T> = std::result::Result<T, StoreError>;

/// Makes a retried write return the first reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestKey {
    /// Whose request it is; ids of different credentials never meet.
    pub credential: String,
    pub request_id: String,
    /// A hash of method and request: the same id with another fingerprint is refused.
    pub fingerprint: String,
}

/// One write: what, when, and under which request id.
#[derive(Clone, Debug)]
pub struct Write {
    pub now: Timestamp,
    pub request: Option<RequestKey>,
    pub op: WriteOp,
    /// Kept with the request id and given back on a replay; what it holds is the caller's business.
    pub payload: String,
}

/// A change of the store.
#[derive(Clone, Debug)]
pub enum WriteOp {
    /// Fails with `AlreadyExists`. Revisions of an id that was deleted before go on counting.
    CreateKnowledgeBase(Box<KnowledgeBase>),
    /// Overwrites display name, description and policy.
    UpdateKnowledgeBase { knowledge_base: Box<KnowledgeBase>, expected: Option<Etag> },
    /// Removes the base, its articles, its lexicon and its rules; one feed entry. Without `force` fails where articles exist.
    DeleteKnowledgeBase { id: KnowledgeBaseId, expected: Option<Etag>, force: bool },
    /// All or nothing, in order; each change takes one revision.
    ChangeArticles { knowledge_base: KnowledgeBaseId, changes: Vec<ArticleChange> },
    /// Overwrites the draft; `expected` is the draft revision that was read, `DraftChanged` where it is another. Not in
    /// the feed: a draft serves nobody. The draft takes the version number of the published lexicon.
    SaveLexiconDraft { knowledge_base: KnowledgeBaseId, draft: Lexicon, expected: Revision },
    /// Makes the draft the published lexicon with the next version number; `expected` is the draft revision that was read.
    PublishLexicon { knowledge_base: KnowledgeBaseId, expected: Revision },
    /// Overwrites the draft of the rules, as `SaveLexiconDraft` does that of the lexicon.
    SaveRulesDraft { knowledge_base: KnowledgeBaseId, draft: Rulebook, expected: Revision },
    /// Makes the draft the published rules with the next version number, as `PublishLexicon` does.
    PublishRules { knowledge_base: KnowledgeBaseId, expected: Revision },
}

/// A change of one article. `no`, `revision` and times of a given article are set by the store.
#[derive(Clone, Debug)]
pub enum ArticleChange {
    /// Fails with `AlreadyExists`.
    Create(Box<Article>),
    /// Fails with `NotFound`, or `EtagMismatch` where `expected` is not the current etag. Keeps `no` and create time.
    Update { article: Box<Article>, expected: Option<Etag> },
    /// Creates or updates.
    Upsert(Box<Article>),
    /// Fails with `NotFound` or `EtagMismatch`.
    Delete { id: ArticleId, expected: Option<Etag> },
}

/// What a write did.
#[derive(Clone, Debug, PartialEq)]
pub struct Written {
    /// The revision of the knowledge base after the write.
    pub revision: Revision,
    /// As stored: of the first change, where it was not a delete.
    pub article: Option<Article>,
    /// As stored, of a write of a knowledge base that was not a delete.
    pub knowledge_base: Option<KnowledgeBase>,
    /// The payload given with the first call under this request id.
    pub payload: String,
    /// Whether the request id had been seen, so that nothing was done now.
    pub is_replay: bool,
}

/// Both states of a lexicon.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct LexiconRecord {
    pub draft: Lexicon,
    /// Counts changes of the draft.
    pub draft_revision: Revision,
    pub published: Lexicon,
}

/// Both states of the rules of a base.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct RulebookRecord {
    pub draft: Rulebook,
    /// Counts changes of the draft, and publications.
    pub draft_revision: Revision,
    pub published: Rulebook,
}

/// Which bundles were wanted, one after another.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct BundleChoice {
    /// The last one is wanted now; empty where nobody ever chose.
    pub history: Vec<BundleId>,
    /// Counts the choices.
    pub revision: Revision,
}

/// What a feed entry says changed; the reader fetches the present state itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChangedSubject {
    /// Created or updated.
    Article {
        no: ArticleNo,
        id: ArticleId,
    },
    ArticleDeleted {
        no: ArticleNo,
        id: ArticleId,
    },
    /// Display name, description, policy.
    KnowledgeBase,
    /// The knowledge base was removed with all it held; a later entry may follow where the id was made anew.
    KnowledgeBaseDeleted,
    Lexicon,
    Rules,
}

/// One entry of the change feed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeedEntry {
    pub revision: Revision,
    pub subject: ChangedSubject,
}

/// Which articles to list; all conditions hold.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct ArticleFilter {
    pub state: Option<ArticleState>,
    pub domain: Option<String>,
    pub tag: Option<String>,
    pub id_prefix: Option<String>,
    /// A substring of the standard or a similar question.
    pub text: Option<String>,
}

/// One page of articles, by id.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct ArticlePage {
    pub articles: Vec<Article>,
    /// Whether more follow the last one.
    pub has_more: bool,
    /// Of all pages.
    pub total: u64,
}

/// The truth behind a server. Calls block; run them off the async threads.
pub trait Store: Send + Sync {
    /// Returns a word for the backend: `sqlite`, `memory`.
    fn backend(&self) -> &'static str;

    /// Returns the name of this life of the store.
    fn epoch(&self) -> &StoreEpoch;

    /// Does one write in one transaction, durable on return. Nothing is changed where it fails.
    fn write(&self, write: &Write) -> Result<Written>;

    /// Looks up the reply to a request id without doing anything; `FingerprintMismatch` where it was another request.
    fn replay(&self, request: &RequestKey) -> Result<Option<Written>>;

    /// Gets a knowledge base; `NotFound` where there is none.
    fn knowledge_base(&self, id: &KnowledgeBaseId) -> Result<KnowledgeBase>;

    /// Lists all knowledge bases by id.
    fn knowledge_bases(&self) -> Result<Vec<KnowledgeBase>>;

    /// Gets an article; `NotFound` where there is none.
    fn article(&self, knowledge_base: &KnowledgeBaseId, id: &ArticleId) -> Result<Article>;

    /// Lists articles after an id, in the order of ids; at most `limit`. `NotFound` where the base does not exist.
    fn articles(
        &self,
        knowledge_base: &KnowledgeBaseId,
        filter: &ArticleFilter,
        after: Option<&ArticleId>,
        limit: usize,
    ) -> Result<ArticlePage>;

    /// Reads every article, by id, and the revision of the base, as of one moment. `NotFound` where the base does not
    /// exist.
    fn snapshot(&self, knowledge_base: &KnowledgeBaseId) -> Result<(Vec<Article>, Revision)>;

    /// Fetches the named articles, by number, as of one moment; those that do not exist are left out, and so are all
    /// where the base does not exist.
    fn articles_by_no(&self, knowledge_base: &KnowledgeBaseId, nos: &[ArticleNo]) -> Result<Vec<Article>>;

    /// Gets draft and published lexicon; empty ones where none was written or the base does not exist.
    fn lexicon(&self, knowledge_base: &KnowledgeBaseId) -> Result<LexiconRecord>;

    /// Gets draft and published rules; empty ones where none were written or the base does not exist.
    fn rulebook(&self, knowledge_base: &KnowledgeBaseId) -> Result<RulebookRecord>;

    /// Reads the feed after a revision, in order; at most `limit`. Works for a deleted base too.
    fn feed(&self, knowledge_base: &KnowledgeBaseId, after: Revision, limit: usize) -> Result<Vec<FeedEntry>>;

    /// Lists `(base, revision)` of every base that ever was, deleted ones included, by id.
    fn counters(&self) -> Result<Vec<(KnowledgeBaseId, Revision)>>;

    /// Reads which bundles were wanted; the empty choice where nobody ever chose.
    fn bundle_choice(&self) -> Result<BundleChoice>;

    /// Overwrites which bundles were wanted, durable on return, and returns the revision it has then; `expected` is the
    /// revision that was read, `BundleChoiceChanged` where it is another now.
    fn choose_bundle(&self, history: &[BundleId], expected: Revision) -> Result<Revision>;

    /// Lists `(base, version)` of the calibrations of a generation, by base.
    fn calibration_versions(&self, generation: &str) -> Result<Vec<(KnowledgeBaseId, u64)>>;

    /// Gets the calibration of a base in a generation with its version; `None` where none was kept.
    fn calibration(&self, knowledge_base: &KnowledgeBaseId, generation: &str) -> Result<Option<(Calibration, u64)>>;

    /// Overwrites the calibration of a base in the calibration's generation, durable on return, and returns the version
    /// it has then; `expected` is the version that was read, 0 for none. `None`, and nothing is changed, where it is
    /// another now. Not in the feed, and gone with the base; `NotFound` where that does not exist.
    fn keep_calibration(
        &self,
        knowledge_base: &KnowledgeBaseId,
        calibration: &Calibration,
        expected: u64,
    ) -> Result<Option<u64>>;

    /// Keeps answer records; one whose id is there already is left as it is.
    fn add_answer_records(&self, records: &[AnswerRecord]) -> Result<()>;

    /// Gets an answer record; `None` where it is not (or not yet) written.
    fn answer_record(&self, id: &str) -> Result<Option<AnswerRecord>>;

    /// Keeps feedback, durable on return; one whose id is there already is left as it is.
    fn add_feedback(&self, feedback: &Feedback) -> Result<()>;

    /// Lists the feedback on an answer record, by time.
    fn feedback_of(&self, answer_record: &str) -> Result<Vec<Feedback>>;

    /// Keeps a rating, durable on return; one whose id is there already is left as it is.
    fn add_satisfaction(&self, satisfaction: &Satisfaction) -> Result<()>;

    /// Lists the ratings on an answer record, by time.
    fn satisfaction_of(&self, answer_record: &str) -> Result<Vec<Satisfaction>>;
}
