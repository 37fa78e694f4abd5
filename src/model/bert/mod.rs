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

/// What a text is to the encoder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// What is asked, and what is worded like a question.
    Query,
    /// What is searched.
    Passage,
}

/// How a folder is put to work; what is not said is as the folder says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextEncoderSettings {
    pub bits: Bits,
    /// The most tokens of a text.
    pub max_tokens: Option<usize>,
    /// What stands before a text of each role.
    pub query_prefix: Option<String>,
    pub passage_prefix: Option<String>,
    pub kernel: Kernel,
}

impl Default for TextEncoderSettings {
    fn default() -> Self {
        Self { bits: Bits::Four, max_tokens: None, query_prefix: None, passage_prefix: None, kernel: Kernel::best() }
    }
}

/// An encoder ready to work.
#[derive(Debug)]
pub struct TextEncoder {
    network: Network,
    tokens: Tokens,
    query_prefix: String,
    passage_prefix: String,
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
        let prefix = |given: Option<String>, own: &Option<String>| given.or_else(|| own.clone()).unwrap_or_default();
        let query_prefix = prefix(settings.query_prefix, &config.query_prefix);
        let passage_prefix = prefix(settings.passage_prefix, &config.passage_prefix);
        let tokens = Tokens::load(&dir.join(TOKENIZER_FILE), config.vocabulary, max_tokens)?;
        let mut hash = Sha256::new();
        for name in DESCRIPTIONS.into_iter().chain([TOKENIZER_FILE]) {
            let content = read_if_there(&dir.join(name))?;
            add_part(&mut hash, name, content.as_deref().unwrap_or_default());
        }
        add_part(&mut hash, WEIGHTS_FILE, &bytes);
        let used = format!("{ARITHMETIC} {} {max_tokens} {query_prefix:?} {passage_prefix:?}", settings.bits.number());
        add_part(&mut hash, "settings", used.as_bytes());
        let network = Weights::parse(&path, &bytes)?.network(&config, settings.bits)?;
        let hash = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(Self { network, tokens, query_prefix, passage_prefix, kernel: settings.kernel, hash })
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

    /// Returns the tokens of a text, its prefix included.
    pub fn tokens(&self, text: &str, role: Role) -> Result<Vec<u32>, ModelError> {
        let prefix = match role {
            Role::Query => &self.query_prefix,
            Role::Passage => &self.passage_prefix,
        };
        self.tokens.of(&format!("{prefix}{text}"))
    }

    /// Returns the unit vector of a text; fails where it has none.
    pub fn encode(&self, text: &str, role: Role) -> Result<Vec<f32>, ModelError> {
        self.encode_tokens(&self.tokens(text, role)?)
    }

    /// Returns the unit vector of tokens, as [`tokens`](Self::tokens) gives them; fails where it cannot be.
    pub fn encode_tokens(&self, tokens: &[u32]) -> Result<Vec<f32>, ModelError> {
        self.tokens.check(tokens)?;
        let vector = self.network.forward(self.kernel, &[tokens]).pop().flatten();
        vector.ok_or(ModelError::Text { reason: "its vector has no direction" })
    }

    /// Returns the unit vector of each text, the same as one by one; fails where one has none.
    pub fn encode_batch(&self, texts: &[&str], role: Role) -> Result<Vec<Vec<f32>>, ModelError> {
        let tokens: Vec<Vec<u32>> = texts.iter().map(|text| self.tokens(text, role)).collect::<Result<_, _>>()?;
        tokens.iter().try_for_each(|tokens| self.tokens.check(tokens))?;
        let mut vectors = Vec::with_capacity(texts.len());
        let mut rest: Vec<&[u32]> = tokens.iter().map(Vec::as_slice).collect();
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
        let vectors: Option<Vec<Vec<f32>>> = vectors.into_iter().collect();
        vectors.ok_or(ModelError::Text { reason: "its vector has no direction" })
    }
}

/// Adds a part with its name and length, so that no two lists of parts are read alike.
fn add_part(hash: &mut Sha256, name: &str, content: &[u8]) {
    hash.update(format!("{name} {}\n", content.len()));
    hash.update(content);
}
