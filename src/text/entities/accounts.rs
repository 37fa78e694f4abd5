//! Accounts of messengers, passwords and one-time codes: nothing in them tells what they are but the word before.

use super::{
    numbers::{collect, group},
    scan::{Found, cuts_number, pattern},
};

pattern!(
    MESSENGER,
    r"(?P<what>微信|薇信|威信|(?i:weixin|vx|wx|v信)|企鹅|(?i:qq)|加(?:我)?[vV])(?P<link>(?:号码|账号|号)?\s*(?:是|为|:|加)?\s*)(?P<account>[A-Za-z][A-Za-z0-9_-]{5,19}|[1-9]\d{4,10})"
);
pattern!(
    SECRET,
    r"(?P<what>验证码|校验码|动态码|安全码|密码|口令|(?i:cvv2?|cvn2?|pin码?))(?:号)?\s*(?:是|为|:|填的?|输的?|写的?|设的?|改成|改为|设成|设为|就是)?:?\s*(?P<secret>[!-~]*\d[!-~]*)"
);

/// Words that stand after 微信 and are no account.
const PRODUCTS: &[&str] =
    &["iphone", "ipad", "android", "windows", "harmony", "macos", "version", "ios", "wechat", "app"];

/// Finds accounts of WeChat and QQ.
pub(super) fn messengers(text: &str) -> Vec<Found> {
    collect(&MESSENGER, text, |captures, whole| {
        let account = captures.name("account")?;
        let (value, link) = (account.as_str(), captures.name("link").map_or("", |link| link.as_str()));
        let span = account.range().into();
        let is_asked_to_add = text[..whole.start].ends_with(['加', '我', '的']) || captures["what"].starts_with('加');
        let has_mark = value.contains(|c: char| c.is_ascii_digit() || matches!(c, '_' | '-'));
        let lower = value.to_ascii_lowercase();
        let is_product = PRODUCTS.iter().any(|product| lower.starts_with(product));
        let is_latin = captures["what"].is_ascii();
        let is_word = is_latin && text[..whole.start].ends_with(|c: char| c.is_ascii_alphanumeric());
        let is_named = !link.trim().is_empty() || is_asked_to_add;
        // WX2604118 is a number of an order.
        let is_code = is_latin
            && link.is_empty()
            && value.bytes().all(|byte| byte.is_ascii_digit())
            && !captures["what"].eq_ignore_ascii_case("qq");
        let is_one = !is_word && !is_code && !is_product && (has_mark || is_named) && !cuts_number(text, span);
        is_one.then(|| Found { span, value: value.to_owned() })
    })
}

/// Finds passwords and one-time codes.
pub(super) fn secrets(text: &str) -> Vec<Found> {
    collect(&SECRET, text, |captures, _| {
        let mut span = group(captures, captures.iter().position(|one| one == captures.name("secret"))?)?;
        let kept = text[span.range()].trim_end_matches([',', '.', ';', '?', ')', '"', '\'']);
        span.end = span.start + kept.len();
        let is_password = !captures["what"].ends_with("证码") && !captures["what"].ends_with("验码");
        let is_code = kept.chars().all(|c| c.is_ascii_alphanumeric());
        // 密码错误3次, 验证码10分钟有效 count; 验证码106开头 is a sender.
        let counts = text[span.end..]
            .trim_start()
            .starts_with(['位', '次', '分', '秒', '天', '个', '小', '元', '条', '开', '月', '年']);
        // What a mask left is no secret.
        let is_one = !counts
            && !kept.contains('*')
            && (3..=32).contains(&kept.len())
            && (is_password || is_code && kept.len() <= 8);
        is_one.then(|| Found { span, value: kept.to_owned() })
    })
}
