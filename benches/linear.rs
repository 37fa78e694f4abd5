//! The labels of the bundle beside those of a linear model over characters: what the model is worth.
//!
//! Measured: accuracy and macro-F1 of each question over labelled messages. The baseline is what one would build in an
//! afternoon: for each label a linear support vector machine (squared hinge loss, dual coordinate descent as in Hsieh et
//! al., ICML 2008; C = 0.5) over TF-IDF of runs of one to three characters of the normalized text, learned from the
//! bundle's own training messages. Both see the same rows, and neither its rules. Not measured: speed.
//!
//! Custom main: `cargo bench --bench linear -- [FILE …]`; the files hold labelled messages as `yingda eval labels` reads
//! them, and the project's own test messages where none is named.

use std::collections::{BTreeMap, HashMap};

use yingda::{
    domain::DOMAINS,
    model::{Bundle, Input, measures},
    text::{Segmenter, normalize},
};

const COST: f64 = 0.5;
const EPOCHS: usize = 20;
/// A run of characters must stand in as many messages to count.
const MIN_MESSAGES: usize = 2;
const SEED: u64 = 20;
const RESAMPLES: usize = 500;

type Row = BTreeMap<String, String>;
type Sparse = Vec<(u32, f32)>;

fn rows(path: &str) -> Vec<Row> {
    let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{path}: {error}"));
    let row = |line: &str| -> Row {
        let object: serde_json::Map<String, serde_json::Value> = serde_json::from_str(line).expect("a row");
        let mut row: Row =
            object.iter().filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned()))).collect();
        if let Some(has_request) = object.get("has_request").and_then(serde_json::Value::as_bool) {
            row.insert("request".to_owned(), has_request.to_string());
        }
        row
    };
    text.lines().filter(|line| !line.trim().is_empty()).map(row).collect()
}

fn training_rows() -> Vec<Row> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/data/messages");
    let entries = std::fs::read_dir(folder).expect("the messages");
    let mut paths: Vec<String> =
        entries.map(|entry| entry.expect("an entry").path().to_string_lossy().into_owned()).collect();
    paths.retain(|path| path.ends_with(".jsonl") && !path.ends_with("test.jsonl"));
    paths.sort();
    paths.iter().flat_map(|path| rows(path)).collect()
}

fn grams(text: &str) -> HashMap<String, f32> {
    let chars: Vec<char> = normalize(text).as_str().chars().collect();
    let mut counts = HashMap::new();
    for size in 1..=3 {
        for run in chars.windows(size) {
            *counts.entry(run.iter().collect::<String>()).or_insert(0.0) += 1.0;
        }
    }
    counts
}

/// Runs of characters with their place and inverse document frequency.
struct Vectorizer {
    known: HashMap<String, (u32, f32)>,
}

impl Vectorizer {
    fn fit(rows: &[Row]) -> Self {
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        rows.iter()
            .for_each(|row| grams(&row["text"]).into_keys().for_each(|gram| *counts.entry(gram).or_default() += 1));
        counts.retain(|_, count| *count >= MIN_MESSAGES);
        let idf = |count: usize| ((1.0 + rows.len() as f32) / (1.0 + count as f32)).ln() + 1.0;
        let known = counts.into_iter().enumerate().map(|(place, (gram, count))| (gram, (place as u32, idf(count))));
        Self { known: known.collect() }
    }

    /// Returns the unit vector of a text, with sublinear counts.
    fn vector(&self, text: &str) -> Sparse {
        let weigh =
            |(gram, count): (String, f32)| self.known.get(&gram).map(|(place, idf)| (*place, (1.0 + count.ln()) * idf));
        let mut vector: Sparse = grams(text).into_iter().filter_map(weigh).collect();
        vector.sort_unstable_by_key(|(place, _)| *place);
        let length = vector.iter().map(|(_, value)| value * value).sum::<f32>().sqrt();
        vector.iter_mut().for_each(|(_, value)| *value /= length.max(f32::MIN_POSITIVE));
        vector
    }
}

/// One label against the rest; the last weight is the bias.
fn separate(vectors: &[Sparse], is_it: &[bool], num_places: usize, rng: &mut fastrand::Rng) -> Vec<f64> {
    let mut weights = vec![0.0; num_places + 1];
    let mut dual = vec![0.0f64; vectors.len()];
    let mut order: Vec<usize> = (0..vectors.len()).collect();
    let diagonal = 0.5 / COST;
    for _ in 0..EPOCHS {
        rng.shuffle(&mut order);
        for at in order.iter().copied() {
            let sign = if is_it[at] { 1.0 } else { -1.0 };
            let gradient = sign * score(&weights, &vectors[at]) - 1.0 + dual[at] * diagonal;
            // A unit vector and its bias have a squared length of 2.
            let changed = (dual[at] - gradient / (2.0 + diagonal)).max(0.0);
            let step = (changed - dual[at]) * sign;
            dual[at] = changed;
            if step != 0.0 {
                vectors[at].iter().for_each(|(place, value)| weights[*place as usize] += step * f64::from(*value));
                weights[num_places] += step;
            }
        }
    }
    weights
}

fn score(weights: &[f64], vector: &Sparse) -> f64 {
    let bias = weights[weights.len() - 1];
    bias + vector.iter().map(|(place, value)| weights[*place as usize] * f64::from(*value)).sum::<f64>()
}

/// What is asked, with its labels.
fn questions() -> [(&'static str, Vec<&'static str>); 4] {
    [
        ("type", vec!["consultation", "complaint", "suggestion", "other"]),
        ("urgency", vec!["normal", "important", "urgent"]),
        ("domain", DOMAINS.to_vec()),
        ("sentiment", vec!["negative", "neutral", "positive"]),
    ]
}

/// The baseline: for each question, the weights of each label.
struct Linear {
    vectorizer: Vectorizer,
    weights: BTreeMap<&'static str, Vec<(&'static str, Vec<f64>)>>,
}

impl Linear {
    fn train(rows: &[Row]) -> Self {
        let vectorizer = Vectorizer::fit(rows);
        let vectors: Vec<Sparse> = rows.iter().map(|row| vectorizer.vector(&row["text"])).collect();
        let mut rng = fastrand::Rng::with_seed(SEED);
        let mut weights = BTreeMap::new();
        for (question, labels) in questions() {
            let mut of = |label: &'static str| {
                let is_it: Vec<bool> = rows.iter().map(|row| row[question] == label).collect();
                (label, separate(&vectors, &is_it, vectorizer.known.len(), &mut rng))
            };
            weights.insert(question, labels.into_iter().map(&mut of).collect::<Vec<_>>());
        }
        Self { vectorizer, weights }
    }

    fn label(&self, question: &str, text: &str) -> &'static str {
        let vector = self.vectorizer.vector(text);
        let scored = self.weights[question].iter().map(|(label, weights)| (*label, score(weights, &vector)));
        scored.max_by(|a, b| a.1.total_cmp(&b.1)).map_or("", |(label, _)| label)
    }
}

/// The bundle's label, without rules.
fn label_of(bundle: &Bundle, question: &str, text: &str) -> String {
    let normalized = normalize(text);
    let words = Segmenter::shared().words(normalized.as_str());
    let class = bundle.classify(Input { text: normalized.as_str(), words: &words });
    match question {
        "type" => class.primary_type().0.as_str().to_owned(),
        "urgency" => class.top_urgency().0.as_str().to_owned(),
        "domain" => class.domains[0].0.clone(),
        _ => class.top_sentiment().0.as_str().to_owned(),
    }
}

fn compare(path: &str, linear: &Linear, bundle: &Bundle) {
    let rows = rows(path);
    println!("\n{path}");
    for question in ["type", "request", "urgency", "domain", "sentiment"] {
        let asked: Vec<&Row> = rows.iter().filter(|row| row.contains_key(question)).collect();
        if asked.is_empty() {
            continue;
        }
        let head = if question == "request" { "type" } else { question };
        // A message carries a request where its type is not `other`.
        let as_asked =
            |label: &str| if question == "request" { (label != "other").to_string() } else { label.to_owned() };
        let mut names: Vec<String> = Vec::new();
        let mut place = |label: String| {
            names.iter().position(|known| *known == label).unwrap_or_else(|| {
                names.push(label);
                names.len() - 1
            })
        };
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for row in asked {
            let gold = place(row[question].clone());
            ours.push((gold, place(as_asked(&label_of(bundle, head, &row["text"])))));
            theirs.push((gold, place(as_asked(linear.label(head, &row["text"])))));
        }
        let shown = |pairs: &[(usize, usize)]| {
            let rng = &mut fastrand::Rng::with_seed(SEED);
            let interval = measures::bootstrap(pairs, RESAMPLES, rng, measures::macro_f1);
            let (f1, accuracy) = (measures::macro_f1(pairs), measures::accuracy(pairs));
            format!("macro-F1 {f1:.3} [{:.3}, {:.3}] accuracy {accuracy:.3}", interval.low, interval.high)
        };
        println!("  {question:<10} n {:<5} bundle {}   linear {}", ours.len(), shown(&ours), shown(&theirs));
    }
}

fn main() {
    let mut files: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    if files.is_empty() {
        files.push(concat!(env!("CARGO_MANIFEST_DIR"), "/data/messages/test.jsonl").to_owned());
    }
    let bundle =
        Bundle::load(concat!(env!("CARGO_MANIFEST_DIR"), "/models/yingda-base/1").as_ref()).expect("the bundle");
    let rows = training_rows();
    println!("linear: {} training messages", rows.len());
    let linear = Linear::train(&rows);
    files.iter().for_each(|file| compare(file, &linear, &bundle));
}
