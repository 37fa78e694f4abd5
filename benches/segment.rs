//! What reading one message costs: normalizing, cutting, laying a lexicon over, all of it.
//!
//! Measured: wall time on one thread over the golden questions of the retail base (about 14 characters each), per
//! question. Not measured: loading the dictionary, entities, the model.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use std::hint::black_box;
use yingda::{
    assist::Message,
    knowledge::demo,
    text::{Overlay, Segmenter, normalize},
};

/// The questions of a golden file.
fn questions() -> Vec<String> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/data/golden/retail.jsonl");
    let text = std::fs::read_to_string(path).expect("the golden questions");
    let question = |line: &str| -> String {
        let row: serde_json::Value = serde_json::from_str(line).expect("a row");
        row["query"].as_str().expect("a question").to_owned()
    };
    text.lines().map(question).collect()
}

fn segment(criterion: &mut Criterion) {
    let questions = questions();
    let normalized: Vec<_> = questions.iter().map(|text| normalize(text)).collect();
    let segmenter = Segmenter::shared();
    let retail =
        demo::bases().into_iter().find(|base| base.knowledge_base.id.as_str() == "retail").expect("a demo base");
    let overlay = Overlay::build(&retail.lexicon.terms, &retail.lexicon.synonym_sets).expect("a good lexicon");
    let mut group = criterion.benchmark_group("segment");
    group.throughput(Throughput::Elements(1));
    let mut next = (0..questions.len()).cycle();
    group.bench_function("normalize", |b| b.iter(|| normalize(black_box(&questions[next.next().unwrap_or(0)]))));
    let mut next = (0..questions.len()).cycle();
    group.bench_function("words", |b| b.iter(|| segmenter.words(normalized[next.next().unwrap_or(0)].as_str())));
    let mut next = (0..questions.len()).cycle();
    group.bench_function("words_with_lexicon", |b| {
        b.iter(|| {
            let text = normalized[next.next().unwrap_or(0)].as_str();
            overlay.apply(segmenter.words(text), text)
        });
    });
    let mut next = (0..questions.len()).cycle();
    group.bench_function("message", |b| b.iter(|| Message::read(black_box(&questions[next.next().unwrap_or(0)]))));
    group.finish();
}

criterion_group!(benches, segment);
criterion_main!(benches);
