//! What was encoded lately, by the very text.
//!
//! Two generations of a map: what is asked for moves to the young one, and when that is full the old one is dropped. So
//! whatever was used among the last texts stays, without a list to keep in order. Must not know what the values are.

use std::{collections::HashMap, sync::Arc};

/// The cache.
#[derive(Debug)]
pub(super) struct Cache<V> {
    /// Of each generation.
    capacity: usize,
    young: HashMap<Box<str>, Arc<V>>,
    old: HashMap<Box<str>, Arc<V>>,
}

impl<V> Cache<V> {
    /// Makes a cache of at most so many entries; 0 keeps nothing.
    pub fn new(capacity: usize) -> Self {
        Self { capacity: capacity.div_ceil(2), young: HashMap::new(), old: HashMap::new() }
    }

    /// Looks a text up and keeps it longer.
    pub fn lookup(&mut self, text: &str) -> Option<Arc<V>> {
        if let Some(value) = self.young.get(text) {
            return Some(Arc::clone(value));
        }
        let (text, value) = self.old.remove_entry(text)?;
        self.put(text, Arc::clone(&value));
        Some(value)
    }

    /// Keeps the value of a text.
    pub fn insert(&mut self, text: &str, value: Arc<V>) {
        self.put(text.into(), value);
    }

    fn put(&mut self, text: Box<str>, value: Arc<V>) {
        if self.capacity == 0 {
            return;
        }
        if self.young.len() >= self.capacity {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(text, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_used_stays() {
        let mut cache = Cache::new(4);
        for number in 0..20 {
            cache.insert(&number.to_string(), Arc::new(number));
            cache.insert("0", Arc::new(0));
            assert!(cache.lookup("0").is_some_and(|value| *value == 0), "{number}");
            assert!(cache.young.len() + cache.old.len() <= 4);
        }
        assert!(cache.lookup("19").is_some() && cache.lookup("3").is_none());
    }

    #[test]
    fn nothing_is_kept_without_room() {
        let mut cache = Cache::new(0);
        cache.insert("退货", Arc::new(1));
        assert!(cache.lookup("退货").is_none());
    }
}
