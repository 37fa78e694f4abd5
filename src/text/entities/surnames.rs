//! Surnames, and what of a stretch of Chinese characters is a name.
//!
//! Knows characters and the dictionary, not where names stand; that is the business of the finders of names.

use std::{collections::HashSet, sync::LazyLock};

use super::regions;
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
/// With a surname before these it is a word of forms: 颜色, 房号, 龙湖.
const NO_NAME: &str = "色湖江元方向度号称间址驾车年月";
/// Surnames that open more words than names.
const RARE: &str = "明水花计从能税厉月门国海阿东山火青才";
/// What names of other peoples are written with.
const TRANSCRIBES: &str = "阿艾安巴拜波卜布达丹旦德迪地丁东顿多俄尔法弗古哈海汗赫胡吉嘎加江杰卡凯康克库拉莱兰勒里力丽利林隆鲁罗洛玛麦买曼次曲格普增宗美蒙米姆木穆那娜尼努帕平齐其恰茜然仁热日萨赛桑沙山斯苏索塔坦提图吐托娃旺维乌西希夏肖雅亚央扬耶依伊衣尤孜玉扎泽珠卓姑夫甫堆措娅琪顺呼和浩斯琴合";
/// With a surname before these a person is called, not named: 王总, 李姐.
const CALLED: &str = "总工姐哥叔姨嫂师董局处科某氏先女小老经主医";

/// What is asked of a stretch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trust {
    /// A label with a colon or the like stands before: any word may be a name.
    Labelled,
    /// 我叫 and the like: a word too is a name, where it is made as one and ends there.
    Called,
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
    if trust != Trust::Doubted
        && let Some(len) = transcribed_len(text, trust)
    {
        return Some(len);
    }
    let Some(surname) = surname_len(text) else {
        let is_labelled = matches!(trust, Trust::Labelled) || trust == Trust::Called && is_rare(&han);
        return pet_len(text, &han, trust).or_else(|| is_labelled.then(|| labelled_len(text, &han)).flatten());
    };
    // 欧阳 alone may be 欧 with a given name; what stands before a mask is what the mask left.
    let lens = [surname, 1].into_iter().filter(|len| *len == surname || SURNAMES.1.contains(&han[0]));
    let len = lens.into_iter().find_map(|surname| given_len(text, &han, surname, trust));
    len.filter(|len| !text[*len..].starts_with('*'))
}

/// Returns the length of a surname with one or two characters typical of given names, be it a word or not: 姚远.
pub(super) fn field_len(words: &str) -> Option<usize> {
    let surname = surname_len(words)?;
    let given: Vec<char> = words.chars().skip(surname).collect();
    let is_made_as_name = (1..=2).contains(&given.len())
        && given.iter().all(|c| TYPICAL.contains(c) && !NEVER.contains(*c) && !FOLLOWS.contains(*c))
        && !(given.len() == 1 && (CALLED.contains(given[0]) || NO_NAME.contains(given[0])));
    let is_common = STOPS.contains(words) || is_title(&given) || given.len() == 2 && is_word(words);
    (is_made_as_name && !is_common && regions::first_named(words).is_none()).then_some(words.len())
}

/// Tells whether characters are made as a given name, whatever stands around.
pub(super) fn is_made_as_given(given: &[char]) -> bool {
    let is_of_name = |c: &char| TYPICAL.contains(c) && !NEVER.contains(*c) && !FOLLOWS.contains(*c);
    given.iter().all(is_of_name) && !is_title(given) && !(given.len() == 1 && CALLED.contains(given[0]))
}

/// Tells whether a word is common where names stand.
pub(super) fn is_stop(word: &str) -> bool {
    STOPS.contains(word)
}

/// A surname and what follows it.
struct Stretch<'t> {
    text: &'t str,
    han: &'t [char],
    surname: usize,
}

/// Each `len` is the number of characters of the given name.
impl Stretch<'_> {
    fn given(&self) -> &[char] {
        &self.han[self.surname.min(self.han.len())..]
    }

    fn bytes(&self, len: usize) -> usize {
        self.han[..self.surname + len].iter().map(|c| c.len_utf8()).sum()
    }

    fn fits(&self, len: usize) -> bool {
        self.given().len() >= len && self.given()[..len].iter().all(|c| !NEVER.contains(*c))
    }

    fn ends(&self, len: usize) -> bool {
        is_end(&self.text[self.bytes(len)..])
    }

    fn whole(&self, len: usize) -> &str {
        &self.text[..self.bytes(len)]
    }

    /// 王总, 李姐.
    fn is_called(&self, len: usize) -> bool {
        len == 1 && CALLED.contains(self.given()[0])
    }

    fn is_typical(&self, len: usize) -> bool {
        self.given().iter().take(len).all(|c| TYPICAL.contains(c))
    }

    fn is_likely(&self, len: usize, trust: Trust) -> bool {
        match trust {
            Trust::Doubted => self.is_typical(len),
            Trust::Hinted => {
                let is_half_typical = self.given().iter().take(len).any(|c| TYPICAL.contains(c));
                self.is_typical(len) || is_half_typical && !starts_word(&self.text[self.bytes(0)..], 2)
            }
            Trust::Named | Trust::Called | Trust::Labelled => true,
        }
    }

    /// 高兴旺 after 我叫: a name, though a word leads; its end must be of a name.
    fn called_len(&self) -> Option<usize> {
        let is_made_as_name = |len: usize| {
            let given = &self.given()[..len];
            TYPICAL.contains(&given[len - 1]) && given[len - 1] != '人' && !given.iter().any(|c| FOLLOWS.contains(*c))
        };
        let is_short = self.fits(1)
            && self.ends(1)
            && !NO_NAME.contains(self.given()[0])
            && !FOLLOWS.contains(self.given()[0])
            && !STOPS.contains(self.whole(1));
        let len = [2, 1].into_iter().find(|len| self.fits(*len) && self.ends(*len) && is_made_as_name(*len));
        let len = len.or(is_short.then_some(1))?;
        let is_other = self.is_called(len) || is_title(self.given()) || CARRIERS.contains(&self.whole(len));
        (!is_other).then(|| self.bytes(len))
    }

    /// 常乐 after 车主 is a name and a word.
    fn is_name_too(&self, len: usize, trust: Trust) -> bool {
        match trust {
            Trust::Labelled => true,
            Trust::Named | Trust::Called => self.is_typical(len) && !STOPS.contains(self.whole(len)),
            _ => false,
        }
    }
}

fn given_len(text: &str, han: &[char], surname: usize, trust: Trust) -> Option<usize> {
    let name = Stretch { text, han, surname };
    let given = name.given();
    if !name.fits(1) {
        return None;
    }
    if let (Trust::Called, Some(len)) = (trust, name.called_len()) {
        return Some(len);
    }
    let is_plain = name.fits(2) && name.ends(2) && name.is_typical(2) && !starts_stop(text);
    if surname == 1 && opens_word(text, han, if is_plain { 3 } else { 2 }, trust) {
        return None;
    }
    // Longest first: a character too many under the mask is no harm, one too few is.
    let is_word_of = |len: usize| is_word(name.whole(len));
    if name.fits(2) && name.ends(2) && !is_word_of(2) && !is_title(given) && name.is_likely(2, trust) {
        return Some(name.bytes(2));
    }
    let is_free = |len: usize| !is_word_of(len) || name.is_name_too(len, trust);
    if name.ends(1) && !name.is_called(1) && is_free(1) && name.is_likely(1, trust) {
        return Some(name.bytes(1));
    }
    if trust == Trust::Doubted || FOLLOWS.contains(given[0]) || is_title(given) || !name.is_typical(1) {
        return None;
    }
    // 老妈连安卓机, 登记成银行卡
    let holds_stop = starts_stop(&text[name.bytes(0)..]);
    let splits = name.fits(2) && name.is_typical(2) && !FOLLOWS.contains(given[1]) && !holds_stop;
    if splits && !starts_word(&text[name.bytes(1)..], 2) && !is_word_of(2) {
        return Some(name.bytes(2));
    }
    let is_short_sure = trust != Trust::Hinted && !is_word_of(1) && !name.is_called(1);
    is_short_sure.then(|| name.bytes(1))
}

/// Tells whether the surname is the start of a common word of at least so many characters: 方便, 高兴, 张家口.
fn opens_word(text: &str, han: &[char], least: usize, trust: Trust) -> bool {
    (least..=han.len().min(4)).any(|len| {
        let end: usize = han[..len].iter().map(|c| c.len_utf8()).sum();
        // 高峰 after 收货人 is a name where nothing follows.
        let is_name =
            matches!(trust, Trust::Named | Trust::Called | Trust::Labelled) && len == 2 && is_end(&text[end..]);
        if is_name { STOPS.contains(&text[..end]) } else { is_word(&text[..end]) }
    })
}

/// Words that are common where names stand.
static STOPS: LazyLock<HashSet<&str>> = LazyLock::new(|| {
    let lines = include_str!("../../../data/text/no_names.txt").lines().filter(|line| !line.starts_with('#'));
    lines.flat_map(str::split_whitespace).collect()
});

/// The most characters a word of these has.
const STOP_CHARS: usize = 4;

/// Tells whether a text starts with a word that is common where names stand.
fn starts_stop(text: &str) -> bool {
    let ends = text.char_indices().map(|(at, c)| at + c.len_utf8()).take(STOP_CHARS);
    ends.skip(1).any(|end| STOPS.contains(&text[..end]))
}

fn is_word(word: &str) -> bool {
    STOPS.contains(word) || Segmenter::shared().is_common_word(word)
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
    "收件", "电话", "手机", "同学", "教授", "律师", "大夫", "护士", "大姐", "大哥", "奶奶", "爷爷", "队长", "书记",
    "院长", "校长", "警官", "顾问", "管家", "教练", "店长",
];

/// What follows a name at once, in the words of customers and in the notes of agents.
const AFTER: &[&str] = &[
    "我",
    "你",
    "您",
    "的妈",
    "的爸",
    "的老",
    "的家",
    "的妻",
    "的丈",
    "的儿",
    "的女",
    "的爱",
    "的朋",
    "的同",
    "反映",
    "反馈",
    "来电",
    "致电",
    "咨询",
    "投诉",
    "表示",
    "要求",
    "的件",
    "的快",
    "的包裹",
    "的单",
    "的订",
    "的货",
    "的外卖",
    "的卡",
    "的账",
    "的身份",
    "的医",
    "的社保",
    "的病",
    "的检",
    "的报告",
    "的号",
    "的名",
    "的手机",
    "的电话",
    "的宿舍",
    "的房",
    "的车",
    "的合同",
    "的证",
    "的户",
    "的退",
    "的学",
    "的成绩",
    "的护照",
];

/// Whom people call, and whose names are made as those of persons.
const CARRIERS: &[&str] = &["申通", "安通", "万通", "方通"];

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

/// Tells whether the character is the dot between the parts of a name of another people.
pub(super) fn is_dot(c: char) -> bool {
    matches!(c, '·' | '•' | '・' | '‧')
}

/// Tells whether names of other peoples are written with the character.
pub(super) fn is_transcribing(c: char) -> bool {
    TRANSCRIBES.contains(c)
}

/// The longest part of such a name, in bytes, that need not be of the characters they are mostly written with.
const MAX_PART: usize = 5 * "买".len();

/// Names of other peoples: 买买提·艾力.
fn dotted_len(text: &str) -> Option<usize> {
    let mut len = 0;
    let mut parts = 0;
    let mut rest = text;
    loop {
        let length = |of_part: fn(&char) -> bool| rest.chars().take_while(of_part).take(8).map(char::len_utf8).sum();
        let (whole, usual): (usize, usize) = (length(|c| is_han(*c)), length(|c| is_transcribing(*c)));
        // 艾合买提收货人: what follows without a sign is of other characters.
        let goes_on = whole > MAX_PART && usual >= 2 * "买".len();
        let part = if goes_on { usual } else { whole };
        if whole > MAX_PART && !goes_on {
            return None;
        }
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

/// Names of other peoples without a dot: 古丽娜尔, 次仁卓玛.
pub(super) fn transcribed_len(text: &str, trust: Trust) -> Option<usize> {
    // 我叫乌云其木格: words too, where only a name can stand.
    let is_of_name = |c: &char| TRANSCRIBES.contains(*c) || trust == Trust::Called && "云高日".contains(*c);
    let num_chars = text.chars().take_while(is_of_name).take(8).count();
    let len: usize = text.chars().take(num_chars).map(char::len_utf8).sum();
    let is_one = (3..=7).contains(&num_chars)
        && is_end(&text[len..])
        && !is_word(&text[..len])
        && regions::first_named(&text[..len]).is_none();
    is_one.then_some(len)
}

/// What friends call each other, after a label: 小明, 阿强.
fn pet_len(text: &str, han: &[char], trust: Trust) -> Option<usize> {
    let [first, second, ..] = han else { return None };
    let len = first.len_utf8() + second.len_utf8();
    let is_one = matches!(trust, Trust::Named | Trust::Called | Trust::Labelled)
        && matches!(first, '小' | '阿')
        && (TYPICAL.contains(second) || surname_len(&text[first.len_utf8()..]).is_some())
        && is_end(&text[len..])
        && !is_word(&text[..len]);
    is_one.then_some(len)
}

/// Tells whether the characters are a surname that opens more words than names, and a given name: 花雨桐.
fn is_rare(han: &[char]) -> bool {
    let is_given = |given: &[char]| given.iter().all(|c| TYPICAL.contains(c) && !FOLLOWS.contains(*c));
    han.len() == 3 && RARE.contains(han[0]) && is_given(&han[1..])
}

/// After a label with a colon: two to four characters that stand alone and are no common word.
fn labelled_len(text: &str, han: &[char]) -> Option<usize> {
    let len: usize = han.iter().map(|c| c.len_utf8()).sum();
    let is_rare_surname = is_rare(han);
    let is_one = (2..=4).contains(&han.len())
        && is_end(&text[len..])
        && han.iter().all(|c| !NEVER.contains(*c))
        && !is_word(&text[..len])
        && (!starts_word(text, 2) || is_rare_surname);
    is_one.then_some(len)
}
