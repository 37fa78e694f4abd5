//! What a message asks, without what it sets aside: 不是储蓄卡，是信用卡的密码忘了 asks for the second half only.
//!
//! Works clause by clause on the normalized text by the words that open and close them. Conditions stay (不是会员，能用券吗), and so
//! does what happened (没收到). Knows no articles. To add a pair of words: to [`PAIRS`], with a row in the tests.

use std::borrow::Cow;

/// A clause that opens with the first and is followed by one that opens with the second sets itself aside.
const PAIRS: &[(&[&str], &[&str])] = &[
    (
        &["不是", "并不是", "又不是", "倒不是", "不是说", "不是要", "不是想"],
        &["是", "而是", "只是", "单纯", "纯粹", "就想", "想", "要", "问的是", "说的是"],
    ),
    (
        &["不想", "不要", "不用", "不需要", "不打算", "没打算", "没想", "没说要"],
        &["想", "要", "只想", "就想", "只要", "而是", "只是", "是想", "是要"],
    ),
];

/// What may stand before the words that open a clause.
const SPEAKERS: &[&str] = &["我们", "我这", "我", "俺", "咱", "人家"];

/// A clause that closes so lets things be as they are.
const UNCHANGED: &[&str] = &["不变", "不换", "不改", "先不动", "照旧"];

/// And the clause after it says what is wanted.
const WISHES: &[&str] = &["想", "要", "只", "就想", "能不能", "能", "可以", "怎么", "把"];

/// Likewise, wherever they stand.
const WISHES_WITHIN: &[&str] = &["想", "要"];

/// Of a verb with 不动 in these one cannot, and lets nothing be.
const VERBS_OF_INABILITY: &str = "刷按走开拧还推拉转跑用充玩拔搬";

/// Words that make 不是 a statement about what happened.
const PERSONS: &[&str] = &["我", "本人", "他", "她", "自己", "你"];

/// After 不是 these say what somebody does not want: such a thing may be longer.
const NOT_WANTED: &[&str] = &["要", "想", "问", "说", "催", "查", "来", "打算"];
const MAX_WISH_CHARS: usize = 14;

/// What is known need not be answered, unless it is all that is said.
const KNOWN: &[&str] = &["我知道", "我晓得", "我清楚", "我懂", "我明白", "我有数"];

/// So long may the thing be that a clause in the middle sets aside, in characters.
const MAX_THING_CHARS: usize = 6;

const PUNCTUATION: &[char] = &[',', '，', ';', '；', '.', '。', '!', '！', '?', '？', ' ', '~', '、'];

/// Returns a text without what it sets aside, unless there is nothing else.
pub(super) fn without_set_aside(content: &str) -> Cow<'_, str> {
    // What sets something aside goes with one of these.
    let sets_aside_at_all = content.contains(['不', '没']) || content.contains("照旧");
    if !sets_aside_at_all && !KNOWN.iter().any(|known| content.contains(known)) {
        return Cow::Borrowed(content);
    }
    let clauses: Vec<&str> = content.split_inclusive(PUNCTUATION).collect();
    let is_kept = |idx: usize| !sets_aside(&clauses, idx);
    let kept: Vec<usize> = (0..clauses.len()).filter(|idx| is_kept(*idx)).collect();
    if kept.len() == clauses.len() || kept.is_empty() {
        return Cow::Borrowed(content);
    }
    Cow::Owned(kept.into_iter().map(|idx| clauses[idx]).collect())
}

fn sets_aside(clauses: &[&str], idx: usize) -> bool {
    let clause = bare(clauses[idx]);
    let next = clauses.get(idx + 1).map(|next| bare(next));
    if let Some(next) = next {
        let is_pair = |(opening, following): &(&[&str], &[&str])| opens(clause, opening) && opens(next, following);
        if PAIRS.iter().any(is_pair) && !is_question(clause) {
            return true;
        }
        if lets_be(clause) && (opens(next, WISHES) || WISHES_WITHIN.iter().any(|wish| next.contains(wish))) {
            return true;
        }
    }
    (idx > 0 && is_mere_thing(clause)) || (clauses.len() > 1 && is_known(clauses[idx]))
}

/// The clause without its punctuation and who speaks.
fn bare(clause: &str) -> &str {
    let clause = clause.trim_matches(PUNCTUATION);
    SPEAKERS.iter().find_map(|speaker| clause.strip_prefix(speaker)).unwrap_or(clause)
}

fn opens(clause: &str, words: &[&str]) -> bool {
    words.iter().any(|word| clause.starts_with(word))
}

fn is_question(clause: &str) -> bool {
    ["吗", "么", "嘛", "吧"].iter().any(|particle| clause.ends_with(particle))
}

fn lets_be(clause: &str) -> bool {
    let is_enough = clause.chars().count() > 3;
    let stays = clause.strip_suffix("不动").and_then(|thing| thing.chars().next_back());
    let stays = stays.is_some_and(|verb| !VERBS_OF_INABILITY.contains(verb));
    is_enough && (stays || UNCHANGED.iter().any(|word| clause.ends_with(word)))
}

/// 怎么退我知道: what precedes is set aside.
fn is_known(clause: &str) -> bool {
    let clause = clause.trim_matches(PUNCTUATION);
    KNOWN.iter().any(|ending| clause.strip_suffix(ending).is_some_and(|thing| thing.chars().count() > 1))
}

/// 不是信用卡 in the middle of a message.
fn is_mere_thing(clause: &str) -> bool {
    let Some(thing) = clause.strip_prefix("不是") else { return false };
    let num_chars = thing.chars().count();
    let max = if opens(thing, NOT_WANTED) { MAX_WISH_CHARS } else { MAX_THING_CHARS };
    (1..=max).contains(&num_chars) && !is_question(thing) && !PERSONS.iter().any(|person| thing.contains(person))
}

#[cfg(test)]
mod tests {
    use crate::text::{asked_part, normalize};

    fn check(text: &str, asked: &str) {
        assert_eq!(asked_part(normalize(text).as_str()), normalize(asked).as_str(), "{text}");
    }

    #[test]
    fn what_is_set_aside_is_left_out() {
        check("不是锁屏，是账号的密码忘了", "是账号的密码忘了");
        check("我不是要退货，我就想换个颜色", "我就想换个颜色");
        check("号码不变，想换个便宜的套餐", "想换个便宜的套餐");
        check("漫游不动，国际长途想关掉", "国际长途想关掉");
        check("地址先不动，把电话改一下", "把电话改一下");
        check("房租晚交了一天，不是水费，要罚吗", "房租晚交了一天，要罚吗");
        check("想看看房子漏没漏水，不是要找人修", "想看看房子漏没漏水，");
        check("怎么报名我知道，几号截止没说", "几号截止没说");
        check("怎么报名我知道，几号截止", "几号截止");
    }

    #[test]
    fn conditions_events_and_questions_stay() {
        for text in [
            "不是会员，能用券吗",
            "不是本人能取吗",
            "卡刷不动，想换一张",
            "有人登录，不是我本人，怎么办",
            "不是说好三天吗，要等多久",
            "不要了，怎么退",
            "没收到货，想退款",
            "怎么退货",
            "我知道怎么退货，运费谁出",
        ] {
            check(text, text);
        }
    }

    #[test]
    fn nothing_is_left_empty() {
        for text in ["不是", "不想，想", "不变，能", ""] {
            let normalized = normalize(text);
            assert_eq!(asked_part(normalized.as_str()).is_empty(), normalized.as_str().is_empty(), "{text}");
        }
    }
}
