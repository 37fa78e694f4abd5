//! What an answer costs in process, at 1,000, 10,000 and 100,000 phrasings.
//!
//! Measured: the whole path of a message, from the text to the reply, on one thread: wall time by criterion, and before
//! it the processor time of each of 2,000 calls, printed as p50 and p99. Not measured: the wire, the record, cold files
//! (the index is in memory).

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

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use yingda::{
    app::thread_cpu_time,
    assist::{Ask, Snap, answer},
    domain::{Inquiry, KnowledgeBaseId, Reply},
};

const CALLS: usize = 2_000;

fn ask(snap: &Snap, id: &KnowledgeBaseId, inquiry: &Inquiry) -> Reply {
    let ask = Ask {
        inquiry,
        knowledge_bases: std::slice::from_ref(id),
        now: setup::MOMENT,
        deadline: None,
        max_candidates: 5,
        explain: false,
    };
    answer(snap, &ask).expect("the base is there")
}

fn print_cpu(size: usize, snap: &Snap, id: &KnowledgeBaseId, inquiries: &[Inquiry]) {
    let one = |inquiry: &Inquiry| {
        let before = thread_cpu_time();
        black_box(ask(snap, id, inquiry));
        (thread_cpu_time() - before).as_secs_f64() * 1e6
    };
    inquiries.iter().take(200).for_each(|inquiry| drop(ask(snap, id, inquiry)));
    let mut micros: Vec<f64> = inquiries.iter().cycle().take(CALLS).map(one).collect();
    micros.sort_unstable_by(f64::total_cmp);
    let [p50, p99] = [0.5, 0.99].map(|share| quantile::quantile(&micros, share));
    println!("answer/{size}: cpu {p50:.0} us p50, {p99:.0} us p99 ({CALLS} calls)");
}

fn answers(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("answer");
    group.throughput(Throughput::Elements(1));
    for size in sizes::SIZES {
        let articles = base::articles(size);
        let inquiries: Vec<Inquiry> = questions::questions(&articles, 500).into_iter().map(Inquiry::im).collect();
        let app = memory::app(&articles);
        let snap = app.live.load();
        let id = base::base_id();
        print_cpu(size, &snap, &id, &inquiries);
        let mut next = (0..inquiries.len()).cycle();
        group.bench_function(BenchmarkId::from_parameter(size), |b| {
            b.iter(|| ask(&snap, &id, &inquiries[next.next().unwrap_or(0)]));
        });
    }
    group.finish();
}

criterion_group!(benches, answers);
criterion_main!(benches);
