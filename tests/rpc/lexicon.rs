//! `Lexicon`: a draft that serves nobody, and its publication, which does at once.

use tonic::Code;
use yingda::rpc::pb;

use crate::harness::{
    refusal::{self, Refusal},
    sample::{Base, article, base_name, mask},
    server::shared,
};

fn set(words: &[&str]) -> pb::SynonymSet {
    pb::SynonymSet { words: words.iter().map(|word| (*word).to_owned()).collect(), ..Default::default() }
}

fn set_name(base: &str, id: &str) -> String {
    format!("knowledgeBases/{base}/synonymSets/{id}")
}

fn creation(base: &str, id: &str, words: &[&str]) -> pb::CreateSynonymSetRequest {
    pb::CreateSynonymSetRequest {
        parent: base_name(base),
        synonym_set_id: id.to_owned(),
        synonym_set: Some(set(words)),
        ..Default::default()
    }
}

fn term(base: &str, text: &str) -> pb::CreateTermRequest {
    pb::CreateTermRequest { parent: base_name(base), text: text.to_owned(), ..Default::default() }
}

async fn publish(base: &mut Base) -> pb::PublishLexiconResponse {
    let request = pb::PublishLexiconRequest { parent: base.name.clone(), ..Default::default() };
    let published = base.clients.lexicon.publish_lexicon(request).await.expect("a good draft").into_inner();
    base.token.clone_from(&published.consistency_token);
    published
}

async fn explained(base: &mut Base, text: &str) -> pb::AnswerResponse {
    let request = pb::AnswerRequest { explain: true, ..base.request(text) };
    base.clients.assist.answer(request).await.expect("a reply").into_inner()
}

/// What serves is told of a moment after it serves.
async fn generation(base: &mut Base) -> String {
    let since = std::time::Instant::now();
    loop {
        let request = pb::GetIndexStatusRequest { knowledge_base: base.name.clone() };
        let status = base.clients.indexing.get_index_status(request).await.expect("a status").into_inner();
        if !status.generation.is_empty() {
            return status.generation;
        }
        assert!(since.elapsed() < std::time::Duration::from_secs(20), "no generation is told of");
    }
}

#[tokio::test]
async fn publishing_changes_what_is_found_without_a_rebuild() {
    let mut base = Base::create(shared().clients().await, "lexicon-publish").await;
    base.add("charger", article("充电宝能带上飞机吗", &["飞机上可以带充电宝吗"], "看容量。")).await;
    base.add("ticket", article("机票怎么改签", &[], "在订单页改签。")).await;
    let question = "移动电源能带上飞机吗";
    let before = explained(&mut base, question).await;
    assert!(before.explanation.as_ref().is_some_and(|why| why.synonyms_used.is_empty()));
    assert_ne!(before.candidates[0].match_type(), pb::MatchType::Synonym);
    let first_generation = generation(&mut base).await;
    base.clients
        .lexicon
        .create_synonym_set(creation("lexicon-publish", "power", &["充电宝", "移动电源"]))
        .await
        .expect("a set");
    let draft = explained(&mut base, question).await;
    assert_eq!(draft.candidates, before.candidates, "a draft serves nobody");
    let published = publish(&mut base).await;
    assert_eq!((published.version, published.term_count, published.synonym_set_count), (1, 0, 1));
    let reply = explained(&mut base, question).await;
    let why = reply.explanation.expect("an explanation");
    assert!(why.synonyms_used.iter().any(|used| used.contains("移动电源") && used.contains("充电宝")), "{why:?}");
    assert_eq!(reply.candidates[0].match_type(), pb::MatchType::Synonym, "{:?}", reply.candidates[0]);
    assert!(reply.candidates[0].confidence > before.candidates[0].confidence);
    assert_eq!(reply.provenance.expect("a provenance").sources[0].lexicon_version, 1);
    assert_eq!(generation(&mut base).await, first_generation, "no rebuild");
    // Taking it out again takes effect as well.
    let delete = pb::DeleteSynonymSetRequest { name: set_name("lexicon-publish", "power"), ..Default::default() };
    base.clients.lexicon.delete_synonym_set(delete).await.expect("a deletion");
    assert_eq!(publish(&mut base).await.version, 2);
    assert_eq!(explained(&mut base, question).await.candidates, before.candidates);
}

#[tokio::test]
async fn terms_stand_whole_when_a_text_is_cut() {
    let mut base = Base::create(shared().clients().await, "lexicon-terms").await;
    let segment = pb::SegmentRequest {
        text: "花呗分期怎麼還".to_owned(),
        knowledge_base: base.name.clone(),
        ..Default::default()
    };
    base.clients.lexicon.create_term(term("lexicon-terms", "花呗分期")).await.expect("a term");
    publish(&mut base).await;
    // The token makes sure that the lexicon is there.
    base.search("花呗").await;
    let words = base.clients.text_tools.segment(segment).await.expect("a reply").into_inner().words;
    let found = words.iter().find(|word| word.text == "花呗分期").expect("the term stands whole");
    assert!(found.from_lexicon);
}

#[tokio::test]
async fn terms_are_listed_created_and_deleted() {
    let mut base = Base::create(shared().clients().await, "lexicon-list").await;
    for text in ["运费险", "仅退款", "a/b 型", "价保", "花呗"] {
        let created = base.clients.lexicon.create_term(term("lexicon-list", text)).await.expect("a term").into_inner();
        assert_eq!(
            created,
            pb::Term { name: format!("knowledgeBases/lexicon-list/terms/{text}"), text: text.to_owned() }
        );
    }
    let (mut found, mut token) = (Vec::new(), String::new());
    loop {
        let request = pb::ListTermsRequest { parent: base.name.clone(), page_size: 2, page_token: token };
        let page = base.clients.lexicon.list_terms(request).await.expect("a page").into_inner();
        assert!(page.terms.len() <= 2);
        found.extend(page.terms.into_iter().map(|term| term.text));
        token = page.next_page_token;
        if token.is_empty() {
            break;
        }
    }
    let mut want = ["运费险", "仅退款", "a/b 型", "价保", "花呗"];
    want.sort_unstable();
    assert_eq!(found, want);
    let delete = |text: &str| pb::DeleteTermRequest {
        name: format!("knowledgeBases/lexicon-list/terms/{text}"),
        ..Default::default()
    };
    base.clients.lexicon.delete_term(delete("a/b 型")).await.expect("a deletion");
    let refused = base.clients.lexicon.delete_term(delete("a/b 型")).await;
    refusal::check(refused, Refusal::of(Code::NotFound, "TERM_NOT_FOUND"));
    let again = base.clients.lexicon.create_term(term("lexicon-list", "運費險")).await;
    refusal::check(again, Refusal::of(Code::AlreadyExists, "TERM_EXISTS"));
    for text in ["", &"词".repeat(65), "😀"] {
        let refused = base.clients.lexicon.create_term(term("lexicon-list", text)).await;
        refusal::check(refused, Refusal::fields(&["text"]));
    }
    let wrong = pb::ListTermsRequest { parent: base.name.clone(), page_size: 1_001, page_token: String::new() };
    refusal::check(base.clients.lexicon.list_terms(wrong).await, Refusal::fields(&["page_size"]));
}

#[tokio::test]
async fn synonym_sets_are_edited_under_an_etag() {
    let mut base = Base::create(shared().clients().await, "lexicon-sets").await;
    let create = creation("lexicon-sets", "refund", &["退款", "退钱"]);
    let created = base.clients.lexicon.create_synonym_set(create.clone()).await.expect("a set").into_inner();
    assert_eq!((created.name.as_str(), created.words.len()), (set_name("lexicon-sets", "refund").as_str(), 2));
    let refused = base.clients.lexicon.create_synonym_set(create).await;
    refusal::check(refused, Refusal::of(Code::AlreadyExists, "SYNONYM_SET_EXISTS"));
    let update = |words: &[&str], etag: &str| pb::UpdateSynonymSetRequest {
        synonym_set: Some(pb::SynonymSet {
            name: set_name("lexicon-sets", "refund"),
            etag: etag.to_owned(),
            ..set(words)
        }),
        update_mask: Some(mask(&["words"])),
        ..Default::default()
    };
    let updated = base.clients.lexicon.update_synonym_set(update(&["退款", "返款"], &created.etag)).await;
    let updated = updated.expect("current").into_inner();
    assert_ne!(updated.etag, created.etag);
    let mismatch = Refusal::of(Code::Aborted, "ETAG_MISMATCH");
    refusal::check(base.clients.lexicon.update_synonym_set(update(&["退款", "还钱"], &created.etag)).await, mismatch);
    let get = pb::GetSynonymSetRequest { name: set_name("lexicon-sets", "refund") };
    assert_eq!(base.clients.lexicon.get_synonym_set(get).await.expect("it is there").into_inner(), updated);
    let nowhere = pb::GetSynonymSetRequest { name: set_name("lexicon-sets", "nowhere") };
    let refused = base.clients.lexicon.get_synonym_set(nowhere).await;
    refusal::check(refused, Refusal::of(Code::NotFound, "SYNONYM_SET_NOT_FOUND"));
    let delete = |etag: &str| pb::DeleteSynonymSetRequest {
        name: set_name("lexicon-sets", "refund"),
        etag: etag.to_owned(),
        ..Default::default()
    };
    refusal::check(base.clients.lexicon.delete_synonym_set(delete(&created.etag)).await, mismatch);
    base.clients.lexicon.delete_synonym_set(delete(&updated.etag)).await.expect("current");
    let refused = base.clients.lexicon.delete_synonym_set(delete("")).await;
    refusal::check(refused, Refusal::of(Code::NotFound, "SYNONYM_SET_NOT_FOUND"));
}

#[tokio::test]
async fn what_a_synonym_set_may_be_is_checked() {
    let mut base = Base::create(shared().clients().await, "lexicon-bad").await;
    base.clients.lexicon.create_synonym_set(creation("lexicon-bad", "refund", &["退款", "退钱"])).await.expect("a set");
    let many: Vec<String> = (0..33).map(|n| format!("词{n}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let long = "词".repeat(65);
    for (id, words, field) in [
        ("other", &["只有一个"][..], "synonym_set.words"),
        ("other", &many, "synonym_set.words"),
        ("other", &["好", &long], "synonym_set.words[1]"),
        ("other", &["退貨", "退货"], "synonym_set.words[1]"),
        ("other", &["还款", "退錢"], "synonym_set.words"),
        ("Other", &["还款", "还钱"], "synonym_set_id"),
        ("", &["还款", "还钱"], "synonym_set_id"),
    ] {
        let refused = base.clients.lexicon.create_synonym_set(creation("lexicon-bad", id, words)).await;
        refusal::check(refused, Refusal::fields(&[field]));
    }
    let unknown = pb::UpdateSynonymSetRequest {
        synonym_set: Some(pb::SynonymSet { name: set_name("lexicon-bad", "refund"), ..set(&["退款", "返款"]) }),
        update_mask: Some(mask(&["colour"])),
        ..Default::default()
    };
    refusal::check(base.clients.lexicon.update_synonym_set(unknown).await, Refusal::fields(&["update_mask"]));
}

#[tokio::test]
async fn sets_are_listed_to_the_end() {
    let mut base = Base::create(shared().clients().await, "lexicon-pages").await;
    let letters = ["甲", "乙", "丙", "丁", "戊"];
    for (n, letter) in letters.iter().enumerate() {
        let (one, two) = (format!("{letter}一"), format!("{letter}二"));
        let request = creation("lexicon-pages", &format!("s{n}"), &[&one, &two]);
        base.clients.lexicon.create_synonym_set(request).await.expect("a set");
    }
    let (mut found, mut token) = (Vec::new(), String::new());
    loop {
        let request = pb::ListSynonymSetsRequest { parent: base.name.clone(), page_size: 2, page_token: token };
        let page = base.clients.lexicon.list_synonym_sets(request).await.expect("a page").into_inner();
        found.extend(page.synonym_sets.into_iter().map(|set| set.name));
        token = page.next_page_token;
        if token.is_empty() {
            break;
        }
    }
    let want: Vec<String> = (0..5).map(|n| set_name("lexicon-pages", &format!("s{n}"))).collect();
    assert_eq!(found, want);
}

#[tokio::test]
async fn a_publication_can_be_tried_and_retried() {
    let mut base = Base::create(shared().clients().await, "lexicon-retry").await;
    base.clients.lexicon.create_term(term("lexicon-retry", "运费险")).await.expect("a term");
    let request = |validate_only, request_id: &str| pb::PublishLexiconRequest {
        parent: base_name("lexicon-retry"),
        validate_only,
        request_id: request_id.to_owned(),
    };
    let tried = base.clients.lexicon.publish_lexicon(request(true, "")).await.expect("a good draft").into_inner();
    assert_eq!((tried.version, tried.term_count, tried.consistency_token.as_str()), (1, 1, ""));
    let first =
        base.clients.lexicon.publish_lexicon(request(false, "lexicon-retry-1")).await.expect("good").into_inner();
    assert_eq!(first.version, 1, "trying published nothing");
    let again =
        base.clients.lexicon.publish_lexicon(request(false, "lexicon-retry-1")).await.expect("a retry").into_inner();
    assert_eq!(first, again);
    let nowhere = pb::PublishLexiconRequest { parent: base_name("nowhere"), ..Default::default() };
    let refused = base.clients.lexicon.publish_lexicon(nowhere).await;
    refusal::check(refused, Refusal::of(Code::NotFound, "KNOWLEDGE_BASE_NOT_FOUND"));
    let create =
        |text: &str| pb::CreateTermRequest { request_id: "lexicon-retry-2".to_owned(), ..term("lexicon-retry", text) };
    let first = base.clients.lexicon.create_term(create("价保")).await.expect("a term").into_inner();
    assert_eq!(base.clients.lexicon.create_term(create("价保")).await.expect("a retry").into_inner(), first);
    let reused = Refusal { code: Code::InvalidArgument, reason: "REQUEST_ID_REUSED", fields: &["request_id"] };
    refusal::check(base.clients.lexicon.create_term(create("花呗")).await, reused);
}

#[tokio::test]
async fn editors_of_one_draft_at_once_lose_nothing() {
    let base = Base::create(shared().clients().await, "lexicon-race").await;
    let tasks: Vec<_> = (0..4)
        .map(|n| {
            let mut clients = base.clients.clone();
            tokio::spawn(async move { clients.lexicon.create_term(term("lexicon-race", &format!("第{n}个词"))).await })
        })
        .collect();
    let mut created = Vec::new();
    for task in tasks {
        match task.await.expect("no panic") {
            Ok(term) => created.push(term.into_inner().text),
            // It lost the race too often; the caller knows that nothing was written.
            Err(status) => refusal::check_status(&status, Refusal::of(Code::Aborted, "LEXICON_DRAFT_CHANGED")),
        }
    }
    let request = pb::ListTermsRequest { parent: base.name.clone(), ..Default::default() };
    let listed = base.clients.lexicon.clone().list_terms(request).await.expect("a page").into_inner();
    let mut listed: Vec<String> = listed.terms.into_iter().map(|term| term.text).collect();
    listed.sort_unstable();
    created.sort_unstable();
    assert_eq!(listed, created);
}
