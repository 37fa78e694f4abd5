//! The service over a store in memory; and the samples that the tests of this room share.

use std::sync::{Arc, Mutex};

use super::*;
use crate::{
    domain::{
        Article, ArticleId, ArticleNo, ArticleState, Condition, Effect, ErrorKind, Etag, KnowledgeBase,
        KnowledgeBaseId, ManualClock, Revision, Rule, SynonymSet, Timestamp, Urgency,
    },
    store::{MemoryStore, Store},
};

pub(super) use crate::domain::samples::article;

/// Makes a knowledge base that is allowed.
pub(super) fn base(id: &str) -> KnowledgeBase {
    KnowledgeBase {
        id: base_id(id),
        display_name: "店".to_owned(),
        description: String::new(),
        policy: default_policy(),
        revision: Revision(0),
        record_revision: Revision(0),
        create_time: Timestamp(0),
        update_time: Timestamp(0),
    }
}

/// Makes a rule that is allowed and does what its example says.
pub(super) fn rule(id: &str, phrase: &str) -> Rule {
    Rule {
        id: id.to_owned(),
        condition: Condition::Phrases(vec![phrase.to_owned()]),
        unless: Vec::new(),
        effect: Effect::RaiseUrgency(Urgency::Urgent),
        signal: None,
        negation_aware: true,
        example: format!("我说的是{phrase}"),
        counter_example: Some(format!("没有{phrase}")),
        is_enabled: true,
        note: String::new(),
    }
}

pub(super) fn base_id(id: &str) -> KnowledgeBaseId {
    KnowledgeBaseId::try_new(id).expect("an id")
}

/// Remembers what was published last.
#[derive(Default)]
pub(super) struct Shelf(Mutex<std::collections::BTreeMap<KnowledgeBaseId, Published>>);

impl Shelf {
    /// Returns what serves.
    pub(super) fn get(&self, id: &KnowledgeBaseId) -> Option<Published> {
        self.0.lock().expect("no test panics with it").get(id).cloned()
    }
}

impl Publish for Shelf {
    fn publish(&self, base: Published) {
        let mut shelf = self.0.lock().expect("no test panics with it");
        let revision = base.snapshot.revision;
        let old = shelf.insert(base.knowledge_base.id.clone(), base);
        assert!(old.is_none_or(|old| old.snapshot.revision <= revision), "a published revision fell");
    }

    fn remove(&self, id: &KnowledgeBaseId) {
        self.0.lock().expect("no test panics with it").remove(id);
    }
}

/// A service with all that is around it.
pub(super) struct Fixture {
    pub knowledge: Knowledge,
    pub shelf: Arc<Shelf>,
}

impl Fixture {
    /// Makes a service over the store.
    pub(super) fn over(store: Arc<dyn Store>, settings: IndexerSettings) -> Self {
        let (shelf, clock) = (Arc::new(Shelf::default()), Arc::new(ManualClock::new(Timestamp(1_000))));
        let sources = Sources { store: Arc::clone(&store), publisher: shelf.clone(), clock: clock.clone() };
        let indexer = Indexer::spawn(sources, settings).expect("an indexer");
        Self { knowledge: Knowledge::new(store, indexer, clock, fastrand::Rng::with_seed(1)), shelf }
    }

    /// Makes a service over a store in memory that holds the base `shop`.
    pub(super) fn shop() -> Self {
        let fixture = Self::over(Arc::new(MemoryStore::new("e1")), IndexerSettings::default());
        fixture.knowledge.create_knowledge_base(&no_id(), base("shop"), false).expect("a base");
        fixture
    }
}

impl Drop for Fixture {
    fn drop(&mut self) {
        self.knowledge.indexer().stop();
    }
}

/// A request that names no id.
pub(super) fn no_id() -> Request {
    Request::default()
}

pub(super) fn named(id: &str, fingerprint: &str) -> Request {
    let credential = "c".to_owned();
    Request { credential, request_id: Some(id.to_owned()), fingerprint: fingerprint.to_owned() }
}

pub(super) fn reason<T: std::fmt::Debug>(result: Result<T>) -> &'static str {
    result.expect_err("should fail").reason()
}

fn update(article: Article, fields: &[&str]) -> ArticleUpdate {
    let fields = fields.iter().map(|field| (*field).to_owned()).collect();
    ArticleUpdate { article, fields, etag: None, allow_missing: false }
}

#[test]
fn articles_are_created_changed_and_deleted() {
    let Fixture { knowledge, .. } = &Fixture::shop();
    let shop = base_id("shop");
    let created = knowledge.create_article(&no_id(), &shop, article("refund", "退款多久到账"), false).expect("created");
    assert_eq!((created.revision, created.value.revision, created.epoch.0.as_str()), (Revision(2), Revision(2), "e1"));
    assert_eq!(reason(knowledge.create_article(&no_id(), &shop, article("refund", "退款"), false)), "ARTICLE_EXISTS");
    let nowhere = base_id("nowhere");
    let lost = knowledge.create_article(&no_id(), &nowhere, article("refund", "退款"), false);
    assert_eq!(reason(lost), "KNOWLEDGE_BASE_NOT_FOUND");

    let mut given = article("refund", "");
    given.tags = vec!["退款".to_owned()];
    given.state = ArticleState::Draft;
    let changed = knowledge.update_article(&no_id(), &shop, update(given, &["tags", "name"]), false).expect("changed");
    assert_eq!((changed.value.tags.len(), changed.value.state), (1, ArticleState::Active));
    assert_eq!(changed.value.standard_question, "退款多久到账");

    let mut stale = update(article("refund", "别的"), &["standard_question"]);
    stale.etag = Some(Etag::of(created.value.revision));
    let error = knowledge.update_article(&no_id(), &shop, stale.clone(), false).expect_err("stale");
    assert_eq!((error.kind(), error.reason()), (ErrorKind::Aborted, "ETAG_MISMATCH"));
    stale.etag = Some(Etag::of(changed.value.revision));
    knowledge.update_article(&no_id(), &shop, stale, false).expect("current");

    let error = knowledge.delete_article(&no_id(), &shop, &given_id("refund"), Some(Etag::of(Revision(2))));
    assert_eq!(reason(error), "ETAG_MISMATCH");
    let deleted = knowledge.delete_article(&no_id(), &shop, &given_id("refund"), None).expect("deleted");
    assert_eq!(deleted.revision, Revision(5));
    assert_eq!(reason(knowledge.article(&shop, &given_id("refund"))), "ARTICLE_NOT_FOUND");
}

fn given_id(id: &str) -> ArticleId {
    ArticleId::try_new(id).expect("an id")
}

#[test]
fn a_missing_article_is_created_where_that_is_allowed() {
    let Fixture { knowledge, .. } = &Fixture::shop();
    let shop = base_id("shop");
    let mut change = update(article("refund", "退款"), &["tags"]);
    assert_eq!(reason(knowledge.update_article(&no_id(), &shop, change.clone(), false)), "ARTICLE_NOT_FOUND");
    change.allow_missing = true;
    let saved = knowledge.update_article(&no_id(), &shop, change, false).expect("created");
    assert_eq!(saved.value.standard_question, "退款");
}

#[test]
fn masks_name_fields() {
    let Fixture { knowledge, .. } = &Fixture::shop();
    let shop = base_id("shop");
    knowledge.create_article(&no_id(), &shop, article("refund", "退款"), false).expect("created");
    let error = knowledge.update_article(&no_id(), &shop, update(article("refund", "x"), &["colour"]), false);
    assert_eq!(error.expect_err("unknown").violations()[0].field, "update_mask");
    let saved = knowledge.update_article(&no_id(), &shop, update(article("refund", "钱"), &["*"]), false).expect("all");
    assert_eq!((saved.value.standard_question.as_str(), saved.value.no), ("钱", ArticleNo(1)));

    let mut given = base("shop");
    given.display_name = "新店".to_owned();
    given.policy.max_clarify_options = 4;
    given.policy.texts.greeting = "欢迎".to_owned();
    let change = |fields: &[&str]| KnowledgeBaseUpdate {
        knowledge_base: given.clone(),
        fields: fields.iter().map(|field| (*field).to_owned()).collect(),
        etag: None,
    };
    let saved = knowledge.update_knowledge_base(&no_id(), change(&["policy.texts"]), false).expect("texts");
    assert_eq!((saved.value.display_name.as_str(), saved.value.policy.max_clarify_options), ("店", 3));
    assert_eq!(saved.value.policy.texts.greeting, "欢迎");
    let error = knowledge.update_knowledge_base(&no_id(), change(&["policy.colour"]), false);
    assert_eq!(error.expect_err("unknown").violations()[0].field, "update_mask");
    let saved = knowledge.update_knowledge_base(&no_id(), change(&["*"]), false).expect("all");
    assert_eq!(saved.value.display_name, "新店");
    let stale = KnowledgeBaseUpdate { etag: Some(Etag::of(Revision(1))), ..change(&["display_name"]) };
    assert_eq!(reason(knowledge.update_knowledge_base(&no_id(), stale, false)), "ETAG_MISMATCH");
}

#[test]
fn validating_changes_nothing() {
    let Fixture { knowledge, .. } = &Fixture::shop();
    let shop = base_id("shop");
    let saved = knowledge.create_article(&no_id(), &shop, article("refund", "退款"), true).expect("valid");
    assert_eq!(saved.revision, Revision(1));
    assert_eq!(reason(knowledge.article(&shop, &given_id("refund"))), "ARTICLE_NOT_FOUND");
    assert_eq!(reason(knowledge.create_article(&no_id(), &shop, article("refund", ""), true)), "INVALID_FIELDS");
    knowledge.create_knowledge_base(&no_id(), base("other"), true).expect("valid");
    assert_eq!(reason(knowledge.knowledge_base(&base_id("other"))), "KNOWLEDGE_BASE_NOT_FOUND");
    assert_eq!(reason(knowledge.create_knowledge_base(&no_id(), base("shop"), true)), "KNOWLEDGE_BASE_EXISTS");
    knowledge.publish_lexicon(&no_id(), &shop, true).expect("valid");
    assert_eq!(knowledge.knowledge_base(&shop).expect("there").revision, Revision(1));
}

#[test]
fn a_retry_gets_the_first_result() {
    let Fixture { knowledge, .. } = &Fixture::shop();
    let shop = base_id("shop");
    let create = |request: &Request| {
        let given = article(knowledge.new_article_id().as_str(), "退款");
        knowledge.create_article(request, &shop, given, false)
    };
    let first = create(&named("1", "f")).expect("created");
    knowledge.create_article(&no_id(), &shop, article("b", "换货"), false).expect("created");
    assert_eq!(create(&named("1", "f")).expect("replayed"), first);
    assert_eq!(reason(create(&named("1", "g"))), "REQUEST_ID_REUSED");
    assert_ne!(create(&named("2", "f")).expect("created").value.id, first.value.id);
    assert_eq!(reason(create(&named(&"x".repeat(65), "f"))), "INVALID_FIELDS");

    let delete = || knowledge.delete_article(&named("3", "d"), &shop, &first.value.id, None);
    assert_eq!(delete().expect("deleted"), delete().expect("replayed"));
    let change = || {
        let change = update(article(first.value.id.as_str(), "退款"), &["*"]);
        knowledge.update_article(&named("1", "f"), &shop, change, false)
    };
    assert_eq!(change().expect("replayed though it is deleted now").value, first.value);
}

#[test]
fn bases_are_listed_by_who_may_see_them_and_deleted_by_force() {
    let Fixture { knowledge, .. } = &Fixture::shop();
    for id in ["a", "b"] {
        knowledge.create_knowledge_base(&no_id(), base(id), false).expect("created");
    }
    let page = PageRequest { size: 1, token: String::new() };
    let seen = knowledge.list_knowledge_bases(&|id| id.as_str() != "a", &page).expect("listed");
    assert_eq!((seen.items[0].id.as_str(), seen.total), ("b", 2));
    let page = PageRequest { size: 1, token: seen.next_token };
    let seen = knowledge.list_knowledge_bases(&|id| id.as_str() != "a", &page).expect("listed");
    assert_eq!((seen.items[0].id.as_str(), seen.next_token.as_str()), ("shop", ""));

    let shop = base_id("shop");
    knowledge.create_article(&no_id(), &shop, article("refund", "退款"), false).expect("created");
    let error = knowledge.delete_knowledge_base(&no_id(), &shop, Deletion::default());
    assert_eq!(reason(error), "KNOWLEDGE_BASE_NOT_EMPTY");
    knowledge.delete_knowledge_base(&no_id(), &shop, Deletion { etag: None, force: true }).expect("deleted");
    assert_eq!(reason(knowledge.index_status(&shop)), "KNOWLEDGE_BASE_NOT_FOUND");
}

#[test]
fn articles_are_listed_by_filter_and_page() {
    let Fixture { knowledge, .. } = &Fixture::shop();
    let shop = base_id("shop");
    for (id, question) in [("a", "退款多久"), ("b", "换货"), ("c", "退款给谁"), ("d", "退款方式")] {
        knowledge.create_article(&no_id(), &shop, article(id, question), false).expect("created");
    }
    let mut page = PageRequest { size: 2, token: String::new() };
    let first = knowledge.list_articles(&shop, "text:退款", &page).expect("listed");
    page.token = first.next_token.clone();
    let second = knowledge.list_articles(&shop, "text:退款", &page).expect("listed");
    let ids: Vec<&str> = first.items.iter().chain(&second.items).map(|article| article.id.as_str()).collect();
    assert_eq!((ids, first.total, second.next_token.as_str()), (vec!["a", "c", "d"], 3, ""));
    let error = knowledge.list_articles(&shop, "text:换货", &page).expect_err("a token of another filter");
    assert_eq!(error.violations()[0].field, "page_token");
    assert_eq!(reason(knowledge.list_articles(&base_id("x"), "", &PageRequest::default())), "KNOWLEDGE_BASE_NOT_FOUND");
}

#[test]
fn words_are_drafted_and_published() {
    let Fixture { knowledge, .. } = &Fixture::shop();
    let shop = base_id("shop");
    let set = |id: &str, words: &[&str]| SynonymSet {
        id: id.to_owned(),
        words: words.iter().map(|word| (*word).to_owned()).collect(),
    };
    knowledge.create_term(&no_id(), &shop, "花呗").expect("created");
    assert_eq!(reason(knowledge.create_term(&no_id(), &shop, "花唄")), "TERM_EXISTS");
    assert_eq!(reason(knowledge.delete_term(&no_id(), &shop, "运费险")), "TERM_NOT_FOUND");
    let created = knowledge.create_synonym_set(&no_id(), &shop, set("refund", &["退款", "退钱"])).expect("created");
    assert_eq!(reason(knowledge.create_synonym_set(&no_id(), &shop, set("refund", &["a", "b"]))), "SYNONYM_SET_EXISTS");
    let error =
        knowledge.create_synonym_set(&no_id(), &shop, set("money", &["退錢", "返钱"])).expect_err("in two sets");
    assert_eq!(error.violations()[0].field, "synonym_set.words");

    let update = SynonymSetUpdate {
        synonym_set: set("refund", &["退款", "返款"]),
        fields: vec!["words".to_owned()],
        etag: Some(synonym_set_etag(&created.value)),
    };
    let updated = knowledge.update_synonym_set(&no_id(), &shop, update.clone()).expect("updated");
    assert_eq!(reason(knowledge.update_synonym_set(&no_id(), &shop, update)), "ETAG_MISMATCH");
    assert_eq!(knowledge.synonym_set(&shop, "refund").expect("there"), updated.value);
    assert_eq!(knowledge.list_terms(&shop, &PageRequest::default()).expect("listed").items, ["花呗"]);

    let publish = || knowledge.publish_lexicon(&named("p", "f"), &shop, false).expect("published");
    let published = publish();
    assert_eq!(published.value, PublishedLexicon { version: 1, num_terms: 1, num_synonym_sets: 1 });
    assert_eq!((publish(), published.revision), (published.clone(), Revision(2)));
    knowledge.delete_synonym_set(&no_id(), &shop, "refund", None).expect("deleted");
    assert_eq!(knowledge.list_synonym_sets(&shop, &PageRequest::default()).expect("listed").total, 0);
    assert_eq!(reason(knowledge.list_terms(&base_id("x"), &PageRequest::default())), "KNOWLEDGE_BASE_NOT_FOUND");
}

#[test]
fn editors_of_one_draft_do_not_lose_words() {
    let fixture = Fixture::shop();
    std::thread::scope(|scope| {
        for editor in 0..2 {
            let knowledge = &fixture.knowledge;
            scope.spawn(move || {
                for word in 0..20 {
                    let term = format!("词{editor}x{word}");
                    while let Err(error) = knowledge.create_term(&no_id(), &base_id("shop"), &term) {
                        assert_eq!(error.reason(), "LEXICON_DRAFT_CHANGED");
                    }
                }
            });
        }
    });
    assert_eq!(fixture.knowledge.list_terms(&base_id("shop"), &PageRequest::default()).expect("listed").total, 40);
}

#[test]
fn demo_bases_are_installed_once() {
    let fixture = Fixture::over(Arc::new(MemoryStore::new("e1")), IndexerSettings::default());
    let knowledge = &fixture.knowledge;
    assert_eq!(demo::install(knowledge).expect("installed").len(), 4);
    let before = knowledge.store().counters().expect("counted");
    assert_eq!(demo::install(knowledge).expect("nothing to do").len(), 0);
    assert_eq!(knowledge.store().counters().expect("counted"), before);
    let page = knowledge.list_articles(&base_id("bank"), "", &PageRequest::default()).expect("listed");
    assert_eq!(page.total, 80);
}
