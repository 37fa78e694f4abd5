//! Names that stand as a field of their own in a text like a form: 姚远，身份证号…, 单文静，财务，s@126.com.
//!
//! Asked only where something else personal stands in the message. Must not know labels; those are read beside this.

use super::surnames::{Trust, field_len, name_len};
use crate::{domain::Span, text::chars::is_han, text::segment::Segmenter};

/// What a field ends with; the sign of what is found already is one of them.
const SEPARATORS: &[char] =
    &[' ', ',', '/', '|', ';', '、', ':', '\n', '\r', '\t', '(', ')', '[', ']', '，', '；', '。', '\u{1}', '+', '&'];
/// In characters.
const FIELD: std::ops::RangeInclusive<usize> = 2..=4;

/// In characters, the name of three.
const ROLE_AND_NAME: std::ops::RangeInclusive<usize> = 5..=6;

/// Returns the fields that are names.
pub(super) fn names(text: &str) -> Vec<Span> {
    let mut names = Vec::new();
    let mut start = 0;
    let mut follows_item = true;
    for field in text.split_inclusive(SEPARATORS) {
        let words = field.trim_end_matches(SEPARATORS);
        // 张伟收: of the way parcels are addressed.
        let words = words.strip_suffix('收').unwrap_or(words);
        let span = Span::new(start, start + words.len());
        start += field.len();
        if words.is_empty() {
            follows_item |= field == "\u{1}";
            continue;
        }
        let is_short = FIELD.contains(&words.chars().take(*FIELD.end() + 1).count());
        // 向住建、残联反映
        let is_reported = words.starts_with('向') && field.ends_with('、');
        if is_short
            && !is_reported
            && words.chars().all(is_han)
            && is_name(words, follows_item || item_follows(&text[start..]))
        {
            names.push(span);
        } else if item_follows(&text[start..]) || field.ends_with('\u{1}') {
            names.extend(behind_role(words).map(|at| Span::new(span.start + at, span.end)));
        }
        follows_item = field.ends_with('\u{1}');
    }
    names
}

/// Tells whether the field is a name; beside an item even where it is a word.
fn is_name(words: &str, is_beside_item: bool) -> bool {
    let is_whole = |trust: Trust| name_len(words, trust) == Some(words.len());
    is_whole(Trust::Doubted) || is_whole(Trust::Hinted) || is_beside_item && field_len(words) == Some(words.len())
}

/// Returns where the name starts behind a word that says who it is: 护工刘桂香.
fn behind_role(words: &str) -> Option<usize> {
    let len = words.chars().take(ROLE_AND_NAME.end() + 1).count();
    let at = words.char_indices().nth(len.checked_sub(3)?)?.0;
    let (role, name) = words.split_at(at);
    let is_one = ROLE_AND_NAME.contains(&len)
        && words.chars().all(is_han)
        && Segmenter::shared().is_common_word(role)
        && name_len(name, Trust::Doubted) == Some(name.len());
    is_one.then_some(at)
}

/// Tells whether the next field holds or is an item: 身份证号码340104….
fn item_follows(rest: &str) -> bool {
    let rest = rest.trim_start_matches([' ', ',', '，', '\n', ';', '、', '/']);
    rest.split([',', '，', '\n', ';', '。']).next().is_some_and(|field| field.contains('\u{1}'))
}
