//! How often the customer has asked before, by the earlier turns of the conversation.
//!
//! Turns that follow one another without a reply between are one contact. An earlier contact counts where it is nearly
//! the same text, or where the message chases (还没, 怎么还) what the earlier one was about, that is, shares a word that
//! carries meaning. Small talk has no matter and counts for nothing; nor do turns long past, or what a long one says at its end. Pure; reads nothing but the turns.

use std::collections::HashSet;

use crate::{
    assist::message::Message,
    domain::{Speaker, Turn, Urgency},
    text::{gram_hash, grams, is_stop_word},
};

/// Shared pairs of characters from which on two texts are the same question.
const SAME: f32 = 0.6;
/// Texts of fewer pairs have no matter of their own.
const MIN_PAIRS: usize = 3;
/// How many of the customer's latest turns are read.
const MAX_TURNS: usize = 10;
/// How much of a turn is read, in characters.
const MAX_TURN_CHARS: usize = 200;
/// What chases.
const CHASES: &[&str] = &[
    "还没",
    "怎么还",
    "还不",
    "还是没",
    "催",
    "没人理",
    "没人回",
    "没回复",
    "没动静",
    "没消息",
    "到底",
    "都多久",
    "多久了",
    "人呢",
    "又过了",
    "还要等",
    "再问",
    "上次问",
    "刚才问",
    "怎么样了",
    "有结果",
    "有进展",
];

/// Returns what the earlier turns argue for; none where the customer asks for the first time.
pub(super) fn contact(message: &Message, history: &[Turn]) -> Option<Urgency> {
    if history.is_empty() {
        return None;
    }
    // What came after the last reply belongs to this contact.
    let answered = history.iter().rposition(|turn| turn.speaker != Speaker::Customer)?;
    let matter = Matter::of(message);
    let chases = CHASES.iter().any(|word| message.text().contains(word));
    let is_same = |turn: &Turn| {
        let end = turn.text.char_indices().nth(MAX_TURN_CHARS).map_or(turn.text.len(), |(at, _)| at);
        let earlier = Message::read(&turn.text[..end]);
        let earlier = Matter::of(&earlier);
        matter.shared_pairs(&earlier) >= SAME || chases && matter.shares_word(&earlier)
    };
    let of_customer = (0..answered).rev().filter(|at| history[*at].speaker == Speaker::Customer);
    let first = of_customer.take(MAX_TURNS).last()?;
    let contacts = history[first..answered].chunk_by(|a, b| a.speaker == b.speaker);
    let of_customer = contacts.filter(|turns| turns[0].speaker == Speaker::Customer);
    match of_customer.filter(|turns| turns.iter().any(is_same)).count() {
        0 => None,
        1 => Some(Urgency::Important),
        _ => Some(Urgency::Urgent),
    }
}

/// Words that ask or point and are about nothing.
const EMPTY: &[&str] = &[
    "什么",
    "时候",
    "怎么",
    "怎样",
    "多久",
    "一下",
    "你们",
    "我们",
    "他们",
    "请问",
    "现在",
    "今天",
    "昨天",
    "明天",
    "可以",
    "没有",
    "还是",
    "还没",
    "为什么",
    "到底",
    "已经",
    "问题",
    "客服",
    "麻烦",
    "帮我",
    "一直",
    "这个",
    "那个",
    "没人",
    "处理",
    "消息",
    "动静",
    "几天",
    "哪里",
    "如何",
    "能否",
    "是否",
    "不是",
    "就是",
    "这么",
    "那么",
    "不能",
    "不会",
    "应该",
    "知道",
    "告诉",
    "回复",
    "催促",
    "人工",
    "您好",
    "你好",
];

/// What a text is about.
struct Matter<'a> {
    /// Hashes of the pairs of characters and the runs, sorted.
    pairs: Vec<u64>,
    /// Words of two characters and more that carry meaning.
    words: HashSet<&'a str>,
}

impl<'a> Matter<'a> {
    fn of(message: &'a Message) -> Self {
        let is_long = |gram: &&str| gram.chars().nth(1).is_some();
        let mut pairs: Vec<u64> = grams(message.text()).filter(is_long).map(gram_hash).collect();
        pairs.sort_unstable();
        pairs.dedup();
        let words = message.words.iter().map(|word| word.text(message.text()));
        let carries = |word: &&str| {
            is_long(word) && word.chars().all(char::is_alphanumeric) && !is_stop_word(word) && !EMPTY.contains(word)
        };
        Self { pairs, words: words.filter(carries).collect() }
    }

    /// The share of pairs that the texts have in common, of the shorter one.
    fn shared_pairs(&self, other: &Matter<'_>) -> f32 {
        let shorter = self.pairs.len().min(other.pairs.len());
        if shorter < MIN_PAIRS || self.words.is_empty() {
            return 0.0;
        }
        let common = other.pairs.iter().filter(|pair| self.pairs.binary_search(pair).is_ok()).count();
        common as f32 / shorter as f32
    }

    fn shares_word(&self, other: &Matter<'_>) -> bool {
        !self.words.is_disjoint(&other.words)
    }
}
