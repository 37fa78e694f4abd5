use super::*;
use crate::{
    domain::{
        Article, ArticleId, Audience, CalendarDay, Condition, DayKind, Domain, DueTimes, Effect, KnowledgeBase, Queue,
        Rule, SignalKind, SynonymSet, Timestamp, Urgency, Weekday, WorkingHours,
    },
    knowledge::{
        error::FieldViolation,
        tests::{article, base, rule},
    },
};

fn fields(violations: &[FieldViolation]) -> Vec<&str> {
    violations.iter().map(|violation| violation.field.as_str()).collect()
}

fn check(change: impl FnOnce(&mut Article), want: &[&str]) {
    let mut given = article("refund", "退款多久到账");
    change(&mut given);
    settle_article(&mut given);
    let found = check_article(&given, "article");
    let want: Vec<String> = want.iter().map(|field| format!("article.{field}")).collect();
    assert_eq!(fields(&found), want, "{found:?}");
}

fn check_policy(change: impl FnOnce(&mut KnowledgeBase), want: &[&str]) {
    let mut given = base("shop");
    change(&mut given);
    settle_policy(&mut given.policy);
    let found = check_base(&given, "knowledge_base");
    let want: Vec<String> = want.iter().map(|field| format!("knowledge_base.{field}")).collect();
    assert_eq!(fields(&found), want, "{found:?}");
}

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

#[test]
fn articles_keep_the_limits_of_the_contract() {
    check(|_| {}, &[]);
    check(|a| a.standard_question = "退".repeat(500), &[]);
    check(|a| a.standard_question = "退款".repeat(251), &["standard_question"]);
    check(|a| a.standard_question = " \n".to_owned(), &["standard_question"]);
    check(|a| a.standard_question = "😀".to_owned(), &["standard_question"]);
    check(|a| a.similar_questions = texts(&["钱什么时候退", " "]), &["similar_questions[1]"]);
    check(|a| a.similar_questions = (0..501).map(|n| format!("退{n}")).collect(), &["similar_questions"]);
    check(|a| a.negative_questions = (0..101).map(|n| format!("退{n}")).collect(), &["negative_questions"]);
    check(|a| a.domain = Domain("域".repeat(65)), &["domain"]);
    check(|a| a.tags = texts(&["a", "", "a"]), &["tags[1]", "tags[2]"]);
    check(|a| a.tags = (0..51).map(|n| n.to_string()).collect(), &["tags"]);
    check(|a| a.metadata = [("k".to_owned(), "v".repeat(1_001))].into(), &["metadata.k"]);
    check(|a| a.metadata = [(String::new(), String::new())].into(), &["metadata"]);
    check(|a| a.metadata = (0..51).map(|n| (n.to_string(), String::new())).collect(), &["metadata"]);
    check(
        |a| {
            a.standard_question.clear();
            a.answers.im.clear();
            a.answers.email = Some("答".repeat(8_001));
        },
        &["standard_question", "answers.im", "answers.email"],
    );
}

#[test]
fn phrasings_are_apart_however_they_are_written() {
    check(|a| a.similar_questions = texts(&["退款多久到賬"]), &["similar_questions[0]"]);
    check(|a| a.similar_questions = texts(&["能退吗", "能退嗎"]), &["similar_questions[1]"]);
    check(|a| a.negative_questions = texts(&["退款多久到账 "]), &["negative_questions[0]"]);
    let mut given = article("refund", "退款多久到账");
    given.negative_questions = texts(&["退款多久到账"]);
    let found = check_article(&given, "");
    assert!(found[0].description.contains("opposite of standard_question"), "{found:?}");
}

#[test]
fn times_and_follow_ups_make_sense() {
    let id = |id: &str| ArticleId::try_new(id).expect("an id");
    check(|a| (a.effective_time, a.expire_time) = (Some(Timestamp(1)), Some(Timestamp(2))), &[]);
    check(|a| (a.effective_time, a.expire_time) = (Some(Timestamp(2)), Some(Timestamp(2))), &["expire_time"]);
    check(|a| a.expire_time = Some(Timestamp(i64::MAX)), &["expire_time"]);
    check(
        |a| a.follow_up_questions = vec![id("a"), id("refund"), id("a")],
        &["follow_up_questions[1]", "follow_up_questions[2]"],
    );
    check(|a| a.follow_up_questions = (0..21).map(|n| id(&n.to_string())).collect(), &["follow_up_questions"]);
}

#[test]
fn slots_are_well_formed() {
    let check = |text: &str, is_good: bool| assert_eq!(slot_error(text, &[]).is_none(), is_good, "{text}");
    for good in ["没有", "{customer_name}您好", "{a}{b}", "单号{order_id}。"] {
        check(good, true);
    }
    for bad in ["{", "}", "{}", "{订单}", "{Order}", "{a", "a}", "{{a}}", &format!("{{{}}}", "a".repeat(33))] {
        check(bad, false);
    }
    assert!(slot_error("{due}前", &["due"]).is_none());
    assert!(slot_error("{name}", &["due"]).is_some_and(|error| error.contains("unknown slot {name}")));
}

#[test]
fn settling_fills_and_orders() {
    let mut given = article("refund", " 退款多久到账\n");
    given.domain = Domain(" ".to_owned());
    given.audiences = vec![Audience::Agent, Audience::Bot, Audience::Agent];
    settle_article(&mut given);
    assert_eq!((given.standard_question.as_str(), given.domain.as_str()), ("退款多久到账", "other"));
    assert_eq!(given.audiences, [Audience::Bot, Audience::Agent]);
}

#[test]
fn policies_keep_the_limits_of_the_contract() {
    check_policy(|_| {}, &[]);
    check_policy(|b| b.display_name.clear(), &["display_name"]);
    check_policy(|b| b.description = "述".repeat(2_001), &["description"]);
    check_policy(|b| b.policy.thresholds.answer = Some(1.5), &["policy.thresholds.answer"]);
    check_policy(|b| b.policy.thresholds.abstain = Some(f32::NAN), &["policy.thresholds.abstain"]);
    check_policy(
        |b| (b.policy.thresholds.answer, b.policy.thresholds.clarify) = (Some(0.5), Some(0.6)),
        &["policy.thresholds.clarify"],
    );
    check_policy(|b| b.policy.time_zone = "Mars/Base".to_owned(), &["policy.time_zone"]);
    check_policy(|b| b.policy.max_clarify_options = 5, &["policy.max_clarify_options"]);
    check_policy(|b| b.policy.max_clarify_options = 0, &[]);
    check_policy(|b| b.policy.texts.handoff = "{name}您好".to_owned(), &["policy.texts.handoff"]);
    check_policy(|b| b.policy.texts.clarify = "问".repeat(1_001), &["policy.texts.clarify"]);
    check_policy(
        |b| b.policy.sensitive_words = texts(&["赌博", "", "😀", "赌博"]),
        &["policy.sensitive_words[1]", "policy.sensitive_words[3]", "policy.sensitive_words[2]"],
    );
    check_policy(|b| b.policy.opening_questions = texts(&["refund", "退款"]), &["policy.opening_questions[1]"]);
    check_policy(
        |b| b.policy.opening_questions = (0..21).map(|n| n.to_string()).collect(),
        &["policy.opening_questions"],
    );
}

#[test]
fn urgency_is_weighed_within_bounds() {
    check_policy(|b| b.policy.urgency.weights = [(SignalKind::Safety, 0.0), (SignalKind::Head, 1.0)].into(), &[]);
    check_policy(
        |b| b.policy.urgency.weights = [(SignalKind::Safety, 1.1), (SignalKind::Head, f32::NAN)].into(),
        &["policy.urgency.weights[safety]", "policy.urgency.weights[head]"],
    );
    check_policy(|b| b.policy.calibration.wanted_precision = 0.999, &[]);
    check_policy(|b| b.policy.calibration.wanted_precision = f32::NAN, &["policy.calibration.wanted_precision"]);
    check_policy(|b| b.policy.calibration.unanswerable_share = 0.91, &["policy.calibration.unanswerable_share"]);
    check_policy(|b| b.policy.urgency.urgent_threshold = 0.0, &["policy.urgency.urgent_threshold"]);
    check_policy(|b| b.policy.urgency.important_threshold = 1.01, &["policy.urgency.important_threshold"]);
}

#[test]
fn times_of_a_policy_make_sense() {
    let hours = |days: &[Weekday], from_minute, to_minute| WorkingHours { days: days.to_vec(), from_minute, to_minute };
    let day = |date: &str| CalendarDay { date: date.to_owned(), kind: DayKind::Holiday, name: String::new() };
    check_policy(|b| b.policy.working_hours = vec![hours(&[], 0, 1440)], &["policy.working_hours[0].days"]);
    check_policy(|b| b.policy.working_hours = vec![hours(&[Weekday::Mon], 60, 60)], &["policy.working_hours[0].to"]);
    check_policy(|b| b.policy.working_hours = vec![hours(&[Weekday::Mon], 60, 1441)], &["policy.working_hours[0].to"]);
    check_policy(
        |b| b.policy.calendar = ["2026-10-01", "2026-02-30", "20261001", "2026-10-01"].map(day).to_vec(),
        &["policy.calendar[1].date", "policy.calendar[2].date", "policy.calendar[3].date"],
    );
    let due = DueTimes { respond_minutes: 0, resolve_minutes: 100_001, around_the_clock: false };
    check_policy(
        |b| b.policy.due_times.extend([(("im".to_owned(), Urgency::Normal), due)]),
        &["policy.due_times[3].respond_minutes", "policy.due_times[3].resolve_minutes"],
    );
    let due = DueTimes { respond_minutes: 1, resolve_minutes: 1, around_the_clock: false };
    check_policy(
        |b| b.policy.due_times.extend([(("fax".to_owned(), Urgency::Normal), due)]),
        &["policy.due_times[3].channel"],
    );
}

#[test]
fn queues_and_departments_are_distinct() {
    let queue = |id: &str| Queue { id: id.to_owned(), name: "组".to_owned(), domains: texts(&["*"]), skills: vec![] };
    check_policy(|b| b.policy.queues = vec![queue("a"), queue("a")], &["policy.queues[1].id"]);
    check_policy(|b| b.policy.queues = vec![queue("")], &["policy.queues[0].id"]);
    let department = |domain: &str| crate::domain::Department { domain: domain.to_owned(), name: "部".to_owned() };
    check_policy(
        |b| b.policy.departments = vec![department("order"), department("order")],
        &["policy.departments[1].domain"],
    );
}

#[test]
fn words_of_the_lexicon_are_checked() {
    let check = |id: &str, words: &[&str], want: &[&str]| {
        let set = SynonymSet { id: id.to_owned(), words: texts(words) };
        let found = check_synonym_set(&set).err();
        assert_eq!(found.as_ref().map_or(Vec::new(), |error| fields(error.violations())), want, "{set:?}");
    };
    check("refund", &["退款", "退钱"], &[]);
    check("", &["退款", "退钱"], &["synonym_set_id"]);
    check("Refund", &["退款"], &["synonym_set_id", "synonym_set.words"]);
    check("refund", &["退款", "退款 "], &["synonym_set.words[1]"]);
    check("refund", &["退钱", "退錢"], &["synonym_set.words[1]"]);
    check("refund", &["退款", ""], &["synonym_set.words[1]"]);
    assert!(check_term("花呗", "text").is_ok());
    for bad in ["", " ", "😀", &"词".repeat(65)] {
        assert_eq!(fields(check_term(bad, "text").expect_err(bad).violations()), ["text"]);
    }
}

#[track_caller]
fn check_rule_fields(change: impl FnOnce(&mut Rule), want: &[&str]) {
    let mut given = rule("fire", "冒烟");
    change(&mut given);
    let found = check_rule(&given);
    let found = found.as_ref().err().map(|error| error.violations()).unwrap_or_default();
    assert_eq!(fields(found), want, "{found:?}");
}

#[test]
fn rules_keep_the_limits_of_the_contract() {
    #[track_caller]
    fn check(change: impl FnOnce(&mut Rule), want: &[&str]) {
        check_rule_fields(change, want);
    }
    let near = |first: &[&str], second: &[&str], max_chars| Condition::Near {
        first: texts(first),
        second: texts(second),
        max_chars,
    };
    check(|_| {}, &[]);
    check(|r| r.id = "Fire".to_owned(), &["rule_id"]);
    check(|r| r.id = "a".repeat(64), &["rule_id"]);
    check(|r| r.condition = Condition::Phrases(Vec::new()), &["rule.phrases.values"]);
    check(|r| r.condition = Condition::Phrases((0..65).map(|n| format!("词{n}")).collect()), &["rule.phrases.values"]);
    check(
        |r| r.condition = Condition::Phrases(texts(&["好", "😀", "", &"词".repeat(65), "好"])),
        &["rule.phrases.values[2]", "rule.phrases.values[3]", "rule.phrases.values[4]", "rule.phrases.values[1]"],
    );
    check(|r| r.condition = near(&["电池"], &["鼓包"], 64), &[]);
    check(|r| r.condition = near(&[], &[" "], 65), &["rule.near.first", "rule.near.second[0]", "rule.near.max_chars"]);
    check(|r| r.unless = (0..65).map(|n| format!("词{n}")).collect(), &["rule.unless"]);
    check(|r| r.unless = texts(&["会不会", ""]), &["rule.unless[1]"]);
    check(|r| r.effect = Effect::SetDomain(String::new()), &["rule.effect.set_domain"]);
    check(|r| r.effect = Effect::ForbidDomain("域".repeat(65)), &["rule.effect.forbid_domain"]);
    check(|r| r.effect = Effect::SetQueue(" ".to_owned()), &["rule.effect.set_queue"]);
    check(|r| r.effect = Effect::DisableRule(String::new()), &["rule.effect.disable_rule"]);
    check(|r| r.example.clear(), &["rule.example"]);
    check(|r| r.example = "例".repeat(501), &["rule.example"]);
    check(|r| r.counter_example = Some("例".repeat(501)), &["rule.counter_example"]);
    check(|r| r.note = "注".repeat(501), &["rule.note"]);
}

#[test]
fn patterns_are_told_what_is_wrong_with_them() {
    #[track_caller]
    fn check(pattern: &str, want: &str) {
        let given = Rule { condition: Condition::Pattern(pattern.to_owned()), ..rule("fire", "冒烟") };
        let error = check_rule(&given).expect_err(pattern);
        assert_eq!(error.violations()[0].field, "rule.pattern");
        assert!(error.violations()[0].description.contains(want), "{error}");
    }
    check_rule_fields(|r| r.condition = Condition::Pattern("第[0-9]+次(?P<hit>来电)".to_owned()), &[]);
    check("", "must have 1 to 512 characters");
    check(&"退".repeat(513), "must have 1 to 512 characters");
    check("(退款", "unclosed group");
    check("(?=退款)", "look-around");
    check(r"(退)\1", "backreferences");
    check(r"\w{1000}", "too large once compiled");
    check("(退款)?", "matches the empty text");
}

#[test]
fn only_a_disabled_rule_goes_without_a_condition() {
    let off = |r: &mut Rule| {
        r.condition = Condition::Always;
        r.effect = Effect::DisableRule("safety.fire".to_owned());
        r.negation_aware = false;
        r.counter_example = None;
    };
    check_rule_fields(off, &[]);
    check_rule_fields(|r| r.condition = Condition::Always, &["rule.condition"]);
    check_rule_fields(
        |r| {
            off(r);
            r.unless = texts(&["如果"]);
            r.negation_aware = true;
            r.counter_example = Some("没有".to_owned());
        },
        &["rule.unless", "rule.negation_aware", "rule.counter_example"],
    );
}
