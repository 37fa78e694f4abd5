//! Products by the form of their model, without a list: iPhone 15 Pro Max, Mate60, 小米14, RTX4070, KFR-35GW.
//!
//! A code alone is a model only where it has the form of one and no word before says otherwise (错误码E101, 优惠码AB-100).

use std::sync::LazyLock;

use regex::Regex;

use super::{
    context,
    numbers::collect,
    scan::{Found, pattern},
};
use crate::domain::Span;

static LINE: LazyLock<Regex> = LazyLock::new(|| {
    let suffix = r"(?:\s?(?:pro|max|plus|ultra|mini|air|lite|se|fe|rs|gt|neo|turbo|ti|super|xl|\+))*";
    let named = format!("(?:{})", NAMES.replace(' ', "|"));
    let number = r"\s?-?\s?(?:[a-z]{0,3}\d{1,4}[a-z]{0,2}|x|xr|xs|se|air|pro)";
    let latin = format!(r"(?-u:\b)(?:iphone\s?(?:\d{{1,2}}|x|xr|xs|se)|{named}{number}){suffix}");
    let han = format!(
        "(?:小米|红米|华为|荣耀|苹果|三星|魅族|一加|真我|联想|努比亚)(?:手机|平板)?\\s?(?:{named}\\s?)?[a-z]{{0,2}}\\d{{1,4}}[a-z]{{0,2}}(?-u:\\b){suffix}"
    );
    Regex::new(&format!("(?i){han}|{latin}(?-u:\\b|$)?")).expect("the pattern is constant and tested")
});
pattern!(CODE, r"(?-u:\b)[A-Z]{2,6}-\d{2,5}[A-Z0-9]*(?:[-/][A-Z0-9]+)*(?-u:\b)");
pattern!(CODE_NAMED, r"型号\s*(?:是|为|:)?\s*(?P<code>[A-Za-z]{1,6}-?\d{1,5}[A-Za-z0-9-]*)");

/// Lines of products whose models are a number behind the name.
const NAMES: &str = "ipad macbook airpods galaxy redmi mate nova pura honor vivo oppo reno find realme oneplus pixel thinkpad switch ps rtx gtx rx iqoo poco magic watch surface kindle xiaomi";

/// Words before a code that say what it is of.
const OTHERS: &[&str] = &[
    "错误", "报错", "代码", "故障", "码", "券", "单号", "编号", "批次", "航班", "车次", "工号", "订单", "运单", "快递",
    "口令", "密码", "版本", "合同", "号", "单", "no", "NO",
];

/// Finds models of products.
pub(super) fn models(text: &str) -> Vec<Found> {
    let mut found = Vec::new();
    if !text.bytes().any(|byte| byte.is_ascii_digit()) {
        return found;
    }
    let named = |span: Span| Found { span, value: text[span.range()].trim().to_owned() };
    found.extend(collect(&LINE, text, |_, span| {
        let own = text[span.range()].trim_end();
        let span = Span::new(span.start, span.start + own.len());
        (own.bytes().any(|byte| byte.is_ascii_digit()) && !cuts_word(text, span) && !counts(text, span))
            .then(|| named(span))
    }));
    if text.contains('-') || text.contains("型号") {
        found.extend(collect(&CODE_NAMED, text, |captures, _| {
            captures.name("code").map(|code| named(code.range().into()))
        }));
        found.extend(collect(&CODE, text, |_, span| {
            let before = context::reach(text, span).trim_end_matches([' ', ':', '是', '为', '#', '\u{1}']);
            (!OTHERS.iter().any(|other| before.ends_with(other)) && !cuts_word(text, span)).then(|| named(span))
        }));
    }
    found
}

/// Tells whether letters or digits go on beyond the span.
fn cuts_word(text: &str, span: Span) -> bool {
    crate::text::chars::cuts_ascii_word(text, span.start, span.end)
        || text[span.end..].starts_with(['.', '%']) && text[span.end + 1..].starts_with(|c: char| c.is_ascii_digit())
}

/// Tells whether the number counts something: 小米3台, 苹果5斤.
fn counts(text: &str, span: Span) -> bool {
    text[span.end..]
        .starts_with(['斤', '个', '台', '部', '元', '块', '件', '箱', '天', '年', '月', '号', '万', '点', '次', '折'])
}
