//! Floors on the golden questions: a change that answers them worse fails here.
//!
//! The figures come from the evaluation room, over the path that serves. The floors lie below what is measured, by more
//! than retraining moves the figures.

use yingda::{
    domain::{ArticleId, KnowledgeBaseId},
    insight::evaluation::{self, Asked, Expected, RetrievalReport},
};

use crate::harness::{MOMENT, json_lines, server::demo};

const BASES: [&str; 4] = ["bank", "electronics", "retail", "telecom"];
const LEAST_R1: f64 = 0.90;
const LEAST_COVERAGE: f64 = 0.73;
const MOST_FALSE_ANSWERS: f64 = 0.06;

fn questions(base: &str) -> Vec<Expected> {
    let knowledge_base = KnowledgeBaseId::try_new(base).expect("an id");
    let texts = |value: &serde_json::Value| -> Vec<String> {
        value.as_array().into_iter().flatten().filter_map(|one| one.as_str().map(str::to_owned)).collect()
    };
    json_lines(&format!("data/golden/{base}.jsonl"))
        .iter()
        .map(|row| {
            let named = row["article"].as_str().map(str::to_owned).into_iter().chain(texts(&row["also"]));
            Expected {
                knowledge_base: knowledge_base.clone(),
                question: row["query"].as_str().expect("a question").to_owned(),
                articles: named.map(|id| ArticleId::try_new(id).expect("an id")).collect(),
                tags: texts(&row["tags"]),
            }
        })
        .collect()
}

fn ask(questions: &[Expected]) -> Vec<Asked> {
    let snap = demo().app.live.load();
    evaluation::ask_all(&snap, questions, MOMENT, &yingda::app::thread_cpu_time, &mut |_| {}).expect("the demo bases")
}

fn check(name: &str, report: &RetrievalReport) {
    let RetrievalReport { r1, coverage_at_policy, fa_at_policy, .. } = report;
    let shown = format!("{name}: R@1 {r1:.3}, coverage {coverage_at_policy:.3}, false answers {fa_at_policy:.3}");
    assert!(*r1 >= LEAST_R1, "{shown}");
    assert!(*coverage_at_policy >= LEAST_COVERAGE, "{shown}");
    assert!(*fa_at_policy <= MOST_FALSE_ANSWERS, "{shown}");
}

#[test]
fn golden_questions_are_answered_as_well_as_before() {
    let questions: Vec<Expected> = BASES.iter().flat_map(|base| questions(base)).collect();
    let report = evaluation::report(&ask(&questions));
    assert!(report.n >= 900 && report.n - report.answerable >= 120, "{} of {}", report.answerable, report.n);
    check("all", &report);
}

#[test]
fn confidence_is_calibrated() {
    let questions: Vec<Expected> = BASES.iter().flat_map(|base| questions(base)).collect();
    let report = evaluation::report(&ask(&questions));
    assert!(report.ece <= 0.05, "ECE {:.3}", report.ece);
    assert!(report.precision_at_policy >= 0.95, "precision {:.3}", report.precision_at_policy);
}

#[test]
fn a_negation_that_turns_the_meaning_round_is_heard() {
    let mut questions: Vec<Expected> = BASES.iter().flat_map(|base| questions(base)).collect();
    questions.retain(|question| question.tags.iter().any(|tag| tag == "negation"));
    let report = evaluation::report(&ask(&questions));
    assert!(report.n >= 80, "{}", report.n);
    assert!(report.r1 >= 0.88, "R@1 {:.3} of {} with a negation", report.r1, report.answerable);
}
