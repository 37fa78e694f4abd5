//! Names of persons, where the words around say that one stands there: 我叫…, 收货人…, …先生, beside a phone or an address.
//!
//! A surname with a title (张先生) is no name: it tells nobody apart. The finder would rather miss a name in running text
//! than take a word for one. To add a place where names stand: a cue, and its trust in [`trust_of`].

use super::{
    cues::{Cue, Cues},
    fields, plain_names,
    scan::{Found, pattern},
    surnames::{Trust, field_len, name_len, surname_len},
};
use crate::{domain::Span, text::chars::is_han, text::segment::Segmenter};

// What may stand between a label and its name.
pattern!(
    LINK,
    r"^\s*(?:一下)?(?:(?:的)?(?:姓名|名字|名称))?\s*(?P<sure>写错了?[,，]?\s*(?:应该)?是|登记的?是|写的?是|改成了?|改为|换成|写成|填的?是?|写的?|是|为|叫|:)?\s*(?P<colon>:)?\s*"
);
pattern!(LATIN, r"^[A-Z][A-Za-z]+(?:[ /][A-Z][A-Za-z]+){1,3}");

/// What may stand between a name and the phone or address beside it.
const BETWEEN: &[char] =
    &[' ', ',', '/', '|', ';', '、', ':', '-', '(', ')', '\n', '\r', '\t', '+', '，', '；', '。', '.', '_'];
/// The longest gap there.
const MAX_BETWEEN: usize = 4;

/// Finds names; `anchors` are the phones, cards and addresses already found.
pub(super) fn names(text: &str, cues: &Cues, anchors: &[Span]) -> Vec<Found> {
    let mut spans: Vec<Span> = Vec::new();
    for (cue, start, end) in cues.iter() {
        let span = match cue {
            Cue::Title => titled(text, start),
            Cue::Owned => titled(text, start).filter(|span| span.len_bytes() > 2 * "张".len()),
            Cue::NameLabel | Cue::Called | Cue::Role | Cue::NameLead => {
                named(text, cue, Span::new(start, end), !anchors.is_empty())
            }
            _ => None,
        };
        spans.extend(span);
    }
    for anchor in anchors {
        spans.extend(before(text, anchor.start));
        spans.extend(after(text, anchor.end));
    }
    if !anchors.is_empty() {
        spans.extend(fields::names(text));
    }
    spans.extend(plain_names::names(text));
    spans.sort_unstable_by_key(|span| (span.start, std::cmp::Reverse(span.end)));
    spans.into_iter().map(|span| Found { span, value: text[span.range()].to_owned() }).collect()
}

/// The name after a label, a role or a lead.
fn named(text: &str, cue: Cue, label: Span, is_form: bool) -> Option<Span> {
    let rest = &text[label.end..];
    let link = LINK.captures(rest)?;
    let whole = link.get(0)?;
    // In a form a space does as well: 收款人 明月华 开户行.
    let is_field = is_form && cue == Cue::NameLabel && whole.as_str().ends_with([' ', '\n', '\t']);
    let has_colon =
        is_field || link.name("colon").is_some() || link.name("sure").is_some_and(|sure| sure.as_str() == ":");
    let sure = link.name("sure").map_or("", |sure| sure.as_str());
    let start = label.end + whole.end();
    let trust = trust_of(&text[label.range()], cue, has_colon, sure)?;
    if has_colon && let Some(latin) = LATIN.find(&text[start..]) {
        return Some(Span::new(start, start + latin.end()));
    }
    if (matches!(trust, Trust::Labelled | Trust::Called | Trust::Named) || is_form)
        && (whole.as_str().ends_with(' ') || matches!(cue, Cue::Called | Cue::NameLabel) || is_form)
        && let Some(latin) = LATIN.find(&text[start..])
    {
        return Some(Span::new(start, start + latin.end()));
    }
    let len = name_len(&text[start..], trust).or_else(|| {
        // 本人方便宜: what is made as a name and longer than the words there.
        let is_self = &text[label.range()] == "本人";
        let len = is_self.then(|| name_len(&text[start..], Trust::Called)).flatten();
        let is_likely = |len: usize| len > 2 * "张".len() || is_form && field_len(&text[start..start + len]).is_some();
        let len = len.filter(|len| is_likely(*len) && !text[start + len..].starts_with(is_han));
        let is_led = matches!(cue, Cue::NameLead | Cue::NameLabel | Cue::Role);
        len.or_else(|| is_led.then(|| plain_names::led_len(text, start)).flatten())
    })?;
    Some(Span::new(start, start + len))
}

/// How much the words before are to be trusted; none where they introduce something else.
fn trust_of(label: &str, cue: Cue, has_colon: bool, sure: &str) -> Option<Trust> {
    match cue {
        Cue::Called if has_colon => Some(Trust::Labelled),
        Cue::Called => Some(Trust::Called),
        Cue::NameLabel if has_colon || label.ends_with(':') => Some(Trust::Labelled),
        Cue::NameLabel if label == "本人" && sure.is_empty() => Some(Trust::Doubted),
        Cue::NameLabel => Some(Trust::Named),
        Cue::Role if has_colon || sure == "叫" => Some(Trust::Named),
        Cue::Role if label.starts_with('报') => None,
        Cue::Role if sure == "是" || sure == "为" => Some(Trust::Doubted),
        Cue::Role => Some(Trust::Hinted),
        Cue::NameLead if sure.is_empty() || has_colon => Some(Trust::Doubted),
        _ => None,
    }
}

/// The full name before a title: 张伟先生, not 张先生.
fn titled(text: &str, title: usize) -> Option<Span> {
    let before: Vec<(usize, char)> =
        text[..title].char_indices().rev().take(4).take_while(|(_, c)| is_han(*c)).collect();
    [4, 3, 2].into_iter().filter(|len| before.len() >= *len).find_map(|len| {
        let start = before[len - 1].0;
        let surname = surname_len(&text[start..])?;
        let given = len.checked_sub(surname)?;
        let is_whole = name_len(&text[start..], Trust::Doubted) == Some(title - start);
        // 向李先生 and 于王女士 are a preposition and a surname.
        let is_called =
            given == 1 && "向于从时应让单".contains(before[len - 1].1) && surname_len(&text[before[0].0..]).is_some();
        ((1..=2).contains(&given) && is_whole && !is_called && !is_cut(text, start)).then(|| Span::new(start, title))
    })
}

/// Tells whether the character before and the first of the name are one word: 联系|周, 于|是.
fn is_cut(text: &str, start: usize) -> bool {
    let Some((before, _)) = text[..start].char_indices().next_back() else { return false };
    let end = start + text[start..].chars().next().map_or(0, char::len_utf8);
    // 谢谢王师傅, 多谢王师傅: thanks, not a surname.
    let is_thanks = text[start..].starts_with('谢') && text[before..].starts_with(['谢', '多', '感', '鸣', '致']);
    is_thanks || text[before..].starts_with(is_han) && Segmenter::shared().is_common_word(&text[before..end])
}

/// The name that stands alone before a phone or an address.
fn before(text: &str, anchor: usize) -> Option<Span> {
    let end = text[..anchor].trim_end_matches(BETWEEN).len();
    if anchor - end > MAX_BETWEEN {
        return None;
    }
    let chunk: usize = text[..end].chars().rev().take_while(|c| is_of_name(*c)).map(char::len_utf8).sum();
    let start = end - chunk;
    alone(text, Span::new(start, end))
}

/// The name that stands alone after a phone or an address.
fn after(text: &str, anchor: usize) -> Option<Span> {
    let rest = text[anchor..].trim_start_matches(BETWEEN);
    // 6栋B单元1404的潘美娟
    let rest = rest.strip_prefix('的').unwrap_or(rest);
    let start = text.len() - rest.len();
    if start - anchor > MAX_BETWEEN {
        return None;
    }
    let chunk: usize = rest.chars().take_while(|c| is_of_name(*c)).map(char::len_utf8).sum();
    alone(text, Span::new(start, start + chunk))
}

fn is_of_name(c: char) -> bool {
    is_han(c) || matches!(c, '·' | '•' | '・' | '‧')
}

fn alone(text: &str, chunk: Span) -> Option<Span> {
    let words = &text[chunk.range()];
    let len = name_len(&text[chunk.start..], Trust::Doubted)?;
    let is_whole =
        len == words.len() || len < words.len() && words[len..].starts_with("收") && len + "收".len() == words.len();
    (is_whole && !words.is_empty()).then(|| Span::new(chunk.start, chunk.start + len))
}
