//! Which way a message wants things to go.
//!
//! Three independent flags for the ranker: they tell 怎么开通 from 怎么取消 and from 开通不了. Not a verdict: each may be wrong.

use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, MatchKind};

use super::{Negation, ends_clause, is_double, negations};
use crate::domain::Span;

/// What the wording of a message tells about its direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub struct Polarity {
    /// Something is denied that no second negation takes back.
    pub negated: bool,
    /// Something is to end: 取消, 关闭, 不想要.
    pub wants_off: bool,
    /// Something is to begin: 开通, 申请, 恢复.
    pub wants_on: bool,
}

const OFF_WORDS: &[&str] = &[
    "取消",
    "关闭",
    "关掉",
    "关了",
    "关一下",
    "怎么关",
    "如何关",
    "咋关",
    "能关",
    "关不掉",
    "关不了",
    "退订",
    "停用",
    "停掉",
    "停机",
    "停止",
    "停了",
    "暂停",
    "注销",
    "解绑",
    "解除",
    "销户",
    "销号",
    "销卡",
    "撤销",
    "撤回",
    "退出",
    "卸载",
    "终止",
    "不想要",
    "不要了",
    "不需要",
    "不用了",
    "不再",
    "去掉",
    "删除",
    "屏蔽",
    "拒收",
    "退会",
    "退卡",
    "退保",
    "作废",
];

const ON_WORDS: &[&str] = &[
    "开通", "打开", "开启", "启用", "激活", "办理", "申请", "绑定", "订阅", "恢复", "注册", "开户", "订购", "续订",
    "续约", "复机", "安装", "报名", "参加", "加入",
];

/// Cues by which the writer refuses what follows.
const REFUSALS: &[&str] = &["不要", "不再", "别", "别再", "勿", "甭", "莫要", "莫再"];

/// Cues by which it is not needed, or was not done.
const ABSENCES: &[&str] = &["不用", "不必", "无需", "无须", "没", "没有", "未", "木有", "莫得", "冇"];

/// Verbs that make a plain 不 a refusal.
const WISHES: &[&str] = &["想", "愿", "需要", "打算", "希望"];

static WORDS: LazyLock<AhoCorasick> = LazyLock::new(|| {
    let builder = AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(OFF_WORDS.iter().chain(ON_WORDS));
    builder.expect("the lists are constant and small")
});

/// Returns the direction of a normalized text.
pub fn polarity(normalized: &str) -> Polarity {
    let negations = negations(normalized);
    let mut polarity = Polarity { negated: is_negated(normalized, &negations), ..Polarity::default() };
    let mut off_clause = None;
    for found in WORDS.find_iter(normalized) {
        let word = Span::from(found.range());
        let clause = normalized[..word.start].rfind(ends_clause);
        let stance = Stance::towards(normalized, &negations, word);
        let is_off_word = found.pattern().as_usize() < OFF_WORDS.len();
        match (is_off_word, stance) {
            (true, Stance::Refused) | (false, Stance::Absent) => {}
            (true, _) => {
                polarity.wants_off = true;
                off_clause = Some(clause);
                polarity.wants_on &= !ends_a_beginning(normalized, word);
            }
            (false, Stance::Refused) => polarity.wants_off = true,
            // What is named after 取消 in the same clause is what ends: 取消订阅.
            (false, Stance::Open) => polarity.wants_on |= off_clause != Some(clause),
        }
    }
    polarity
}

/// How the writer stands to a word.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stance {
    Open,
    Refused,
    Absent,
}

impl Stance {
    fn towards(text: &str, negations: &[Negation], word: Span) -> Self {
        let over = |negation: &&Negation| negation.scope.contains(word) && !negation.cue.overlaps(word);
        let cue_is = |negation: &Negation, list: &[&str]| list.contains(&&text[negation.cue.range()]);
        let wish = |negation: &Negation| WISHES.iter().any(|verb| text[negation.cue.end..].starts_with(verb));
        match negations.iter().rfind(over) {
            Some(negation) if cue_is(negation, REFUSALS) || cue_is(negation, &["不"]) && wish(negation) => {
                Self::Refused
            }
            Some(negation) if cue_is(negation, ABSENCES) => Self::Absent,
            _ => Self::Open,
        }
    }
}

/// Tells whether the word to end something follows its object or request in one clause: 申请取消, 自动续费怎么关闭.
fn ends_a_beginning(text: &str, off_word: Span) -> bool {
    let clause = text[..off_word.start].rsplit(ends_clause).next().unwrap_or_default();
    ON_WORDS.iter().any(|word| clause.contains(word))
}

/// Cues that cancel in pairs count together.
fn is_negated(text: &str, negations: &[Negation]) -> bool {
    let mut chain = 0;
    for (idx, negation) in negations.iter().enumerate() {
        chain += 1;
        let goes_on = negations.get(idx + 1).is_some_and(|next| is_double(text, negation.cue, next.cue));
        if !goes_on {
            if chain % 2 == 1 {
                return true;
            }
            chain = 0;
        }
    }
    false
}
