//! How people speak: greetings and thanks around a question, fillers around and within it.

use thiserror::Error;

use crate::text::{Segmenter, Word, WordKind};

/// What may stand after a filler.
const JOINTS: [&str; 8] = ["，", "，", "，", "", "", "", "…", " "];

/// Words that lean on the one before.
const LEANING: [&str; 16] =
    ["的", "了", "吗", "呢", "吧", "啊", "着", "过", "嘛", "么", "呀", "得", "地", "们", "个", "哦"];

/// The words of a list by where they may stand.
#[derive(Default)]
struct Places {
    before: Vec<String>,
    between: Vec<String>,
    after: Vec<String>,
}

impl Places {
    fn read(list: &str) -> Result<Self, FillerError> {
        let mut places = Self::default();
        for (idx, line) in list.lines().enumerate().filter(|(_, line)| !line.starts_with('#') && !line.is_empty()) {
            let (place, words) = line.split_once(' ').ok_or(FillerError::Line(idx + 1))?;
            let place = match place {
                "before" => &mut places.before,
                "between" => &mut places.between,
                "after" => &mut places.after,
                _ => return Err(FillerError::Line(idx + 1)),
            };
            place.push(words.to_owned());
        }
        if places.before.is_empty() && places.between.is_empty() && places.after.is_empty() {
            return Err(FillerError::Empty);
        }
        Ok(places)
    }
}

/// A list of fillers that cannot be used.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum FillerError {
    #[error("line {0}: before, between or after is wanted, then a space and the words")]
    Line(usize),
    #[error("it holds no filler")]
    Empty,
}

/// What is said around questions.
pub(super) struct Spoken {
    greetings: Places,
    fillers: Places,
}

impl Spoken {
    /// Reads a list of fillers; the greetings are those that the program brings.
    pub fn with(fillers: &str) -> Result<Self, FillerError> {
        let greetings = Places::read(include_str!("../../../../data/noise/greetings.txt"))
            .expect("the greetings that the program brings are of this form");
        Ok(Self { greetings, fillers: Places::read(fillers)? })
    }

    /// Says courtesies before, after or around a text.
    pub fn greeted(&self, text: &str, rng: &mut fastrand::Rng) -> String {
        let (is_opened, is_closed) =
            [(true, false), (true, false), (false, true), (true, true), (true, true)][rng.usize(..5)];
        let mut one = |words: &[String], is_said: bool| {
            if is_said { rng.choice(words).cloned().unwrap_or_default() } else { String::new() }
        };
        let (opening, closing) = (one(&self.greetings.before, is_opened), one(&self.greetings.after, is_closed));
        // A mark before thanks takes the place of the text's own.
        let text = if closing.starts_with('，') { text.trim_end_matches(['。', '，', '.', ',']) } else { text };
        format!("{opening}{text}{closing}")
    }

    /// Puts about ten fillers before, between and after the words of a text.
    pub fn filled(&self, text: &str, rng: &mut fastrand::Rng) -> String {
        let (num_before, num_between, num_after) = (rng.usize(5..=6), rng.usize(1..=3), rng.usize(2..=3));
        let mut noisy = String::with_capacity(text.len() + 128);
        for filler in drawn(&self.fillers.before, num_before, rng) {
            noisy.push_str(filler);
            noisy.push_str(JOINTS[rng.usize(..JOINTS.len())]);
        }
        let words = Segmenter::shared().words(text);
        // Nobody stops before a particle.
        let leans = |word: &Word| LEANING.contains(&word.text(text));
        let is_gap = |pair: &&[Word]| pair.iter().all(|word| word.kind != WordKind::Punctuation) && !leans(&pair[1]);
        let gaps: Vec<usize> = words.windows(2).filter(is_gap).map(|pair| pair[0].span.end).collect();
        let mut chosen = rng.choose_multiple(gaps, num_between);
        chosen.sort_unstable();
        let mut at = 0;
        for (gap, filler) in chosen.iter().zip(drawn(&self.fillers.between, chosen.len(), rng)) {
            noisy.push_str(&text[at..*gap]);
            noisy.push_str(filler);
            noisy.push_str(if rng.bool() { "" } else { "，" });
            at = *gap;
        }
        noisy.push_str(&text[at..]);
        for filler in drawn(&self.fillers.after, num_after, rng) {
            noisy.push_str(if rng.u8(..4) == 0 { "" } else { "，" });
            noisy.push_str(filler);
        }
        noisy
    }
}

fn drawn<'w>(words: &'w [String], num: usize, rng: &mut fastrand::Rng) -> Vec<&'w str> {
    let mut drawn = rng.choose_multiple(words.iter().map(String::as_str), num);
    rng.shuffle(&mut drawn);
    drawn
}
