//! What finding articles costs, at 1,000, 10,000 and 100,000 phrasings.
//!
//! Measured: wall time on one thread, per question. `index` is the index alone: BM25 over characters and bigrams, the
//! first 128 phrasings. `articles` is the whole search: reading the text, the index, grouping by article, ranking. Not
//! measured: the analysis, the decision, the wire; cold files (the index is in memory).

#[path = "common/base.rs"]
mod base;
#[path = "common/memory.rs"]
mod memory;
#[path = "common/questions.rs"]
mod questions;
#[path = "common/setup.rs"]
mod setup;
#[path = "common/sizes.rs"]
mod sizes;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use std::hint::black_box;
use yingda::{
    assist::{Ask, search},
    domain::Inquiry,
    index::WeightedGram,
    text::{grams, normalize},
};

fn query(text: &str) -> Vec<WeightedGram> {
    let text = normalize(text);
    grams(text.as_str()).map(|gram| WeightedGram { text: gram.to_owned(), weight: 1.0 }).collect()
}

fn searches(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("search");
    group.throughput(Throughput::Elements(1));
    for size in sizes::SIZES {
        let articles = base::articles(size);
        let questions = questions::questions(&articles, 500);
        let queries: Vec<Vec<WeightedGram>> = questions.iter().map(|text| query(text)).collect();
        let inquiries: Vec<Inquiry> = questions.into_iter().map(Inquiry::im).collect();
        let app = memory::app(&articles);
        let snap = app.live.load();
        let id = base::base_id();
        let base = &snap.bases[&id];
        let mut next = (0..queries.len()).cycle();
        group.bench_function(BenchmarkId::new("index", size), |b| {
            b.iter(|| base.snapshot.searcher.search(black_box(&queries[next.next().unwrap_or(0)]), 128));
        });
        let mut next = (0..inquiries.len()).cycle();
        group.bench_function(BenchmarkId::new("articles", size), |b| {
            b.iter(|| {
                let ask = Ask {
                    inquiry: &inquiries[next.next().unwrap_or(0)],
                    knowledge_bases: std::slice::from_ref(&id),
                    now: setup::MOMENT,
                    deadline: None,
                    max_candidates: 10,
                    explain: false,
                };
                search(&snap, &ask)
            });
        });
    }
    group.finish();
}

criterion_group!(benches, searches);
criterion_main!(benches);
