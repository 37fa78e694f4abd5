//! What is feared, asked, guarded against or not meant, and is not there.
//!
//! 会不会漏电, 怕被盗, 万一着火 and 能着火吗 name a danger that nobody says is present. Knows no rules: it looks at the words
//! around the hit. A threat is a condition by nature (不退就起诉) and never hypothetical.

use super::clause_around;
use crate::{
    domain::{SignalKind, Span},
    text::Negation,
};

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

/// Words between what is denied and what is threatened for it: 不退款就起诉 threatens.
const CONSEQUENCES: &[&str] = &["就", "便", "否则", "直接", "马上", "等着"];

/// Tells whether what stands in a negation is denied by it, be it a threat or a need: 没到起诉那一步, 不至于去告你们. Rules cannot tell, for the scope of a negation does
/// not end at the consequence.
pub(super) fn is_taken_back(text: &str, negations: &[Negation], span: Span) -> bool {
    let over = |negation: &&Negation| negation.scope.overlaps(span) && negation.cue.end <= span.start;
    negations.iter().filter(over).any(|negation| {
        let between = &text[negation.cue.end..span.start];
        let leads = CONSEQUENCES.iter().any(|word| between.contains(word));
        !(leads || between.contains('我') && &text[negation.cue.range()] != "不是")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::negations;

    #[test]
    fn threats_are_taken_back_or_made_on_a_condition() {
        let check = |text: &str, hit: &str, want: bool| {
            let start = text.find(hit).expect("the hit stands in the text");
            let span = Span::new(start, start + hit.len());
            assert_eq!(is_taken_back(text, &negations(text), span), want, "{text}");
        };
        check("不至于去告你们", "告你们", true);
        check("没到起诉那一步", "起诉", true);
        check("不是我要报警哈", "报警", true);
        check("不退款就起诉", "起诉", false);
        check("不开票我去税务局举报", "税务局举报", false);
        check("再不处理,我要起诉", "起诉", false);
        check("我要起诉", "起诉", false);
    }

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
