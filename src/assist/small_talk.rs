//! Greetings, thanks and the like, recognized before retrieval.
//!
//! Only a message that is small talk and nothing else counts: what is left after the phrases and particles are taken
//! away must be nothing.

use std::collections::HashMap;

use serde::Deserialize;
use thiserror::Error;

use crate::text::normalize;

const FORMAT: u32 = 1;

/// A small talk file that cannot be read.
#[derive(Debug, Error)]
pub enum SmallTalkError {
    #[error("the small talk file is not of the form this program reads")]
    Json(#[from] serde_json::Error),
    #[error("small talk file format {0} is unknown, this program reads 1")]
    Format(u32),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    format: u32,
    particles: Vec<String>,
    intents: Vec<IntentShape>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct IntentShape {
    id: String,
    reply: String,
    phrases: Vec<String>,
}

/// A small talk intent and what to say; an empty reply means the greeting of the knowledge base.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Intent {
    pub id: String,
    pub reply: String,
}

/// The small talk the service knows.
#[derive(Clone, Debug, Default)]
pub struct SmallTalk {
    intents: Vec<Intent>,
    phrases: HashMap<String, usize>,
    particles: Vec<String>,
    max_phrase_chars: usize,
}

impl SmallTalk {
    /// Reads the small talk from JSON.
    pub fn parse(json: &str) -> Result<Self, SmallTalkError> {
        let file: File = serde_json::from_str(json)?;
        if file.format != FORMAT {
            return Err(SmallTalkError::Format(file.format));
        }
        let mut talk = Self { particles: file.particles, ..Self::default() };
        for shape in file.intents {
            for phrase in shape.phrases {
                let phrase = bare(normalize(&phrase).as_str());
                talk.max_phrase_chars = talk.max_phrase_chars.max(phrase.chars().count());
                talk.phrases.entry(phrase).or_insert(talk.intents.len());
            }
            talk.intents.push(Intent { id: shape.id, reply: shape.reply });
        }
        Ok(talk)
    }

    /// Recognizes a message that is small talk throughout; the last phrase tells the intent, for 你好，谢谢 ends as thanks.
    pub fn recognize(&self, normalized: &str) -> Option<&Intent> {
        let text: Vec<char> = bare(normalized).chars().collect();
        let mut at = 0;
        let mut last = None;
        while at < text.len() {
            if let Some((intent, len)) = self.phrase_at(&text[at..]) {
                last = Some(intent);
                at += len;
            } else {
                at += self.particle_at(&text[at..])?;
            }
        }
        last.map(|idx| &self.intents[idx])
    }

    fn phrase_at(&self, text: &[char]) -> Option<(usize, usize)> {
        (1..=text.len().min(self.max_phrase_chars)).rev().find_map(|len| {
            let phrase: String = text[..len].iter().collect();
            self.phrases.get(&phrase).map(|intent| (*intent, len))
        })
    }

    fn particle_at(&self, text: &[char]) -> Option<usize> {
        let starts = |particle: &&String| particle.chars().zip(text.iter()).filter(|(a, b)| a == *b).count();
        self.particles.iter().find_map(|particle| {
            let len = particle.chars().count();
            (len > 0 && starts(&particle) == len).then_some(len)
        })
    }
}

/// Leaves letters and digits.
fn bare(normalized: &str) -> String {
    normalized.chars().filter(|c| c.is_alphanumeric()).collect()
}
