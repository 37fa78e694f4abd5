use super::*;
use crate::{domain::Effect, text::negations};

fn rule(id: &str, condition: Condition) -> Rule {
    Rule {
        id: id.to_owned(),
        condition,
        unless: Vec::new(),
        effect: Effect::Block,
        signal: None,
        negation_aware: false,
        example: String::new(),
        counter_example: None,
        is_enabled: true,
        note: String::new(),
    }
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

fn phrases(given: &[&str]) -> Rule {
    rule("a", Condition::Phrases(words(given)))
}

fn pattern(pattern: &str) -> Rule {
    rule("a", Condition::Pattern(pattern.to_owned()))
}

fn near(first: &[&str], second: &[&str], max_chars: usize) -> Rule {
    rule("a", Condition::Near { first: words(first), second: words(second), max_chars })
}

/// Checks what one rule hits of a message, in the message as typed.
#[track_caller]
fn check(rule: &Rule, message: &str, want: Option<&str>) {
    let matcher = RuleMatcher::compile(std::slice::from_ref(rule)).expect("a good rule");
    let normalized = normalize(message);
    let found = matcher.matches(normalized.as_str(), &negations(normalized.as_str()));
    let hit = found.first().map(|(_, span)| &message[normalized.source_span(*span).range()]);
    assert_eq!(hit, want, "{message}");
}

#[test]
fn phrases_are_compared_as_text_is_read() {
    check(&phrases(&["運費險"]), "我买了运费险", Some("运费险"));
    check(&phrases(&["ＶＩＰ会员"]), "我是vip会员", Some("vip会员"));
    check(&phrases(&["vip"]), "我是ＶＩＰ", Some("ＶＩＰ"));
    check(&phrases(&["起火"]), "充电器起火了", Some("起火"));
    check(&phrases(&["起火"]), "充电器坏了", None);
}

#[test]
fn unless_undoes_a_hit_wherever_it_stands() {
    let rule = Rule { unless: words(&["會不會"]), ..phrases(&["爆炸"]) };
    check(&rule, "电池爆炸了", Some("爆炸"));
    check(&rule, "会不会爆炸", None);
    check(&rule, "爆炸了，会不会赔", None);
}

#[test]
fn a_hit_inside_a_negation_counts_only_where_it_may() {
    let aware = Rule { negation_aware: true, ..phrases(&["冒烟"]) };
    check(&aware, "没有冒烟", None);
    check(&phrases(&["冒烟"]), "没有冒烟", Some("冒烟"));
    check(&aware, "没有漏电，冒烟了", Some("冒烟"));
    let aware = Rule { negation_aware: true, ..pattern("冒.") };
    check(&aware, "没有冒烟，在冒火", Some("冒火"));
    let aware = Rule { negation_aware: true, ..near(&["电池"], &["鼓包"], 4) };
    check(&aware, "电池没有鼓包", None);
    check(&aware, "电池已经鼓包", Some("电池已经鼓包"));
}

#[test]
fn words_are_near_in_either_order_and_up_to_the_limit() {
    let rule = near(&["退款"], &["没到"], 3);
    check(&rule, "退款没到", Some("退款没到"));
    check(&rule, "退款一二三没到", Some("退款一二三没到"));
    check(&rule, "退款一二三四没到", None);
    check(&rule, "没到的退款", Some("没到的退款"));
    check(&near(&["退款"], &["款没"], 0), "退款没到", Some("退款没"));
    check(&near(&["退"], &["到"], 0), "退款到", None);
}

/// All pairs of these would be some hundreds of millions a rule.
#[test]
fn nested_phrases_in_a_long_message_cost_little() {
    let nested = |word: &str| (1..=64).map(|len| word.chars().cycle().take(len).collect()).collect::<Vec<String>>();
    let (first, second) = (nested("退订"), nested("换货"));
    assert_eq!(normalize(&first[63]).as_str(), first[63], "they are as long as they are written");
    let text = format!("{}，，，{}", "退订".repeat(499), "换货".repeat(499));
    let place = |num_chars: usize| num_chars * "退".len();
    let found = |rules: &[Rule]| RuleMatcher::compile(rules).expect("good rules").matches(&text, &[]);
    let near = |max_chars| Condition::Near { first: first.clone(), second: second.clone(), max_chars };
    let hits = found(&[
        rule("far", near(2)),
        rule("near", near(3)),
        rule("any", Condition::Phrases(second.clone())),
        Rule { unless: second.clone(), ..rule("undone", Condition::Phrases(first.clone())) },
    ]);
    let begins = place(1001);
    assert_eq!(hits[0], (1, Span::new(place(996), place(1002))), "the pair that is complete first");
    assert_eq!(hits[1..], [(2, Span::new(begins, place(1002)))]);
    let many: Vec<Rule> = (0..100).map(|n| rule(&format!("r{n}"), near(2))).collect();
    assert_eq!(found(&many), []);
}

/// What is near is found as if every word were held against every other.
#[test]
fn pairs_are_found_as_by_trying_all() {
    let mut rng = fastrand::Rng::with_seed(7);
    let letters = ["退", "货", "不", "1"];
    let text = |rng: &mut fastrand::Rng, most: usize| -> String {
        (0..rng.usize(1..most)).map(|_| letters[rng.usize(..letters.len())]).collect()
    };
    for _ in 0..500 {
        let max_chars = rng.usize(..4);
        let [one, other] = [(); 2].map(|()| normalize(&text(&mut rng, 4)).as_str().to_owned());
        let normalized = normalize(&text(&mut rng, 20));
        let text = normalized.as_str();
        let places = |word: &str| -> Vec<Span> {
            let starts = text.char_indices().map(|(start, _)| start).filter(|start| text[*start..].starts_with(word));
            starts.map(|start| Span::new(start, start + word.len())).collect()
        };
        let (firsts, seconds) = (places(&one), places(&other));
        let want = firsts.iter().any(|a| seconds.iter().any(|b| is_near(text, *a, *b, max_chars)));
        let matcher = RuleMatcher::compile(&[near(&[&one], &[&other], max_chars)]).expect("a good rule");
        assert_eq!(!matcher.matches(text, &[]).is_empty(), want, "{one} {other} {max_chars}: {text}");
    }
}

#[test]
fn a_pattern_may_name_its_hit() {
    check(&pattern("第[0-9]+次(?P<hit>来电)"), "这是第3次来电了", Some("来电"));
    check(&pattern("(第[0-9]+次)来电"), "这是第3次来电了", Some("第3次来电"));
    check(&pattern("(?P<hit>打)?电话"), "我的电话", Some("电话"));
    check(&pattern("x*"), "没有这个字母", None);
    check(&pattern("x*"), "有xx了", Some("xx"));
}

#[test]
fn each_rule_is_listed_once_in_the_order_of_the_list() {
    let rules = [
        Rule { id: "p".into(), ..pattern("[退换]货") },
        Rule { id: "w".into(), ..phrases(&["换货", "退货"]) },
        Rule { id: "never".into(), ..phrases(&["维修"]) },
        rule("always", Condition::Always),
        Rule { id: "n".into(), ..near(&["退"], &["货"], 0) },
    ];
    let matcher = RuleMatcher::compile(&rules).expect("good rules");
    let text = "先换货再退货";
    assert_eq!(matcher.matches(text, &[]), [(0, Span::new(3, 9)), (1, Span::new(3, 9)), (4, Span::new(12, 18))]);
    assert_eq!(matcher.matches("你好", &[]), []);
    assert_eq!(matcher.matches("", &[]), []);
    assert_eq!(RuleMatcher::compile(&[]).expect("none").matches(text, &[]), []);
}

#[test]
fn what_cannot_be_compiled_is_told() {
    let error = |rules: &[Rule]| RuleMatcher::compile(rules).err().expect("bad rules").to_string();
    assert_eq!(error(&[pattern("(退")]), "rule a: the pattern cannot be used: error: unclosed group");
    assert!(error(&[pattern(r"\w{1000}")]).contains("too large once compiled"), "{}", error(&[pattern(r"\w{1000}")]));
    assert_eq!(error(&[phrases(&[])]), "rule a: an empty phrase or list");
    assert_eq!(error(&[phrases(&["好", "😀"])]), "rule a: an empty phrase or list");
    assert_eq!(error(&[near(&["好"], &[], 1)]), "rule a: an empty phrase or list");
    assert_eq!(error(&[phrases(&["好"]), pattern("坏")]), "rule a stands twice");
}

/// What a list finds is what each of its rules finds alone.
#[test]
fn rules_do_not_touch_one_another() {
    let letters = ["退", "货", "不", "没", "换", "，", "1", "a"];
    let mut rng = fastrand::Rng::with_seed(5);
    let text = |rng: &mut fastrand::Rng, most: usize| -> String {
        (0..rng.usize(1..most)).map(|_| letters[rng.usize(..letters.len())]).collect()
    };
    for round in 0..200 {
        let rules: Vec<Rule> = (0..rng.usize(1..12))
            .map(|idx| {
                let condition = match rng.u8(..3) {
                    0 => Condition::Phrases(vec![text(&mut rng, 4), text(&mut rng, 3)]),
                    1 => Condition::Pattern(text(&mut rng, 3)),
                    _ => Condition::Near {
                        first: vec![text(&mut rng, 3)],
                        second: vec![text(&mut rng, 3)],
                        max_chars: rng.usize(..3),
                    },
                };
                let unless = if rng.u8(..4) == 0 { vec![text(&mut rng, 4)] } else { Vec::new() };
                Rule { unless, negation_aware: rng.bool(), ..rule(&format!("r{idx}"), condition) }
            })
            .collect();
        let normalized = normalize(&text(&mut rng, 30));
        let (text, negations) = (normalized.as_str(), negations(normalized.as_str()));
        let together = RuleMatcher::compile(&rules).expect("good rules").matches(text, &negations);
        let alone: Vec<(usize, Span)> = rules
            .iter()
            .enumerate()
            .filter_map(|(idx, rule)| {
                let matcher = RuleMatcher::compile(std::slice::from_ref(rule)).expect("a good rule");
                matcher.matches(text, &negations).first().map(|(_, span)| (idx, *span))
            })
            .collect();
        assert_eq!(together, alone, "round {round}: {text}");
    }
}
