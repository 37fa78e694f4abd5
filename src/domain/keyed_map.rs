//! Maps by keys that need no guarding hash: numbers of articles, hashes of grams, keys of units.
//!
//! The standard map defends against keys chosen to collide and pays for it with each look-up. These keys are the program's
//! own, so one multiplication spreads them. Not for text or numbers that callers choose.

use std::{
    collections::HashMap,
    hash::{BuildHasherDefault, Hasher},
};

/// A map by keys of one number that the program makes itself.
pub type KeyedMap<K, V> = HashMap<K, V, BuildHasherDefault<Spread>>;

/// Spreads a number by a multiplication (Knuth 1973, 6.4): the low bits stay apart and the high ones become so.
#[derive(Clone, Copy, Debug, Default)]
pub struct Spread(u64);

/// 2^64 by the golden ratio, odd.
const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;

impl Hasher for Spread {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.write_u64(u64::from(*byte)));
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = (self.0.rotate_left(8) ^ number).wrapping_mul(FACTOR);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbors_differ_in_low_and_in_high_bits() {
        let hash = |number: u64| {
            let mut spread = Spread::default();
            spread.write_u64(number);
            spread.finish()
        };
        for bits in [|hash: u64| hash & 0xff, |hash: u64| hash >> 57] {
            let distinct: std::collections::HashSet<u64> = (0..256).map(|number| bits(hash(number))).collect();
            assert!(distinct.len() >= 100, "{}", distinct.len());
        }
    }
}
