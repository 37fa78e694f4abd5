//! Provinces and cities by name, and how far an address is public: province, city, district.
//!
//! Knows names and endings, not which district lies in which city. Invariant: the public part is a prefix of the address.

use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, MatchKind};
use regex::Regex;

use super::scan::pattern;

static NAMED: LazyLock<AhoCorasick> = LazyLock::new(|| {
    let lines = include_str!("../../../data/text/regions.txt").lines().filter(|line| !line.starts_with('#'));
    let names = lines.flat_map(str::split_whitespace);
    AhoCorasick::builder()
        .match_kind(MatchKind::LeftmostLongest)
        .build(names)
        .expect("a list of names is far below the automaton's limits")
});

static NAMED_PART: LazyLock<Regex> = LazyLock::new(|| {
    let lines = include_str!("../../../data/text/regions.txt").lines().filter(|line| !line.starts_with('#'));
    let mut names: Vec<&str> = lines.flat_map(str::split_whitespace).collect();
    names.sort_unstable_by_key(|name| std::cmp::Reverse(name.len()));
    let ending = "(?:壮族自治区|回族自治区|维吾尔自治区|自治区|特别行政区|省|市|地区|自治州|盟)?";
    Regex::new(&format!(r"^[ ,-]?(?:{}){ending}", names.join("|"))).expect("the pattern is constant and tested")
});

// The shortest run up to an ending; 区 after 小, 社, 园, a letter or a numeral is of a place, not a district.
pattern!(
    DISTRICT,
    r"^[ ,-]?(?:工业园区|高新区|开发区|[^\P{Han}镇乡村街路道号区]{1,6}?(?:[^\P{Han}小社校园宅活属院库片老东南西北一二三四五六七八九十]区|工业园区|新区|县|市|旗|自治州|自治县))"
);

/// Returns where the first province or city known by name starts.
pub(super) fn first_named(text: &str) -> Option<usize> {
    NAMED.find(text).map(|hit| hit.start())
}

/// Tells whether the text ends with a province or city known by name.
pub(super) fn ends_named(text: &str) -> bool {
    NAMED.find_iter(text).any(|hit| hit.end() == text.len())
}

/// Returns how many bytes of an address are public: at most a province, a city and a district or county.
pub(in crate::text) fn public_len(address: &str) -> usize {
    let mut at = 0;
    for _ in 0..2 {
        at += NAMED_PART.find(&address[at..]).map_or(0, |part| part.len());
    }
    for _ in 0..2 {
        at += DISTRICT.find(&address[at..]).map_or(0, |part| part.len());
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_public_part_ends_with_the_district() {
        for (address, public) in [
            ("广东省深圳市南山区科技园南路18号", "广东省深圳市南山区"),
            ("浙江杭州余杭区五常街道文一西路969号", "浙江杭州余杭区"),
            ("北京市 朝阳区 建国路88号", "北京市 朝阳区"),
            ("江苏省苏州市工业园区星湖街328号", "江苏省苏州市工业园区"),
            ("广西壮族自治区南宁市青秀区民族大道131号", "广西壮族自治区南宁市青秀区"),
            ("义乌市北苑街道春晗二区37栋", "义乌市"),
            ("上海市浦东新区张杨路500弄", "上海市浦东新区"),
            ("北京市西城区金融大街35号", "北京市西城区"),
            ("苏州工业园区星港街199号", "苏州工业园区"),
            ("福建省泉州市晋江市陈埭镇溪边村东区128号", "福建省泉州市晋江市"),
            ("幸福小区3栋2单元501", ""),
            ("翠苑三区26幢", ""),
            ("王家庄村2组36号", ""),
            ("河北省邯郸市永年区临洺关镇", "河北省邯郸市永年区"),
        ] {
            assert_eq!(&address[..public_len(address)], public, "{address}");
        }
    }
}
