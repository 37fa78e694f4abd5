//! One customer message with what came before it.

use std::collections::BTreeMap;

use super::{Audience, Channel};

/// Who said a turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Speaker {
    Customer,
    Agent,
    Bot,
}

/// One earlier turn of the conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Turn {
    pub speaker: Speaker,
    pub text: String,
}

/// One customer message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inquiry {
    /// As typed, at most 2,000 characters.
    pub text: String,
    /// Oldest first.
    pub history: Vec<Turn>,
    pub channel: Channel,
    pub audience: Audience,
    /// Values for the slots of answers, e.g. `customer_name`.
    pub slots: BTreeMap<String, String>,
}

impl Inquiry {
    /// Makes an IM inquiry of a chatbot without history.
    pub fn im(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            history: Vec::new(),
            channel: Channel::Im,
            audience: Audience::Bot,
            slots: BTreeMap::new(),
        }
    }
}
