//! Amounts of money, in figures (¥299.5, 1.5万) and in words (三百块, 两块五).
//!
//! The value is a decimal in yuan; other currencies keep their figure. 块 is money only where nothing is counted in
//! pieces (三块电池, 一块买).

use std::sync::LazyLock;

use regex::{Captures, Regex};

use super::scan::Found;

static MONEY: LazyLock<Regex> = LazyLock::new(|| {
    let figures = r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?";
    let words = "[零〇一二两三四五六七八九十百千万亿]+";
    let after_sign = format!(r"(?:¥|\$|(?i:rmb)|人民币)\s*(?P<a>{figures})\s*(?P<au>[万千百亿wWkK])?(?:元|块钱|块)?");
    let before_unit = format!(
        r"(?P<b>{figures}|{words})(?P<bu>[万千百亿wWkK])?多?\s*(?P<unit>元|块|圆|人民币|(?i:rmb)|美元|港币|美金)(?:(?P<coins>[一二三四五六七八九]|\d)(?P<after>\d|[毛角])?|钱|整)?"
    );
    let large = r"(?P<c>\d+(?:\.\d+)?)(?P<cu>万)多?";
    let dimes = r"(?P<d>\d|[一二两三四五六七八九])毛(?:钱|\b)";
    Regex::new(&format!("{after_sign}|{before_unit}|{large}|{dimes}")).expect("the pattern is constant and tested")
});

/// Amounts are counted in ten-thousandths, so that no digit is lost to binary fractions.
const SCALE: u64 = 10_000;

/// What is counted in pieces, by its first character.
const PIECES: &str = "屏电表布板糖肥石玻手硬蛋巧肉豆香地显主内拼积面瓷木海区儿毛皮砖";

/// What may follow a figure that is of no coins.
const COUNTERS: &str = "天个件年月次斤分张条台小";

/// What is counted in ten thousands and is no money.
const COUNTED: &str = "人件个次粉台毫公步张户名字条米里积瓦像份箱套辆家转赫";

/// Finds amounts of money.
pub(super) fn amounts(text: &str) -> Vec<Found> {
    let mut found = Vec::new();
    if !text.contains(['元', '块', '圆', '万', '毛', '¥', '$', '币', '金', 'b', 'B']) {
        return found;
    }
    let mut at = 0;
    while let Some(captures) = MONEY.captures_at(text, at) {
        let Some(whole) = captures.get(0) else { break };
        match amount(text, &captures) {
            Some(hit) => {
                at = hit.span.end;
                found.push(hit);
            }
            None => at = whole.end(),
        }
    }
    found
}

fn amount(text: &str, captures: &Captures<'_>) -> Option<Found> {
    let whole = captures.get(0)?;
    let (before, mut after) = (&text[..whole.start()], &text[whole.end()..]);
    let group = |name: &str| captures.name(name).map(|group| group.as_str());
    if starts_inside(before, whole.as_str()) {
        return None;
    }
    if let Some(dimes) = group("d") {
        return Some(Found { span: whole.range().into(), value: decimal(coins(dimes)?) });
    }
    let number = group("a").or(group("b")).or(group("c"))?;
    let unit = group("au").or(group("bu")).or(group("cu"));
    let mut total = parse(number)?.checked_mul(unit.map_or(1, multiplier))?;
    let mut end = whole.end();
    if let Some(figure) = captures.name("coins") {
        // A figure after 块 is of coins (三块五), unless more digits follow (3块15) or it counts (十块三天).
        let is_coins = group("unit") == Some("块")
            && matches!(group("after"), None | Some("毛" | "角"))
            && !after.starts_with(|c| COUNTERS.contains(c));
        if is_coins {
            total += coins(figure.as_str())?;
        } else {
            end = figure.start();
            after = &text[end..];
        }
    }
    let is_bare_unit = group("unit").is_some_and(|unit| text[..end].ends_with(unit));
    let is_refused = match group("unit") {
        Some("块") if is_bare_unit => number == "一" || after.starts_with(|c| PIECES.contains(c)),
        Some("元") if is_bare_unit => after.starts_with(['旦', '素', '气', '宵', '宇', '老']),
        _ => group("c").is_some() && after.starts_with(|c| COUNTED.contains(c)),
    };
    (!is_refused).then(|| Found { span: (whole.start()..end).into(), value: decimal(total) })
}

/// Tells whether the number goes on to the left, or counts places: 第三块.
fn starts_inside(before: &str, amount: &str) -> bool {
    let is_figure = amount.starts_with(|c: char| c.is_ascii_digit());
    is_figure && before.ends_with(|c: char| c.is_ascii_alphanumeric() || c == '.')
        || before.ends_with(['第', '这', '那', '哪'])
}

fn multiplier(unit: &str) -> u64 {
    match unit {
        "百" => 100,
        "千" | "k" | "K" => 1_000,
        "万" | "w" | "W" => 10_000,
        "亿" => 100_000_000,
        _ => 1,
    }
}

fn coins(figure: &str) -> Option<u64> {
    Some(parse(figure)? / 10)
}

/// Returns the number in ten-thousandths; none where it is too large or no number.
fn parse(number: &str) -> Option<u64> {
    if !number.starts_with(|c: char| c.is_ascii_digit()) {
        return han_number(number)?.checked_mul(SCALE);
    }
    let plain = number.replace(',', "");
    let (whole, fraction) = plain.split_once('.').unwrap_or((&plain, ""));
    let fraction = format!("{fraction:0<4}");
    whole.parse::<u64>().ok()?.checked_mul(SCALE)?.checked_add(fraction.get(..4)?.parse().ok()?)
}

/// Returns the value of a number in Chinese words, also without its last unit (一百五 is 150) or by places (二五零).
fn han_number(words: &str) -> Option<u64> {
    let digit_of = |c: char| "零一二三四五六七八九".chars().position(|known| known == c).map(|digit| digit as u64);
    let (mut total, mut section, mut digit) = (0_u64, 0_u64, None::<u64>);
    let mut last_unit = 1;
    for c in words.chars() {
        let unit = match c {
            '十' => 10,
            '百' => 100,
            '千' => 1_000,
            '万' => 10_000,
            '亿' => 100_000_000,
            _ => {
                let next = digit_of(match c {
                    '两' => '二',
                    '〇' => '零',
                    _ => c,
                })?;
                // Places only before the first unit; 零 after a unit says that the next digit is of ones.
                digit =
                    Some(if last_unit == 1 { digit.unwrap_or(0).checked_mul(10)?.checked_add(next)? } else { next });
                if next == 0 {
                    last_unit = 1;
                }
                continue;
            }
        };
        if unit >= 10_000 {
            section = section.checked_add(digit.unwrap_or(0))?;
            // 亿 multiplies all before it, 万 only what stands since.
            total = if unit == 10_000 {
                total.checked_add(section.checked_mul(unit)?)?
            } else {
                total.checked_add(section)?.checked_mul(unit)?
            };
            section = 0;
        } else {
            section = digit.unwrap_or(1).checked_mul(unit)?.checked_add(section)?;
        }
        (digit, last_unit) = (None, unit);
    }
    let rest = digit.unwrap_or(0) * if last_unit > 10 { last_unit / 10 } else { 1 };
    total.checked_add(section)?.checked_add(rest)
}

/// Writes ten-thousandths as a decimal without needless zeros.
fn decimal(amount: u64) -> String {
    let text = format!("{}.{:04}", amount / SCALE, amount % SCALE);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_numbers() {
        for (words, number) in [
            ("三百", 300),
            ("一百五", 150),
            ("三百零五", 305),
            ("两千三", 2_300),
            ("一万二", 12_000),
            ("十五", 15),
            ("二五零", 250),
            ("三百五十六", 356),
            ("一万零五百", 10_500),
            ("两亿三千万", 230_000_000),
        ] {
            assert_eq!(han_number(words), Some(number), "{words}");
        }
    }
}
