//! The data is half the product: it is checked like code.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    fs,
    path::{Path, PathBuf},
};

use serde_json::Value;
use yingda::{
    assist::{Message, Rules, parse_rules},
    domain::{Condition, DOMAINS, Effect, InquiryType, Sentiment, Urgency},
    text::normalize,
};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("data")
}

fn lines(path: &Path) -> Vec<Value> {
    let text = fs::read_to_string(path).expect("a data file");
    text.lines()
        .enumerate()
        .map(|(idx, line)| serde_json::from_str(line).unwrap_or_else(|e| panic!("{}:{}: {e}", path.display(), idx + 1)))
        .collect()
}

fn files(folder: &str, suffix: &str) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = fs::read_dir(root().join(folder))
        .expect("a folder")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.to_string_lossy().ends_with(suffix))
        .collect();
    found.sort();
    found
}

/// Letters and digits of the normalized text: what makes two texts the same.
fn bare(text: &str) -> String {
    normalize(text).as_str().chars().filter(|c| c.is_alphanumeric()).collect()
}

fn text<'a>(row: &'a Value, field: &str) -> &'a str {
    row[field].as_str().unwrap_or_default()
}

fn training_rows() -> Vec<Value> {
    files("messages", ".jsonl")
        .iter()
        .filter(|path| !path.ends_with("test.jsonl"))
        .flat_map(|path| lines(path))
        .collect()
}

fn test_rows() -> Vec<Value> {
    lines(&root().join("messages/test.jsonl"))
}

#[test]
fn messages_carry_labels_of_the_label_set() {
    for row in training_rows().iter().chain(&test_rows()) {
        let shown = text(row, "text");
        assert!(InquiryType::from_label(text(row, "type")).is_some(), "type of {shown}");
        assert!(Urgency::from_label(text(row, "urgency")).is_some(), "urgency of {shown}");
        assert!(Sentiment::from_label(text(row, "sentiment")).is_some(), "sentiment of {shown}");
        assert!(DOMAINS.contains(&text(row, "domain")), "domain of {shown}");
        assert!((1..=500).contains(&shown.chars().count()), "length of {shown}");
        let is_lax = text(row, "type") == "complaint" && text(row, "urgency") == "normal";
        assert!(!is_lax, "a complaint is at least important: {shown}");
    }
}

#[test]
fn messages_are_many_and_balanced() {
    let (training, test) = (training_rows(), test_rows());
    assert!(training.len() >= 56_000 && test.len() >= 2_600, "{} and {}", training.len(), test.len());
    for (name, rows) in [("training", &training), ("test", &test)] {
        for (field, least) in [("type", 0.08), ("urgency", 0.07), ("sentiment", 0.06), ("domain", 0.02)] {
            let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
            rows.iter().for_each(|row| *counts.entry(text(row, field)).or_default() += 1);
            for (label, count) in counts {
                assert!(count as f64 / rows.len() as f64 >= least, "{name}: {field} {label} has {count} rows");
            }
        }
    }
}

/// Words that sound like haste, and mean it or not.
const LIVELY: &str = "急 赶紧 赶快 马上 立刻 立即 快点 快快 尽快 加急 救命 火速 在线等 抓紧 催 今天 今晚 明天 明早 !!";

/// Tells whether a row holds a sign of urgency that its label does not follow: negated, supposed or lively only.
fn is_no_hurry(row: &Value, signals: &[(String, Urgency)]) -> bool {
    let normalized = normalize(text(row, "text"));
    let holds = |phrase: &str| normalized.as_str().contains(phrase);
    let level = Urgency::from_label(text(row, "urgency")).expect("a level");
    let is_lively = || LIVELY.split(' ').any(holds) && level < Urgency::Urgent;
    signals.iter().any(|(phrase, signaled)| *signaled > level && holds(phrase)) || is_lively()
}

#[test]
fn a_fifth_carries_two_types_or_an_urgency_that_is_none() {
    let json = fs::read_to_string(root().join("rules/base.json")).expect("the rules");
    let rules = parse_rules(&json).expect("rules of the known form").rules;
    let phrases = rules.iter().filter_map(|rule| match (&rule.condition, &rule.effect) {
        (Condition::Phrases(phrases), Effect::RaiseUrgency(level)) => Some((phrases, *level)),
        _ => None,
    });
    let signals: Vec<(String, Urgency)> =
        phrases.flat_map(|(phrases, level)| phrases.iter().map(move |phrase| (phrase.clone(), level))).collect();
    let rows = training_rows();
    let is_mixed = |row: &&Value| row["second_type"].is_string() || is_no_hurry(row, &signals);
    let count = rows.iter().filter(is_mixed).count();
    assert!(count * 5 >= rows.len(), "{count} of {}", rows.len());
}

#[test]
fn same_text_same_labels_and_no_text_twice() {
    let mut seen: HashMap<String, &Value> = HashMap::new();
    let rows = training_rows();
    let mut twice = Vec::new();
    for row in &rows {
        let key = bare(text(row, "text"));
        let key = if key.is_empty() { text(row, "text").to_owned() } else { key };
        if let Some(first) = seen.insert(key, row) {
            twice.push(format!("{first} / {row}"));
        }
    }
    assert!(twice.is_empty(), "{} texts stand twice:\n{}", twice.len(), twice.join("\n"));
}

#[test]
fn no_test_row_leaks_into_training() {
    let training: BTreeSet<String> = training_rows().iter().map(|row| bare(text(row, "text"))).collect();
    // What nobody can word otherwise (好的, 在吗) is no leak.
    let leaked: Vec<String> = test_rows()
        .iter()
        .map(|row| bare(text(row, "text")))
        .filter(|key| key.chars().count() > 4 && training.contains(key))
        .collect();
    assert!(leaked.is_empty(), "{leaked:?}");
}

#[test]
fn golden_questions_stand_in_no_article() {
    let mut num_rows = 0;
    for path in files("golden", ".jsonl") {
        let base = path.file_stem().expect("a name").to_string_lossy().into_owned();
        let articles = lines(&root().join(format!("kb/{base}/articles.jsonl")));
        let mut wordings = BTreeSet::new();
        let mut ids = BTreeSet::new();
        for article in &articles {
            ids.insert(text(article, "id").to_owned());
            wordings.insert(bare(text(article, "standard_question")));
            for field in ["similar_questions", "negative_questions"] {
                let list = article[field].as_array().cloned().unwrap_or_default();
                wordings.extend(list.iter().map(|one| bare(one.as_str().unwrap_or_default())));
            }
        }
        let rows = lines(&path);
        let count = |keep: &dyn Fn(&Value) -> bool| rows.iter().filter(|row| keep(row)).count();
        let is_negation = |row: &Value| row["tags"].as_array().is_some_and(|tags| tags.contains(&"negation".into()));
        assert!(rows.len() >= 150 && count(&|row| row["article"].is_null()) >= 30, "{base}");
        assert!(count(&is_negation) >= 20, "{base}");
        for row in &rows {
            assert!(!wordings.contains(&bare(text(row, "query"))), "{base}: {row}");
            let named = [&row["article"]].into_iter().chain(row["also"].as_array().into_iter().flatten());
            for id in named.filter_map(Value::as_str) {
                assert!(ids.contains(id), "{base}: no article {id}");
            }
        }
        num_rows += rows.len();
    }
    assert!(num_rows >= 600);
}

#[test]
fn opposites_come_in_pairs_and_stand_in_no_article() {
    let mut num_pairs = 0;
    for path in files("negation", ".jsonl") {
        let base = path.file_stem().expect("a name").to_string_lossy().into_owned();
        let articles = lines(&root().join(format!("kb/{base}/articles.jsonl")));
        let ids: BTreeSet<&str> = articles.iter().map(|article| text(article, "id")).collect();
        let wordings = |field: &'static str| {
            articles.iter().flat_map(move |article| article[field].as_array().into_iter().flatten())
        };
        let listed =
            ["similar_questions", "negative_questions"].into_iter().flat_map(wordings).filter_map(Value::as_str);
        let known: BTreeSet<String> =
            articles.iter().map(|article| text(article, "standard_question")).chain(listed).map(bare).collect();
        let rows = lines(&path);
        for pair in rows.chunks(2) {
            let [one, other] = pair else { panic!("{base}: {pair:?} is no pair") };
            assert_eq!(text(one, "pair"), text(other, "pair"), "{base}");
            assert!(one["article"] != other["article"], "{base}: {one} and {other} have one answer");
            assert!(one["wrong"] == other["article"] && other["wrong"] == one["article"], "{base}: {one} {other}");
            num_pairs += 1;
        }
        for row in &rows {
            assert!(!known.contains(&bare(text(row, "query"))), "{base}: {row}");
            assert!(
                ["article", "wrong"].iter().filter_map(|field| row[*field].as_str()).all(|id| ids.contains(id)),
                "{row}"
            );
        }
    }
    assert!(num_pairs >= 300, "{num_pairs} pairs");
}

#[test]
fn questions_that_teach_are_measured_by_none() {
    for path in files("calibration", ".jsonl") {
        let base = path.file_stem().expect("a name").to_string_lossy().into_owned();
        let queries = |folder: &str| -> Vec<String> {
            let rows = lines(&root().join(format!("{folder}/{base}.jsonl")));
            rows.iter().map(|row| bare(text(row, "query"))).collect()
        };
        let taught: BTreeSet<String> = queries("calibration").into_iter().collect();
        assert!(taught.len() >= 1_000, "{base}");
        for folder in ["golden", "negation"] {
            let leaked: Vec<String> = queries(folder).into_iter().filter(|query| taught.contains(query)).collect();
            assert!(leaked.is_empty(), "{base}: {folder} holds {leaked:?}");
        }
    }
}

/// Folders with an `articles.jsonl` and a `questions.jsonl`.
fn businesses() -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = fs::read_dir(root().join("businesses"))
        .expect("a folder")
        .map(|entry| entry.expect("an entry").path())
        .collect();
    found.sort();
    found
}

#[test]
fn businesses_ask_what_their_articles_answer_and_what_none_does() {
    let bases: Vec<PathBuf> = files("calibration", ".jsonl");
    let taught: BTreeSet<String> =
        bases.iter().flat_map(|path| lines(path)).map(|row| bare(text(&row, "query"))).collect();
    assert!(businesses().len() >= 20);
    for folder in businesses() {
        let articles = lines(&folder.join("articles.jsonl"));
        let questions = lines(&folder.join("questions.jsonl"));
        let ids: BTreeSet<&str> = articles.iter().map(|article| text(article, "id")).collect();
        assert!(ids.len() == articles.len() && ids.len() >= 50, "{}", folder.display());
        let answered = questions.iter().filter(|row| !row["article"].is_null());
        assert!(answered.clone().all(|row| ids.contains(text(row, "article"))), "{}", folder.display());
        assert!(answered.count() >= 250 && questions.iter().filter(|row| row["article"].is_null()).count() >= 60);
        let mut asked: BTreeSet<String> =
            articles.iter().map(|article| bare(text(article, "standard_question"))).collect();
        for row in &questions {
            let question = bare(text(row, "query"));
            assert!(!taught.contains(&question), "{}: {question} is taught", folder.display());
            assert!(asked.insert(question), "{}: {row} stands there twice", folder.display());
        }
    }
}

#[test]
fn demo_knowledge_bases_are_rich() {
    for base in ["electronics", "retail", "telecom", "bank"] {
        let articles = lines(&root().join(format!("kb/{base}/articles.jsonl")));
        assert!(articles.len() >= 60, "{base}");
        let mut wordings = HashMap::new();
        for article in &articles {
            let id = text(article, "id");
            let similar = article["similar_questions"].as_array().expect("a list");
            assert!(similar.len() >= 6, "{base}/{id}");
            assert!(!text(&article["answers"], "im").is_empty() && !text(&article["answers"], "email").is_empty());
            let own = [&article["standard_question"]].into_iter().chain(similar);
            for wording in own.filter_map(Value::as_str) {
                let other = wordings.insert(bare(wording), id);
                assert!(other.is_none(), "{base}: {wording} stands in {id} and {other:?}");
            }
        }
    }
}

#[test]
fn every_rule_fires_on_its_example_and_not_on_its_counter_example() {
    let json = fs::read_to_string(root().join("rules/base.json")).expect("the rules");
    let rules = Rules::compile(parse_rules(&json).expect("rules of the known form")).expect("rules that compile");
    let fires = |id: &str, text: &str| {
        let message = Message::read(text);
        rules.evaluate(message.text(), &message.negations).iter().any(|fired| fired.rule_id == id)
    };
    for rule in &rules.set().rules {
        assert!(fires(&rule.id, &rule.example), "{} does not fire on {}", rule.id, rule.example);
        if let Some(counter) = &rule.counter_example {
            assert!(!fires(&rule.id, counter), "{} fires on {counter}", rule.id);
        }
    }
}
