//! What understanding one message costs: reading it, the model, the rules, entities, routing and due times.
//!
//! Measured: wall time on one thread over the labelled test messages (about 25 characters each), per message, by the
//! default policy; the rules alone as well, those of the server and a thousand of a knowledge base (8,000 phrases and 200
//! patterns, of which few fire, as with rules of people). Not measured: retrieval, the wire.

#[path = "common/setup.rs"]
mod setup;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use std::hint::black_box;
use yingda::{
    app::{App, StoreKind},
    assist::{Ask, Message, Rules, analyze_alone},
    domain::{Condition, Effect, Inquiry, KnowledgeBaseId, Rule, Rulebook, Urgency},
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

/// A thousand rules of a knowledge base: two thirds phrases, the rest patterns and words near one another.
fn many_rules() -> Rules {
    let mut rng = fastrand::Rng::with_seed(1);
    let letters: Vec<char> = "退货款运费险发票保修订单物流充值套餐余额到账冻结签收破损漏发赠品".chars().collect();
    let mut word = |len: usize| -> String { (0..len).map(|_| letters[rng.usize(..letters.len())]).collect() };
    let rules = (0..1_000).map(|idx| {
        let condition = match idx % 5 {
            0..3 => Condition::Phrases((0..12).map(|_| word(4)).collect()),
            3 => Condition::Pattern(format!("{}[0-9]{{2,}}(元|块)", word(2))),
            _ => Condition::Near {
                first: (0..2).map(|_| word(3)).collect(),
                second: (0..2).map(|_| word(3)).collect(),
                max_chars: 6,
            },
        };
        Rule {
            id: format!("r{idx:04}"),
            condition,
            unless: Vec::new(),
            effect: Effect::RaiseUrgency(Urgency::Important),
            signal: None,
            negation_aware: true,
            example: String::new(),
            counter_example: None,
            is_enabled: true,
            note: String::new(),
        }
    });
    let id = KnowledgeBaseId::try_new("bench").expect("an id");
    Rules::of_base(&id, &Rulebook { rules: rules.collect(), version: 1 }).expect("good rules")
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
    let many = many_rules();
    for (name, rules) in [("rules_of_the_server", &*snap.shared.rules), ("thousand_rules", &many)] {
        let mut next = (0..read.len()).cycle();
        group.bench_function(name, |b| {
            b.iter(|| {
                let message = &read[next.next().unwrap_or(0)];
                rules.evaluate(black_box(message.text()), &message.negations).len()
            });
        });
    }
    let entities = Entities::new(&[]);
    let mut next = (0..messages.len()).cycle();
    group.bench_function("entities_alone", |b| {
        b.iter(|| entities.recognize(black_box(&messages[next.next().unwrap_or(0)])));
    });
    group.finish();
}

criterion_group!(benches, analyze);
criterion_main!(benches);
