//! A wording as a customer might say it otherwise: words dropped, replaced by synonyms, mistyped, moved; a greeting before.
//!
//! Nothing is invented that the base, its lexicon and Chinese typing do not give. The same generator gives the same text.

use std::collections::BTreeMap;

use crate::text::{Overlay, Segmenter, WordKind, fuzzy_syllable, is_stop_word, normalize, syllables};

/// How likely a word is left out, by whether it carries information.
const DROPS_STOP_WORD: f32 = 0.5;
const DROPS_WORD: f32 = 0.2;
/// How likely a word with synonyms is said by one of them.
const TAKES_SYNONYM: f32 = 0.6;
/// How likely a text has a slip of pinyin input, has its last word first, and begins with a greeting.
const HAS_SLIP: f32 = 0.3;
const IS_MOVED: f32 = 0.3;
const IS_GREETED: f32 = 0.2;
const GREETINGS: [&str; 6] = ["你好，", "请问", "您好请问一下", "在吗，", "想问下", "那个"];

/// Characters that sound alike, of those that a base writes.
pub(super) struct Homophones(BTreeMap<String, Vec<char>>);

impl Homophones {
    /// Collects the characters of some texts.
    pub fn of<'a>(texts: impl Iterator<Item = &'a str>) -> Self {
        let mut by_sound: BTreeMap<String, Vec<char>> = BTreeMap::new();
        for c in texts.flat_map(str::chars) {
            if let Some(sound) = sound(c) {
                let alike = by_sound.entry(sound).or_default();
                if let Err(place) = alike.binary_search(&c) {
                    alike.insert(place, c);
                }
            }
        }
        Self(by_sound)
    }

    fn another(&self, c: char, rng: &mut fastrand::Rng) -> Option<char> {
        let alike: Vec<char> = self.0.get(&sound(c)?)?.iter().copied().filter(|other| *other != c).collect();
        rng.choice(alike)
    }
}

fn sound(c: char) -> Option<String> {
    syllables(c.encode_utf8(&mut [0; 4])).first().map(|syllable| fuzzy_syllable(syllable))
}

/// Says a text otherwise; what is left is empty only where the text says nothing.
pub(super) fn perturbed(text: &str, overlay: &Overlay, homophones: &Homophones, rng: &mut fastrand::Rng) -> String {
    let normalized = normalize(text);
    let normalized = normalized.as_str();
    let words = overlay.apply(Segmenter::shared().words(normalized), normalized);
    let words = words.into_iter().filter(|word| word.kind != WordKind::Punctuation);
    let words: Vec<&str> = words.map(|word| &normalized[word.span.range()]).collect();
    let mut kept: Vec<&str> = Vec::with_capacity(words.len());
    for word in &words {
        let drops = if is_stop_word(word) { DROPS_STOP_WORD } else { DROPS_WORD };
        if rng.f32() >= drops {
            let synonyms = overlay.synonyms_of(word);
            let synonym = (rng.f32() < TAKES_SYNONYM).then(|| rng.choice(synonyms)).flatten();
            kept.push(synonym.map_or(word, String::as_str));
        }
    }
    // A question of which little is left says nothing of its article.
    let length = |words: &[&str]| words.iter().map(|word| word.chars().count()).sum::<usize>();
    if 2 * length(&kept) < length(&words) {
        kept = words;
    }
    if kept.len() > 2 && rng.f32() < IS_MOVED {
        kept.rotate_right(1);
    }
    let mut said = kept.concat();
    if rng.f32() < HAS_SLIP {
        said = with_slip(&said, homophones, rng);
    }
    if rng.f32() < IS_GREETED {
        said.insert_str(0, GREETINGS[rng.usize(..GREETINGS.len())]);
    }
    said
}

/// Mistypes one character for another of its sound, where there is one.
fn with_slip(text: &str, homophones: &Homophones, rng: &mut fastrand::Rng) -> String {
    let mut chars: Vec<char> = text.chars().collect();
    if chars.is_empty() {
        return String::new();
    }
    let place = rng.usize(..chars.len());
    if let Some(other) = homophones.another(chars[place], rng) {
        chars[place] = other;
    }
    chars.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::SynonymSet;

    fn overlay() -> Overlay {
        let set = SynonymSet { id: "refund".to_owned(), words: vec!["退款".to_owned(), "退钱".to_owned()] };
        Overlay::build(&[], &[set]).expect("a good lexicon")
    }

    #[test]
    fn a_text_is_said_otherwise_and_stays_a_question() {
        let (overlay, text) = (overlay(), "退款申请提交以后多久可以到账");
        let homophones = Homophones::of([text, "宽带提速"].into_iter());
        let mut rng = fastrand::Rng::with_seed(5);
        let said: Vec<String> = (0..200).map(|_| perturbed(text, &overlay, &homophones, &mut rng)).collect();
        let share = |is_so: &dyn Fn(&str) -> bool| said.iter().filter(|said| is_so(said)).count();
        assert!(share(&|said| said != text) > 150);
        assert!(share(&|said| said.contains("退钱")) > 40, "a synonym of the lexicon");
        assert!(share(&|said| GREETINGS.iter().any(|greeting| said.starts_with(greeting))) > 15);
        assert!(share(&|said| said.chars().count() * 2 >= text.chars().count()) == 200, "enough of it is left");
        let mut rng = fastrand::Rng::with_seed(5);
        let again: Vec<String> = (0..200).map(|_| perturbed(text, &overlay, &homophones, &mut rng)).collect();
        assert_eq!(said, again);
    }

    #[test]
    fn short_and_odd_texts_are_not_lost() {
        let homophones = Homophones::of(["退"].into_iter());
        let mut rng = fastrand::Rng::with_seed(6);
        for text in ["退", "a", "5.4寸"] {
            for _ in 0..50 {
                assert!(!perturbed(text, &overlay(), &homophones, &mut rng).is_empty(), "{text}");
            }
        }
    }

    #[test]
    fn slips_sound_alike() {
        let homophones = Homophones::of(["退款宽带", "货"].into_iter());
        let mut rng = fastrand::Rng::with_seed(7);
        assert_eq!(homophones.another('款', &mut rng), Some('宽'));
        assert_eq!(homophones.another('货', &mut rng), None);
        assert_eq!(homophones.another('a', &mut rng), None);
        assert_eq!(with_slip("款", &homophones, &mut rng), "宽");
        assert_eq!(with_slip("", &homophones, &mut rng), "");
    }
}
