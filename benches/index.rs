//! What keeping the index costs: building it, and bringing one edit to those who ask.
//!
//! Measured: wall time. `build` analyzes the articles of 10,000 phrasings and commits them, in memory. `edit_to_visible`
//! is from the call of an update to the moment at which its token is served, with SQLite and the index in a folder, at
//! 1,000, 10,000 and 100,000 phrasings: one transaction, one commit of the index, the table, the swap. Not measured: the
//! wire; a power cut's worth of fsync on disks slower than this one.

#[path = "common/base.rs"]
mod base;
#[path = "common/setup.rs"]
mod setup;
#[path = "common/sizes.rs"]
mod sizes;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use tempfile::TempDir;
use yingda::{
    app::{App, StoreKind},
    domain::{Article, ArticleNo, ManualClock, Revision, StoreEpoch},
    index::{Applied, ArticleIndex, Batch, IndexedArticle, Settings, Table},
    knowledge::{ArticleUpdate, Request},
    text::Overlay,
};

fn build_index(articles: &[Article]) -> Table {
    let overlay = Overlay::build(&[], &[]).expect("an empty lexicon");
    let numbered = articles.iter().zip(1..).map(|(article, no)| Article { no: ArticleNo(no), ..article.clone() });
    let indexed: Vec<_> =
        numbered.map(|article| Arc::new(IndexedArticle::build(Arc::new(article), &overlay))).collect();
    let mut index = ArticleIndex::in_memory(Settings::default()).expect("memory");
    let applied = Applied { epoch: StoreEpoch("bench".to_owned()), revision: Revision(1) };
    index.apply(Batch { clear: true, upserts: &indexed, deletes: &[] }, applied).expect("a commit");
    Table::build(indexed)
}

fn build(criterion: &mut Criterion) {
    let articles = base::articles(10_000);
    let mut group = criterion.benchmark_group("index");
    group.sample_size(10);
    group.throughput(Throughput::Elements(10_000));
    group.bench_function("build/10000", |b| b.iter(|| build_index(&articles)));
    group.finish();
}

/// Updates one article and waits until the update is served.
fn edit(app: &App, runtime: &tokio::runtime::Runtime, article: &Article, number: u64) -> Duration {
    let id = base::base_id();
    let mut article = article.clone();
    article.standard_question = format!("第{number}次编辑：{}", article.standard_question);
    let fields = vec!["standard_question".to_owned()];
    let update = ArticleUpdate { article, fields, etag: None, allow_missing: false };
    let since = Instant::now();
    let saved = app.knowledge.update_article(&Request::default(), &id, update, false).expect("an update");
    runtime.block_on(app.live.wait_for(&id, saved.revision));
    since.elapsed()
}

fn edit_to_visible(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let mut group = criterion.benchmark_group("edit_to_visible");
    group.sample_size(10);
    for size in sizes::SIZES {
        let folder = TempDir::new().expect("a folder");
        let config = setup::config(Some(folder.path().to_owned()));
        let clock = Arc::new(ManualClock::new(setup::MOMENT));
        let app = App::start_with(&config, &StoreKind::Folder, clock, None).expect("the application starts");
        let articles = base::articles(size);
        base::fill(&app, &articles);
        let mut number = 0;
        group.bench_function(BenchmarkId::from_parameter(size), |b| {
            b.iter_custom(|rounds| {
                let mut total = Duration::ZERO;
                for _ in 0..rounds {
                    number += 1;
                    total += edit(&app, &runtime, &articles[number as usize * 7 % articles.len()], number);
                }
                total
            });
        });
        app.stop();
    }
    group.finish();
}

criterion_group!(benches, build, edit_to_visible);
criterion_main!(benches);
