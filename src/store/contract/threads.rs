//! Many callers at once.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use super::sample::{article, base_id};
use super::{NOW, change, create_base, key};
use crate::domain::Revision;
use crate::store::{ArticleChange, Store, Write, WriteOp};

const NUM_THREADS: usize = 8;
const NUM_WRITES: usize = 25;

fn create(id: &str) -> ArticleChange {
    ArticleChange::Create(Box::new(article(id)))
}

pub(super) fn count_without_gaps(store: &dyn Store) {
    let base = create_base(store, "shop");
    let run = |thread: usize| {
        let write = |idx: usize| change(store, &base, vec![create(&format!("{thread}-{idx}"))]).unwrap().revision.0;
        (0..NUM_WRITES).map(write).collect::<Vec<u64>>()
    };
    let revisions: Vec<Vec<u64>> = thread::scope(|scope| {
        let threads: Vec<_> = (0..NUM_THREADS).map(|thread| scope.spawn(move || run(thread))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert!(revisions.iter().all(|own| own.is_sorted()));
    let last = 1 + (NUM_THREADS * NUM_WRITES) as u64;
    let all: BTreeSet<u64> = revisions.into_iter().flatten().collect();
    assert!(all.into_iter().eq(2..=last));
    let feed = store.feed(&base, Revision(0), usize::MAX).unwrap();
    assert!(feed.into_iter().map(|entry| entry.revision.0).eq(1..=last));
    let (articles, revision) = store.snapshot(&base).unwrap();
    assert_eq!((articles.len(), revision), (NUM_THREADS * NUM_WRITES, Revision(last)));
}

pub(super) fn do_a_request_once(store: &dyn Store) {
    create_base(store, "shop");
    let write = Write {
        now: NOW,
        request: Some(key("editor", "r-1", "f")),
        op: WriteOp::ChangeArticles { knowledge_base: base_id("shop"), changes: vec![create("a")] },
        payload: String::new(),
    };
    let replies: Vec<_> = thread::scope(|scope| {
        let threads: Vec<_> = (0..NUM_THREADS).map(|_| scope.spawn(|| store.write(&write).unwrap())).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(replies.iter().filter(|written| !written.is_replay).count(), 1);
    assert!(replies.iter().all(|written| written.revision == Revision(2) && written.article == replies[0].article));
}

pub(super) fn read_one_moment(store: &dyn Store) {
    let base = create_base(store, "shop");
    let is_done = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            for idx in 0..NUM_WRITES {
                change(store, &base, vec![create(&format!("a-{idx}")), create(&format!("b-{idx}"))]).unwrap();
            }
            is_done.store(true, Ordering::SeqCst);
        });
        for _ in 0..NUM_THREADS {
            scope.spawn(|| {
                while !is_done.load(Ordering::SeqCst) {
                    let (articles, revision) = store.snapshot(&base).unwrap();
                    assert_eq!(articles.len() as u64, revision.0 - 1);
                    let page = store.articles(&base, &Default::default(), None, usize::MAX).unwrap();
                    assert_eq!(page.articles.len() as u64, page.total);
                    assert_eq!(page.total % 2, 0, "no half of a write is seen");
                }
            });
        }
    });
}
