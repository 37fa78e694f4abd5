//! What is feared, asked or guarded against, and is not there.
//!
//! 会不会漏电, 怕被盗, 万一着火 and 能着火吗 name a danger that nobody says is present. Knows no rules: it looks at the words
//! around the hit. A threat is a condition by nature (不退就起诉) and never hypothetical.

use super::clause_around;
use crate::domain::{SignalKind, Span};

/// What makes of the words behind it a mere thought.
const THOUGHTS: &[&str] = &[
    "会不会",
    "怕",
    "担心",
    "万一",
    "如果",
    "要是",
    "假如",
    "倘若",
    "可能",
    "容易",
    "是否",
    "防",
    "预防",
    "避免",
    "杜绝",
    "以免",
    "免得",
    "哪天",
    "比如",
    "例如",
    "据说",
    "听说",
    "新闻",
    "看到",
    "视频",
];

/// What does so between the two words of a hit: 电梯要是困人.
const WITHIN: &[&str] = &["要是", "会不会", "万一", "如果", "鼓不鼓", "可能"];

/// What makes a thought of the words where they are asked: 会漏电吗, 能着火不.
const MODALS: &[char] = &['会', '能', '有'];

/// How far ahead of the hit such words stand, in characters.
const REACH: usize = 8;

/// Tells whether the hit at `span` is only thought of.
pub(super) fn is_hypothetical(text: &str, kind: SignalKind, span: Span) -> bool {
    if matches!(kind, SignalKind::LegalOrMediaThreat | SignalKind::Rule | SignalKind::RepeatContact) {
        return false;
    }
    let clause = clause_around(text, span);
    let ahead = &text[clause.start..span.start];
    let from = ahead.char_indices().rev().nth(REACH - 1).map_or(0, |(at, _)| at);
    let ahead = &ahead[from..];
    let behind = &text[span.end..clause.end];
    // 怕 after the fact (吓得我怕) does not lead to the hit; a turn ends the thought.
    let within = &text[span.range()];
    let is_thought =
        THOUGHTS.iter().any(|word| ahead.contains(word)) && !behind.starts_with('了') && !ahead.contains("已经")
            || WITHIN.iter().any(|word| within.contains(word))
            || ["的风险", "的可能", "的概率"].iter().any(|word| behind.starts_with(word));
    let is_asked =
        ahead.contains(MODALS) && behind.ends_with(['吗', '不', '么', '嘛', '呢']) && !behind.starts_with('了');
    is_thought || is_asked
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thoughts_are_told_from_facts() {
        let check = |text: &str, hit: &str, want: bool| {
            let start = text.find(hit).expect("the hit stands in the text");
            let span = Span::new(start, start + hit.len());
            assert_eq!(is_hypothetical(text, SignalKind::Safety, span), want, "{text}");
            assert!(!is_hypothetical(text, SignalKind::LegalOrMediaThreat, span), "{text}");
        };
        for (text, hit) in [
            ("这款热水器会不会漏电", "漏电"),
            ("电热毯开一宿能着火不", "着火"),
            ("家里有老人怕煤气泄漏,想装报警器", "煤气泄漏"),
            ("万一爆炸谁负责", "爆炸"),
            ("这种充电宝容易自燃吗", "自燃"),
            ("怎么防触电", "触电"),
            ("看到压力锅爆炸的视频,你家的安全吗", "爆炸"),
            ("晚上会冒烟吗", "冒烟"),
        ] {
            check(text, hit, true);
        }
        for (text, hit) in [
            ("充电的时候冒烟了,会不会爆炸", "冒烟"),
            ("一插上就会冒烟", "冒烟"),
            ("热水器漏电怎么办", "漏电"),
            ("我怕得很,插头着火了", "着火"),
            ("如果再不来人,我家已经漏电", "漏电"),
        ] {
            check(text, hit, false);
        }
    }
}
