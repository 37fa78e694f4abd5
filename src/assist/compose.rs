//! The text to send: for the channel, with slots filled, in the tone the outcome asks for. Pure.
//!
//! Adds nothing that the article or the policy does not say.

use std::collections::BTreeMap;

use crate::domain::{Channel, ReplyTexts};

/// A filled text and the slots that nobody gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filled {
    pub text: String,
    pub missing: Vec<String>,
}

/// Fills the slots `{name}` of an answer; a slot that nobody gave is left out and named.
pub fn fill(template: &str, slots: &BTreeMap<String, String>) -> Filled {
    let mut filled = Filled { text: String::with_capacity(template.len()), missing: Vec::new() };
    let mut rest = template;
    while let Some(open) = rest.find('{') {
        let (before, after) = rest.split_at(open);
        filled.text.push_str(before);
        match after[1..].find('}').map(|close| &after[1..=close]) {
            Some(name) if is_slot_name(name) => {
                match slots.get(name) {
                    Some(value) => filled.text.push_str(value),
                    None if !filled.missing.iter().any(|known| known == name) => filled.missing.push(name.to_owned()),
                    None => {}
                }
                rest = &after[name.len() + 2..];
            }
            _ => {
                filled.text.push('{');
                rest = &after[1..];
            }
        }
    }
    filled.text.push_str(rest);
    filled
}

fn is_slot_name(name: &str) -> bool {
    (1..=32).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')
}

/// Puts a policy's text together with one thing it names: `{due}` or `{department}`.
pub fn with(text: &str, name: &str, value: &str) -> String {
    text.replace(&format!("{{{name}}}"), value)
}

/// What a handoff says, in parts: acknowledgement, the answer where there is one, when somebody comes.
#[derive(Clone, Copy, Debug, Default)]
pub struct HandoffParts<'a> {
    pub acknowledgement: Option<&'a str>,
    pub answer: Option<&'a str>,
    pub due: Option<&'a str>,
}

/// Joins the parts of a handoff.
pub fn handoff(parts: HandoffParts<'_>) -> String {
    [parts.acknowledgement, parts.answer, parts.due].into_iter().flatten().collect::<Vec<_>>().join("\n\n")
}

/// The text that offers options, numbered.
pub fn clarify(texts: &ReplyTexts, questions: &[&str]) -> String {
    let mut text = texts.clarify.clone();
    for (idx, question) in questions.iter().enumerate() {
        text.push_str(&format!("\n{}. {question}", idx + 1));
    }
    text
}

/// Dresses a body for the channel: an e-mail is addressed and signed, the rest stays as it is.
pub fn dress(channel: Channel, body: String, slots: &BTreeMap<String, String>, signature: &str) -> String {
    if channel != Channel::Email || body.is_empty() {
        return body;
    }
    let name = slots.get("customer_name").map_or("客户", String::as_str);
    format!("尊敬的{name}：\n\n{body}\n\n此致\n敬礼\n{signature}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(template: &str, want: &str, missing: &[&str]) {
        let slots = BTreeMap::from([("customer_name".to_owned(), "王女士".to_owned())]);
        let filled = fill(template, &slots);
        assert_eq!(filled.text, want, "{template}");
        assert_eq!(filled.missing, missing, "{template}");
    }

    #[test]
    fn slots_are_filled_or_named() {
        check("{customer_name}您好", "王女士您好", &[]);
        check("订单{order_id}、{order_id}已发货", "订单、已发货", &["order_id"]);
        check("没有槽位", "没有槽位", &[]);
        check("{", "{", &[]);
        check("{不是槽位}与{ABC}", "{不是槽位}与{ABC}", &[]);
        check("{{customer_name}}", "{王女士}", &[]);
        check("末尾{customer_name", "末尾{customer_name", &[]);
    }

    #[test]
    fn mail_is_addressed_and_signed() {
        let slots = BTreeMap::new();
        let text = dress(Channel::Email, "正文".to_owned(), &slots, "客服");
        assert!(text.starts_with("尊敬的客户：") && text.ends_with("客服"));
        assert_eq!(dress(Channel::Im, "正文".to_owned(), &slots, "客服"), "正文");
    }
}
