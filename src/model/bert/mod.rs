//! A sentence encoder from a Hugging Face BERT folder, with a forward of its own.
//!
//! A folder holds `config.json`, `tokenizer.json` and `model.safetensors`; what sentence-transformers puts beside them is
//! heeded. The linear layers, where nearly all time goes, multiply weights of four or eight bits with inputs of eight.
//!
//! Inside: `config` (what the folder says) → `tokens` (characters to tokens), `weights` (tensors to layers) → `network`
//! (tokens to a vector) over `linear`, `ops` and `kernels` (arithmetic); `reference` is the same network in f32;
//! `vector_file` keeps vectors (`rounded`) from start to start.
//!
//! Must not know articles, or when it is worth its cost. Invariants: the same folder and settings give the same vectors
//! up to float rounding, whatever the processor; every vector has length 1; what cannot be computed is refused at load. To add an
//! architecture: its shape in `config`, its layers in `network`, both in `reference`, and a case in the tests.

mod config;
mod kernels;
mod linear;
mod network;
mod ops;
mod reference;
mod rounded;
mod tokens;
mod vector_file;
mod weights;

#[cfg(test)]
pub(crate) mod tests;

use std::path::Path;

use sha2::{Digest, Sha256};

use self::{
    config::{Config, DESCRIPTIONS, read, read_if_there},
    network::Network,
    tokens::Tokens,
    weights::Weights,
};
pub use self::{
    kernels::{Bits, Kernel},
    reference::Reference,
    rounded::RoundedVector,
    vector_file::VectorFile,
};
use super::error::ModelError;

const TOKENIZER_FILE: &str = "tokenizer.json";
const WEIGHTS_FILE: &str = "model.safetensors";
/// Raised where the same files come to give other vectors.
const ARITHMETIC: u32 = 1;
/// A lower limit of tokens would leave little but those that begin and end a text.
pub const MIN_MAX_TOKENS: usize = 8;
/// Texts go through together up to so many tokens.
const TOKENS_AT_ONCE: usize = 192;

/// How a folder is put to work; what is not said is as the folder says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextEncoderSettings {
    pub bits: Bits,
    /// The most tokens of a text.
    pub max_tokens: Option<usize>,
    /// What stands before a text. With several it is read once after each, and its vector is the mean of all; with none it
    /// is read after what the folder says of questions.
    pub prefixes: Vec<String>,
    pub kernel: Kernel,
}

impl Default for TextEncoderSettings {
    fn default() -> Self {
        Self { bits: Bits::Four, max_tokens: None, prefixes: Vec::new(), kernel: Kernel::best() }
    }
}

/// An encoder ready to work.
#[derive(Debug)]
pub struct TextEncoder {
    network: Network,
    tokens: Tokens,
    /// One at least.
    prefixes: Vec<String>,
    kernel: Kernel,
    hash: String,
}

impl TextEncoder {
    /// Loads a folder with the settings that it names itself; fails where a file is missing, malformed or asks for what
    /// cannot be computed.
    pub fn load(dir: &Path) -> Result<Self, ModelError> {
        Self::load_with(dir, TextEncoderSettings::default())
    }

    /// Loads a folder; fails as [`load`](Self::load) does.
    pub fn load_with(dir: &Path, settings: TextEncoderSettings) -> Result<Self, ModelError> {
        let config = Config::load(dir)?;
        let path = dir.join(WEIGHTS_FILE);
        let bytes = read(&path)?;
        let wanted = settings.max_tokens.or(config.max_tokens).unwrap_or(config.positions);
        let max_tokens = wanted.clamp(MIN_MAX_TOKENS.min(config.positions), config.positions);
        let mut prefixes = settings.prefixes;
        if prefixes.is_empty() {
            prefixes.push(config.query_prefix.clone().unwrap_or_default());
        }
        let tokens = Tokens::load(&dir.join(TOKENIZER_FILE), config.vocabulary, max_tokens)?;
        let mut hash = Sha256::new();
        for name in DESCRIPTIONS.into_iter().chain([TOKENIZER_FILE]) {
            let content = read_if_there(&dir.join(name))?;
            add_part(&mut hash, name, content.as_deref().unwrap_or_default());
        }
        add_part(&mut hash, WEIGHTS_FILE, &bytes);
        let used = format!("{ARITHMETIC} {} {max_tokens} {prefixes:?}", settings.bits.number());
        add_part(&mut hash, "settings", used.as_bytes());
        let network = Weights::parse(&path, &bytes)?.network(&config, settings.bits)?;
        let hash = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(Self { network, tokens, prefixes, kernel: settings.kernel, hash })
    }

    /// Returns the width of the vectors.
    pub fn width(&self) -> usize {
        self.network.width
    }

    /// Returns the SHA-256 of all that vectors depend on: the files, and how they are used.
    pub fn hash(&self) -> &str {
        &self.hash
    }

    /// Returns the most tokens of a text; what is beyond is not seen.
    pub fn max_tokens(&self) -> usize {
        self.tokens.max_tokens()
    }

    /// Returns what computes.
    pub fn kernel(&self) -> Kernel {
        self.kernel
    }

    /// Returns the tokens of a text, once after each prefix.
    pub fn readings(&self, text: &str) -> Result<Vec<Vec<u32>>, ModelError> {
        self.prefixes.iter().map(|prefix| self.tokens.of(&format!("{prefix}{text}"))).collect()
    }

    /// Returns the unit vector of a text; fails where it has none.
    pub fn encode(&self, text: &str) -> Result<Vec<f32>, ModelError> {
        self.encode_readings(&self.readings(text)?)
    }

    /// Returns the unit vector of a text by its tokens, as [`readings`](Self::readings) gives them; fails where it cannot
    /// be.
    pub fn encode_readings(&self, readings: &[Vec<u32>]) -> Result<Vec<f32>, ModelError> {
        readings.iter().try_for_each(|tokens| self.tokens.check(tokens))?;
        let tokens: Vec<&[u32]> = readings.iter().map(Vec::as_slice).collect();
        mean(self.network.forward(self.kernel, &tokens)).ok_or(NO_DIRECTION)
    }

    /// Returns the unit vector of each text, the same as one by one; fails where one has none.
    pub fn encode_batch(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, ModelError> {
        let readings: Vec<Vec<Vec<u32>>> = texts.iter().map(|text| self.readings(text)).collect::<Result<_, _>>()?;
        readings.iter().flatten().try_for_each(|tokens| self.tokens.check(tokens))?;
        let mut vectors = Vec::with_capacity(texts.len() * self.prefixes.len());
        let mut rest: Vec<&[u32]> = readings.iter().flatten().map(Vec::as_slice).collect();
        while !rest.is_empty() {
            let mut num_tokens = 0;
            let fits = rest.iter().take_while(|text| {
                num_tokens += text.len();
                num_tokens <= TOKENS_AT_ONCE
            });
            let later = rest.split_off(fits.count().max(1));
            vectors.extend(self.network.forward(self.kernel, &rest));
            rest = later;
        }
        let of_texts = vectors.chunks_mut(self.prefixes.len());
        let vectors: Option<Vec<Vec<f32>>> =
            of_texts.map(|of_text| mean(of_text.iter_mut().map(Option::take))).collect();
        vectors.ok_or(NO_DIRECTION)
    }
}

const NO_DIRECTION: ModelError = ModelError::Text { reason: "its vector has no direction" };

/// Returns the direction of the mean of unit vectors; `None` where one of them or the mean has none.
pub fn mean(vectors: impl IntoIterator<Item = Option<Vec<f32>>>) -> Option<Vec<f32>> {
    let mut vectors = vectors.into_iter();
    let mut sum = vectors.next()??;
    let mut is_one = true;
    for vector in vectors {
        is_one = false;
        sum.iter_mut().zip(vector?).for_each(|(sum, value)| *sum += value);
    }
    if is_one {
        return Some(sum);
    }
    let length = sum.iter().map(|value| value * value).sum::<f32>().sqrt();
    sum.iter_mut().for_each(|value| *value /= length);
    (length > LEAST_LENGTH).then_some(sum)
}

/// Unit vectors whose sum is shorter than this point against one another.
const LEAST_LENGTH: f32 = 1e-6;

/// Adds a part with its name and length, so that no two lists of parts are read alike.
fn add_part(hash: &mut Sha256, name: &str, content: &[u8]) {
    hash.update(format!("{name} {}\n", content.len()));
    hash.update(content);
}
