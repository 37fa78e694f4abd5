//! What understanding one message costs: reading it, the model, the rules, entities, routing and due times.
//!
//! Measured: wall time on one thread over the labelled test messages (about 25 characters each), per message, by the
//! default policy. Not measured: retrieval, the wire.

#[path = "common/setup.rs"]
mod setup;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use std::hint::black_box;
use yingda::{
    app::{App, StoreKind},
    assist::{Ask, Message, analyze_alone},
    domain::Inquiry,
    model::Input,
    text::Entities,
};

/// The labelled test messages.
fn messages() -> Vec<String> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/data/messages/test.jsonl");
    let text = std::fs::read_to_string(path).expect("the test messages");
    let message = |line: &str| -> String {
        let row: serde_json::Value = serde_json::from_str(line).expect("a row");
        row["text"].as_str().expect("a text").to_owned()
    };
    text.lines().map(message).collect()
}

fn analyze(criterion: &mut Criterion) {
    let app = App::start(&setup::config(None), &StoreKind::Memory).expect("the application starts");
    let snap = app.live.load();
    let messages = messages();
    let inquiry = Inquiry::im("");
    let ask = Ask {
        inquiry: &inquiry,
        knowledge_bases: &[],
        now: setup::MOMENT,
        deadline: None,
        max_candidates: 0,
        explain: false,
    };
    let mut group = criterion.benchmark_group("analyze");
    group.throughput(Throughput::Elements(1));
    let mut next = (0..messages.len()).cycle();
    group.bench_function("message", |b| {
        b.iter(|| analyze_alone(&snap, None, black_box(&messages[next.next().unwrap_or(0)]), &ask));
    });
    let read: Vec<Message> = messages.iter().map(|text| Message::read(text)).collect();
    let mut next = (0..read.len()).cycle();
    group.bench_function("model_alone", |b| {
        b.iter(|| {
            let message = &read[next.next().unwrap_or(0)];
            snap.shared.bundle.classify(Input { text: message.text(), words: &message.words })
        });
    });
    let entities = Entities::new(&[]);
    let mut next = (0..messages.len()).cycle();
    group.bench_function("entities_alone", |b| {
        b.iter(|| entities.recognize(black_box(&messages[next.next().unwrap_or(0)])));
    });
    group.finish();
}

criterion_group!(benches, analyze);
criterion_main!(benches);
