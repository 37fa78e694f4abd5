//! What an answer costs in process, at 1,000, 10,000 and 100,000 phrasings.
//!
//! Measured: the whole path of a message, from the text to the reply, on one thread: wall time by criterion, and before
//! it the processor time of each of 2,000 calls, printed as p50 and p99. Not measured: the wire, the record, cold files
//! (the index is in memory).

#[path = "common/asking.rs"]
mod asking;
#[path = "common/base.rs"]
mod base;
#[path = "common/memory.rs"]
mod memory;
#[path = "common/quantile.rs"]
mod quantile;
#[path = "common/questions.rs"]
mod questions;
#[path = "common/setup.rs"]
mod setup;
#[path = "common/sizes.rs"]
mod sizes;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use yingda::domain::Inquiry;

fn answers(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("answer");
    group.throughput(Throughput::Elements(1));
    for size in sizes::SIZES {
        let articles = base::articles(size);
        let inquiries: Vec<Inquiry> = questions::questions(&articles, 500).into_iter().map(Inquiry::im).collect();
        let app = memory::app(&articles);
        let snap = app.live.load();
        let id = base::base_id();
        asking::print_cpu(size, &snap, &id, &inquiries);
        let mut next = (0..inquiries.len()).cycle();
        group.bench_function(BenchmarkId::from_parameter(size), |b| {
            b.iter(|| asking::ask(&snap, &id, &inquiries[next.next().unwrap_or(0)]));
        });
    }
    group.finish();
}

criterion_group!(benches, answers);
criterion_main!(benches);
