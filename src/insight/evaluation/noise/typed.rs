//! How a message is typed: full width, marks again and again, a word's pinyin after it.

use crate::text::{Reading, Segmenter, Word, WordKind, is_stop_word, reading};

/// Marks that are typed again and again.
const REPEATED: [char; 8] = ['?', '？', '!', '！', '。', '~', '～', '…'];
/// What is typed at the end of a message that has no mark there.
const ENDINGS: [&str; 12] =
    ["??", "？？", "？？？", "！！", "！！！", "!!!", "。。。", "...", "~~~", "～～", "……", "？！？！"];
/// Brackets, the common ones more often.
const BRACKETS: [(&str, &str); 6] = [("(", ")"), ("（", "）"), ("(", ")"), ("（", "）"), ("[", "]"), ("【", "】")];
const NUM_STYLES: usize = 7;

/// Writes ASCII in full width.
pub(super) fn full_width(text: &str) -> String {
    let wide = |c: char| match c {
        ' ' => '\u{3000}',
        '!'..='~' => char::from_u32(u32::from(c) + 0xFEE0).unwrap_or(c),
        _ => c,
    };
    text.chars().map(wide).collect()
}

/// Repeats the marks of a text two to four times, and puts some at its end where there is none.
pub(super) fn with_repeated_marks(text: &str, rng: &mut fastrand::Rng) -> String {
    let mut noisy = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        let times = if REPEATED.contains(&c) { rng.usize(2..=4) } else { 1 };
        noisy.extend(std::iter::repeat_n(c, times));
    }
    if !text.ends_with(REPEATED) {
        noisy.push_str(ENDINGS[rng.usize(..ENDINGS.len())]);
    }
    noisy
}

/// Puts the pinyin of a word in brackets after it; a word that says something where there is one.
pub(super) fn with_pinyin(text: &str, rng: &mut fastrand::Rng) -> String {
    let words = Segmenter::shared().words(text);
    let han: Vec<&Word> = words.iter().filter(|word| word.kind == WordKind::Han).collect();
    let telling: Vec<&Word> = han.iter().copied().filter(|word| !is_stop_word(word.text(text))).collect();
    let Some(word) = rng.choice(if telling.is_empty() { han } else { telling }) else { return text.to_owned() };
    let readings: Option<Vec<Reading>> = word.text(text).chars().map(reading).collect();
    let Some(readings) = readings else { return text.to_owned() };
    let (open, close) = BRACKETS[rng.usize(..BRACKETS.len())];
    let pinyin = in_style(&readings, rng.usize(..NUM_STYLES));
    let (before, after) = text.split_at(word.span.end);
    format!("{before}{open}{pinyin}{close}{after}")
}

/// Writes readings as people do: joined or apart, with marks of tone, with figures, in capitals.
fn in_style(readings: &[Reading], style: usize) -> String {
    let plain = || readings.iter().map(|reading| reading.plain.replace('ü', "v"));
    let marked = || readings.iter().map(|reading| reading.marked.to_owned());
    let numbered = || readings.iter().map(|reading| reading.numbered.replace('ü', "v"));
    let capital = |syllable: String| {
        let mut chars = syllable.chars();
        chars.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(chars).collect::<String>()
    };
    match style {
        0 => plain().collect(),
        1 => plain().collect::<Vec<_>>().join(" "),
        2 => marked().collect(),
        3 => marked().collect::<Vec<_>>().join(" "),
        4 => numbered().collect(),
        5 => plain().map(capital).collect::<Vec<_>>().join(" "),
        _ => plain().collect::<String>().to_ascii_uppercase(),
    }
}
