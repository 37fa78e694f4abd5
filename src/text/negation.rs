//! What a message denies: 不能退 is not 能退.
//!
//! Works on the normalized text by phrase lists and neighbors, without a parser. Not negations are fixed words (不好意思
//! 特别 无理由), questions of the form A-not-A (能不能, 退没退), question particles (到了没), frames around a question (不知道怎么退) and what two
//! negations make a must (不退不行). 取消 is a wish, not a negation: see [`Polarity`]. Knows no articles.
//!
//! Invariants: cues are in order and do not overlap; a scope begins at its cue (or one verb before it: 打不开) and stays
//! in the clause. To add a word: to the lists in `words`.

use std::ops::Range;
use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, MatchKind};

use self::words::{CUES, CUES_AT_END, CUES_IN_FRONT, FIXED, KNOWING};
use super::chars::is_han;
use crate::domain::Span;

mod polarity;
mod words;

pub use polarity::{Polarity, polarity};

/// One word that denies, and what it denies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Negation {
    pub cue: Span,
    /// From the cue to the end of the clause or the next cue, at most twelve characters.
    pub scope: Span,
}

/// The longest scope, in characters after the cue.
const MAX_SCOPE_CHARS: usize = 12;

/// Words that begin a clause of their own.
const TURNS: &[&str] = &["但", "可是", "不过", "却", "而是"];

/// What may stand between two cues that cancel: 没有人不, 不是不, 不敢不.
const BETWEEN_DOUBLE: &[&str] = &["", "人", "是", "敢", "一个"];

/// Complements of 不 that deny the verb before it: 打不开, 收不到.
const COMPLEMENTS: &str = "了到上开出下起着动掉来去进成完见清通住及回懂够";

static PHRASES: LazyLock<Phrases> = LazyLock::new(Phrases::build);

/// All lists in one automaton.
struct Phrases {
    automaton: AhoCorasick,
    /// Where the cue lies in each pattern; none in a fixed word.
    cues: Vec<Option<Range<usize>>>,
}

/// Returns the negations of a normalized text.
pub fn negations(normalized: &str) -> Vec<Negation> {
    let mut cues = cues(normalized);
    if cues.is_empty() {
        return Vec::new();
    }
    drop_musts(normalized, &mut cues);
    let scope_of = |idx: usize| {
        let cue: Span = cues[idx];
        let mut end = scope_end(normalized, cue.end);
        // The next cue ends the scope, unless the two are a pair that cancels.
        if let Some(next) = cues[idx + 1..].iter().find(|next| !is_double(normalized, cue, **next)) {
            end = end.min(next.start.max(cue.end));
        }
        Span::new(scope_start(normalized, cue), end)
    };
    cues.iter().enumerate().map(|(idx, cue)| Negation { cue: *cue, scope: scope_of(idx) }).collect()
}

/// Tells whether `span` is denied: it lies in an odd number of scopes.
pub fn negated(negations: &[Negation], span: Span) -> bool {
    negations.iter().filter(|negation| negation.scope.overlaps(span) && !negation.cue.contains(span)).count() % 2 == 1
}

impl Phrases {
    fn build() -> Self {
        let cue_len = '不'.len_utf8();
        let fixed = FIXED.iter().map(|phrase| (*phrase, None));
        let whole = CUES.iter().map(|phrase| (*phrase, Some(0..phrase.len())));
        let front = CUES_IN_FRONT.iter().map(|phrase| (*phrase, Some(0..cue_len)));
        let end = CUES_AT_END.iter().map(|phrase| (*phrase, Some(phrase.len() - cue_len..phrase.len())));
        let (patterns, cues): (Vec<&str>, Vec<_>) = fixed.chain(whole).chain(front).chain(end).unzip();
        let builder = AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(patterns);
        Self { automaton: builder.expect("the lists are constant and small"), cues }
    }
}

fn cues(text: &str) -> Vec<Span> {
    let mut cues: Vec<Span> = Vec::new();
    for found in PHRASES.automaton.find_iter(text) {
        let start = found.start();
        let Some(at) = &PHRASES.cues[found.pattern().as_usize()] else {
            if &text[found.range()] == "不过" && fails_to_pass(text, start) {
                cues.push(Span::new(start, start + '不'.len_utf8()));
            }
            continue;
        };
        let cue = Span::new(start + at.start, start + at.end);
        // A cue written twice (别别别) is one.
        let is_repeated =
            cues.last().is_some_and(|last| last.end == cue.start && text[last.range()] == text[cue.range()]);
        if !is_repeated && !is_a_not_a(text, cue) && !is_question_particle(text, cue) && !is_frame(text, cue) {
            cues.push(cue);
        }
    }
    cues
}

/// Tells whether 不过 at `start` is no "however" but closes its clause after a verb: 审核不过怎么办.
fn fails_to_pass(text: &str, start: usize) -> bool {
    let follows = &text[start + "不过".len()..];
    let closing = ["怎么办", "为什么", "了", "去", "来", "吗", "呢", "啊"];
    text[..start].ends_with(is_han)
        && (follows.is_empty()
            || follows.starts_with(ends_clause)
            || closing.iter().any(|word| follows.starts_with(word)))
}

/// Tells whether the same verb stands before and after the cue's 不 or 没: 能不能, 可以不可以, 收到没收到.
fn is_a_not_a(text: &str, cue: Span) -> bool {
    let Some(first) = text[cue.range()].chars().next().filter(|c| matches!(c, '不' | '没')) else { return false };
    let (before, after) = (&text[..cue.start], &text[cue.start + first.len_utf8()..]);
    [1, 2].into_iter().any(|num_chars| {
        let verb_end = after.char_indices().nth(num_chars).map_or(after.len(), |(at, _)| at);
        let verb = &after[..verb_end];
        verb.chars().count() == num_chars && verb.chars().all(is_han) && before.ends_with(verb)
    })
}

/// Tells whether the cue only asks, at the end of its clause: 到了没, 能退不, 发货了没有.
fn is_question_particle(text: &str, cue: Span) -> bool {
    if !matches!(&text[cue.range()], "不" | "没" | "没有") {
        return false;
    }
    let after = text[cue.end..].trim_start_matches(['啊', '呀', '呢', '哦']);
    let before = text[..cue.start].rsplit(ends_clause).next().unwrap_or_default();
    let is_last = after.is_empty() || after.starts_with(ends_clause);
    // 还没有 answers, and 一点消息没有 denies.
    let denies = before.is_empty()
        || !before.ends_with(is_han)
        || before.ends_with(|c| "还都也就从并根本来我你您他她它们又说偏全".contains(c))
        || ["一点", "半点", "任何", "什么", "啥", "一个"].iter().any(|word| before.contains(word));
    is_last && !denies
}

/// Tells whether the cue belongs to a frame around what is asked: 不知道怎么退, 不是说包邮吗.
fn is_frame(text: &str, cue: Span) -> bool {
    let after = &text[cue.end..];
    match &text[cue.range()] {
        "不是" if after.starts_with('说') => true,
        "不" | "不是" | "没" => KNOWING.iter().any(|verb| after.starts_with(verb)),
        _ => false,
    }
}

/// Removes what two negations make a must: 不退不行, 非要退不可.
fn drop_musts(text: &str, cues: &mut Vec<Span>) {
    let mut second = 1;
    while second < cues.len() {
        let (first, last) = (cues[second - 1], cues[second]);
        let between = &text[first.end..last.start];
        let closes = ["不行", "不可", "不成"].iter().any(|word| text[last.start..].starts_with(word));
        let is_last = text[last.start..].chars().nth(2).is_none_or(|c| ends_clause(c) || "吗呢啊的".contains(c));
        if closes && is_last && !between.is_empty() && between.chars().count() <= 6 && !between.contains(ends_clause) {
            cues.drain(second - 1..=second);
        } else {
            second += 1;
        }
    }
    // A lone 非 is kept only as a prefix of what is denied.
    cues.retain(|cue| !text[cue.range()].starts_with('非') || !text[cue.end..].starts_with('要'));
}

fn is_double(text: &str, first: Span, next: Span) -> bool {
    text.get(first.end..next.start).is_some_and(|between| BETWEEN_DOUBLE.contains(&between))
}

fn scope_start(text: &str, cue: Span) -> usize {
    let verb = text[..cue.start].chars().next_back().filter(|c| is_han(*c) && !"还都也就又才总老一".contains(*c));
    let is_complement = &text[cue.range()] == "不" && text[cue.end..].starts_with(|c| COMPLEMENTS.contains(c));
    match verb {
        Some(verb) if is_complement => cue.start - verb.len_utf8(),
        _ => cue.start,
    }
}

fn scope_end(text: &str, start: usize) -> usize {
    let rest = &text[start..];
    let is_end = |(num_chars, (at, c)): &(usize, (usize, char))| {
        *num_chars == MAX_SCOPE_CHARS
            || ends_clause(*c) && !is_inside_number(rest, *at)
            || TURNS.iter().any(|turn| rest[*at..].starts_with(turn))
    };
    rest.char_indices().enumerate().find(is_end).map_or(text.len(), |(_, (at, _))| start + at)
}

/// Tells whether the character ends a clause.
pub(super) fn ends_clause(c: char) -> bool {
    matches!(c, ',' | '.' | '!' | '?' | ';' | ':' | '。' | '(' | ')' | '[' | ']')
}

fn is_inside_number(text: &str, at: usize) -> bool {
    let bytes = text.as_bytes();
    at > 0 && bytes[at - 1].is_ascii_digit() && bytes.get(at + 1).is_some_and(u8::is_ascii_digit)
}

#[cfg(test)]
mod tests;
