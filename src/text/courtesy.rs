//! Greetings, thanks and filler around what is asked.
//!
//! Strips at the two ends only, and only what is nothing else: 客服电话是多少 does not begin with a call for 客服. Knows no
//! words of any business. Invariant: the spans do not overlap, and the content between them is empty only where
//! courtesy is all there is. To add a phrase: to `OPENINGS` or `CLOSINGS`, or to
//! `CALLS` or `NAMES` where it may be part of what is asked.

use crate::domain::Span;

use super::chars::{cuts_ascii_word, is_han, is_plain};

/// Opens a message, whatever follows.
const OPENINGS: &[&str] = &[
    "你好呀",
    "你好啊",
    "您好呀",
    "您好啊",
    "你们好",
    "您们好",
    "大家好",
    "早上好",
    "上午好",
    "中午好",
    "下午好",
    "晚上好",
    "早安",
    "晚安",
    "在吗",
    "在么",
    "在嘛",
    "在不在",
    "在线吗",
    "有人吗",
    "有人在吗",
    "人在吗",
    "有人么",
    "有客服吗",
    "客服在吗",
    "客服你好",
    "客服您好",
    "人呢",
    "哈喽",
    "哈啰",
    "哈罗",
    "hello",
    "hi",
    "hey",
    "请问一下",
    "请问下",
    "请问",
    "请教一下",
    "请教下",
    "请教",
    "麻烦问一下",
    "麻烦问下",
    "麻烦请问",
    "麻烦您",
    "麻烦你",
    "麻烦帮我",
    "麻烦一下",
    "劳驾",
    "打扰一下",
    "打扰了",
    "打扰下",
    "不好意思",
    "冒昧问一下",
    "我想咨询一下",
    "我想咨询下",
    "我想咨询",
    "我想请问一下",
    "我想请问",
    "我想请教一下",
    "我想请教",
    "我想问一下",
    "我想问下",
    "我想问问",
    "我想问",
    "我想了解一下",
    "我想了解",
    "我要咨询一下",
    "我要咨询",
    "我要问一下",
    "想咨询一下",
    "想咨询下",
    "想咨询",
    "想请问一下",
    "想请问",
    "想请教一下",
    "想问一下",
    "想问下",
    "想问问",
    "想问",
    "想了解一下",
    "想了解下",
    "咨询一下",
    "咨询下",
    "问一下",
    "问下",
    "问个问题",
    "有个问题",
    "帮我看看",
    "帮我看一下",
    "帮我查一下",
    "帮忙看下",
    "帮忙看看",
    "帮忙查一下",
    "亲爱的",
    "亲亲",
];

/// Opens a message where punctuation or one of [`AFTER_CALL`] follows.
const CALLS: &[&str] =
    &["你好", "您好", "亲", "嗨", "喂", "嗯", "嗯嗯", "额", "呃", "啊", "哎", "唉", "那个", "麻烦", "谢谢"];

/// Opens a message where punctuation or one of [`AFTER_NAME`] follows; else it may be what the message is about.
const NAMES: &[&str] =
    &["客服", "人工客服", "老板", "店家", "店主", "掌柜", "小二", "卖家", "美女", "帅哥", "小姐姐", "小哥哥", "老师"];

/// Closes a message, whatever stands before.
const CLOSINGS: &[&str] = &[
    "谢谢你了",
    "谢谢您了",
    "谢谢你",
    "谢谢您",
    "谢谢啦",
    "谢谢了",
    "谢谢",
    "谢啦",
    "谢了",
    "多谢了",
    "多谢",
    "非常感谢",
    "万分感谢",
    "感谢您",
    "感谢你",
    "感谢",
    "辛苦您了",
    "辛苦你了",
    "辛苦了",
    "麻烦您了",
    "麻烦你了",
    "麻烦了",
    "麻烦啦",
    "拜托了",
    "拜托",
    "劳驾",
    "打扰了",
    "thank you",
    "thanks",
    "thx",
    "3q",
    "你好",
    "您好",
    "在吗",
    "在么",
    "有人吗",
    "亲",
    "亲亲",
];

/// What may follow a name that is called.
const AFTER_NAME: &[&str] = &["我", "你", "您", "请", "帮我", "帮忙"];

/// What may follow another call as well.
const AFTER_CALL: &[&str] = &[
    "这",
    "麻烦",
    "能",
    "可以",
    "可不可以",
    "为什么",
    "为啥",
    "怎么",
    "咋",
    "如何",
    "有没有",
    "想",
    "什么时候",
    "是不是",
    "昨天",
    "今天",
    "退",
    "发",
];

/// Fixed words that begin like a call.
const NO_CALLS: &[&str] = &["亲自", "亲子", "亲戚", "亲友", "亲属", "亲人", "老师傅", "麻烦死", "你好像", "您好像"];

/// Returns what is only greeting, thanks or filler at the start and the end, with the punctuation between.
///
/// At most two spans; one over the whole text where there is nothing else.
pub fn courtesy_spans(normalized: &str) -> Vec<Span> {
    let content = content_span(normalized);
    if content.is_empty() {
        let all = Span::new(0, normalized.len());
        return if all.is_empty() { Vec::new() } else { vec![all] };
    }
    let ends = [Span::new(0, content.start), Span::new(content.end, normalized.len())];
    let has_words = |span: &Span| normalized[span.range()].contains(|c| is_han(c) || is_plain(c));
    ends.into_iter().filter(has_words).collect()
}

/// Returns what is left between the courtesies, without punctuation at its ends where something was stripped.
pub fn content_span(normalized: &str) -> Span {
    let mut start = 0;
    while let Some(len) = opening(normalized, start) {
        start = skip_marks(normalized, start + len);
    }
    let mut end = normalized.len();
    while let Some(len) = closing(&normalized[start..end]) {
        end = start + normalized[start..end - len].trim_end_matches(is_mark).len();
    }
    Span::new(start, end)
}

/// Returns the bytes of the courtesy the text begins with, its particles included.
fn opening(text: &str, start: usize) -> Option<usize> {
    let rest = &text[start..];
    let longest = |list: &[&str]| {
        let fits = |phrase: &&&str| rest.starts_with(**phrase) && !cuts_ascii_word(rest, 0, phrase.len());
        list.iter().filter(fits).map(|phrase| phrase.len()).max()
    };
    if let Some(len) = longest(OPENINGS) {
        return Some(len);
    }
    let (len, may_follow) = match (longest(CALLS), longest(NAMES)) {
        (Some(len), _) => (len, AFTER_CALL),
        (None, Some(len)) => (len, &[][..]),
        (None, None) => return None,
    };
    let after = &rest[len..];
    let follows = |list: &[&str]| list.iter().any(|phrase| after.starts_with(phrase));
    let is_word = NO_CALLS.iter().any(|word| rest.starts_with(word));
    let is_call = !after.starts_with(is_han)
        || !is_word && [OPENINGS, CALLS, NAMES, AFTER_NAME, may_follow].into_iter().any(follows);
    is_call.then_some(len)
}

/// Returns the bytes of the courtesy the text ends with and of the marks and particles after it.
fn closing(text: &str) -> Option<usize> {
    let bare =
        text.trim_end_matches(is_mark).trim_end_matches(['啊', '呀', '哦', '哈', '啦', '哟']).trim_end_matches(is_mark);
    let fits =
        |phrase: &&&str| bare.ends_with(**phrase) && !cuts_ascii_word(bare, bare.len() - phrase.len(), bare.len());
    let phrase = CLOSINGS.iter().filter(fits).map(|phrase| phrase.len()).max()?;
    Some(text.len() - bare.len() + phrase)
}

fn skip_marks(text: &str, start: usize) -> usize {
    text.len() - text[start..].trim_start_matches(is_mark).len()
}

fn is_mark(c: char) -> bool {
    !is_han(c) && !is_plain(c) && !matches!(c, '¥' | '$' | '#' | '+' | '-' | '%')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, content: &str) {
        assert_eq!(&text[content_span(text).range()], content, "{text}");
    }

    #[test]
    fn courtesy_is_stripped_at_the_ends() {
        check("你好,请问怎么退货?谢谢", "怎么退货");
        check("亲,在吗?我想咨询一下运费险,辛苦了!", "运费险");
        check("hello怎么退款thanks", "怎么退款");
        check("hi,退款", "退款");
        check("老板你好我要退货", "我要退货");
        check("怎么退货", "怎么退货");
        check("怎么退货?", "怎么退货?");
        check("不好意思打扰一下,发票怎么开,谢谢啦", "发票怎么开");
        check("您好,麻烦问一下人工", "人工");
        check("你好 how to return", "how to return");
    }

    #[test]
    fn ordinary_words_stay() {
        for text in [
            "客服电话是多少",
            "老板娘套餐",
            "亲子装怎么退",
            "你好慢",
            "history",
            "麻烦死了",
            "在线支付",
            "我不想说谢谢你们",
            "喂养指南",
            "感谢信怎么写",
        ] {
            check(text, text);
        }
    }

    #[test]
    fn courtesy_alone_is_all_courtesy() {
        for text in ["你好", "谢谢!", "在吗,亲", "您好,谢谢"] {
            check(text, "");
            assert_eq!(courtesy_spans(text), [Span::new(0, text.len())], "{text}");
        }
        assert!(courtesy_spans("").is_empty() && courtesy_spans("退货?").is_empty());
        let text = "你好,退货,谢谢";
        let parts: Vec<&str> = courtesy_spans(text).iter().map(|span| &text[span.range()]).collect();
        assert_eq!(parts, ["你好,", ",谢谢"]);
    }

    #[test]
    fn random_text_is_never_cut_in_a_character() {
        let mut rng = fastrand::Rng::with_seed(13);
        let parts = ["你好", ",", "亲", "谢谢", "退货", "hi", "a", " ", "!", "请问", "客服", "啊", "¥"];
        for _ in 0..500 {
            let text: String = (0..rng.usize(..8)).map(|_| parts[rng.usize(..parts.len())]).collect();
            let content = content_span(&text);
            assert!(content.end <= text.len() && text.get(content.range()).is_some(), "{text}");
            assert!(!text.contains("退货") || text[content.range()].contains("退货"), "{text}");
        }
    }
}
