//! The choice of a bundle.

use std::thread;

use super::{create_base, everything};
use crate::domain::{BundleId, Revision};
use crate::store::{BundleChoice, Store, StoreError};

fn history(names: &[&str]) -> Vec<BundleId> {
    names.iter().map(|name| BundleId::parse(name).unwrap()).collect()
}

pub(super) fn is_empty_at_first(store: &dyn Store) {
    assert_eq!(store.bundle_choice().unwrap(), BundleChoice::default());
}

pub(super) fn is_chosen(store: &dyn Store) {
    let first = history(&["yingda-base/1", "acme/1"]);
    assert_eq!(store.choose_bundle(&first, Revision(0)).unwrap(), Revision(1));
    assert_eq!(store.bundle_choice().unwrap(), BundleChoice { history: first, revision: Revision(1) });
    let second = history(&["yingda-base/1"]);
    assert_eq!(store.choose_bundle(&second, Revision(1)).unwrap(), Revision(2));
    assert_eq!(store.bundle_choice().unwrap(), BundleChoice { history: second, revision: Revision(2) });
}

pub(super) fn is_guarded_by_its_revision(store: &dyn Store) {
    store.choose_bundle(&history(&["acme/1"]), Revision(0)).unwrap();
    let before = store.bundle_choice().unwrap();
    for stale in [Revision(0), Revision(2)] {
        let result = store.choose_bundle(&history(&["acme/2"]), stale);
        assert!(matches!(result, Err(StoreError::BundleChoiceChanged)), "{result:?}");
    }
    assert_eq!(store.bundle_choice().unwrap(), before);
}

pub(super) fn is_no_change_of_a_base(store: &dyn Store) {
    create_base(store, "shop");
    let before = everything(store);
    store.choose_bundle(&history(&["acme/1"]), Revision(0)).unwrap();
    assert_eq!(everything(store), before);
}

pub(super) fn counts_every_choice(store: &dyn Store) {
    const NUM_THREADS: usize = 4;
    const NUM_CHOICES: usize = 10;
    let choose = || {
        for _ in 0..NUM_CHOICES {
            loop {
                let expected = store.bundle_choice().unwrap().revision;
                match store.choose_bundle(&history(&["acme/1"]), expected) {
                    Ok(_) => break,
                    Err(StoreError::BundleChoiceChanged) => {}
                    Err(error) => panic!("{error:?}"),
                }
            }
        }
    };
    thread::scope(|scope| {
        (0..NUM_THREADS).for_each(|_| drop(scope.spawn(choose)));
    });
    assert_eq!(store.bundle_choice().unwrap().revision, Revision((NUM_THREADS * NUM_CHOICES) as u64));
}
