//! `Rules`: a draft that serves nobody, its test, and its publication, which does at once.

use tempfile::TempDir;
use tonic::Code;
use yingda::rpc::pb::{self, rule::Condition, rule_effect::Effect};

use crate::harness::{
    refusal::{self, Refusal},
    sample::{Base, article, base_name, mask},
    server::{Clients, Running, Setup, demo, shared},
};

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

fn effect(effect: Effect) -> Option<pb::RuleEffect> {
    Some(pb::RuleEffect { effect: Some(effect) })
}

fn phrases(given: &[&str]) -> Option<Condition> {
    Some(Condition::Phrases(pb::PhraseList { values: words(given) }))
}

/// A rule on one phrase whose examples are right.
fn rule(phrase: &str, does: Effect) -> pb::Rule {
    pb::Rule {
        condition: phrases(&[phrase]),
        effect: effect(does),
        example: format!("我说的是{phrase}"),
        ..pb::Rule::default()
    }
}

fn urgent() -> Effect {
    Effect::RaiseUrgency(pb::Urgency::Urgent.into())
}

fn rule_name(base: &str, id: &str) -> String {
    format!("knowledgeBases/{base}/rules/{id}")
}

fn creation(base: &str, id: &str, rule: pb::Rule) -> pb::CreateRuleRequest {
    pb::CreateRuleRequest {
        parent: base_name(base),
        rule_id: id.to_owned(),
        rule: Some(rule),
        ..pb::CreateRuleRequest::default()
    }
}

async fn create(base: &mut Base, id: &str, rule: pb::Rule) -> pb::Rule {
    let request = creation(&base.id, id, rule);
    base.clients.rules.create_rule(request).await.expect("a good rule").into_inner()
}

async fn publish(base: &mut Base) -> pb::PublishRulesResponse {
    let request = pb::PublishRulesRequest { parent: base.name.clone(), ..Default::default() };
    let published = base.clients.rules.publish_rules(request).await.expect("good rules").into_inner();
    base.token.clone_from(&published.consistency_token);
    published
}

async fn analyze(base: &mut Base, text: &str) -> pb::AnalyzeResponse {
    let request = pb::AnalyzeRequest {
        knowledge_base: base.name.clone(),
        text: text.to_owned(),
        consistency_tokens: vec![base.token.clone()],
        ..pb::AnalyzeRequest::default()
    };
    base.clients.assist.analyze(request).await.expect("a reply").into_inner()
}

async fn understood(base: &mut Base, text: &str) -> pb::Analysis {
    analyze(base, text).await.analysis.expect("an analysis")
}

async fn list(clients: &mut Clients, base: &str, published: bool) -> Vec<String> {
    let (mut found, mut token) = (Vec::new(), String::new());
    loop {
        let request = pb::ListRulesRequest { parent: base_name(base), page_size: 2, page_token: token, published };
        let page = clients.rules.list_rules(request).await.expect("a page").into_inner();
        assert!(page.rules.len() <= 2);
        found.extend(page.rules.into_iter().map(|rule| rule.name));
        token = page.next_page_token;
        if token.is_empty() {
            assert_eq!(usize::try_from(page.total_size), Ok(found.len()));
            return found;
        }
    }
}

fn hit<'a>(analysis: &'a pb::Analysis, id: &str) -> Option<&'a pb::RuleHit> {
    analysis.rule_hits.iter().find(|hit| hit.rule_id == id)
}

#[tokio::test]
async fn publishing_changes_what_is_understood_at_once() {
    let mut base = Base::create(shared().clients().await, "rules-publish").await;
    base.add("hello", article("怎么退货", &[], "在订单页点退货。")).await;
    let text = "我的喵喵箱漏液了";
    let before = analyze(&mut base, text).await;
    let created = pb::Rule { note: "本店的冷藏箱".to_owned(), ..rule("喵喵箱漏液", urgent()) };
    let created = create(&mut base, "cold-box", created).await;
    assert_eq!((created.name.as_str(), created.enabled), ("knowledgeBases/rules-publish/rules/cold-box", Some(true)));
    assert_eq!(analyze(&mut base, text).await, before, "a draft serves nobody");
    let published = publish(&mut base).await;
    assert_eq!((published.version, published.rule_count, published.enabled_rule_count), (1, 1, 1));
    let after = analyze(&mut base, text).await;
    assert_eq!(after.rules_version, format!("{}+rules-publish-1", before.rules_version));
    let analysis = after.analysis.expect("an analysis");
    assert_eq!(analysis.urgency.expect("an urgency").urgency(), pb::Urgency::Urgent);
    assert_eq!(analysis.model_urgency, before.analysis.expect("an analysis").model_urgency);
    let found = hit(&analysis, "cold-box").expect("it fires");
    assert_eq!((found.knowledge_base.as_str(), found.effect.as_str()), (base.name.as_str(), "raise_urgency:urgent"));
    assert!(found.changed_result && found.disabled_by.is_empty());
    let span = found.span.expect("a span");
    assert_eq!(&text[span.start as usize..span.end as usize], "喵喵箱漏液");
    assert_eq!(analysis.urgency_signals[0].rule_id, "cold-box");
    // An answer follows the same rules and names them; another base does not.
    let reply = base.answer(text).await;
    assert_eq!(reply.provenance.expect("a provenance").rules_version, after.rules_version);
    assert_eq!(reply.analysis.expect("an analysis").urgency, analysis.urgency);
    let batch = pb::BatchAnalyzeRequest {
        knowledge_base: base.name.clone(),
        texts: vec![text.to_owned()],
        consistency_tokens: vec![base.token.clone()],
        ..Default::default()
    };
    let batch = base.clients.assist.batch_analyze(batch).await.expect("a reply").into_inner();
    assert_eq!((batch.analyses[0].clone(), batch.rules_version), (analysis, after.rules_version));
    let mut other = Base::create(shared().clients().await, "rules-other").await;
    assert!(hit(&understood(&mut other, text).await, "cold-box").is_none());
}

#[tokio::test]
async fn what_the_model_said_stays_visible_beside_what_rules_made_of_it() {
    let mut base = Base::create(shared().clients().await, "rules-heads").await;
    let text = "喵喵箱怎么退货";
    let before = understood(&mut base, text).await;
    assert_eq!(before.model_type, before.types.first().copied());
    assert_eq!(before.model_domain.as_ref(), before.domains.first());
    assert_eq!(before.model_sentiment, before.sentiment);
    let effects = [
        ("type", Effect::SetType(pb::InquiryType::Suggestion.into()), "set_type:suggestion"),
        ("domain", Effect::SetDomain("cold-chain".to_owned()), "set_domain:cold-chain"),
        ("tone", Effect::SetSentiment(pb::Sentiment::Negative.into()), "set_sentiment:negative"),
        ("human", Effect::RequestHuman(true), "request_human"),
    ];
    for (id, does, _) in &effects {
        create(&mut base, id, rule("喵喵箱", does.clone())).await;
    }
    publish(&mut base).await;
    let after = understood(&mut base, text).await;
    assert_eq!(
        (after.model_type, &after.model_domain, after.model_sentiment, after.model_urgency),
        (before.model_type, &before.model_domain, before.model_sentiment, before.model_urgency)
    );
    assert_eq!(after.types[0].r#type(), pb::InquiryType::Suggestion);
    assert_eq!(after.domains[0].label, "cold-chain");
    assert_eq!(after.sentiment.expect("a sentiment").sentiment(), pb::Sentiment::Negative);
    assert!(after.requests_human && !before.requests_human);
    for (id, _, name) in effects {
        let found = hit(&after, id).expect(id);
        assert!(found.changed_result && found.effect == name, "{found:?}");
    }
}

#[tokio::test]
async fn rules_forbid_cap_and_disable() {
    let mut base = Base::create(shared().clients().await, "rules-forbid").await;
    let joke = "我要投诉你们的薯条炸了两份太好吃了";
    let before = understood(&mut base, joke).await;
    assert_eq!(before.types[0].r#type(), pb::InquiryType::Complaint);
    assert!(hit(&before, "safety.fire").is_some_and(|hit| hit.disabled_by.is_empty()));
    create(&mut base, "joke", rule("太好吃了", Effect::ForbidType(pb::InquiryType::Complaint.into()))).await;
    create(&mut base, "fried", rule("薯条炸了", Effect::DisableRule("safety.fire".to_owned()))).await;
    create(&mut base, "calm", rule("两份", Effect::CapUrgency(pb::Urgency::Normal.into()))).await;
    publish(&mut base).await;
    let after = understood(&mut base, joke).await;
    assert_ne!(after.types[0].r#type(), pb::InquiryType::Complaint);
    assert_ne!(after.secondary_type(), pb::InquiryType::Complaint);
    assert_eq!(after.urgency.expect("an urgency").urgency(), pb::Urgency::Normal);
    let fire = hit(&after, "safety.fire").expect("it is still named");
    assert_eq!((fire.disabled_by.as_str(), fire.changed_result, fire.knowledge_base.as_str()), ("fried", false, ""));
    assert!(after.urgency_signals.iter().all(|signal| signal.rule_id != "safety.fire"));
    assert!(hit(&after, "fried").is_some_and(|hit| hit.changed_result));
    // Elsewhere in the same base the rule of the server holds.
    let real = understood(&mut base, "微波炉炸了").await;
    assert!(hit(&real, "safety.fire").is_some_and(|hit| hit.disabled_by.is_empty()));
    assert_eq!(real.urgency.expect("an urgency").urgency(), pb::Urgency::Urgent);
    // Without a condition it is off altogether.
    let off = pb::Rule { condition: None, ..rule("人工", Effect::DisableRule("human.request".to_owned())) };
    create(&mut base, "no-human", off).await;
    publish(&mut base).await;
    let asked = understood(&mut base, "转人工").await;
    assert!(!asked.requests_human);
    assert_eq!(hit(&asked, "human.request").expect("it is still named").disabled_by, "no-human");
}

#[tokio::test]
async fn a_rule_chooses_the_queue() {
    let queue = |id: &str, domain: &str| pb::Queue {
        id: id.to_owned(),
        display_name: format!("{id}组"),
        domains: words(&[domain]),
        skills: words(&["冷链"]),
    };
    let policy = pb::Policy { queues: vec![queue("general", "*"), queue("night", "none")], ..Default::default() };
    let mut base = Base::create_with(shared().clients().await, "rules-queue", policy).await;
    create(&mut base, "night", rule("夜间配送", Effect::SetQueue("night".to_owned()))).await;
    publish(&mut base).await;
    let routing = understood(&mut base, "夜间配送到哪了").await.routing.expect("a routing");
    assert_eq!((routing.queue.as_str(), routing.reason.as_str()), ("night", "rule:night"));
    assert_eq!(routing.skills, ["冷链"]);
    let routing = understood(&mut base, "快递到哪了").await.routing.expect("a routing");
    assert_eq!(routing.queue, "general");
}

#[tokio::test]
async fn rules_are_edited_under_an_etag() {
    let mut base = Base::create(shared().clients().await, "rules-edit").await;
    let created = create(&mut base, "fire", rule("起火", urgent())).await;
    let again = base.clients.rules.create_rule(creation("rules-edit", "fire", rule("起火", urgent()))).await;
    refusal::check(again, Refusal::of(Code::AlreadyExists, "RULE_EXISTS"));
    let update = |rule: pb::Rule, etag: &str, paths: &[&str]| pb::UpdateRuleRequest {
        rule: Some(pb::Rule { name: rule_name("rules-edit", "fire"), etag: etag.to_owned(), ..rule }),
        update_mask: (!paths.is_empty()).then(|| mask(paths)),
        ..Default::default()
    };
    let noted = pb::Rule { note: "厂家要求".to_owned(), ..Default::default() };
    let updated = base.clients.rules.update_rule(update(noted.clone(), &created.etag, &[])).await;
    let updated = updated.expect("what is set is meant").into_inner();
    assert_ne!(updated.etag, created.etag);
    assert_eq!(updated, pb::Rule { note: "厂家要求".to_owned(), etag: updated.etag.clone(), ..created.clone() });
    let mismatch = Refusal::of(Code::Aborted, "ETAG_MISMATCH");
    refusal::check(base.clients.rules.update_rule(update(noted.clone(), &created.etag, &["note"])).await, mismatch);
    let asleep = pb::Rule { enabled: Some(false), condition: phrases(&["火灾"]), ..Default::default() };
    let updated = base.clients.rules.update_rule(update(asleep, &updated.etag, &["enabled", "phrases"])).await;
    let updated = updated.expect("current").into_inner();
    assert_eq!((updated.enabled, &updated.condition), (Some(false), &phrases(&["火灾"])));
    assert_eq!(updated.note, "厂家要求");
    let unknown = base.clients.rules.update_rule(update(noted.clone(), "", &["colour"])).await;
    refusal::check(unknown, Refusal::fields(&["update_mask"]));
    let emptied = base.clients.rules.update_rule(update(noted.clone(), "", &["effect"])).await;
    refusal::check(emptied, Refusal::fields(&["rule.effect"]));
    let emptied = base.clients.rules.update_rule(update(noted, "", &["example"])).await;
    refusal::check(emptied, Refusal::fields(&["rule.example"]));
    let get = |id: &str| pb::GetRuleRequest { name: rule_name("rules-edit", id) };
    assert_eq!(base.clients.rules.get_rule(get("fire")).await.expect("it is there").into_inner(), updated);
    let missing = Refusal::of(Code::NotFound, "RULE_NOT_FOUND");
    refusal::check(base.clients.rules.get_rule(get("nowhere")).await, missing);
    let delete = |etag: &str| pb::DeleteRuleRequest {
        name: rule_name("rules-edit", "fire"),
        etag: etag.to_owned(),
        ..Default::default()
    };
    refusal::check(base.clients.rules.delete_rule(delete(&created.etag)).await, mismatch);
    base.clients.rules.delete_rule(delete(&updated.etag)).await.expect("current");
    refusal::check(base.clients.rules.delete_rule(delete("")).await, missing);
    let malformed = pb::GetRuleRequest { name: "rules/fire".to_owned() };
    refusal::check(base.clients.rules.get_rule(malformed).await, Refusal::fields(&["name"]));
}

#[tokio::test]
async fn what_a_rule_may_be_is_checked() {
    let mut base = Base::create(shared().clients().await, "rules-bad").await;
    let near = |first: &[&str], max_chars: i32| {
        Some(Condition::Near(pb::Near { first: words(first), second: words(&["没到"]), max_chars }))
    };
    let pattern = |pattern: &str| Some(Condition::Pattern(pattern.to_owned()));
    let good = || rule("起火", urgent());
    for (id, rule, fields) in [
        ("Fire", good(), &["rule_id"][..]),
        ("a", pb::Rule { condition: None, ..good() }, &["rule.condition"]),
        ("a", pb::Rule { condition: phrases(&[]), ..good() }, &["rule.phrases.values"]),
        ("a", pb::Rule { condition: phrases(&["好", "😀"]), ..good() }, &["rule.phrases.values[1]"]),
        ("a", pb::Rule { condition: pattern("(退款"), ..good() }, &["rule.pattern"]),
        ("a", pb::Rule { condition: pattern("x*"), ..good() }, &["rule.pattern"]),
        ("a", pb::Rule { condition: near(&["退款"], 65), ..good() }, &["rule.near.max_chars"]),
        ("a", pb::Rule { condition: near(&["退款"], -1), ..good() }, &["rule.near.max_chars"]),
        ("a", pb::Rule { condition: near(&[], 4), ..good() }, &["rule.near.first"]),
        ("a", pb::Rule { effect: None, ..good() }, &["rule.effect"]),
        ("a", rule("起火", Effect::RaiseUrgency(0)), &["rule.effect.raise_urgency"]),
        ("a", rule("起火", Effect::SetType(77)), &["rule.effect.set_type"]),
        ("a", rule("起火", Effect::Block(false)), &["rule.effect.block"]),
        ("a", rule("起火", Effect::SetQueue(String::new())), &["rule.effect.set_queue"]),
        ("a", pb::Rule { example: String::new(), ..good() }, &["rule.example"]),
        ("a", pb::Rule { note: "注".repeat(501), example: String::new(), ..good() }, &["rule.example", "rule.note"]),
    ] {
        let refused = base.clients.rules.create_rule(creation("rules-bad", id, rule)).await;
        refusal::check(refused, Refusal::fields(fields));
    }
    let broken = pb::Rule { condition: pattern("(退款"), ..good() };
    let refused = base.clients.rules.create_rule(creation("rules-bad", "a", broken)).await.expect_err("no expression");
    assert!(refused.message().contains("unclosed group"), "{}", refused.message());
    let refused = base.clients.rules.create_rule(creation("nowhere", "a", good())).await;
    refusal::check(refused, Refusal::of(Code::NotFound, "KNOWLEDGE_BASE_NOT_FOUND"));
    assert!(list(&mut base.clients, "rules-bad", false).await.is_empty());
}

#[tokio::test]
async fn a_rule_that_fails_its_example_is_not_published() {
    let mut base = Base::create(shared().clients().await, "rules-flawed").await;
    let wrong = pb::Rule { example: "别的事".to_owned(), ..rule("起火", urgent()) };
    create(&mut base, "example", wrong).await;
    let counter = pb::Rule { counter_example: "没有起火".to_owned(), ..rule("起火", urgent()) };
    create(&mut base, "negation", counter).await;
    create(&mut base, "queue", rule("夜间", Effect::SetQueue("night".to_owned()))).await;
    create(&mut base, "server", rule("夜间", Effect::DisableRule("no.such.rule".to_owned()))).await;
    let request = |validate_only| pb::PublishRulesRequest {
        parent: base_name("rules-flawed"),
        validate_only,
        ..Default::default()
    };
    let fields = [
        "rules[example].example",
        "rules[negation].counter_example",
        "rules[queue].effect.set_queue",
        "rules[server].effect.disable_rule",
    ];
    let want = Refusal { code: Code::FailedPrecondition, reason: "RULES_FLAWED", fields: &fields };
    for validate_only in [true, false] {
        refusal::check(base.clients.rules.publish_rules(request(validate_only)).await, want);
    }
    let test = pb::TestRulesRequest { parent: base.name.clone(), ..Default::default() };
    let tested = base.clients.rules.test_rules(test).await.expect("a reply").into_inner();
    let flaws: Vec<_> =
        tested.flaws.iter().map(|flaw| (flaw.rule.as_str(), flaw.kind(), flaw.found.as_str())).collect();
    let name = |id: &str| rule_name("rules-flawed", id);
    let (example, negation, queue, server) = (name("example"), name("negation"), name("queue"), name("server"));
    let want = [
        (example.as_str(), pb::rule_flaw::Kind::Example, "别的事"),
        (negation.as_str(), pb::rule_flaw::Kind::CounterExample, "没有起火"),
        (queue.as_str(), pb::rule_flaw::Kind::Queue, "night"),
        (server.as_str(), pb::rule_flaw::Kind::DisabledRule, "no.such.rule"),
    ];
    assert_eq!((flaws, tested.tested_rule_count), (want.to_vec(), 4));
    // Aware of negation, the second one is right; what is asleep is not run.
    let aware = pb::Rule { name: negation, negation_aware: true, ..Default::default() };
    let update = pb::UpdateRuleRequest { rule: Some(aware), ..Default::default() };
    base.clients.rules.update_rule(update).await.expect("an update");
    for name in [example, queue, server] {
        let asleep = pb::Rule { name, enabled: Some(false), ..Default::default() };
        let update = pb::UpdateRuleRequest { rule: Some(asleep), ..Default::default() };
        base.clients.rules.update_rule(update).await.expect("an update");
    }
    let tried = base.clients.rules.publish_rules(request(true)).await.expect("good").into_inner();
    assert_eq!((tried.version, tried.enabled_rule_count, tried.consistency_token.as_str()), (1, 1, ""));
    assert!(list(&mut base.clients, "rules-flawed", true).await.is_empty(), "trying published nothing");
    assert_eq!(publish(&mut base).await.rule_count, 4);
    assert!(hit(&understood(&mut base, "充电器起火").await, "negation").is_some());
    assert!(hit(&understood(&mut base, "充电器没有起火").await, "negation").is_none());
}

#[tokio::test]
async fn a_draft_is_tested_against_what_serves() {
    let mut base = Base::create(shared().clients().await, "rules-test").await;
    create(&mut base, "box", rule("喵喵箱", urgent())).await;
    publish(&mut base).await;
    create(&mut base, "lid", rule("箱盖", Effect::SetType(pb::InquiryType::Complaint.into()))).await;
    let delete = pb::DeleteRuleRequest { name: rule_name("rules-test", "box"), ..Default::default() };
    base.clients.rules.delete_rule(delete).await.expect("a deletion");
    let texts = words(&["😀箱蓋松了", "喵喵箱", "你好"]);
    let request = pb::TestRulesRequest {
        parent: base.name.clone(),
        texts: texts.clone(),
        offset_encoding: pb::OffsetEncoding::Utf16.into(),
    };
    let tested = base.clients.rules.test_rules(request).await.expect("a reply").into_inner();
    assert_eq!(tested.tests.iter().map(|test| test.text.clone()).collect::<Vec<_>>(), texts);
    assert_eq!(tested.tests.iter().map(|test| test.changed).collect::<Vec<_>>(), [true, true, false]);
    let of = |n: usize| {
        let test = &tested.tests[n];
        (test.before.clone().expect("an analysis"), test.after.clone().expect("an analysis"))
    };
    let (before, after) = of(0);
    assert!(hit(&before, "lid").is_none());
    let found = hit(&after, "lid").expect("it fires on traditional script too");
    assert_eq!(found.span, Some(pb::Span { start: 2, end: 4 }));
    assert_eq!(after.types[0].r#type(), pb::InquiryType::Complaint);
    let (before, after) = of(1);
    assert!(hit(&before, "box").is_some() && hit(&after, "box").is_none());
    let served = understood(&mut base, "喵喵箱").await;
    assert_eq!((served.urgency, served.types, served.routing), (before.urgency, before.types, before.routing));
    let many = pb::TestRulesRequest { texts: vec!["好".to_owned(); 101], ..Default::default() };
    let refused = base.clients.rules.test_rules(pb::TestRulesRequest { parent: base.name.clone(), ..many }).await;
    refusal::check(refused, Refusal::fields(&["texts"]));
    let empty = pb::TestRulesRequest { parent: base.name.clone(), texts: words(&["好", " "]), offset_encoding: 9 };
    let refused = base.clients.rules.test_rules(empty).await;
    refusal::check(refused, Refusal::fields(&["texts[1]", "offset_encoding"]));
    let nowhere = pb::TestRulesRequest { parent: base_name("nowhere"), ..Default::default() };
    let refused = base.clients.rules.test_rules(nowhere).await;
    refusal::check(refused, Refusal::of(Code::NotFound, "KNOWLEDGE_BASE_NOT_FOUND"));
}

#[tokio::test]
async fn rules_are_listed_in_pages_and_a_draft_is_given_up() {
    let mut base = Base::create(shared().clients().await, "rules-list").await;
    for id in ["e", "b", "a", "d", "c"] {
        create(&mut base, id, rule("起火", urgent())).await;
    }
    let all: Vec<String> = ["a", "b", "c", "d", "e"].iter().map(|id| rule_name("rules-list", id)).collect();
    assert_eq!(list(&mut base.clients, "rules-list", false).await, all);
    assert!(list(&mut base.clients, "rules-list", true).await.is_empty());
    publish(&mut base).await;
    for id in ["a", "c"] {
        let delete = pb::DeleteRuleRequest { name: rule_name("rules-list", id), ..Default::default() };
        base.clients.rules.delete_rule(delete).await.expect("a deletion");
    }
    assert_eq!(list(&mut base.clients, "rules-list", false).await.len(), 3);
    assert_eq!(list(&mut base.clients, "rules-list", true).await, all);
    let revert = pb::RevertRulesRequest { parent: base.name.clone(), ..Default::default() };
    let reverted = base.clients.rules.revert_rules(revert).await.expect("a reply").into_inner();
    assert_eq!(reverted.rule_count, 5);
    assert_eq!(list(&mut base.clients, "rules-list", false).await, all);
    let wrong = pb::ListRulesRequest { parent: base.name.clone(), page_size: 1_001, ..Default::default() };
    refusal::check(base.clients.rules.list_rules(wrong).await, Refusal::fields(&["page_size"]));
}

#[tokio::test]
async fn the_rules_of_the_server_are_listed_with_their_examples() {
    let mut clients = demo().clients().await;
    let listed = clients.rules.list_server_rules(pb::ListServerRulesRequest {}).await.expect("a reply").into_inner();
    let info = clients.server_info.get_server_info(pb::GetServerInfoRequest {}).await.expect("a reply").into_inner();
    assert_eq!(listed.version, info.rules_version);
    let fire = listed.rules.iter().find(|rule| rule.name == "serverRules/safety.fire").expect("it is there");
    assert_eq!(fire.effect, effect(urgent()));
    assert!(listed.rules.iter().all(|rule| !rule.example.is_empty() && rule.condition.is_some()));
}

#[tokio::test]
async fn writes_are_done_once_and_survive_a_restart() {
    let folder = TempDir::new().expect("a folder");
    let setup = || Setup { folder: Some(folder.path().to_owned()), ..Setup::default() };
    let server = Running::start(&setup());
    let mut base = Base::create(server.clients().await, "rules-restart").await;
    let creation = |phrase: &str| pb::CreateRuleRequest {
        request_id: "rules-1".to_owned(),
        ..creation("rules-restart", "box", rule(phrase, urgent()))
    };
    let first = base.clients.rules.create_rule(creation("喵喵箱")).await.expect("a rule").into_inner();
    assert_eq!(base.clients.rules.create_rule(creation("喵喵箱")).await.expect("a retry").into_inner(), first);
    let reused = Refusal { code: Code::InvalidArgument, reason: "REQUEST_ID_REUSED", fields: &["request_id"] };
    refusal::check(base.clients.rules.create_rule(creation("别的箱")).await, reused);
    let request = || pb::PublishRulesRequest {
        parent: base_name("rules-restart"),
        request_id: "rules-2".to_owned(),
        ..Default::default()
    };
    let published = base.clients.rules.publish_rules(request()).await.expect("good").into_inner();
    assert_eq!(base.clients.rules.publish_rules(request()).await.expect("a retry").into_inner(), published);
    base.token.clone_from(&published.consistency_token);
    create(&mut base, "lid", rule("箱盖", urgent())).await;
    let before = analyze(&mut base, "喵喵箱的箱盖").await;
    server.stop().await.expect("it stops in order");

    let server = Running::start(&setup());
    base.clients = server.clients().await;
    assert_eq!(analyze(&mut base, "喵喵箱的箱盖").await, before);
    assert!(before.rules_version.ends_with("+rules-restart-1"), "{}", before.rules_version);
    let drafted = [rule_name("rules-restart", "box"), rule_name("rules-restart", "lid")];
    assert_eq!(list(&mut base.clients, "rules-restart", false).await, drafted);
    assert_eq!(base.clients.rules.publish_rules(request()).await.expect("a retry").into_inner(), published);
    server.stop().await.expect("it stops in order");
}

#[tokio::test]
async fn rules_that_cannot_be_read_or_compiled_do_not_take_their_base_away() {
    let folder = TempDir::new().expect("a folder");
    let setup = || Setup { folder: Some(folder.path().to_owned()), ..Setup::default() };
    let server = Running::start(&setup());
    let mut base = Base::create(server.clients().await, "rules-broken").await;
    base.add("hello", article("怎么退货", &[], "在订单页点退货。")).await;
    create(&mut base, "box", rule("喵喵箱漏液", urgent())).await;
    publish(&mut base).await;
    assert!(hit(&understood(&mut base, "喵喵箱漏液").await, "box").is_some());
    server.stop().await.expect("it stops in order");
    let no_pattern = r#"replace(published, '"phrases":["喵喵箱漏液"]', '"pattern":"("')"#;
    for damage in [no_pattern, "'{'"] {
        let database = rusqlite::Connection::open(folder.path().join("yingda.db")).expect("a database");
        let changed = format!("UPDATE rulebooks SET published = {damage} WHERE published <> {damage}");
        assert_eq!(database.execute(&changed, []).expect("a write"), 1, "{damage}");
        drop(database);
        let server = Running::start(&setup());
        base.clients = server.clients().await;
        assert_eq!(base.search("怎么退货").await[0], "hello", "{damage}");
        assert!(hit(&understood(&mut base, "喵喵箱漏液").await, "box").is_none(), "{damage}");
        server.stop().await.expect("it stops in order");
    }
}

#[tokio::test]
async fn editors_of_one_draft_at_once_lose_nothing() {
    let mut base = Base::create(shared().clients().await, "rules-race").await;
    let tasks: Vec<_> = (0..4)
        .map(|n| {
            let mut clients = base.clients.clone();
            let request = creation("rules-race", &format!("r{n}"), rule("起火", urgent()));
            tokio::spawn(async move { clients.rules.create_rule(request).await })
        })
        .collect();
    for task in tasks {
        task.await.expect("no panic").expect("writes of one process take turns");
    }
    assert_eq!(list(&mut base.clients, "rules-race", false).await.len(), 4);
}
