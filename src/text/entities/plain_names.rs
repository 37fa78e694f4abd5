//! Names in running text that nothing introduces: 昨天给我打电话的是你们的孟祥瑞.
//!
//! Three characters made as a name, whose borders are borders of words, and that customers seldom write as words of their
//! own. Two are too few to tell by themselves: they count after words that lead to a name only. Knows characters and the
//! dictionary; must not know cues or the other finds.

use std::{
    collections::{HashMap, HashSet},
    sync::LazyLock,
};

use super::surnames::{Trust, is_dot, is_made_as_given, is_stop, is_transcribing, surname_len, transcribed_len};
use crate::domain::Span;
use crate::text::{chars::is_han, segment::Segmenter};

/// How much each character speaks against a name: about the logarithm of how often it stands alone in messages.
static COSTS: LazyLock<HashMap<char, u32>> = LazyLock::new(|| {
    let lines = include_str!("../../../data/text/lone_characters.txt").lines();
    let lines = lines.filter_map(|line| line.split_once(' ')).filter(|(count, _)| *count != "#");
    let cost = |count: &str| match count {
        "300" => 7,
        "100" => 5,
        "30" => 4,
        _ => 3,
    };
    lines.flat_map(|(count, chars)| chars.chars().map(move |c| (c, cost(count)))).collect()
});
/// Given names that very many bear.
static GIVEN_NAMES: LazyLock<HashSet<&str>> = LazyLock::new(|| {
    let lines = include_str!("../../../data/text/given_names.txt").lines().filter(|line| !line.starts_with('#'));
    lines.flat_map(str::split_whitespace).collect()
});
/// Of a character that seldom stands alone.
const SELDOM: u32 = 1;
/// The most that three characters may cost; fewer where the given name is a word too (祥瑞).
const MAX_COST: u32 = 9;
const MAX_WORD_COST: u32 = 6;
/// The same after words that lead to a name, where two characters are enough.
const MAX_LED_COST: u32 = 10;
const MAX_SHORT_COST: u32 = 5;

/// What follows names of places and things, and no person's.
const PLACES: &[&str] = &[
    "路", "街", "巷", "乡", "镇", "村", "县", "市", "区", "省", "州", "湾", "坡", "站", "景", "小学", "中学", "大学",
    "学校", "医院", "公墓", "家园", "花园", "府", "苑", "园", "城", "塔", "寺", "湖", "江", "河", "山", "岛", "水库",
    "大桥", "大道", "广场", "酒店", "饭店", "公司", "集团", "大厦", "社区", "公寓", "牌", "奖", "杯", "峰", "屯", "庄",
    "寨", "坪", "沟", "岭", "口", "埠", "桥", "林", "皮肤", "挂帅", "旗舰", "专卖", "门店", "店",
];
/// What ends names of places and kin, not given names, though made of their characters.
const LAST: &str = "镇村乡城府园庄湖江河山海州县区店家儿娘婶树木顶成观少";

/// Surnames that lead to words: 于承诺, 祝安康.
const LEADS: &[char] = &['于', '向', '从', '时', '应', '单', '祝', '谢', '高', '安'];

/// Returns the names in a text.
pub(super) fn names(text: &str) -> Vec<Span> {
    let mut borders: Option<Vec<usize>> = None;
    let dots = text.char_indices().filter(|(_, c)| is_dot(*c));
    let mut spans: Vec<Span> = dots.filter_map(|(at, dot)| dotted(text, at, dot)).collect();
    // 余洋你好: who is greeted.
    let greeted = led_len(text, 0).filter(|len| GREETINGS.iter().any(|greeting| text[*len..].starts_with(greeting)));
    spans.extend(greeted.map(|len| Span::new(0, len)));
    for (at, _) in text.char_indices().filter(|(_, c)| is_han(*c)) {
        if spans.iter().any(|span| span.range().contains(&at)) {
            continue;
        }
        let Some(len) = made_len(&text[at..], false).filter(|len| !is_joined(text, Span::new(at, at + len))) else {
            continue;
        };
        let borders = borders.get_or_insert_with(|| borders_of(text));
        if borders.binary_search(&at).is_ok() && borders.binary_search(&(at + len)).is_ok() {
            spans.push(Span::new(at, at + len));
        }
    }
    spans
}

/// The name of another people around a dot: 阿依古丽·买买提.
fn dotted(text: &str, at: usize, dot: char) -> Option<Span> {
    let of_name = |c: &char| is_transcribing(*c);
    let before: usize = text[..at].chars().rev().take_while(of_name).map(char::len_utf8).sum();
    let rest = &text[at + dot.len_utf8()..];
    let after: usize = rest.chars().take_while(of_name).map(char::len_utf8).sum();
    // Beside what a mask left nothing more is found, or a text would not stay as it was masked.
    let is_masked = text[..at - before].ends_with('*') || rest[after..].starts_with('*');
    let is_one = before.min(after) >= 2 * "买".len() && !rest[after..].starts_with(is_dot) && !is_masked;
    is_one.then(|| Span::new(at - before, at + dot.len_utf8() + after))
}

/// Returns how many bytes at a place of the text are a name, be it a short one, where words lead to one.
pub(super) fn led_len(text: &str, at: usize) -> Option<usize> {
    let len = made_len(&text[at..], true)?;
    let borders = borders_of(&text[at..]);
    // What the words before end with is of them.
    let is_masked = text[at + len..].starts_with('*');
    let fits = !is_masked && !joins_next(text, at + len) && borders.binary_search(&len).is_ok();
    fits.then_some(len)
}

const GREETINGS: [&str; 2] = ["你好", "您好"];
/// In characters.
const MIN_CHARS: usize = 3;
const MAX_CHARS: usize = 3;

fn may_open(c: char) -> bool {
    COSTS.get(&c).is_none_or(|cost| *cost <= MAX_WORD_COST)
}

fn cost(chars: &[char]) -> u32 {
    chars.iter().map(|c| COSTS.get(c).copied().unwrap_or(SELDOM)).sum()
}

/// Returns how many bytes at the start are made as a name.
fn made_len(text: &str, is_led: bool) -> Option<usize> {
    let (least, most) = if is_led { (2, MAX_LED_COST) } else { (MIN_CHARS, MAX_COST) };
    if let Some(len) = transcribed_len(text, Trust::Hinted).filter(|len| *len > MAX_CHARS * "买".len()) {
        return Some(len);
    }
    let surname = surname_len(text)?;
    let han: Vec<char> = text.chars().take(surname + 2).take_while(|c| is_han(*c)).collect();
    [2, 1].into_iter().find_map(|given| {
        let num_chars = surname + given;
        if han.len() < num_chars || num_chars < least {
            return None;
        }
        let (chars, given) = (&han[..num_chars], &han[surname..num_chars]);
        let len: usize = chars.iter().map(|c| c.len_utf8()).sum();
        // A surname of two characters is sure by itself.
        let cost = if surname == 2 { cost(given) } else { cost(chars) };
        let is_frequent = surname == 1 && is_frequent(&text[..len]);
        if is_frequent && !is_place(&text[len..]) {
            return Some(len);
        }
        let most = if num_chars == 2 { MAX_SHORT_COST } else { most };
        let is_one = text.starts_with(may_open)
            && cost <= most
            && is_made_as_given(given)
            && !LAST.contains(given[given.len() - 1]);
        (is_one && !is_worded(&text[..len], surname, is_led, cost) && !is_place(&text[len..])).then_some(len)
    })
}

/// Tells whether a surname of one character stands before a given name that very many bear.
fn is_frequent(name: &str) -> bool {
    let given = &name[name.chars().next().map_or(0, char::len_utf8)..];
    GIVEN_NAMES.contains(given)
        && !name.starts_with(LEADS)
        && !is_stop(name)
        && !Segmenter::shared().is_common_word(name)
}

/// Tells whether the dictionary reads something else in it.
fn is_worded(name: &str, surname: usize, is_led: bool, cost: u32) -> bool {
    let segmenter = Segmenter::shared();
    let ends: Vec<usize> = name.char_indices().map(|(at, c)| at + c.len_utf8()).collect();
    let opens_word = surname == 1 && ends.len() > 2 && segmenter.has_word(&name[..ends[1]]);
    let given = &name[ends[surname - 1]..];
    // Persons of the dictionary are known to all, but where words lead to a name.
    let is_word = if is_led { segmenter.is_common_word(name) } else { segmenter.has_word(name) };
    let is_dear = cost > if is_led { MAX_COST } else { MAX_WORD_COST } || name.starts_with(LEADS);
    is_word
        || [name, &name[..ends[1]], given].into_iter().any(is_stop)
        || opens_word
        || is_dear && segmenter.is_common_word(given)
}

fn is_place(rest: &str) -> bool {
    PLACES.iter().any(|place| rest.starts_with(place))
}

/// Tells whether a character at a border makes a word with its neighbor outside.
fn is_joined(text: &str, name: Span) -> bool {
    let before = text[..name.start].char_indices().next_back().filter(|(_, c)| is_han(*c));
    let first_end = name.start + text[name.start..].chars().next().map_or(0, char::len_utf8);
    let joins_before = before.is_some_and(|(at, _)| Segmenter::shared().is_common_word(&text[at..first_end]));
    joins_before || joins_next(text, name.end)
}

fn joins_next(text: &str, end: usize) -> bool {
    let last = text[..end].char_indices().next_back().map_or(end, |(at, _)| at);
    let next = text[end..].chars().next().filter(|c| is_han(*c));
    next.is_some_and(|c| Segmenter::shared().is_common_word(&text[last..end + c.len_utf8()]))
}

/// Returns where words begin and end, in order.
fn borders_of(text: &str) -> Vec<usize> {
    let words = Segmenter::shared().words(text);
    let mut borders: Vec<usize> = words.iter().flat_map(|word| [word.span.start, word.span.end]).collect();
    borders.dedup();
    borders
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[&str]) {
        let found: Vec<&str> = names(text).iter().map(|span| &text[span.range()]).collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn names_stand_where_nothing_leads_to_them() {
        check("昨天给我打电话的是你们的孟祥瑞", &["孟祥瑞"]);
        check("快递是给田静怡的，不是给我的", &["田静怡"]);
        check("欧阳雅琴刚走", &["欧阳雅琴"]);
        check("王医生说找刘国强拿报告", &["刘国强"]);
        check("余洋你好,这是发给别人的短信吧", &["余洋"]);
        check("阿依古丽·买买提,名字里面那个点输不进去", &["阿依古丽·买买提"]);
        check("李春燕和樊玉珍都没收到", &["李春燕", "樊玉珍"]);
    }

    #[test]
    fn words_and_places_are_no_names() {
        for text in [
            "毕业季学生打包",
            "银杏路临时停车",
            "安卓手机登不上",
            "温泉要另交清洁费",
            "扬尘漫天",
            "金凤镇卫生院",
            "端午安康",
            "蓝马甲的小姑娘",
            "高兴得很",
            "张家口发货",
            "单曲循环一整天",
            "发放慢于承诺",
            "祝安康",
            "5·1放假",
            "",
        ] {
            check(text, &[]);
        }
    }

    #[test]
    fn short_names_need_a_lead() {
        check("薛晴", &[]);
        assert_eq!(led_len("转接薛晴,她", "转接".len()), Some("薛晴".len()));
        assert_eq!(led_len("给侯勇改签", "给".len()), Some("侯勇".len()));
        assert_eq!(led_len("给安卓用", "给".len()), None);
    }
}
