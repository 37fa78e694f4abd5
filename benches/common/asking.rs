//! Asking in process, and what that costs.

use std::hint::black_box;

use yingda::{
    app::thread_cpu_time,
    assist::{Ask, Snap, answer},
    domain::{Inquiry, KnowledgeBaseId, Reply},
};

use crate::{quantile::quantile, setup::MOMENT};

const CALLS: usize = 2_000;

/// Asks one base.
pub fn ask(snap: &Snap, id: &KnowledgeBaseId, inquiry: &Inquiry) -> Reply {
    let ask = Ask {
        inquiry,
        knowledge_bases: std::slice::from_ref(id),
        now: MOMENT,
        deadline: None,
        max_candidates: 5,
        explain: false,
    };
    answer(snap, &ask).expect("the base is there")
}

/// Prints the processor time of an answer, p50 and p99.
pub fn print_cpu(size: usize, snap: &Snap, id: &KnowledgeBaseId, inquiries: &[Inquiry]) {
    let one = |inquiry: &Inquiry| {
        let before = thread_cpu_time();
        black_box(ask(snap, id, inquiry));
        (thread_cpu_time() - before).as_secs_f64() * 1e6
    };
    inquiries.iter().take(200).for_each(|inquiry| drop(ask(snap, id, inquiry)));
    let mut micros: Vec<f64> = inquiries.iter().cycle().take(CALLS).map(one).collect();
    micros.sort_unstable_by(f64::total_cmp);
    let [p50, p99] = [0.5, 0.99].map(|share| quantile(&micros, share));
    println!("answer/{size}: cpu {p50:.0} us p50, {p99:.0} us p99 ({CALLS} calls)");
}
