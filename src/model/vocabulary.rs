//! Which row of a table a unit has.
//!
//! Units are known by a 64-bit key of their text, so that the bundle holds no strings and a lookup compares one integer;
//! two of 100,000 units share a key once in billions. Must not know what the rows hold. Invariants: row `i` belongs to
//! key `i`; [`unit_key`] and [`joined_key`] are part of the bundle format and never change.

use crate::domain::KeyedMap;
use crate::text::gram_hash;

/// The units of a table, in the order of its rows.
#[derive(Clone, Debug, Default)]
pub struct Vocabulary {
    keys: Vec<u64>,
    rows: KeyedMap<u64, u32>,
}

impl Vocabulary {
    /// Makes the vocabulary whose row `i` has key `i`; of equal keys the first has the row.
    pub fn new(keys: Vec<u64>) -> Self {
        let mut rows = KeyedMap::with_capacity_and_hasher(keys.len(), Default::default());
        for (row, key) in keys.iter().enumerate() {
            rows.entry(*key).or_insert(row as u32);
        }
        Self { keys, rows }
    }

    /// Returns the row of a key.
    pub fn lookup(&self, key: u64) -> Option<usize> {
        self.rows.get(&key).map(|row| *row as usize)
    }

    /// Returns the keys in the order of the rows.
    pub fn keys(&self) -> &[u64] {
        &self.keys
    }

    /// Returns the number of rows.
    pub fn len(&self) -> usize {
        self.keys.len()
    }
}

/// Returns the key of a unit's text.
pub fn unit_key(text: &str) -> u64 {
    key_of_gram(gram_hash(text))
}

/// Returns the key of the unit whose text has this hash.
pub fn key_of_gram(hash: u64) -> u64 {
    mix(hash)
}

/// Returns the key of `next` following what `key` stands for.
pub fn joined_key(key: u64, next: u64) -> u64 {
    mix(key.rotate_left(23) ^ next)
}

/// Spreads a hash over all its bits (the finalizer of MurmurHash3), since FNV leaves the high ones of short units alike.
fn mix(hash: u64) -> u64 {
    let hash = (hash ^ (hash >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    let hash = (hash ^ (hash >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    hash ^ (hash >> 33)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_follow_the_keys() {
        let vocabulary = Vocabulary::new(vec![unit_key("退"), unit_key("货"), unit_key("退")]);
        assert_eq!(vocabulary.len(), 3);
        for (text, row) in [("退", Some(0)), ("货", Some(1)), ("款", None)] {
            assert_eq!(vocabulary.lookup(unit_key(text)), row, "{text}");
        }
        assert_eq!(Vocabulary::default().len(), 0);
    }

    #[test]
    fn keys_are_those_of_the_format() {
        assert_eq!(unit_key(""), mix(0xcbf2_9ce4_8422_2325));
        assert_ne!(joined_key(unit_key("退"), unit_key("货")), joined_key(unit_key("货"), unit_key("退")));
    }
}
