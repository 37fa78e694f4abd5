//! Completes a message that leans on the conversation: 那运费呢 after a question about returns asks for the freight of a
//! return. Pure.

use super::message::Message;
use crate::{
    domain::{Speaker, Turn},
    text::{QuestionForm, content_span, is_stop_word},
};

/// A message longer than this stands on its own.
const MAX_LEANING_CHARS: usize = 10;
/// What begins a message that leans.
const LEADS: &[&str] = &["那么", "那", "还有", "然后", "这个", "那个", "它", "如果", "要是", "换成", "改成"];
/// What ends one.
const TAILS: &[&str] = &["呢", "呐", "咧"];
/// Words that ask, and carry no topic.
const ASKING: &[&str] = &[
    "怎么",
    "如何",
    "怎样",
    "什么",
    "多久",
    "多少",
    "哪里",
    "哪儿",
    "为什么",
    "可以",
    "能",
    "能不能",
    "可不可以",
    "是否",
    "时候",
    "几天",
    "要",
    "想",
    "我",
    "你们",
    "请问",
    "没",
    "不",
];
/// How many words of the earlier question carry its topic.
const MAX_TOPIC_WORDS: usize = 4;

/// Returns the completed message, or `None` where it stands on its own or nothing came before.
pub fn complete(message: &Message, history: &[Turn]) -> Option<String> {
    let text = &message.text()[content_span(message.text()).range()];
    let rest = leaning_part(text)?;
    let earlier = history.iter().rev().find(|turn| turn.speaker == Speaker::Customer)?;
    let topic = topic(&earlier.text, rest);
    if topic.is_empty() { None } else { Some(format!("{topic}{rest}")) }
}

/// What a leaning message asks once lead and tail are off; `None` where it does not lean.
fn leaning_part(text: &str) -> Option<&str> {
    let bare = text.trim_end_matches(|c: char| !c.is_alphanumeric());
    let num_chars = bare.chars().count();
    if num_chars == 0 || num_chars > MAX_LEANING_CHARS {
        return None;
    }
    let lead = LEADS.iter().find(|lead| bare.starts_with(**lead));
    let without_lead = lead.map_or(bare, |lead| bare[lead.len()..].trim_start_matches([',', '，']));
    let tail = TAILS.iter().find(|tail| without_lead.ends_with(**tail));
    let rest = tail.map_or(without_lead, |tail| &without_lead[..without_lead.len() - tail.len()]);
    let asks_alone = QuestionForm::of(bare) != QuestionForm::Other && num_chars <= 5;
    ((lead.is_some() || tail.is_some() || asks_alone) && !rest.is_empty()).then_some(rest)
}

/// The words of the earlier question that say what it was about, in order.
fn topic(earlier: &str, rest: &str) -> String {
    let message = Message::read(earlier);
    let words = message.words.iter().map(|word| word.text(message.text()));
    let carries = |word: &&str| {
        word.chars().all(char::is_alphanumeric)
            && !is_stop_word(word)
            && !ASKING.contains(word)
            && !rest.contains(*word)
    };
    words.filter(carries).take(MAX_TOPIC_WORDS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(earlier: &str, text: &str, want: Option<&str>) {
        let history = [Turn { speaker: Speaker::Customer, text: earlier.to_owned() }];
        assert_eq!(complete(&Message::read(text), &history).as_deref(), want, "{earlier} / {text}");
    }

    #[test]
    fn only_leaning_messages_are_completed() {
        check("怎么退货", "那运费呢", Some("退货运费"));
        check("怎么退货", "多久", Some("退货多久"));
        check("怎么退货", "我想问一下你们的会员怎么续费", None);
        check("你好", "那运费呢", None);
        assert_eq!(complete(&Message::read("那运费呢"), &[]), None);
    }
}
