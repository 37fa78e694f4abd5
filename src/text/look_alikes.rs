//! Characters that are taken for one another by their shape: 未 and 末.
//!
//! Knows no sounds and no words. Invariants: the relation is symmetric, and no character is alike to itself. To add a pair:
//! to `data/text/look_alikes.txt`.

use std::{collections::HashMap, sync::LazyLock};

static TABLE: LazyLock<HashMap<char, Vec<char>>> = LazyLock::new(|| {
    let mut table: HashMap<char, Vec<char>> = HashMap::new();
    let lines = include_str!("../../data/text/look_alikes.txt").lines().filter(|line| !line.starts_with('#'));
    for group in lines.flat_map(str::split_whitespace) {
        for c in group.chars() {
            let alike = table.entry(c).or_default();
            alike.extend(group.chars().filter(|other| *other != c));
        }
    }
    table.values_mut().for_each(|alike| {
        alike.sort_unstable();
        alike.dedup();
    });
    table
});

/// Returns the characters that look like `c`.
pub fn look_alikes(c: char) -> &'static [char] {
    TABLE.get(&c).map_or(&[], Vec::as_slice)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::{chars::is_han, normalize};

    #[test]
    fn alikes_go_both_ways() {
        assert!(look_alikes('未').contains(&'末') && look_alikes('末').contains(&'未'));
        assert!(look_alikes('退').iter().all(|other| *other != '退'));
        assert!(look_alikes('a').is_empty());
        let num: usize = TABLE.values().map(Vec::len).sum();
        assert!(num >= 600, "{} pairs", num / 2);
        for (c, alike) in TABLE.iter() {
            assert!(is_han(*c) && normalize(&c.to_string()).as_str() == c.to_string(), "{c}");
            assert!(alike.iter().all(|other| other != c && look_alikes(*other).contains(c)), "{c}");
        }
    }
}
