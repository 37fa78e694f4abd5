//! Accounts of messengers, passwords and one-time codes: nothing in them tells what they are but the word before.

use super::{
    numbers::collect,
    scan::{Found, cuts_number, pattern},
};
use crate::{domain::Span, text::chars::is_han};

pattern!(
    MESSENGER,
    r"(?P<what>微信|薇信|威信|绿泡泡|(?i:wechat|weixin|vx|wx|v信)|企鹅|[扣抠]扣|[扣qQ]号|(?i:qq)|加(?:我)?[vVqQ]|(?:抖音|快手|小红书|旺旺|钉钉|陌陌|支付宝)(?:账|帐)?[号户]|(?i:line|telegram|whatsapp))(?P<link>(?:号码|账号|帐号|号|\s?(?i:id))?\s*(?:现在|已经)?(?:就是|改成了?|换成了?|是|为|:|加我?|搜我?|叫)?:?\s*)(?P<account>[A-Za-z][A-Za-z0-9_-]{3,19}(?:\.[A-Za-z0-9_]{1,12})?|[1-9]\d{4,10}[a-z]{0,4})"
);
pattern!(
    SECRET,
    r"(?P<what>验证码|校验码|动态码|安全码|确认码|密码|口令|(?i:cvv2?|cvn2?|(?-u:\b)(?:p(?:in|uk)(?:码|\scode)?|pwd|passwd|password|passcode|otp)))(?:号)?(?:\s*|[^\P{Han}码]{0,8}?|[^\P{Han}码]{0,8}[,，][^\P{Han}码]{0,4}?)(?P<link>是的?|为|:|=|[填输写设改换试][的了](?:[一二两三四五\d]次)?|[填输写设改换]|[改设换变][成为到](?:了|的)?|就是|叫|[我他她就]{0,2}(?:说|报|告诉|发|念|给|[输填设](?:的|了))(?:给|了|给了)?[他她对方骗子客服你们吧]{0,5})?:?\s*(?P<secret>\d{3} \d{3}|[!-+\--:<-~]{3,32}|[零一二三四五六七八九幺]{4,8})"
);
// 836205是我的验证码
pattern!(
    SECRET_BEFORE,
    r"(?P<secret>\d{4,8})\s*[,)\]】]?\s*(?:是|为|\()(?:我的?|您的?|你的?|你们的?|这次的?|本次)?[^\P{Han}码不]{0,6}?(?:验证码|校验码|动态码|密码)"
);

// 我收到的码是4917
pattern!(SECRET_CODE, r"(?:收到|短信|发来|发的|给我|弹出|显示)[^\P{Han}]{0,4}码(?:是|为|:)\s*(?P<secret>\d{4,8})");

// What WeChat itself makes of an account without a name.
pattern!(MESSENGER_FORM, r"(?-u:\b)wx(?:id)?_[a-z0-9_]{5,19}(?-u:\b)");

/// Words that stand after 微信 and are no account.
const PRODUCTS: &[&str] =
    &["iphone", "ipad", "android", "windows", "harmony", "macos", "version", "ios", "wechat", "app"];

/// Finds accounts of WeChat and QQ.
pub(super) fn messengers(text: &str) -> Vec<Found> {
    let mut found =
        collect(&MESSENGER_FORM, text, |_, span| Some(Found { span, value: text[span.range()].to_owned() }));
    found.extend(collect(&MESSENGER, text, |captures, whole| {
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
            && !captures["what"].to_ascii_lowercase().contains('q');
        let is_one = !is_word && !is_code && !is_product && (has_mark || is_named) && !cuts_number(text, span);
        is_one.then(|| Found { span, value: value.to_owned() })
    }));
    found
}

/// Finds passwords and one-time codes.
pub(super) fn secrets(text: &str) -> Vec<Found> {
    let mut found = collect(&SECRET, text, |captures, whole| {
        let secret = captures.name("secret")?;
        let what = &captures["what"];
        // What stands between, 密码输错 before 3次, calls for a word that links.
        let is_near = text[whole.start + what.len()..secret.start()].chars().all(|c| c.is_whitespace() || c == '号');
        let link = captures.name("link").map_or("", |link| link.as_str());
        let kept = secret.as_str().trim_end_matches(['.', '?', ')', ']', '"', '\'']);
        let span = Span::new(secret.start(), secret.start() + kept.len());
        let is_one = (is_near || !link.is_empty()) && is_secret(text, span, what, link);
        is_one.then(|| Found { span, value: kept.to_owned() })
    });
    for pattern in [&*SECRET_BEFORE, &*SECRET_CODE] {
        found.extend(collect(pattern, text, |captures, _| {
            let span: Span = captures.name("secret")?.range().into();
            (!cuts_number(text, span)).then(|| Found { span, value: text[span.range()].to_owned() })
        }));
    }
    found
}

/// Tells whether what stands behind the word for it may be one.
fn is_secret(text: &str, span: Span, what: &str, link: &str) -> bool {
    let kept = &text[span.range()];
    let is_password = !what.ends_with("证码") && !what.ends_with("验码") && !what.eq_ignore_ascii_case("otp");
    let is_code = kept.chars().all(|c| c.is_ascii_alphanumeric()) && kept.len() <= 8;
    let rest = text[span.end..].trim_start();
    // 初始密码是123456还是别的?
    let is_asked = rest.starts_with("还是") || rest.starts_with("或");
    // 密码错误3次, 验证码10分钟有效 count; 验证码106开头 is a sender.
    let counts = rest.starts_with(['位', '次', '分', '秒', '天', '个', '小', '元', '条', '开', '月', '年', '点']);
    // Letters alone, or numerals, are a word but where the words before say otherwise.
    let has_digit = kept.bytes().any(|byte| byte.is_ascii_digit());
    let is_spelled =
        !link.is_empty() && (!kept.is_ascii() || is_password && kept.len() >= 6 && !rest.starts_with(is_han));
    // What a mask left is no secret.
    let is_masked = kept.contains('*') || text[..span.start].ends_with('*');
    !counts
        && !is_asked
        && !is_masked
        && (is_password || is_code || !kept.is_ascii())
        && (has_digit || is_spelled)
        && kept.len() >= 3
}
