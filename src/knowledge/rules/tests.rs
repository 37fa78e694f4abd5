use super::*;
use crate::{
    domain::{Condition, Effect, Urgency},
    knowledge::{
        KnowledgeBaseUpdate,
        tests::{Fixture, base, base_id, named, no_id, reason, rule},
    },
};

fn update(rule: Rule, fields: &[&str]) -> RuleUpdate {
    RuleUpdate { rule, fields: fields.iter().map(|field| (*field).to_owned()).collect(), etag: None }
}

fn ids(rules: &[Rule]) -> Vec<&str> {
    rules.iter().map(|rule| rule.id.as_str()).collect()
}

#[test]
fn rules_are_drafted_in_the_order_of_their_ids() {
    let Fixture { knowledge, .. } = &Fixture::shop();
    let shop = base_id("shop");
    for id in ["smoke", "fire", "leak"] {
        let saved = knowledge.create_rule(&no_id(), &shop, rule(id, "冒烟")).expect("created");
        assert_eq!((saved.value, saved.revision), (rule(id, "冒烟"), Revision(1)), "a draft serves nobody");
    }
    assert_eq!(reason(knowledge.create_rule(&no_id(), &shop, rule("fire", "起火"))), "RULE_EXISTS");
    assert_eq!(reason(knowledge.create_rule(&no_id(), &shop, rule("Fire", "起火"))), "INVALID_FIELDS");
    assert_eq!(reason(knowledge.create_rule(&no_id(), &base_id("x"), rule("a", "起火"))), "KNOWLEDGE_BASE_NOT_FOUND");
    let page = knowledge.list_rules(&shop, false, &PageRequest { size: 2, token: String::new() }).expect("listed");
    assert_eq!((ids(&page.items), page.total), (vec!["fire", "leak"], 3));
    let rest = PageRequest { size: 2, token: page.next_token };
    assert_eq!(ids(&knowledge.list_rules(&shop, false, &rest).expect("listed").items), ["smoke"]);
    let error = knowledge.list_rules(&shop, true, &rest).expect_err("a token of the other list");
    assert_eq!(error.violations()[0].field, "page_token");
    assert_eq!(knowledge.list_rules(&shop, true, &PageRequest::default()).expect("listed").total, 0);
    knowledge.delete_rule(&no_id(), &shop, "leak", None).expect("deleted");
    assert_eq!(reason(knowledge.delete_rule(&no_id(), &shop, "leak", None)), "RULE_NOT_FOUND");
    assert_eq!(reason(knowledge.rule(&shop, "leak")), "RULE_NOT_FOUND");
}

#[test]
fn named_fields_are_laid_over() {
    let Fixture { knowledge, .. } = &Fixture::shop();
    let shop = base_id("shop");
    let first = knowledge.create_rule(&no_id(), &shop, rule("fire", "冒烟")).expect("created").value;
    let given = Rule { note: "安全".into(), is_enabled: false, ..rule("fire", "起火") };
    let merged = knowledge.update_rule(&no_id(), &shop, update(given.clone(), &["note", "etag"])).expect("updated");
    assert_eq!(merged.value, Rule { note: "安全".into(), ..first.clone() });
    let stale = RuleUpdate { etag: Some(rule_etag(&first)), ..update(given.clone(), &["*"]) };
    assert_eq!(reason(knowledge.update_rule(&no_id(), &shop, stale)), "ETAG_MISMATCH");
    let stale = Some(rule_etag(&first));
    assert_eq!(reason(knowledge.delete_rule(&no_id(), &shop, "fire", stale)), "ETAG_MISMATCH");
    let current = RuleUpdate { etag: Some(rule_etag(&merged.value)), ..update(given.clone(), &["*"]) };
    assert_eq!(knowledge.update_rule(&no_id(), &shop, current).expect("current").value, given);
    assert_eq!(knowledge.rule(&shop, "fire").expect("there"), given);
    let pattern = Rule { condition: Condition::Pattern("冒.".into()), ..given.clone() };
    let merged = knowledge.update_rule(&no_id(), &shop, update(pattern.clone(), &["pattern"])).expect("updated");
    assert_eq!(merged.value.condition, pattern.condition);
    // A member that is not there is no change, one that is taken away leaves no condition.
    let same = knowledge.update_rule(&no_id(), &shop, update(given.clone(), &["near"])).expect("updated");
    assert_eq!(same.value.condition, pattern.condition);
    let error = knowledge.update_rule(&no_id(), &shop, update(given.clone(), &["pattern"])).expect_err("none is left");
    assert_eq!(error.violations()[0].field, "rule.condition");
    let error = knowledge.update_rule(&no_id(), &shop, update(given, &["color"])).expect_err("no such field");
    assert_eq!(error.violations()[0].field, "update_mask");
    let nowhere = update(rule("nowhere", "冒烟"), &["*"]);
    assert_eq!(reason(knowledge.update_rule(&no_id(), &shop, nowhere)), "RULE_NOT_FOUND");
}

#[test]
fn etags_tell_every_field() {
    let plain = rule("fire", "冒烟");
    let changes: [fn(&mut Rule); 9] = [
        |r| r.condition = Condition::Phrases(vec!["冒".into(), "烟".into()]),
        |r| r.unless = vec!["如果".into()],
        |r| r.effect = Effect::RaiseUrgency(Urgency::Important),
        |r| r.negation_aware = false,
        |r| r.example.push('。'),
        |r| r.counter_example = None,
        |r| r.is_enabled = false,
        |r| r.note.push('a'),
        |r| r.id.push('a'),
    ];
    let mut seen = vec![rule_etag(&plain)];
    for change in changes {
        let mut changed = plain.clone();
        change(&mut changed);
        assert!(!seen.contains(&rule_etag(&changed)), "{changed:?}");
        seen.push(rule_etag(&changed));
    }
    assert_eq!(rule_etag(&rule("fire", "冒烟")), seen[0]);
}

#[test]
fn flawed_rules_are_named_and_not_published() {
    let Fixture { knowledge, .. } = &Fixture::shop();
    let shop = base_id("shop");
    let server = ["safety.fire".to_owned()];
    let with = |id: &str, change: fn(&mut Rule)| {
        let mut given = rule(id, "冒烟");
        change(&mut given);
        knowledge.create_rule(&no_id(), &shop, given).expect("created");
    };
    with("good", |_| {});
    with("example", |r| r.example = "没有冒烟".into());
    with("counter", |r| r.counter_example = Some("在冒烟".into()));
    with("queue", |r| r.effect = Effect::SetQueue("nowhere".into()));
    with("known-queue", |r| r.effect = Effect::SetQueue("general".into()));
    with("server", |r| r.effect = Effect::DisableRule("nothing".into()));
    with("known-server", |r| r.effect = Effect::DisableRule("safety.fire".into()));
    with("asleep", |r| {
        r.example = "别的".into();
        r.is_enabled = false;
    });
    let trial = knowledge.try_rules(&shop, &server).expect("tried");
    let flaws: Vec<_> = trial.flaws.iter().map(|flaw| (flaw.rule_id.as_str(), flaw.kind)).collect();
    let want = [
        ("counter", RuleFlawKind::CounterExample),
        ("example", RuleFlawKind::Example),
        ("queue", RuleFlawKind::Queue),
        ("server", RuleFlawKind::DisabledRule),
    ];
    assert_eq!(flaws, want);
    for validate_only in [true, false] {
        let error = knowledge.publish_rules(&no_id(), &shop, &server, validate_only).expect_err("flawed");
        assert_eq!(error.reason(), "RULES_FLAWED");
        let fields: Vec<&str> = error.violations().iter().map(|violation| violation.field.as_str()).collect();
        let want = [
            "rules[counter].counter_example",
            "rules[example].example",
            "rules[queue].effect.set_queue",
            "rules[server].effect.disable_rule",
        ];
        assert_eq!(fields, want);
    }
    for id in ["example", "counter", "queue", "server"] {
        knowledge.delete_rule(&no_id(), &shop, id, None).expect("deleted");
    }
    let published = knowledge.publish_rules(&no_id(), &shop, &server, false).expect("good").value;
    assert_eq!(published, PublishedRules { version: 1, num_rules: 4, num_enabled: 3 });
}

#[test]
fn a_publication_takes_a_revision_and_can_be_retried_and_reverted_to() {
    let Fixture { knowledge, .. } = &Fixture::shop();
    let shop = base_id("shop");
    knowledge.create_rule(&no_id(), &shop, rule("fire", "冒烟")).expect("created");
    let tried = knowledge.publish_rules(&no_id(), &shop, &[], true).expect("valid");
    assert_eq!((tried.value.version, tried.revision), (1, Revision(1)));
    let publish = || knowledge.publish_rules(&named("p", "f"), &shop, &[], false).expect("published");
    let first = publish();
    assert_eq!((first.value.version, first.revision), (1, Revision(2)));
    assert_eq!(publish(), first);
    knowledge.create_rule(&no_id(), &shop, rule("leak", "漏电")).expect("created");
    knowledge.delete_rule(&no_id(), &shop, "fire", None).expect("deleted");
    let revert = || knowledge.revert_rules(&named("r", "f"), &shop).expect("reverted");
    assert_eq!((revert().value, revert().value), (1, 1));
    assert_eq!(ids(&knowledge.list_rules(&shop, false, &PageRequest::default()).expect("listed").items), ["fire"]);
    assert_eq!(ids(&knowledge.list_rules(&shop, true, &PageRequest::default()).expect("listed").items), ["fire"]);
}

#[test]
fn retries_are_done_once() {
    let Fixture { knowledge, .. } = &Fixture::shop();
    let shop = base_id("shop");
    let create = || knowledge.create_rule(&named("c", "f"), &shop, rule("fire", "冒烟")).expect("created");
    assert_eq!(create(), create());
    let change = || {
        let given = Rule { note: "安全".into(), ..rule("fire", "冒烟") };
        knowledge.update_rule(&named("u", "f"), &shop, update(given, &["note"])).expect("updated")
    };
    assert_eq!(change(), change());
    let delete = || knowledge.delete_rule(&named("d", "f"), &shop, "fire", None).expect("deleted");
    assert_eq!(delete(), delete());
}

#[test]
fn a_base_holds_so_many_rules_and_phrases() {
    let words = |num: usize| (0..num).map(|n| format!("词{n}")).collect::<Vec<_>>();
    let wide = |id: usize| Rule {
        id: format!("r{id:04}"),
        condition: Condition::Phrases(words(64)),
        unless: words(64),
        ..rule("x", "词")
    };
    let mut book = Rulebook { rules: (0..1_000).map(|id| rule(&format!("r{id:04}"), "词")).collect(), version: 0 };
    assert!(check_size(&book).is_ok());
    book.rules.push(rule("z", "词"));
    assert_eq!(check_size(&book).expect_err("one more").violations()[0].field, "parent");
    let book = Rulebook { rules: (0..156).map(wide).collect(), version: 0 };
    assert!(check_size(&book).is_ok(), "19,968 phrases");
    let book = Rulebook { rules: (0..157).map(wide).collect(), version: 0 };
    assert_eq!(check_size(&book).expect_err("20,096 phrases").violations()[0].field, "rule");
}

#[test]
fn a_queue_that_went_keeps_the_next_publication() {
    let Fixture { knowledge, .. } = &Fixture::shop();
    let shop = base_id("shop");
    let to = |queue: &str| Rule { effect: Effect::SetQueue(queue.into()), ..rule("route", "冒烟") };
    knowledge.create_rule(&no_id(), &shop, to("general")).expect("created");
    knowledge.publish_rules(&no_id(), &shop, &[], false).expect("published");
    let mut changed = base("shop");
    changed.policy.queues[0].id = "other".into();
    let change = KnowledgeBaseUpdate { knowledge_base: changed, fields: vec!["policy.queues".into()], etag: None };
    knowledge.update_knowledge_base(&no_id(), change, false).expect("updated");
    assert_eq!(reason(knowledge.publish_rules(&no_id(), &shop, &[], false)), "RULES_FLAWED");
}
