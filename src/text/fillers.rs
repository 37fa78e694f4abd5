//! What people say while they think of what to ask: 嗯,怎么说呢,就是说信用卡那个账单日能改吗 asks 信用卡账单日能改吗.
//!
//! Three things go, where there are several: a clause of which every word is about the talk itself ([`TELLS`],
//! [`COURTESIES`], [`JOINS`]), openings and closings that are no clause of their own, and the few words that nobody needs
//! between two others. Knows no words of any business, and never takes a negation or a word that asks: 不 and 怎么 are in no
//! list, save within fixed phrases. Invariant: something of the text is always left. To add a phrase: a line in
//! `data/text/fillers.txt`. To add a word: to `TELLS` where a clause of it alone says nothing, to `JOINS` where it may stand in
//! such a clause, to `COURTESIES` where one says enough; then a row in the tests.

mod phrases;
mod words;

use std::{borrow::Cow, collections::HashMap, sync::LazyLock};

use self::{
    phrases::{Found, Phrases, Place, listed},
    words::{BETWEEN, CLOSINGS, COURTESIES, JOINS, OPENINGS, OPENINGS_OF_OTHERS, TELLS, WORDS_AFTER, WORDS_BEFORE},
};
use super::{chars::is_han, courtesy::content_span};

/// What drags an opening out.
const PARTICLES: [char; 9] = ['啊', '呀', '呢', '嘛', '哦', '噢', '呗', '诶', '哎'];
/// Likewise, unless they begin a word.
const DRAGGED: [&str; 3] = ["哈", "吧", "儿"];
/// A longer clause is not about the talk alone.
const MAX_CLAUSE_CHARS: usize = 20;

/// One or two fillers are part of how people write, in articles as well, and ranking knows them; more are noise.
const MIN_FILLERS: u32 = 3;

static TALK: LazyLock<Talk> = LazyLock::new(Talk::build);
static BEFORE: LazyLock<Phrases> = LazyLock::new(|| Phrases::of(Place::Before, OPENINGS, OPENINGS_OF_OTHERS));
static WITHIN: LazyLock<Phrases> = LazyLock::new(|| Phrases::of(Place::Between, BETWEEN, &[]));
static BEHIND: LazyLock<Phrases> = LazyLock::new(|| Phrases::of(Place::After, CLOSINGS, &[]));

/// The words of clauses about the talk by their first character, the longest first, each with how much it tells.
struct Talk(HashMap<char, Vec<(&'static str, u32)>>);

impl Talk {
    fn build() -> Self {
        let mut words: HashMap<char, Vec<(&'static str, u32)>> = HashMap::new();
        for (list, tells) in [(COURTESIES, MIN_FILLERS), (TELLS, 1), (JOINS, 0)] {
            for word in list.split_whitespace() {
                words.entry(word.chars().next().unwrap_or_default()).or_default().push((word, tells));
            }
        }
        let mut talk = Self::sorted(words);
        let phrases = [Place::Before, Place::Between, Place::After].into_iter().flat_map(listed);
        // What is made of known words tells as much as they do.
        let is_new = |phrase: &&str| phrase.chars().nth(1).is_some() && talk.weight(phrase, 0).is_none();
        let new: Vec<&str> = phrases.filter(is_new).collect();
        for phrase in new {
            talk.0.entry(phrase.chars().next().unwrap_or_default()).or_default().push((phrase, 1));
        }
        Self::sorted(talk.0)
    }

    fn sorted(mut words: HashMap<char, Vec<(&'static str, u32)>>) -> Self {
        words.values_mut().for_each(|words| words.sort_by_key(|(word, _)| std::cmp::Reverse(word.len())));
        Self(words)
    }

    /// Returns how much the clause tells of being talk, where it is made of such words only; `before` for what stood before.
    fn weight(&self, clause: &str, before: u32) -> Option<u32> {
        let Some(first) = clause.chars().next() else { return Some(before).filter(|weight| *weight > 0) };
        let fits = |(word, _): &&(&str, u32)| clause.starts_with(word);
        self.0
            .get(&first)?
            .iter()
            .filter(fits)
            .find_map(|(word, own)| self.weight(&clause[word.len()..], before.max(*own)))
    }
}

/// Returns what is asked: without courtesy and, where there are several, without fillers; unless there is nothing else.
pub(super) fn without_fillers(normalized: &str) -> Cow<'_, str> {
    let content = &normalized[content_span(normalized).range()];
    let plain = if content.is_empty() { normalized } else { content };
    let mut stripping = Stripping { num: 0 };
    let ends = stripping.ends(plain);
    if ends.is_empty() {
        return Cow::Borrowed(plain);
    }
    let clauses = stripping.clauses(ends);
    let told = stripping.between(clauses);
    if stripping.num >= MIN_FILLERS { told } else { Cow::Borrowed(plain) }
}

/// Strips fillers, and counts them.
struct Stripping {
    num: u32,
}

impl Stripping {
    /// Strips courtesy, openings, closings and clauses about the talk from both ends.
    fn ends<'t>(&mut self, text: &'t str) -> &'t str {
        let mut rest = text;
        loop {
            let before = rest.len();
            rest = self.opening(rest);
            rest = self.closing(rest);
            if rest.len() == before {
                return rest;
            }
            let content = content_span(rest);
            rest = &rest[content.range()];
            if content.start > 0 {
                rest = without_particles(rest);
            }
        }
    }

    fn opening<'t>(&mut self, text: &'t str) -> &'t str {
        let clause = &text[..text.find(is_mark).unwrap_or(text.len())];
        let talk = if clause.len() < text.len() { talk_weight(clause) } else { None };
        let (len, weight) = match talk {
            Some(weight) => (clause.len(), weight),
            None => (opening_at(text).unwrap_or(0), 1),
        };
        if len == 0 {
            return text;
        }
        self.num += weight;
        without_particles(&text[len..])
    }

    fn closing<'t>(&mut self, text: &'t str) -> &'t str {
        let bare = text.trim_end_matches(is_mark);
        let start = bare.rfind(is_mark).map_or(0, |at| at + bare[at..].chars().next().map_or(0, char::len_utf8));
        let talk = if start > 0 { talk_weight(&bare[start..]) } else { None };
        if let Some(weight) = talk {
            self.num += weight;
            return text[..start].trim_end_matches(is_mark_but_question);
        }
        let words = bare.trim_end_matches(['啊', '呀', '哈', '呗', '哦']);
        // A weak one only where a mark sets it off.
        let closes = |one: &Found| !one.is_weak || words[..words.len() - one.len].ends_with(is_mark);
        let Some(Found { len, .. }) = BEHIND.closing(words).find(closes) else { return text };
        self.num += 1;
        words[..words.len() - len].trim_end_matches(is_mark_but_question)
    }

    /// Drops clauses about the talk in the middle.
    fn clauses<'t>(&mut self, text: &'t str) -> Cow<'t, str> {
        let clauses = || text.split_inclusive(is_mark);
        let weight = |clause: &str| talk_weight(clause.trim_end_matches(is_mark));
        let dropped: u32 = clauses().filter_map(weight).sum();
        let tells = |clause: &str| clause.contains(is_told) && weight(clause).is_none();
        if dropped == 0 || !clauses().any(tells) {
            return Cow::Borrowed(text);
        }
        self.num += dropped;
        Cow::Owned(clauses().filter(|clause| weight(clause).is_none()).collect())
    }

    /// Drops what says nothing between two words.
    fn between<'t>(&mut self, text: Cow<'t, str>) -> Cow<'t, str> {
        let mut kept: Option<String> = None;
        let (mut at, mut copied) = (0, 0);
        while let Some(c) = text[at..].chars().next() {
            match filler_at(&text, at) {
                Some(len) => {
                    self.num += 1;
                    kept.get_or_insert_default().push_str(&text[copied..at]);
                    at += len;
                    copied = at;
                }
                None => at += c.len_utf8(),
            }
        }
        match kept {
            Some(mut kept) => {
                kept.push_str(&text[copied..]);
                Cow::Owned(kept)
            }
            None => text,
        }
    }
}

/// Returns the bytes of the opening that a text begins with.
fn opening_at(text: &str) -> Option<usize> {
    let is_whole = |one: &Found| !is_word(text, 0, one.len);
    let strong = BEFORE.opening(text).find(|one| !one.is_weak && is_whole(one));
    strong
        .or_else(|| BEFORE.opening(text).find(|one| one.is_weak && is_before_another(text, one.len)))
        .map(|one| one.len)
}

/// Tells whether another opening follows so many bytes, or a mark.
fn is_before_another(text: &str, len: usize) -> bool {
    let rest = text[len..].trim_start_matches(PARTICLES).trim_start_matches(is_mark);
    let opens = BEFORE.opening(rest).any(|one| !is_word(rest, 0, one.len));
    opens || content_span(rest).start > 0 || text[len..].starts_with(is_mark)
}

/// Strips what drags an opening out: 我想问一下啊.
fn without_particles(text: &str) -> &str {
    let drags = |text: &str| text.starts_with(PARTICLES) || DRAGGED.iter().any(|word| is_opened_by(text, word));
    let mut rest = text;
    while drags(rest) {
        rest = &rest[rest.chars().next().map_or(0, char::len_utf8)..];
    }
    rest.trim_start_matches(is_mark)
}

fn is_opened_by(text: &str, word: &str) -> bool {
    text.starts_with(word) && !is_word(text, 0, word.len())
}

/// Returns the bytes of the filler that stands at `at` between two words.
fn filler_at(text: &str, at: usize) -> Option<usize> {
    let rest = &text[at..];
    let fits = |one: &Found| {
        let after = &rest[one.len..];
        // A mark after it goes with it: 信用卡那个,账单日.
        let mark = after.len() - after.trim_start_matches([',', '。', ' ']).len();
        let is_between = after[mark..].starts_with(is_told) && (mark > 0 || !one.is_weak);
        (is_between && !is_word(text, at, one.len)).then_some(one.len + mark)
    };
    let mut found = WITHIN.opening(rest).peekable();
    found.peek()?;
    if text[..at].ends_with(is_told) { found.find_map(|one| fits(&one)) } else { None }
}

/// Tells whether what looks like a filler is part of a word.
fn is_word(text: &str, at: usize, len: usize) -> bool {
    let (before, filler, after) = (&text[..at], &text[at..at + len], &text[at + len..]);
    let goes_on = |(own, words): &(&str, &[&str])| *own == filler && words.iter().any(|word| after.starts_with(word));
    let began = |(own, words): &(&str, &[&str])| *own == filler && words.iter().any(|word| before.ends_with(word));
    WORDS_AFTER.iter().any(goes_on) || WORDS_BEFORE.iter().any(began)
}

fn talk_weight(clause: &str) -> Option<u32> {
    if clause.chars().nth(MAX_CLAUSE_CHARS).is_some() { None } else { TALK.weight(clause, 0) }
}

fn is_told(c: char) -> bool {
    is_han(c) || c.is_alphanumeric()
}

fn is_mark(c: char) -> bool {
    matches!(c, ',' | '。' | '!' | '?' | ';' | ':' | '、' | ' ')
}

fn is_mark_but_question(c: char) -> bool {
    c != '?' && is_mark(c)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::normalize;

    fn check(text: &str, asked: &str) {
        assert_eq!(without_fillers(normalize(text).as_str()), asked, "{text}");
    }

    #[test]
    fn talk_about_the_talk_goes() {
        check("嗯，怎么说呢，就是说信用卡那个账单日能改吗", "信用卡账单日能改吗");
        check("那个我想问一下啊，就是说退款呢，多久到账，大概就这样", "退款多久到账");
        check("然后，你听我说，发票怎么开，能听明白吗", "发票怎么开");
        check("其实，发票，我不太懂啊，怎么说呢，怎么开", "发票,怎么开");
        check("尊敬的客服：怎么退货，祝您工作顺利", "怎么退货");
        check("话说，宽带反正怎么提速嗯", "宽带怎么提速");
        check("怎么退货？在线等，挺急的", "怎么退货?");
        check("劳烦您帮我看看，积分怎么查", "积分怎么查");
    }

    #[test]
    fn what_is_asked_stays() {
        for text in [
            "这个月账单多少",
            "酒吧能用券吗",
            "额度怎么提",
            "怎么说明书是英文的",
            "打不开,怎么回事",
            "我没收到货",
            "客服没人回复",
            "怎么知道是不是正品",
            "那么贵怎么退",
            "好像",
            "能改吗",
            "不是储蓄卡,是信用卡的密码忘了",
            "",
        ] {
            check(text, text);
        }
    }

    #[test]
    fn something_is_always_left() {
        for text in ["嗯", "你好,那个", "就是说,怎么说呢", "谢谢", "嗯。。。", "那个那个"] {
            let normalized = normalize(text);
            assert!(!without_fillers(normalized.as_str()).is_empty(), "{text}");
        }
    }

    #[test]
    fn random_text_keeps_what_tells() {
        let mut rng = fastrand::Rng::with_seed(17);
        let parts = ["嗯", ",", "那个", "退货", "就是说", "我想问一下", "?", "怎么说呢", "a", "呢", "不", "谢谢", " "];
        for _ in 0..2_000 {
            let text: String = (0..rng.usize(..9)).map(|_| parts[rng.usize(..parts.len())]).collect();
            let normalized = normalize(&text);
            let asked = without_fillers(normalized.as_str());
            let count = |text: &str, word: &str| text.matches(word).count();
            for word in ["退货", "a"] {
                assert_eq!(count(&asked, word), count(normalized.as_str(), word), "{text}");
            }
            assert_eq!(asked.is_empty(), normalized.is_empty(), "{text}");
        }
    }
}
