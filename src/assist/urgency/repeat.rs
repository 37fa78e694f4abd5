//! How often the customer has asked before, by the customer's own words.
//!
//! Counts contacts, not faults: 打了三次电话 counts, 修了三次 and 重启三次 do not. The third contact is urgent, the second
//! important. Calls that others make to the customer (催收, 推销) are none. To add a verb: to its list.

use super::{
    Bare, MAX_READ, clause_around,
    cues::{Cue, Found},
    moment::numeral,
};
use crate::{
    assist::message::Message,
    domain::{SignalKind, Span, Urgency},
    text::negated,
};

/// Verbs of contact, before the count: 打了三次, 反映过两次.
const BEFORE: &[&str] = &[
    "打",
    "联系",
    "反映",
    "反馈",
    "投诉",
    "催",
    "追",
    "问",
    "找",
    "报修",
    "报障",
    "报",
    "申诉",
    "留言",
    "来信",
    "去信",
    "写信",
    "来电",
    "致电",
    "电话",
    "沟通",
    "说",
    "讲",
    "跟你们说",
    "咨询",
    "上报",
    "举报",
    "写",
    "跑",
    "去",
    "来",
    "请求",
    "提醒",
    "信访",
    "通话",
];

/// Verbs that say for themselves that somebody was asked; the others need to say whom.
const CLEAR: &[&str] = &[
    "联系", "反映", "反馈", "投诉", "催", "报修", "报障", "申诉", "留言", "来信", "写信", "来电", "致电", "沟通",
    "上报", "举报", "问", "追", "信访", "通话", "咨询",
];

/// Whom: needed by verbs that mean other things too.
const WHOM: &[&str] = &[
    "电话",
    "你们",
    "客服",
    "热线",
    "人工",
    "店家",
    "商家",
    "快递",
    "站点",
    "骑手",
    "物业",
    "他们",
    "卖家",
    "网点",
    "平台",
    "12345",
    "12315",
    "派件",
    "售后",
    "营业厅",
    "柜台",
    "经理",
    "前台",
    "银行",
    "司机",
    "服务台",
    "中心",
    "信",
];

/// What comes of asking in vain; says as well that somebody was asked.
const UNANSWERED: &[&str] = &["不接", "没人接", "没接", "占线", "不通", "没人理", "没人管", "没人应"];

/// Verbs of contact behind the count: 第三次找你们, 三次电话.
const AFTER: &[&str] = &[
    "打电话",
    "电话",
    "打给",
    "打你们",
    "打过",
    "打客服",
    "打热线",
    "打了",
    "联系",
    "反映",
    "反馈",
    "投诉",
    "催",
    "问",
    "找你",
    "找客服",
    "找他",
    "找人工",
    "找了",
    "找",
    "报修",
    "报障",
    "申诉",
    "留言",
    "来信",
    "写信",
    "来电",
    "致电",
    "沟通",
    "说了",
    "跟你",
    "跟你们",
    "来问",
    "来找",
    "上门找",
    "咨询",
    "上报",
    "举报",
    "报案",
    "了再问",
];

/// Coming again for the same, behind the count.
const VISITS: &[&str] = &["来要", "来问", "来找", "来催", "来办", "来退", "来报", "来取", "来拿"];

/// Words that make the calls those of others.
const OTHERS: &[&str] = &[
    "催收",
    "骚扰",
    "推销",
    "给我打",
    "打给我",
    "机器人问",
    "问了我",
    "问路",
    "打我",
    "广告",
    "诈骗电话",
    "他打",
    "一天打",
    "催我",
    "催缴",
    "催债",
    "催钱",
    "问我",
    "找我",
    "联系我",
    "短信",
];

/// Praise and promises hold counts too.
const KIND: &[&str] = &["没嫌", "不嫌", "耐心", "谢谢", "感谢", "点赞", "表扬", "好几回,每次接线"];

/// What may stand between verb and count, in characters.
const MAX_GAP: usize = 9;

/// Finds the count of contacts that weighs most.
pub(super) fn contact(message: &Message, found: &Found) -> Option<Bare> {
    if !found.has(Cue::Count) {
        return None;
    }
    let text = message.text();
    if KIND.iter().any(|word| text.contains(word)) && !text.contains("没人") && !text.contains('还') {
        return None;
    }
    let counts = found.of(Cue::Count).filter_map(|unit| counted(text, unit)).take(MAX_READ);
    // 不下三次 is three times and more.
    let is_denied = |span: Span| {
        let at_least = ["不下", "不少于", "不低于"].iter().any(|word| text[..span.start].ends_with(word));
        !at_least && negated(&message.negations, span)
    };
    let contacts = counts.filter(|count| !is_denied(count.span)).filter_map(|count| {
        let level = match count.times {
            3.. => Urgency::Urgent,
            2 => Urgency::Important,
            _ => return None,
        };
        let span = verb(text, &count)?;
        Some(Bare::new(SignalKind::RepeatContact, span, level))
    });
    contacts.max_by_key(|bare| bare.level)
}

/// A count of times.
struct Count {
    /// From the first digit, or 第, to the unit.
    span: Span,
    times: u16,
    is_ordinal: bool,
}

/// Counts without a number, of three and more.
const MANY: &[&str] = &["好几", "无数", "几十", "多", "十几", "n", "七八", "三四", "五六", "若干", "数"];

/// Reads the number before a unit: 三次, 第三回, 好几遍, 无数次, n次.
fn counted(text: &str, unit: Span) -> Option<Count> {
    let before = &text[..unit.start];
    if let Some(word) = MANY.iter().find(|word| before.ends_with(**word)) {
        let start = unit.start - word.len();
        // 许多次 is no count of contacts, and the n of a name none at all.
        let is_of_word = *word == "多" && text[..start].ends_with(['许', '不', '差'])
            || *word == "n" && text[..start].ends_with(|c: char| c.is_ascii_alphanumeric());
        return (!is_of_word).then(|| Count { span: Span::new(start, unit.end), times: 3, is_ordinal: false });
    }
    let number = before.trim_end_matches(|c: char| c.is_ascii_digit() || "一二两三四五六七八九十百".contains(c));
    let digits = &before[number.len()..];
    if digits.is_empty() {
        return None;
    }
    let times = if digits.contains('百') { 100 } else { numeral(digits)? };
    let is_ordinal = number.ends_with('第');
    let start = if is_ordinal { number.len() - '第'.len_utf8() } else { number.len() };
    Some(Count { span: Span::new(start, unit.end), times, is_ordinal })
}

/// Finds the verb of contact the count belongs to; returns the span of both.
fn verb(text: &str, count: &Count) -> Option<Span> {
    let clause = clause_around(text, count.span);
    let words = &text[clause.range()];
    if OTHERS.iter().any(|word| words.contains(word)) || is_asked(words) {
        return None;
    }
    let behind = &text[count.span.end..clause.end];
    // 第四通电话, 第三次来要.
    let is_call = count.is_ordinal && text[count.span.range()].ends_with("电话");
    if is_call || VISITS.iter().any(|visit| behind.starts_with(visit)) {
        return Some(count.span);
    }
    let after = behind.trim_start_matches(['了', '地', '在', '来', '给', '又', '再', '往']);
    let start = clause.end - after.len();
    if let Some(verb) = AFTER.iter().find(|verb| after.starts_with(**verb)) {
        let is_visit = *verb == "找" && !WHOM.iter().any(|whom| after.contains(whom));
        return (!is_visit).then(|| Span::new(count.span.start, start + verb.len()));
    }
    if count.is_ordinal {
        return None;
    }
    let before = &text[clause.start..count.span.start];
    let near = |verb: &'static str| {
        let at = before.rfind(verb)?;
        let gap = &before[at + verb.len()..];
        (gap.chars().count() <= MAX_GAP && is_filler(gap)).then_some((at, verb))
    };
    let (at, verb) = BEFORE.iter().filter_map(|verb| near(verb)).max_by_key(|found| (found.0, found.1.len()))?;
    let says_whom = |words: &str| WHOM.iter().any(|whom| words.contains(whom));
    // 说三次 is of anybody, 跟你们说三次 of the customer.
    if matches!(verb, "说" | "讲") && !before[..at].contains(['跟', '和', '对', '向', '同']) {
        return None;
    }
    let is_call = text[count.span.range()].ends_with("电话") && verb == "打";
    if is_call && after.starts_with("我") {
        return None;
    }
    let is_contact = is_call
        || UNANSWERED.iter().any(|word| after.contains(word))
        || CLEAR.contains(&verb)
        || verb == "电话"
        || says_whom(&before[at..])
        || says_whom(&before[..at]) && verb != "去";
    is_contact.then(|| Span::new(clause.start + at, count.span.end))
}

/// Tells whether nothing between verb and count turns to another matter: 打了你们客服电话三次, not 打开坏了三次.
fn is_filler(gap: &str) -> bool {
    const OTHER_MATTER: &[&str] = &[
        "坏", "修", "付", "扣", "换", "退", "改", "开", "断", "错", "闪", "卡", "试", "输", "刷", "看", "洗", "按",
        "都", "就", "要", "能",
    ];
    !OTHER_MATTER.iter().any(|word| gap.contains(word))
}

/// Tells whether the clause asks how often, tells of a rule or of a condition, or of the time before the matter.
fn is_asked(clause: &str) -> bool {
    const ASKING: &[&str] = &[
        "要打几",
        "几次才",
        "几次能",
        "会怎",
        "如果",
        "要是",
        "可以",
        "能不能",
        "最多",
        "最少",
        "每天",
        "每月",
        "一个月",
        "限",
        "发货前",
        "下单前",
        "买之前",
        "当时",
    ];
    ASKING.iter().any(|word| clause.contains(word))
}
