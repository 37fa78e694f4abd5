//! Surnames, and what of a stretch of Chinese characters is a name.
//!
//! Knows characters and the dictionary, not where names stand; that is the business of the finders of names.

use std::{collections::HashSet, sync::LazyLock};

use crate::text::{chars::is_han, segment::Segmenter};

static SURNAMES: LazyLock<(HashSet<&str>, HashSet<char>)> = LazyLock::new(|| {
    let lines = include_str!("../../../data/text/surnames.txt").lines().filter(|line| !line.starts_with('#'));
    let (long, short): (Vec<&str>, Vec<&str>) =
        lines.flat_map(str::split_whitespace).partition(|word| word.chars().count() == 2);
    (long.into_iter().collect(), short.into_iter().flat_map(str::chars).collect())
});

/// What given names are mostly made of.
static TYPICAL: LazyLock<HashSet<char>> = LazyLock::new(|| {
    let lines = include_str!("../../../data/text/given_name_characters.txt").lines();
    lines.filter(|line| !line.starts_with('#')).flat_map(str::chars).collect()
});

/// In no given name.
const NEVER: &str = "的了吗呢吧是我你您他她它们没么个叫让说请啊呀哦嘛跟把被给这那哪谁啥怎什很就不再都";
/// Seldom in a given name, often the first of what follows: after a full name they end it.
const FOLLOWS: &str = "想要问有在来去买订下手电身昨前上已可会从到对也住号今收因为反投做出还办查登先女地客快退换发打接负处和与及或等答欠骂当能用之后跑态";
/// With a surname before these a person is called, not named: 王总, 李姐.
const CALLED: &str = "总工姐哥叔姨嫂师董局处科某氏先女小老经主医";

/// What is asked of a stretch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trust {
    /// A label with a colon or the like stands before: any word may be a name.
    Labelled,
    /// A label without one: a surname must lead, and the words must not go on as another word.
    Named,
    /// A role or a lead: besides, the name must end where words end or be of three characters.
    Hinted,
    /// Words that mostly introduce something else: the name must end where words end.
    Doubted,
}

/// Returns the length in characters of the surname that the text starts with.
pub(in crate::text) fn surname_len(text: &str) -> Option<usize> {
    let mut chars = text.char_indices();
    let (_, first) = chars.next()?;
    let second = chars.nth(1).map_or(text.len(), |(at, _)| at);
    let (long, short) = &*SURNAMES;
    if long.contains(&text[..second]) {
        return Some(2);
    }
    short.contains(&first).then_some(1)
}

/// Returns how many bytes at the start of the text are a name.
pub(super) fn name_len(text: &str, trust: Trust) -> Option<usize> {
    if let Some(len) = dotted_len(text) {
        return Some(len);
    }
    let han: Vec<char> = text.chars().take(6).take_while(|c| is_han(*c)).collect();
    let Some(surname) = surname_len(text) else {
        let is_labelled = trust == Trust::Labelled;
        return pet_len(text, &han, trust).or_else(|| is_labelled.then(|| labelled_len(text, &han)).flatten());
    };
    // 欧阳 alone may be 欧 with a given name; what stands before a mask is what the mask left.
    let lens = [surname, 1].into_iter().filter(|len| *len == surname || SURNAMES.1.contains(&han[0]));
    let len = lens.into_iter().find_map(|surname| given_len(text, &han, surname, trust));
    len.filter(|len| !text[*len..].starts_with('*'))
}

fn given_len(text: &str, han: &[char], surname: usize, trust: Trust) -> Option<usize> {
    let bytes = |chars: usize| han[..chars].iter().map(|c| c.len_utf8()).sum::<usize>();
    let given = &han[surname.min(han.len())..];
    let is_free = |c: &char| !NEVER.contains(*c);
    let fits = |len: usize| given.len() >= len && given[..len].iter().all(is_free);
    let ends = |len: usize| is_end(&text[bytes(surname + len)..]);
    let word = |len: usize| is_word(&text[..bytes(surname + len)]);
    let is_called = |len: usize| len == 1 && CALLED.contains(given[0]);
    let is_typical = |len: usize| given.iter().take(len).all(|c| TYPICAL.contains(c));
    let is_strict = matches!(trust, Trust::Doubted | Trust::Hinted);
    let is_plain = fits(2) && ends(2) && is_typical(2) && !STOPS.iter().any(|stop| text.starts_with(stop));
    if !fits(1) || surname == 1 && opens_word(text, han, if is_plain { 3 } else { 2 }, trust) {
        return None;
    }
    let is_likely = |len: usize| match trust {
        Trust::Doubted => is_typical(len),
        Trust::Hinted => {
            let is_half_typical = given.iter().take(len).any(|c| TYPICAL.contains(c));
            is_typical(len) || is_half_typical && !starts_word(&text[bytes(surname)..], 2)
        }
        Trust::Named | Trust::Labelled => true,
    };
    // Longest first: a character too many under the mask is no harm, one too few is.
    if fits(2) && ends(2) && !word(2) && !is_title(given) && is_likely(2) {
        return Some(bytes(surname + 2));
    }
    if ends(1) && !is_called(1) && (!word(1) || trust == Trust::Labelled) && is_likely(1) {
        return Some(bytes(surname + 1));
    }
    if trust == Trust::Doubted || FOLLOWS.contains(given[0]) || is_title(given) || !is_typical(1) {
        return None;
    }
    let splits = fits(2) && is_typical(2) && !FOLLOWS.contains(given[1]);
    if splits && !starts_word(&text[bytes(surname + 1)..], 2) && !word(2) {
        return Some(bytes(surname + 2));
    }
    let is_short_sure = !is_strict && !word(1) && !is_called(1);
    is_short_sure.then(|| bytes(surname + 1))
}

/// Tells whether the surname is the start of a common word of at least so many characters: 方便, 高兴, 张家口.
fn opens_word(text: &str, han: &[char], least: usize, trust: Trust) -> bool {
    (least..=han.len().min(4)).any(|len| {
        let end: usize = han[..len].iter().map(|c| c.len_utf8()).sum();
        // 高峰 after 收货人 is a name where nothing follows.
        let is_name = matches!(trust, Trust::Named | Trust::Labelled) && len == 2 && is_end(&text[end..]);
        if is_name { STOPS.contains(&&text[..end]) } else { is_word(&text[..end]) }
    })
}

/// Words that are common where names stand.
const STOPS: &[&str] = &[
    "方式", "方法", "单位", "方便", "任何", "应该", "常用", "安排", "高兴", "万一", "于是", "全部", "马上", "时间",
    "管家", "申通", "安能", "华为", "荣耀", "康佳", "方太", "万和", "安卓", "金卡", "白金", "黄金", "单独", "简称",
    "水电", "安装", "包邮", "包装", "查询", "查看", "查到", "付款", "付钱", "付费", "路由", "连接", "关闭", "关机",
    "冷静", "解决", "解释", "解绑", "解除", "温州", "常州", "江苏", "江西", "安徽", "贵州", "云南", "石家", "张家",
    "马鞍", "黄石", "金华", "祝福", "谢谢", "顾客", "白条", "余额", "花呗", "项目", "经理", "成功", "成都", "毕业",
    "计划", "易碎", "时候", "强烈", "尤其", "幸好", "严重", "郑重", "康师", "麻烦", "平安", "平台", "左右", "周边",
    "包裹", "代发", "代收", "代签", "敬请", "尚未", "申请", "申诉", "宁可", "高级", "高中", "高一", "高二", "高三",
    "高端", "沈阳", "郑州", "苏州", "徐州", "宁波", "宁夏", "陆续", "陆军", "明天",
];

fn is_word(word: &str) -> bool {
    STOPS.contains(&word) || Segmenter::shared().is_common_word(word)
}

/// Tells whether a common word of at least so many characters starts here.
fn starts_word(text: &str, least: usize) -> bool {
    let ends = text.char_indices().map(|(at, c)| at + c.len_utf8()).take(4);
    let han = text.chars().take(4).take_while(|c| is_han(*c)).count();
    ends.take(han).skip(least - 1).any(|end| Segmenter::shared().is_common_word(&text[..end]))
}

/// Titles, which follow a name.
const TITLES: &[&str] = &[
    "先生", "女士", "小姐", "师傅", "阿姨", "叔叔", "大爷", "大妈", "老师", "经理", "主任", "医生", "同志", "本人",
    "收件", "电话", "手机",
];

/// What follows a name at once, in the words of customers and in the notes of agents.
const AFTER: &[&str] = &[
    "我", "你", "您", "的妈", "的爸", "的老", "的家", "的妻", "的丈", "的儿", "的女", "的爱", "的朋", "的同", "反映",
    "反馈", "来电", "致电", "咨询", "投诉", "表示", "要求",
];

fn is_title(given: &[char]) -> bool {
    TITLES.iter().any(|title| title.chars().eq(given.iter().copied().take(2)))
}

/// Tells whether a name may end here: where the characters end, or a title follows.
fn is_end(rest: &str) -> bool {
    // A mask, or the letter of a car's plate behind 京.
    let is_cut = rest.starts_with(|c: char| c == '*' || c.is_ascii_alphabetic());
    let follows = || TITLES.iter().chain(AFTER).any(|word| rest.starts_with(word));
    !is_cut && (!rest.starts_with(is_han) || follows() || is_receipt(rest))
}

/// 张伟收: of the way parcels are addressed.
fn is_receipt(rest: &str) -> bool {
    rest.strip_prefix('收').is_some_and(|rest| !rest.starts_with(is_han))
}

/// Names of other peoples: 买买提·艾力.
fn dotted_len(text: &str) -> Option<usize> {
    let is_dot = |c: char| matches!(c, '·' | '•' | '・' | '‧');
    let mut len = 0;
    let mut parts = 0;
    let mut rest = text;
    loop {
        let part: usize = rest.chars().take_while(|c| is_han(*c)).take(8).map(char::len_utf8).sum();
        let has_title = TITLES.iter().any(|title| rest[..part].contains(title));
        if part < 2 * "买".len() || has_title {
            return None;
        }
        parts += 1;
        len += part;
        rest = &rest[part..];
        match rest.chars().next() {
            Some(dot) if is_dot(dot) && parts < 4 => {
                len += dot.len_utf8();
                rest = &rest[dot.len_utf8()..];
            }
            _ => return (parts > 1).then_some(len),
        }
    }
}

/// What friends call each other, after a label: 小明, 阿强.
fn pet_len(text: &str, han: &[char], trust: Trust) -> Option<usize> {
    let [first, second, ..] = han else { return None };
    let len = first.len_utf8() + second.len_utf8();
    let is_one = matches!(trust, Trust::Named | Trust::Labelled)
        && matches!(first, '小' | '阿')
        && (TYPICAL.contains(second) || surname_len(&text[first.len_utf8()..]).is_some())
        && is_end(&text[len..])
        && !is_word(&text[..len]);
    is_one.then_some(len)
}

/// After a label with a colon: two to four characters that stand alone and are no common word.
fn labelled_len(text: &str, han: &[char]) -> Option<usize> {
    let len: usize = han.iter().map(|c| c.len_utf8()).sum();
    let is_one = (2..=4).contains(&han.len())
        && is_end(&text[len..])
        && han.iter().all(|c| !NEVER.contains(*c))
        && !is_word(&text[..len])
        && !starts_word(text, 2);
    is_one.then_some(len)
}
