//! One number that depends on a table, kept by what it is of.
//!
//! The idf of every gram moves with every edit, so what a phrasing's grams tell together cannot be computed once and for
//! all; yet between two edits it stays, and is asked for with every message. The number is kept with the version of the
//! table that it was computed by: another table computes it anew. Must not know what the number is. Invariants: a number
//! of another table is never returned; threads that compute at once compute the same.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};

/// Tells the tables of this process apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Version(u32);

impl Version {
    /// Returns a version that no table has yet. Comes round after four billion edits, when none of the first is left.
    pub fn next() -> Self {
        static LAST: AtomicU32 = AtomicU32::new(0);
        Self(LAST.fetch_add(1, Relaxed).wrapping_add(1))
    }
}

/// A number and the version it is of, in one word so that both are read at once.
#[derive(Debug, Default)]
pub(super) struct Memo(AtomicU64);

impl Memo {
    /// Returns the number of this version; computes it where another one is kept.
    pub fn get_or_compute(&self, version: Version, compute: impl FnOnce() -> f32) -> f32 {
        let kept = self.0.load(Relaxed);
        if kept >> 32 == u64::from(version.0) && version != Version::default() {
            return f32::from_bits(kept as u32);
        }
        let number = compute();
        self.0.store((u64::from(version.0) << 32) | u64::from(number.to_bits()), Relaxed);
        number
    }
}

impl Clone for Memo {
    fn clone(&self) -> Self {
        Self(AtomicU64::new(self.0.load(Relaxed)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_computed_once_a_version() {
        let (memo, first, second) = (Memo::default(), Version::next(), Version::next());
        assert_ne!(first, second);
        assert_eq!(memo.get_or_compute(first, || 1.5), 1.5);
        assert_eq!(memo.get_or_compute(first, || unreachable!("it is kept")), 1.5);
        assert_eq!(memo.clone().get_or_compute(second, || 2.5), 2.5);
        assert_eq!(memo.get_or_compute(second, || -0.0), 0.0);
        assert_eq!(memo.get_or_compute(Version::default(), || 7.0), 7.0);
        assert_eq!(memo.get_or_compute(Version::default(), || 8.0), 8.0);
    }
}
