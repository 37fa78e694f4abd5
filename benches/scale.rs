//! What an answer costs in process at sizes given as arguments, and what the base takes of memory:
//! `cargo bench --bench scale -- 1000000`. Without an argument 100,000 phrasings, so that it stays quick.
//!
//! Measured: the processor time of each of 2,000 calls, printed as p50 and p99; the resident memory of the process with
//! the base loaded, once what it was made of is dropped; the time until the base answers. Not measured: the wire, the
//! record, cold files (the index and the store are in memory, and counted).

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

use std::{fs, time::Instant};

use yingda::domain::Inquiry;

fn main() {
    // Cargo adds a flag of its own.
    let given: Vec<usize> = std::env::args().filter_map(|argument| argument.parse().ok()).collect();
    for size in if given.is_empty() { vec![100_000] } else { given } {
        let articles = base::articles(size);
        let inquiries: Vec<Inquiry> = questions::questions(&articles, 500).into_iter().map(Inquiry::im).collect();
        let begun = Instant::now();
        let app = memory::app(&articles);
        let seconds = begun.elapsed().as_secs_f64();
        drop(articles);
        let snap = app.live.load();
        asking::print_cpu(size, &snap, &base::base_id(), &inquiries);
        println!("scale/{size}: answers after {seconds:.1} s; resident {} MB", resident_mb());
    }
}

/// The resident memory of this process in megabytes; 0 where the system does not tell.
fn resident_mb() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().next()).and_then(|number| number.parse::<u64>().ok());
    kilobytes.unwrap_or(0) / 1024
}
