//! Postal addresses down to the house: 浙江省杭州市西湖区文三路259号1幢1803室, 幸福小区3栋2单元501.
//!
//! A run of characters that an address may be made of is read for its parts: streets and places by their endings, houses by
//! a number with a unit. It is an address where a place has a house, where two units stand together, or where a label
//! (收货地址：) says so. A city, a district or a shop's floor alone is nobody's home. Must not know the words of names.
//!
//! To add an ending: [`PART`], and a row in the tests for what it must not take.

use super::{
    regions,
    scan::{Found, pattern},
};
use crate::{domain::Span, text::segment::Segmenter};

/// What no address holds; it ends a run.
const STOPS: &str = "到是在寄送往我你您他她址了吧吗呢请给填写错的不没这那哪把就也还要收问们啊哦么怎什谁";
/// The longest gap between two parts, in bytes.
const MAX_GAP: usize = 42;
/// The most digits that house, entrance and room have together.
const MAX_DASHED_DIGITS: usize = 8;

// The alternatives that begin alike stand with the longer first.
pattern!(
    PART,
    r"(?P<house>(?:\d{1,5}|[一二三四五六七八九十百]{1,4}|[A-Za-z]\d{0,2}|\d{1,3}[A-Za-z]|[甲乙丙丁东西南北中])(?:-\d{1,4}){0,2}(?:号院|号楼|号附\d{1,3}号|号(?:之[一二三四五六七八九十\d])?|栋|幢|单元|舍)|\d{1,3}#楼?|(?:\d{1,4}|[A-Za-z]\d{0,2}|[甲乙丙丁东西南北中])(?:弄|座))|(?P<room>(?:\d{3,5}|[一二三四五六七八九][零〇一二三四五六七八九]{2,3}|\d{0,2}[A-Za-z]\d{0,4}|\d{1,2})(?:室|房|寝)|[甲乙丙丁]\d{2,4}[室户]|[东西南北中左右]{1,2}[边侧头]?户)|(?P<floor>(?:\d{1,2}|[一二三四五六七八九十]{1,3}|负一)(?:楼|层|F)(?:之[一二三四五六七八九十\d])?)|(?P<small>(?:\d{1,3}|[一二三四五六七八九十]{1,3})(?:组|社|队|门|户|排)|[^\P{Han}村庄屯寨镇乡区社园苑民小工作党员一二三四五六七八九十]{1,2}组)|(?P<dash>\d{1,4}[A-Z]?(?:-\d{1,4}[A-Z]?){1,3})|(?P<bare>\d{2,4}[A-Za-z]?|[一二三四五六七八九][零〇一二三四五六七八九]{2,3})|(?P<street>大道|胡同|路|街|道|巷|段|桥)|(?P<village>村|庄|屯|寨|镇|乡|街道)|(?P<place>小区|校区|花园|家园|公寓|宿舍|广场|大厦|大楼|中心|国际|社区|学校|大学|学院|医院|公司|家属[院楼]|街坊|苑|园|府|邸|湾|庭|轩|居|院|城|期|区|里|厂|楼)|(?P<region>省|市|县|州|旗|盟)"
);
pattern!(
    LABEL,
    r"(?:址|门牌号?|收货信息|收件信息|寄件信息|家住|住在)(?:信息)?\s*(?:变成了?|改成了?|改为|改到|换成了?|换到|写成了?|写的?|填的?|是|为|在)?\s*:?\s*$"
);
pattern!(
    LEAD,
    r"^(?:关于|收货|收件|寄件|发件|安装|装机|配送|派送|上门|取件|邮寄|快递|退货|退回|宽带|改成|改为|换成|变成|移到|家里|家住|现住|地点|位置|报修|报装|帮忙|麻烦|目前|现在|我家|旧|新|原|从|放|发|住|移|搬|回|改|换|装|修|去|至|为|叫|让|和|跟|另外|然后|用户|客户|外卖|维修|上门)"
);

/// Words that end like a street or a place and are none.
const NO_STREET: &str = "知道 报道 渠道 通道 频道 味道 难道 轨道 管道 赛道 跑道 车道 人道 地道 一道 套路 线路 网路 电路 半路 走路 一路 思路 带路 \
    上路 迷路 高速路 道路 铁路 公路 逛街 上街 阶段 分段 时段 号段 片段 手段 逛街 步行街 路段";

/// What a number with 号 before it is of: no house.
const NUMBERED: &str = "线仓店电机柜床色球字链客车码桶口馆厅套型台";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    House,
    Room,
    Floor,
    Small,
    Dash,
    Bare,
    Street,
    Village,
    Place,
    Region,
}

#[derive(Clone, Copy, Debug)]
struct Part {
    kind: Kind,
    span: Span,
}

/// Finds addresses.
pub(super) fn addresses(text: &str) -> Vec<Found> {
    let mut found = Vec::new();
    if !is_worth_a_look(text) {
        return found;
    }
    for run in runs(text) {
        let label = LABEL.is_match(before_label(text, run.start));
        let mut from = run.start;
        while let Some(span) = address_in(text, Span::new(from, run.end), label && from == run.start) {
            found.push(Found { span, value: text[span.range()].to_owned() });
            from = span.end;
        }
    }
    found
}

/// Tells whether a number has a unit of houses, numbers are joined by a dash, or a label stands there.
fn is_worth_a_look(text: &str) -> bool {
    let mut before = ' ';
    ["址", "信息", "村", "庄", "屯", "寨"].iter().any(|word| text.contains(word))
        || text.chars().any(|c| {
            let counts = before.is_ascii_alphanumeric() || "一二三四五六七八九十甲乙丙丁东西南北中".contains(before);
            before = c;
            counts && "号弄栋幢座单室房组社队门户排楼层舍寝F#-".contains(c)
        })
}

/// The end of the text before a run, which a label may close.
fn before_label(text: &str, start: usize) -> &str {
    let before = &text[..start];
    let near = before.char_indices().rev().take(12).last().map_or(start, |(at, _)| at);
    &before[near..]
}

/// Splits the text into runs that may be addresses. Spaces and commas are of the run between a region and what it holds.
fn runs(text: &str) -> Vec<Span> {
    let mut runs: Vec<Span> = Vec::new();
    let mut open: Option<Span> = None;
    for (at, c) in text.char_indices() {
        let end = at + c.len_utf8();
        let is_of_run = c.is_ascii_alphanumeric()
            || matches!(c, '-' | '#')
            || ('\u{4E00}'..='\u{9FFF}').contains(&c) && !STOPS.contains(c);
        match open {
            Some(run) if is_of_run => open = Some(Span::new(run.start, end)),
            None if is_of_run => open = Some(Span::new(at, end)),
            Some(run) if matches!(c, ' ' | ',') && joins(&text[run.range()], c, &text[end..]) => {
                open = Some(Span::new(run.start, end));
            }
            Some(run) => {
                runs.push(run);
                open = None;
            }
            None => {}
        }
    }
    runs.extend(open);
    runs
}

/// Tells whether an address goes on over a gap: 浙江省 杭州市, 文三路259号 1幢.
fn joins(before: &str, gap: char, after: &str) -> bool {
    let is_region = before.ends_with(['省', '市', '区', '县', '州', '旗'])
        || gap == ' ' && before.ends_with(['镇', '乡', '村', '道', '路', '街'])
        || regions::ends_named(before);
    let next = PART.find(after).filter(|part| part.start() == 0);
    let is_unit =
        next.is_some_and(|part| part.as_str().ends_with(['号', '栋', '幢', '座', '室', '元', '楼', '层', '弄']));
    let goes_on = after.starts_with(|c: char| ('\u{4E00}'..='\u{9FFF}').contains(&c) || c.is_ascii_alphanumeric());
    // SOHO塔1 A座: a name that ends in a figure.
    let is_named =
        is_unit && before.ends_with(|c: char| c.is_ascii_alphanumeric()) && regions::first_named(before).is_some();
    goes_on
        && (is_named
            || is_region
            || is_unit && before.ends_with(['号', '栋', '幢', '座', '元', '楼', '区', '苑', '园', '城']))
}

/// Returns the first address in a run.
fn address_in(text: &str, run: Span, is_labelled: bool) -> Option<Span> {
    let parts = parts(text, run);
    let first_end =
        parts.iter().position(|part| matches!(part.kind, Kind::House | Kind::Room | Kind::Dash | Kind::Small));
    let chain = match (first_end, is_labelled) {
        (None, false) if !parts.iter().any(|part| part.kind == Kind::Village) => return None,
        _ => longest_chain(text, &parts),
    };
    let chain = chain.filter(|chain| is_address(text, run, chain, is_labelled))?;
    let end = chain.last()?.span.end;
    let first = chain.first()?.span.start;
    let free_from = parts.iter().rev().find(|part| part.span.end <= first).map_or(run.start, |part| part.span.end);
    let start = start_of(text, Span::new(free_from, first));
    let whole = &text[start..end];
    (regions::public_len(whole) < whole.len()).then_some(Span::new(start, end))
}

/// Reads the parts of a run, those refused that are of another word.
fn parts(text: &str, run: Span) -> Vec<Part> {
    let mut parts: Vec<Part> = Vec::new();
    for captures in PART.captures_iter(&text[run.range()]) {
        let kinds = [
            ("house", Kind::House),
            ("room", Kind::Room),
            ("floor", Kind::Floor),
            ("small", Kind::Small),
            ("dash", Kind::Dash),
            ("bare", Kind::Bare),
            ("street", Kind::Street),
            ("village", Kind::Village),
            ("place", Kind::Place),
            ("region", Kind::Region),
        ];
        let hit = kinds.iter().find_map(|(name, kind)| captures.name(name).map(|group| (*kind, group)));
        let Some((kind, group)) = hit else { continue };
        let span = Span::new(run.start + group.start(), run.start + group.end());
        let part = Part { kind, span };
        if is_part(text, run, part, parts.last().copied()) {
            parts.push(part);
        }
    }
    parts
}

fn is_part(text: &str, run: Span, part: Part, last: Option<Part>) -> bool {
    let (own, before, after) = (&text[part.span.range()], &text[run.start..part.span.start], &text[part.span.end..]);
    let gap = last.map_or(usize::MAX, |last| part.span.start - last.span.end);
    match part.kind {
        Kind::House if own.ends_with('号') => {
            let is_named = gap == 0 && last.is_some_and(|last| !matches!(last.kind, Kind::Region | Kind::Bare));
            let is_day = own.trim_end_matches('号').parse::<u32>().is_ok_and(|day| day <= 31)
                || own.starts_with(|c: char| !c.is_ascii_alphanumeric());
            !before.ends_with(['月', '第'])
                && !is_count(before)
                && !after.starts_with(|c| NUMBERED.contains(c))
                && (is_named || !is_day)
        }
        // 7层东户
        Kind::Room if own.ends_with('户') => {
            gap == 0 && last.is_some_and(|last| matches!(last.kind, Kind::House | Kind::Floor | Kind::Small))
        }
        // 长岭村大坪组
        Kind::Small if own.ends_with('组') && !own.starts_with(is_numeral) => {
            gap == 0 && last.is_some_and(|last| last.kind == Kind::Village)
        }
        // 3室2厅 is a size.
        Kind::Room if own.len() <= 2 + "室".len() && own.starts_with(|c: char| c.is_ascii_digit()) => {
            gap == 0 && last.is_some_and(|last| matches!(last.kind, Kind::House | Kind::Floor))
        }
        // 12#602, but no #2 before a thing.
        Kind::House if own.ends_with('#') => after.starts_with(|c: char| c.is_ascii_digit()),
        Kind::House | Kind::Room => {
            !is_count(before) && !before.ends_with('第') && !before.ends_with(|c: char| c.is_ascii_alphanumeric())
        }
        Kind::Floor | Kind::Small => gap <= MAX_GAP && !before.ends_with('第'),
        Kind::Dash => is_dashed_house(own, after),
        // A number alone is a room right after what it is in.
        Kind::Bare => {
            gap == 0
                && last.is_some_and(|last| {
                    let inner = &text[last.span.range()];
                    matches!(last.kind, Kind::House | Kind::Place | Kind::Floor | Kind::Small)
                        && !inner.ends_with(['区', '期', '里'])
                        && (!inner.ends_with('号') || own.len() > 2)
                })
                && !after.starts_with([
                    '元', '块', '年', '个', '件', '人', '米', '平', '万', '号', '天', '次', '月', '路', '户', '多',
                    '家', '吨', '度',
                ])
        }
        Kind::Street => {
            let word = &text[run.start..part.span.end];
            !before.is_empty() && !NO_STREET.split_whitespace().any(|none| word.ends_with(none))
        }
        Kind::Village | Kind::Place => !before.is_empty() || own.chars().count() > 1,
        Kind::Region => !before.is_empty(),
    }
}

fn is_numeral(c: char) -> bool {
    c.is_ascii_digit() || "一二三四五六七八九十".contains(c)
}

/// Tells whether numbers joined by dashes are house, entrance and room, and no date, hotline or count.
fn is_dashed_house(own: &str, after: &str) -> bool {
    let is_date = own.len() >= 8 && (own.starts_with("20") || own.starts_with("19"));
    // 400-100-2233
    let is_hotline = own.bytes().filter(u8::is_ascii_digit).count() > MAX_DASHED_DIGITS;
    !is_date
        && !is_hotline
        && !after.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '-')
        && !after.starts_with(['天', '个', '件', '元', '块', '年', '月', '岁', '小', '楼', '点', '次', '人'])
}

/// Tells whether the words say how many there are: 小区一共12号楼.
fn is_count(before: &str) -> bool {
    ["一共", "总共", "共有", "只有", "共", "有"].iter().any(|word| before.ends_with(word))
}

/// Returns the chain of parts with the most houses, each near the one before, without places after the last house or place.
fn longest_chain<'p>(text: &str, parts: &'p [Part]) -> Option<&'p [Part]> {
    let mut best: Option<&[Part]> = None;
    let mut start = 0;
    for idx in 1..=parts.len() {
        let is_cut = idx == parts.len()
            || parts[idx].span.start - parts[idx - 1].span.end > MAX_GAP
            || is_break(&text[parts[idx - 1].span.end..parts[idx].span.start]);
        if is_cut {
            let chain = trimmed(&parts[start..idx]);
            if best.is_none_or(|best| num_houses(chain) > num_houses(best)) {
                best = Some(chain);
            }
            start = idx;
        }
    }
    best.filter(|chain| !chain.is_empty())
}

/// Tells whether the words between two parts are of no address.
fn is_break(between: &str) -> bool {
    const WORDS: &[&str] = &[
        "电话", "手机", "联系", "下午", "上午", "晚上", "订单", "快递", "发货", "停电", "漏水", "门口", "附近", "只有",
    ];
    WORDS.iter().any(|word| between.contains(word))
}

/// Cuts region endings off the end: what comes after the last house and is none.
fn trimmed(chain: &[Part]) -> &[Part] {
    let mut chain = chain;
    while let [rest @ .., last] = chain {
        let gap = rest.last().map_or(0, |before| last.span.start - before.span.end);
        // The first character of another word right after a house: 3栋居民, 2号楼楼道.
        let is_rest = matches!(last.kind, Kind::Place | Kind::Street | Kind::Village)
            && gap == 0
            && last.span.len_bytes() == "居".len()
            && rest
                .last()
                .is_some_and(|before| matches!(before.kind, Kind::House | Kind::Room | Kind::Floor | Kind::Bare));
        if last.kind != Kind::Region && !is_rest {
            break;
        }
        chain = rest;
    }
    chain
}

fn num_houses(chain: &[Part]) -> usize {
    chain.iter().filter(|part| matches!(part.kind, Kind::House | Kind::Room | Kind::Dash | Kind::Small)).count()
}

/// Decides whether the parts make an address.
fn is_address(text: &str, run: Span, chain: &[Part], is_labelled: bool) -> bool {
    let count = |kinds: &[Kind]| chain.iter().filter(|part| kinds.contains(&part.kind)).count();
    let first_house =
        chain.iter().position(|part| matches!(part.kind, Kind::House | Kind::Room | Kind::Dash | Kind::Small));
    let named = |part: &Part| matches!(part.kind, Kind::Street | Kind::Village | Kind::Place);
    let places = chain.iter().filter(|part| named(part)).count();
    let Some(first_house) = first_house else {
        let regions = count(&[Kind::Region]) + usize::from(regions::first_named(&text[run.range()]).is_some());
        let sure = count(&[Kind::Street, Kind::Village]) + regions;
        // A village is as near as many have it: 河北保定徐水区安肃镇后张华营村.
        let is_village = chain.last().is_some_and(|last| text[last.span.range()].ends_with(['村', '庄', '屯', '寨']))
            && count(&[Kind::Village, Kind::Region, Kind::Place]) > 1
            && regions > 0;
        return is_village || is_labelled && places > 0 && sure > 0 && places + regions >= 2;
    };
    let has_place_before = chain[..first_house].iter().any(named);
    let has_region = chain[0].kind == Kind::Region || regions::first_named(&text[run.range()]).is_some();
    let strong = count(&[Kind::House, Kind::Room]);
    let is_dashed = count(&[Kind::Dash]) > 0;
    let is_one_day = strong == 1 && count(&[Kind::Floor, Kind::Dash, Kind::Bare, Kind::Small]) == 0;
    match chain[first_house].kind {
        // 阳光小区18号停电 may be a day, 建国路1号 is none.
        Kind::House if has_place_before => {
            let before = chain[first_house - 1].kind;
            let house = &text[chain[first_house].span.range()];
            !(is_one_day && house.ends_with('号') && before != Kind::Street && !has_region && !is_labelled)
        }
        Kind::Small => {
            // 青城山镇芒城村8组
            let villages = chain[..first_house].iter().filter(|part| part.kind == Kind::Village).count();
            let is_village = villages == 1 && text[run.start..chain[0].span.start].chars().count() > 1;
            has_place_before && (strong > 0 || has_region || is_labelled || villages > 1 || is_village)
        }
        Kind::Dash => {
            has_place_before
                && (is_labelled || has_region || text[chain[first_house].span.range()].matches('-').count() > 1)
        }
        Kind::Room => has_place_before || is_labelled || strong > 1,
        // 14栋605
        Kind::House if is_in_building(text, &chain[first_house..]) => true,
        _ => strong > 1 || strong == 1 && is_dashed && (is_labelled || has_region),
    }
}

/// Tells whether a room stands right behind a building: 14栋605, B座1203, 12#602.
fn is_in_building(text: &str, chain: &[Part]) -> bool {
    let [house, room, ..] = chain else { return false };
    let is_building = text[house.span.range()].ends_with(['栋', '幢', '座', '楼', '舍', '#']);
    let is_room = matches!(room.kind, Kind::Bare | Kind::Room) && (3..=5).contains(&room.span.len_bytes());
    is_building && is_room && house.span.end == room.span.start
}

/// Returns where the address starts: at a known region, else behind the words that lead to it.
fn start_of(text: &str, lead: Span) -> usize {
    let words = &text[lead.range()];
    if let Some(at) = regions::first_named(words) {
        return lead.start + at;
    }
    let mut start = lead.start;
    while let Some(hit) = LEAD.find(&text[start..lead.end]) {
        let rest = &text[start..lead.end];
        let two = rest.char_indices().nth(2).map_or(rest.len(), |(at, _)| at);
        // 放 leads to an address, 解放 and 发展 are of it.
        let is_of_it = hit.as_str().chars().count() == 1 && Segmenter::shared().is_common_word(&rest[..two]);
        if is_of_it || hit.len() == rest.len() {
            break;
        }
        start += hit.len();
    }
    start
}
