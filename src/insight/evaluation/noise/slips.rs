//! Slips of one word or character: taken for another of its sound, or of its shape.

use std::collections::{BTreeMap, HashMap};

use crate::text::{Segmenter, Word, WordKind, is_stop_word, look_alikes, syllables};

/// The most frequent characters and words of a sound that somebody ends at.
const NUM_CHARACTERS: usize = 6;
const NUM_WORDS: usize = 3;
/// Softens the weight of the first words of a list by frequency.
const RANK_OFFSET: f64 = 100.0;

/// Frequent characters and words by their sound.
pub(super) struct SoundAlikes {
    /// The most frequent first.
    characters: BTreeMap<&'static str, Vec<char>>,
    words: HashMap<String, Vec<String>>,
}

impl SoundAlikes {
    /// Reads words, the most frequent first.
    pub fn of(list: &str) -> Self {
        let mut weights: BTreeMap<char, f64> = BTreeMap::new();
        let mut words: HashMap<String, Vec<String>> = HashMap::new();
        for (rank, word) in list.lines().filter(|line| !line.starts_with('#') && !line.is_empty()).enumerate() {
            for c in word.chars() {
                *weights.entry(c).or_insert(0.0) += 1.0 / (RANK_OFFSET + rank as f64);
            }
            if word.chars().count() > 1 {
                words.entry(syllables(word).join(" ")).or_default().push(word.to_owned());
            }
        }
        let mut frequent: Vec<(char, f64)> = weights.into_iter().collect();
        frequent.sort_by(|a, b| b.1.total_cmp(&a.1));
        let mut characters: BTreeMap<&'static str, Vec<char>> = BTreeMap::new();
        for (c, _) in frequent {
            if let Some(sound) = sound(c) {
                characters.entry(sound).or_default().push(c);
            }
        }
        Self { characters, words }
    }

    /// Mistypes one word for another of its sound where there is one, or else one character; of a word that says something
    /// where there is one.
    pub fn mistyped(&self, text: &str, rng: &mut fastrand::Rng) -> String {
        for (word, at) in places(text, rng) {
            let original = word.text(text);
            if let Some(other) = self.another_word(original, rng) {
                return replaced(text, word.span.start, original, &other);
            }
            let c = &text[at..].chars().next().unwrap_or_default();
            if let Some(other) = self.another_character(*c, rng) {
                return replaced(text, at, c.encode_utf8(&mut [0; 4]), other.encode_utf8(&mut [0; 4]));
            }
        }
        text.to_owned()
    }

    fn another_word(&self, word: &str, rng: &mut fastrand::Rng) -> Option<String> {
        let len = word.chars().count();
        let alike = self.words.get(&syllables(word).join(" ")).filter(|_| len > 1)?;
        let others = alike.iter().filter(|other| *other != word && other.chars().count() == len);
        rng.choice(others.take(NUM_WORDS).collect::<Vec<_>>()).cloned()
    }

    fn another_character(&self, c: char, rng: &mut fastrand::Rng) -> Option<char> {
        let alike = self.characters.get(sound(c)?)?;
        rng.choice(alike.iter().copied().filter(|other| *other != c).take(NUM_CHARACTERS).collect::<Vec<_>>())
    }
}

/// Takes one character for another of its shape; of a word that says something where there is one.
pub(super) fn misread(text: &str, rng: &mut fastrand::Rng) -> String {
    for (_, at) in places(text, rng) {
        let c = text[at..].chars().next().unwrap_or_default();
        if let Some(other) = rng.choice(look_alikes(c)) {
            return replaced(text, at, c.encode_utf8(&mut [0; 4]), other.encode_utf8(&mut [0; 4]));
        }
    }
    text.to_owned()
}

fn sound(c: char) -> Option<&'static str> {
    syllables(c.encode_utf8(&mut [0; 4])).first().copied()
}

/// The Han characters in a random order, those of stop words last, each with its word.
fn places(text: &str, rng: &mut fastrand::Rng) -> Vec<(Word, usize)> {
    let words = Segmenter::shared().words(text);
    let han = words.into_iter().filter(|word| word.kind == WordKind::Han);
    let characters = |word: Word| word.text(text).char_indices().map(move |(at, _)| (word, word.span.start + at));
    let mut places: Vec<(Word, usize)> = han.flat_map(characters).collect();
    rng.shuffle(&mut places);
    places.sort_by_key(|(word, _)| is_stop_word(word.text(text)));
    places
}

fn replaced(text: &str, at: usize, old: &str, new: &str) -> String {
    format!("{}{new}{}", &text[..at], &text[at + old.len()..])
}
