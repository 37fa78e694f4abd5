//! Rules over a message whose model says what the test says.

use std::collections::BTreeMap;

use super::*;
use crate::{
    assist::{Message, Rules, rules},
    domain::{
        Condition, HandoffTriggers, KnowledgeBaseId, Policy, Queue, ReplyTexts, Rule, RuleSet, Rulebook, Thresholds,
        UrgencyPolicy,
    },
};

fn rule(id: &str, phrase: &str, effect: Effect) -> Rule {
    Rule {
        id: id.to_owned(),
        condition: Condition::Phrases(vec![phrase.to_owned()]),
        unless: Vec::new(),
        effect,
        signal: None,
        negation_aware: true,
        example: phrase.to_owned(),
        counter_example: None,
        is_enabled: true,
        note: String::new(),
    }
}

fn server(rules: Vec<Rule>) -> Rules {
    Rules::compile(RuleSet { version: "base-2".to_owned(), rules }).expect("good rules")
}

fn own(rules: Vec<Rule>) -> Rules {
    let id = KnowledgeBaseId::try_new("retail").expect("an id");
    Rules::of_base(&id, &Rulebook { rules, version: 7 }).expect("good rules")
}

fn probable<L: Copy>(labels: &[(L, f32)]) -> Vec<LabelProbability<L>> {
    labels.iter().map(|(label, probability)| LabelProbability { label: *label, probability: *probability }).collect()
}

fn about(domains: &[(&str, f32)]) -> Vec<LabelProbability<Domain>> {
    let one = |(label, p): &(&str, f32)| LabelProbability { label: Domain((*label).to_owned()), probability: *p };
    domains.iter().map(one).collect()
}

/// What the model says in these tests: an important complaint about repair, in a negative tone.
struct Heads {
    types: Vec<LabelProbability<InquiryType>>,
    presence: [f32; 4],
    urgency: LabelProbability<Urgency>,
    domains: Vec<LabelProbability<Domain>>,
    sentiments: Vec<LabelProbability<Sentiment>>,
}

impl Heads {
    fn of_model() -> Self {
        use InquiryType::{Complaint, Consultation, Other, Suggestion};
        Self {
            types: probable(&[(Complaint, 0.6), (Consultation, 0.3), (Suggestion, 0.1), (Other, 0.0)]),
            presence: [0.7, 0.8, 0.1, 0.0],
            urgency: LabelProbability { label: Urgency::Important, probability: 0.5 },
            domains: about(&[("repair", 0.5), ("order", 0.3), ("other", 0.2)]),
            sentiments: probable(&[(Sentiment::Negative, 0.8), (Sentiment::Neutral, 0.2), (Sentiment::Positive, 0.0)]),
        }
    }

    fn tops(&self) -> Tops {
        Tops::of(&self.types, &self.urgency, &self.domains, &self.sentiments)
    }
}

/// What came out, with the ids of the hits that changed it.
struct Outcome {
    heads: Heads,
    queue: String,
    reason: String,
    hits: Vec<RuleHit>,
}

impl Outcome {
    fn changed(&self) -> Vec<&str> {
        self.hits.iter().filter(|hit| hit.changed_result).map(|hit| hit.rule_id.as_str()).collect()
    }

    fn kind(&self) -> InquiryType {
        self.heads.types[0].label
    }
}

fn policy() -> ReadyPolicy {
    let queue = |id: &str, domain: &str| Queue {
        id: id.to_owned(),
        name: format!("{id}组"),
        domains: vec![domain.to_owned()],
        skills: vec![format!("{id}-skill")],
    };
    let text = String::new;
    ReadyPolicy::try_new(Policy {
        thresholds: Thresholds::default(),
        time_zone: "Asia/Shanghai".to_owned(),
        working_hours: Vec::new(),
        calendar: Vec::new(),
        due_times: BTreeMap::new(),
        queues: vec![queue("repair", "repair"), queue("general", "*"), queue("vip", "vip-only")],
        departments: Vec::new(),
        handoff: HandoffTriggers { complaints: true, urgent: true, no_answer: false },
        texts: ReplyTexts {
            greeting: text(),
            complaint_acknowledgement: text(),
            suggestion_thanks: text(),
            no_answer: text(),
            handoff: text(),
            handoff_off_hours: text(),
            clarify: text(),
            blocked: text(),
        },
        sensitive_words: Vec::new(),
        keep_order_numbers: false,
        opening_questions: Vec::new(),
        max_clarify_options: 3,
        urgency: UrgencyPolicy::default(),
        calibration: crate::domain::CalibrationPolicy::default(),
    })
    .expect("a good policy")
}

/// Raises as the weighing of signals does where each weighs as much as a rule.
fn raise_urgency(effects: &Effects<'_>, urgency: &mut LabelProbability<Urgency>) {
    let levels = effects.counting().filter_map(|hit| match hit.effect {
        Effect::RaiseUrgency(level) => Some(*level),
        _ => None,
    });
    if let Some(level) = levels.max().filter(|level| *level > urgency.label) {
        *urgency = LabelProbability { label: level, probability: RULE_PROBABILITY };
    }
}

fn run(shared: &Rules, own: Option<&Rules>, text: &str) -> Outcome {
    let message = Message::read(text);
    let policy = policy();
    let effects = Effects::of(rules::evaluate(shared, own, &message));
    let mut heads = Heads::of_model();
    let model = heads.tops();
    effects.merge_types(&mut heads.types, &mut heads.presence);
    effects.merge_domains(&mut heads.domains);
    effects.merge_sentiments(&mut heads.sentiments);
    raise_urgency(&effects, &mut heads.urgency);
    effects.cap_urgency(&mut heads.urgency);
    let result = heads.tops();
    let by_policy =
        super::super::route::route(&policy, result.domain.label.as_str(), result.urgency.label, result.kind.label);
    let routing = effects.reroute(&by_policy, &policy);
    let change = Change { model: &model, result: &result, queues: (&by_policy.queue_id, &routing.queue_id) };
    let hits = effects.hits(&message.normalized, &change);
    for labels in [sum(&heads.types), sum(&heads.domains), sum(&heads.sentiments)] {
        assert!((0.999..1.001).contains(&labels), "probabilities add up to one: {labels}");
    }
    Outcome { heads, queue: routing.queue_id, reason: routing.reason, hits }
}

fn sum<L>(labels: &[LabelProbability<L>]) -> f32 {
    labels.iter().map(|label| label.probability).sum()
}

/// Runs rules of a knowledge base alone.
fn run_own(effects: &[(&str, Effect)], text: &str) -> Outcome {
    let rules = effects.iter().enumerate().map(|(idx, (word, effect))| rule(&format!("r{idx}"), word, effect.clone()));
    run(&server(Vec::new()), Some(&own(rules.collect())), text)
}

#[test]
fn the_later_rule_has_the_last_word() {
    let out = run(
        &server(vec![rule("base", "甲", Effect::SetType(InquiryType::Suggestion))]),
        Some(&own(vec![
            rule("b", "乙", Effect::SetType(InquiryType::Other)),
            rule("a", "乙", Effect::SetType(InquiryType::Consultation)),
        ])),
        "甲乙",
    );
    assert_eq!(out.kind(), InquiryType::Other);
    assert_eq!(out.changed(), ["b"]);
    let origins: Vec<_> = out.hits.iter().map(|hit| hit.knowledge_base.as_ref().map(|id| id.as_str())).collect();
    assert_eq!(origins, [None, Some("retail"), Some("retail")]);
}

#[test]
fn every_set_label_is_first_and_said_to_have_changed() {
    let out = run_own(
        &[
            ("甲", Effect::SetType(InquiryType::Suggestion)),
            ("乙", Effect::SetDomain("order".into())),
            ("丙", Effect::SetSentiment(Sentiment::Positive)),
            ("丁", Effect::SetDomain("my-own".into())),
            ("戊", Effect::SetType(InquiryType::Complaint)),
        ],
        "甲乙丙",
    );
    let tops = out.heads.tops();
    assert_eq!((tops.kind.label, tops.sentiment.label), (InquiryType::Suggestion, Sentiment::Positive));
    assert_eq!((tops.domain.label.as_str(), tops.domain.probability), ("order", 0.9));
    assert_eq!(out.changed(), ["r0", "r1", "r2"]);
    let effects: Vec<&str> = out.hits.iter().map(|hit| hit.effect.as_str()).collect();
    assert_eq!(effects, ["set_type:suggestion", "set_domain:order", "set_sentiment:positive"]);
    let out = run_own(&[("丁", Effect::SetDomain("my-own".into()))], "丁");
    assert_eq!((out.heads.domains[0].label.as_str(), out.queue.as_str()), ("my-own", "general"));
    let out = run_own(&[("戊", Effect::SetType(InquiryType::Complaint))], "戊");
    assert_eq!((out.kind(), out.changed().len()), (InquiryType::Complaint, 0), "the model said so already");
}

#[test]
fn what_is_forbidden_cannot_be_set() {
    let complaint = Effect::SetType(InquiryType::Complaint);
    let out = run(
        &server(vec![rule("base", "投诉", complaint.clone())]),
        Some(&own(vec![rule("a", "投诉", Effect::ForbidType(InquiryType::Complaint)), rule("z", "投诉", complaint)])),
        "投诉电话",
    );
    assert_eq!(out.kind(), InquiryType::Consultation);
    assert_eq!(out.changed(), ["a"]);
    assert_eq!(out.heads.types.last(), Some(&LabelProbability { label: InquiryType::Complaint, probability: 0.0 }));
    assert!((out.heads.types[0].probability - 0.75).abs() < 1e-6, "shared in proportion");
    assert_eq!(out.heads.presence, [0.7, 0.0, 0.1, 0.0]);
    let out = run_own(&[("甲", Effect::ForbidDomain("repair".into()))], "甲");
    assert_eq!((out.heads.domains[0].label.as_str(), out.queue.as_str()), ("order", "general"));
    assert_eq!(out.changed(), ["r0"]);
    let out = run_own(&[("甲", Effect::ForbidDomain("finance".into()))], "甲");
    assert_eq!(out.heads.domains, Heads::of_model().domains);
    assert!(out.changed().is_empty());
}

#[test]
fn where_all_is_forbidden_nothing_is_probable() {
    let all = InquiryType::ALL.iter().map(|kind| ("甲", Effect::ForbidType(*kind)));
    let (mut types, mut presence) = (Heads::of_model().types, [1.0; 4]);
    let rules = own(all.enumerate().map(|(idx, (word, effect))| rule(&format!("r{idx}"), word, effect)).collect());
    let message = Message::read("甲");
    Effects::of(rules::evaluate(&server(Vec::new()), Some(&rules), &message)).merge_types(&mut types, &mut presence);
    assert!(types.iter().all(|kind| kind.probability == 0.0) && types.len() == 4);
    assert_eq!(presence, [0.0; 4]);
}

#[test]
fn urgency_is_raised_to_the_highest_and_capped_to_the_lowest() {
    let raise = |word: &'static str, level| (word, Effect::RaiseUrgency(level));
    let cap = |word: &'static str, level| (word, Effect::CapUrgency(level));
    let check = |effects: &[(&str, Effect)], text: &str, want: Urgency, changed: &[&str]| {
        let out = run_own(effects, text);
        assert_eq!((out.heads.urgency.label, out.changed()), (want, changed.to_vec()), "{text}");
    };
    let effects = [
        raise("甲", Urgency::Urgent),
        raise("乙", Urgency::Important),
        cap("丙", Urgency::Important),
        cap("丁", Urgency::Normal),
    ];
    check(&effects, "无", Urgency::Important, &[]);
    check(&effects, "甲乙", Urgency::Urgent, &["r0"]);
    check(&effects, "乙", Urgency::Important, &[]);
    check(&effects, "甲丙", Urgency::Important, &[]);
    check(&effects, "甲丙丁", Urgency::Normal, &["r3"]);
}

#[test]
fn a_disabled_rule_is_named_and_does_nothing() {
    let shared = server(vec![
        rule("safety.fire", "炸了", Effect::RaiseUrgency(Urgency::Urgent)),
        rule("human.request", "人工", Effect::RequestHuman),
    ]);
    let fried = rule("fried", "薯条", Effect::DisableRule("safety.fire".into()));
    let off = Rule {
        condition: Condition::Always,
        negation_aware: false,
        ..rule("no-human", "", Effect::DisableRule("human.request".into()))
    };
    let rules = own(vec![fried, off]);
    let check = |text: &str, want: &[(&str, Option<&str>)], changed: &[&str], urgency: Urgency| {
        let out = run(&shared, Some(&rules), text);
        let hits: Vec<_> = out.hits.iter().map(|hit| (hit.rule_id.as_str(), hit.disabled_by.as_deref())).collect();
        assert_eq!(hits, want, "{text}");
        assert_eq!((out.changed(), out.heads.urgency.label), (changed.to_vec(), urgency), "{text}");
    };
    check("微波炉炸了", &[("safety.fire", None)], &["safety.fire"], Urgency::Urgent);
    let want = [("safety.fire", Some("fried")), ("fried", None)];
    check("薯条炸了两份", &want, &["fried"], Urgency::Important);
    check("薯条凉了", &[("fried", None)], &[], Urgency::Important);
    check("转人工", &[("human.request", Some("no-human"))], &[], Urgency::Important);
    let message = Message::read("转人工");
    let effects = Effects::of(rules::evaluate(&shared, Some(&rules), &message));
    assert!(!effects.requests_human());
    assert!(Effects::of(rules::evaluate(&shared, None, &message)).requests_human());
}

#[test]
fn a_rule_sends_to_a_queue_that_the_policy_has() {
    let out = run_own(&[("甲", Effect::SetQueue("vip".into())), ("乙", Effect::SetQueue("gone".into()))], "甲乙");
    assert_eq!((out.queue.as_str(), out.reason.as_str()), ("vip", "rule:r0"));
    assert_eq!(out.changed(), ["r0"]);
    let out = run_own(&[("甲", Effect::SetQueue("repair".into()))], "甲");
    assert_eq!((out.queue.as_str(), out.changed().len()), ("repair", 0), "the policy sends it there too");
    let out = run_own(&[("乙", Effect::SetQueue("gone".into()))], "乙");
    assert_eq!((out.queue.as_str(), out.reason.as_str()), ("repair", "domain:repair"));
}

#[test]
fn only_enabled_rules_serve_and_the_version_names_both_lists() {
    let asleep = Rule { is_enabled: false, ..rule("a", "甲", Effect::Block) };
    let rules = own(vec![asleep, rule("b", "乙", Effect::Block)]);
    assert_eq!(rules.set().rules.len(), 1);
    let message = Message::read("甲");
    assert!(!Effects::of(rules::evaluate(&server(Vec::new()), Some(&rules), &message)).blocks());
    assert_eq!(rules::version(&server(Vec::new()), Some(&rules)), "base-2+retail-7");
    assert_eq!(rules::version(&server(Vec::new()), None), "base-2");
}
