//! Dates and times, as they are written but for width and script: 昨天下午3点, 2026-05-01, 三天前, 双十一.
//!
//! Knows no clock: what 昨天 means is for whoever has one. A number and 点, 号 or 周 is a time only where nothing else is
//! counted (便宜一点, 5号电池, 一周一次).

use std::sync::LazyLock;

use regex::Regex;

use super::scan::Found;
use crate::domain::Span;

static DATE_TIME: LazyLock<Regex> = LazyLock::new(|| {
    let period = "(?:凌晨|清晨|早晨|早上|上午|中午|午后|下午|傍晚|晚上|夜里|半夜|深夜)";
    let han_hour = "(?:二十[一二三四]?|十[一二三四五六七八九]?|[一二两三四五六七八九])";
    let hour = r"(?:2[0-4]|[01]?\d)";
    let part = r"(?:[0-5]?\d分?|半|一刻|三刻|钟|整)";
    let han_part = "(?:半|一刻|三刻|钟|整|[一二三四五]?十[一二三四五六七八九]?分?|零[一二三四五六七八九]分?)";
    let clock = format!(r"{hour}:[0-5]\d(?::[0-5]\d)?|{hour}点{part}?|{han_hour}点{han_part}");
    let after_period = format!("{clock}|{han_hour}点");
    let date = date();
    let dated = format!(r"(?:{date})(?:的?\s*{period})?(?:\s*(?:{after_period}))?");
    let timed = format!(r"{period}(?:\s*(?:{after_period}))?|{clock}");
    Regex::new(&format!("{dated}|{timed}")).expect("the pattern is constant and tested")
});

/// Returns the pattern of a date; of alternatives that begin alike the longer stands first.
fn date() -> String {
    let (year, month, day) = (r"(?:19|20)\d{2}", "(?:1[0-2]|0?[1-9])", r"(?:3[01]|[12]\d|0?[1-9])");
    let han_month = "(?:十[一二]?|[一二三四五六七八九])";
    let han_day = "(?:三十一?|二?十[一二三四五六七八九]?|[一二三四五六七八九])";
    let number = r"(?:\d+|[零一二两三四五六七八九十百几]+|半)";
    let span = format!(
        "{number}个?半?多?(?:工作日|天|日|周|星期|礼拜|月|年|小时|钟头|分钟)(?:以前|之前|前|以后|之后|后|以内|之内|内)"
    );
    let this = "(?:上上|下下|上|下|这|本|每)";
    [
        span,
        format!("{year}([-/.]){month}[-/.]{day}"),
        format!("(?:{year}年|去年|今年|明年|前年)?{month}月(?:{day}[日号]?|份|初|底|末|中旬)?"),
        format!("(?:{year}年|去年|今年|明年|前年)?{han_month}月(?:{han_day}[日号]|份|初|底|末|中旬)?"),
        format!("{year}年|去年|今年|明年|前年|年初|年底|月初|月底|本月|当月"),
        format!("{this}个?月(?:{day}[日号]|初|底|末)?"),
        format!("{this}?个?(?:周|星期|礼拜)[一二三四五六日天末]|{this}个?(?:周|星期|礼拜)"),
        "大前天|前天|昨天|昨日|昨晚|昨夜|前晚|今天|今日|今早|今晚|明天|明日|明早|明晚|大后天|后天|当天|当日|次日|隔天|隔日".to_owned(),
        format!("{day}[日号]|(?:三十一?|二十[一二三四五六七八九]?|十[一二三四五六七八九]?)[日号]"),
        "618|双(?:十一|十二|11|12)|黑五|春节|国庆节?|中秋节?|元旦|五一|端午节?|清明节?|除夕|圣诞节?|情人节|元宵节?|劳动节|母亲节|父亲节|女神节|年货节"
            .to_owned(),
    ]
    .join("|")
}

/// Numbers with 号 before these are of things.
const NUMBERED: &str = "电线楼店门机库柜床房桌色球字链客车院码桶口仓馆厅";

/// Numbers with 号 after these are of houses.
const PLACES: &str = "路街道巷弄栋幢区院村";

/// Finds dates and times.
pub(super) fn dates(text: &str) -> Vec<Found> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(hit) = DATE_TIME.find_at(text, at) {
        let span = Span::from(hit.range());
        if is_time(text, span) {
            found.push(Found { span, value: hit.as_str().to_owned() });
            at = span.end;
        } else {
            at = span.start + hit.as_str().chars().next().map_or(1, char::len_utf8);
        }
    }
    found
}

fn is_time(text: &str, span: Span) -> bool {
    let (before, hit, after) = (&text[..span.start], &text[span.range()], &text[span.end..]);
    let starts_with_digit = hit.starts_with(|c: char| c.is_ascii_digit());
    let is_part_of_number = starts_with_digit
        && before.ends_with(|c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '/' | ':' | '¥'))
        || hit.ends_with(|c: char| c.is_ascii_digit()) && goes_on(after);
    let is_part_of_words = hit.starts_with(is_counting) && before.ends_with(|c: char| is_counting(c) || c == '第')
        || starts_with_digit && before.ends_with('第')
        || hit.starts_with(['周', '星', '礼']) && before.ends_with(|c| is_counting(c) || "几半个两".contains(c));
    let is_in_address = hit.ends_with('号') && before.ends_with(|c| PLACES.contains(c));
    let is_number_of_thing = hit.ends_with('号') && after.starts_with(|c| NUMBERED.contains(c));
    let is_greeting = hit.ends_with(['上', '午', '晨']) && after.starts_with('好');
    let is_amount = hit == "618" && after.starts_with(['元', '块', '个', '件', '号', '%']);
    !(is_part_of_number || is_part_of_words || is_in_address || is_number_of_thing || is_greeting || is_amount)
}

fn goes_on(after: &str) -> bool {
    let mut chars = after.chars();
    match chars.next() {
        Some('.' | '-' | '/' | ':') => chars.next().is_some_and(|c| c.is_ascii_digit()),
        Some(c) => c.is_ascii_alphanumeric(),
        None => false,
    }
}

fn is_counting(c: char) -> bool {
    "零一二两三四五六七八九十百千万".contains(c)
}
