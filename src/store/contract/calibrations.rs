//! Calibrations: one for each base and generation.

use super::sample::{base_id, calibration};
use super::{create_base, everything, write};
use crate::domain::Calibration;
use crate::store::{Store, StoreError, WriteOp};

pub(super) fn is_missing_at_first(store: &dyn Store) {
    let base = create_base(store, "shop");
    assert_eq!(store.calibration(&base, "g1").unwrap(), None);
    assert_eq!(store.calibration_versions("g1").unwrap(), []);
}

pub(super) fn is_kept_for_each_generation(store: &dyn Store) {
    let (shop, bank) = (create_base(store, "shop"), create_base(store, "bank"));
    let (first, second) = (calibration("g1"), calibration("g2"));
    assert_eq!(store.keep_calibration(&shop, &first, 0).unwrap(), Some(1));
    assert_eq!(store.keep_calibration(&shop, &second, 0).unwrap(), Some(1));
    assert_eq!(store.keep_calibration(&bank, &first, 0).unwrap(), Some(1));
    let newer = Calibration { scale: 0.5, ..first.clone() };
    assert_eq!(store.keep_calibration(&shop, &newer, 1).unwrap(), Some(2));
    assert_eq!(store.calibration(&shop, "g1").unwrap(), Some((newer, 2)));
    assert_eq!(store.calibration(&shop, "g2").unwrap(), Some((second, 1)));
    assert_eq!(store.calibration_versions("g1").unwrap(), [(bank, 1), (shop, 2)]);
    assert_eq!(store.calibration_versions("g3").unwrap(), []);
}

pub(super) fn is_guarded_by_its_version(store: &dyn Store) {
    let base = create_base(store, "shop");
    store.keep_calibration(&base, &calibration("g1"), 0).unwrap();
    for stale in [0, 2] {
        let other = Calibration { scale: 9.0, ..calibration("g1") };
        assert_eq!(store.keep_calibration(&base, &other, stale).unwrap(), None);
    }
    assert_eq!(store.calibration(&base, "g1").unwrap(), Some((calibration("g1"), 1)));
}

pub(super) fn goes_with_its_base(store: &dyn Store) {
    let base = create_base(store, "shop");
    store.keep_calibration(&base, &calibration("g1"), 0).unwrap();
    write(store, WriteOp::DeleteKnowledgeBase { id: base.clone(), expected: None, force: false }).unwrap();
    assert_eq!(store.calibration(&base, "g1").unwrap(), None);
    create_base(store, "shop");
    assert_eq!(store.calibration_versions("g1").unwrap(), []);
    assert_eq!(store.keep_calibration(&base, &calibration("g1"), 0).unwrap(), Some(1));
}

pub(super) fn needs_its_base(store: &dyn Store) {
    let result = store.keep_calibration(&base_id("shop"), &calibration("g1"), 0);
    assert!(matches!(result, Err(StoreError::NotFound { .. })), "{result:?}");
}

pub(super) fn is_no_change_of_a_base(store: &dyn Store) {
    let base = create_base(store, "shop");
    let before = everything(store);
    store.keep_calibration(&base, &calibration("g1"), 0).unwrap();
    assert_eq!(everything(store), before);
}
