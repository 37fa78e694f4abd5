//! How often the customer has asked before, by the earlier turns of the conversation.
//!
//! Turns that follow one another without a reply between are one contact. An earlier contact counts where it is nearly
//! the same text, or where the message chases (还没, 怎么还) what the earlier one was about. Small talk has no matter and
//! counts for nothing. Pure; reads nothing but the turns.

use crate::{
    assist::message::Message,
    domain::{Speaker, Turn, Urgency},
    text::{gram_hash, grams, is_stop_word, normalize},
};

/// Shared pairs of characters from which on two texts are the same question.
const SAME: f32 = 0.6;
/// Shared pairs from which on a chasing text is about the matter of the earlier one.
const SAME_MATTER: f32 = 0.25;
/// Texts of fewer pairs have no matter of their own.
const MIN_PAIRS: usize = 3;
/// What chases.
const CHASES: &[&str] = &[
    "还没", "怎么还", "还不", "还是没", "催", "没人理", "没人回", "没回复", "没动静", "没消息", "到底", "都多久", "多久了", "人呢", "又过了",
    "还要等", "再问", "上次问", "刚才问", "怎么样了", "有结果", "有进展",
];

/// Returns what the earlier turns argue for; none where the customer asks for the first time.
pub(super) fn contact(message: &Message, history: &[Turn]) -> Option<Urgency> {
    if history.is_empty() {
        return None;
    }
    let pairs = pairs(message.text());
    if pairs.len() < MIN_PAIRS {
        return None;
    }
    let chases = CHASES.iter().any(|word| message.text().contains(word));
    let least = if chases { SAME_MATTER } else { SAME };
    // What came after the last reply belongs to this contact.
    let answered = history.iter().rposition(|turn| turn.speaker != Speaker::Customer)?;
    let contacts = history[..answered].chunk_by(|a, b| a.speaker == b.speaker);
    let of_customer = contacts.filter(|turns| turns[0].speaker == Speaker::Customer);
    let is_same = |turns: &[Turn]| turns.iter().any(|turn| shared(&pairs, turn) >= least);
    match of_customer.filter(|turns| is_same(turns)).count() {
        0 => None,
        1 => Some(Urgency::Important),
        _ => Some(Urgency::Urgent),
    }
}

/// The pairs of characters and the runs of a text that carry meaning, sorted.
fn pairs(normalized: &str) -> Vec<u64> {
    let carries = |gram: &&str| gram.chars().count() > 1 && !is_stop_word(gram);
    let mut pairs: Vec<u64> = grams(normalized).filter(carries).map(gram_hash).collect();
    pairs.sort_unstable();
    pairs.dedup();
    pairs
}

/// The share of pairs that the texts have in common, of the shorter one.
fn shared(pairs: &[u64], turn: &Turn) -> f32 {
    let earlier = self::pairs(normalize(&turn.text).as_str());
    let shorter = pairs.len().min(earlier.len());
    if shorter < MIN_PAIRS {
        return 0.0;
    }
    let common = earlier.iter().filter(|pair| pairs.binary_search(pair).is_ok()).count();
    common as f32 / shorter as f32
}
