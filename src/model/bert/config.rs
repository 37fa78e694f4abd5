//! What an encoder's folder says of itself, read strictly: `config.json`, and how sentence-transformers puts a vector of
//! a text together, where those files are there.
//!
//! Must not know tensors. What cannot be computed is refused by name; a wrong vector would be worse than none.

use std::{fs, path::Path};

use serde::{Deserialize, de::DeserializeOwned};

use crate::model::error::{ModelError, UnsupportedSetting};

const CONFIG_FILE: &str = "config.json";
const MODULES_FILE: &str = "modules.json";
const POOLING_FILE: &str = "1_Pooling/config.json";
const LENGTH_FILE: &str = "sentence_bert_config.json";
const PROMPTS_FILE: &str = "config_sentence_transformers.json";
/// The files beside the weights and the tokenizer on which vectors depend.
pub(super) const DESCRIPTIONS: [&str; 5] = [CONFIG_FILE, MODULES_FILE, POOLING_FILE, LENGTH_FILE, PROMPTS_FILE];

/// The largest width and number of layers that are taken for meant.
const MAX_SIZE: usize = 16_384;

/// The function between the two feed-forward layers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Activation {
    Gelu,
    /// The approximation by the hyperbolic tangent.
    GeluTanh,
    Relu,
}

/// How the vectors of tokens become one of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pooling {
    Mean,
    /// The first token's.
    First,
}

/// The network's shape.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Config {
    pub hidden: usize,
    pub layers: usize,
    pub heads: usize,
    pub intermediate: usize,
    pub vocabulary: usize,
    pub positions: usize,
    pub token_types: usize,
    pub epsilon: f32,
    pub activation: Activation,
    pub pooling: Pooling,
    /// The most tokens of a text, where the folder says.
    pub max_tokens: Option<usize>,
    /// What stands before a question, where the folder says.
    pub query_prefix: Option<String>,
}

#[derive(Deserialize)]
struct RawConfig {
    model_type: String,
    hidden_size: usize,
    num_hidden_layers: usize,
    num_attention_heads: usize,
    intermediate_size: usize,
    vocab_size: usize,
    max_position_embeddings: usize,
    #[serde(default = "two")]
    type_vocab_size: usize,
    layer_norm_eps: f64,
    hidden_act: String,
    position_embedding_type: Option<String>,
    #[serde(default)]
    is_decoder: bool,
    quantization_config: Option<serde_json::Value>,
}

#[derive(Deserialize)]
struct RawModule {
    r#type: String,
}

/// Newer files name the mode, older ones flag it.
#[derive(Default, Deserialize)]
#[serde(default)]
struct RawPooling {
    pooling_mode: Option<String>,
    pooling_mode_cls_token: bool,
    pooling_mode_mean_tokens: bool,
    pooling_mode_max_tokens: bool,
    pooling_mode_mean_sqrt_len_tokens: bool,
    pooling_mode_weightedmean_tokens: bool,
    pooling_mode_lasttoken: bool,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct RawLength {
    max_seq_length: Option<usize>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct RawPrompts {
    prompts: RawPrefixes,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct RawPrefixes {
    query: Option<String>,
}

fn two() -> usize {
    2
}

impl Config {
    /// Reads the descriptions of a folder; fails where one is missing, malformed or asks for what cannot be computed.
    pub fn load(dir: &Path) -> Result<Self, ModelError> {
        let path = dir.join(CONFIG_FILE);
        let raw: RawConfig = parse(&path, &read(&path)?)?;
        raw.check(&path)?;
        check_modules(&dir.join(MODULES_FILE))?;
        let length: RawLength = parse_or_default(&dir.join(LENGTH_FILE))?;
        let prompts: RawPrompts = parse_or_default(&dir.join(PROMPTS_FILE))?;
        Ok(Self {
            hidden: raw.hidden_size,
            layers: raw.num_hidden_layers,
            heads: raw.num_attention_heads,
            intermediate: raw.intermediate_size,
            vocabulary: raw.vocab_size,
            positions: raw.max_position_embeddings,
            token_types: raw.type_vocab_size,
            epsilon: raw.layer_norm_eps as f32,
            activation: activation(&path, raw.hidden_act)?,
            pooling: pooling(&dir.join(POOLING_FILE))?,
            max_tokens: length.max_seq_length,
            query_prefix: prompts.prompts.query,
        })
    }
}

impl RawConfig {
    fn check(&self, path: &Path) -> Result<(), ModelError> {
        let refuse = |field, found: String, allowed| Err(unsupported(path, field, found, allowed));
        if self.model_type != "bert" {
            return refuse("model_type", self.model_type.clone(), "bert");
        }
        let positions = self.position_embedding_type.as_deref().unwrap_or("absolute");
        if positions != "absolute" {
            return refuse("position_embedding_type", positions.to_owned(), "absolute");
        }
        if self.is_decoder {
            return refuse("is_decoder", "true".to_owned(), "false");
        }
        if self.quantization_config.is_some() {
            return refuse("quantization_config", "set".to_owned(), "weights in f32, f16 or bf16");
        }
        let sizes = [
            ("hidden_size", self.hidden_size),
            ("num_hidden_layers", self.num_hidden_layers),
            ("num_attention_heads", self.num_attention_heads),
            ("intermediate_size", self.intermediate_size),
            ("max_position_embeddings", self.max_position_embeddings),
            ("type_vocab_size", self.type_vocab_size),
        ];
        for (field, size) in sizes {
            if !(1..=MAX_SIZE).contains(&size) {
                return refuse(field, size.to_string(), "1 to 16384");
            }
        }
        if self.vocab_size == 0 {
            return refuse("vocab_size", "0".to_owned(), "at least 1");
        }
        if !self.hidden_size.is_multiple_of(self.num_attention_heads) {
            return refuse("hidden_size", self.hidden_size.to_string(), "a multiple of num_attention_heads");
        }
        if !(self.layer_norm_eps > 0.0 && self.layer_norm_eps < 1.0) {
            return refuse("layer_norm_eps", self.layer_norm_eps.to_string(), "a number between 0 and 1");
        }
        Ok(())
    }
}

fn activation(path: &Path, name: String) -> Result<Activation, ModelError> {
    match name.as_str() {
        "gelu" => Ok(Activation::Gelu),
        "gelu_new" | "gelu_pytorch_tanh" => Ok(Activation::GeluTanh),
        "relu" => Ok(Activation::Relu),
        _ => Err(unsupported(path, "hidden_act", name, "gelu, gelu_new, gelu_pytorch_tanh or relu")),
    }
}

/// Only what this program does itself may follow the network.
fn check_modules(path: &Path) -> Result<(), ModelError> {
    let Some(text) = read_if_there(path)? else { return Ok(()) };
    let modules: Vec<RawModule> = parse(path, &text)?;
    let is_known = |module: &&RawModule| {
        ["Transformer", "Pooling", "Normalize"].iter().any(|known| module.r#type.ends_with(&format!(".{known}")))
    };
    match modules.iter().find(|module| !is_known(module)) {
        Some(module) => Err(unsupported(path, "type", module.r#type.clone(), "Transformer, Pooling and Normalize")),
        None => Ok(()),
    }
}

/// Where no file says, the mean.
fn pooling(path: &Path) -> Result<Pooling, ModelError> {
    let Some(text) = read_if_there(path)? else { return Ok(Pooling::Mean) };
    let raw: RawPooling = parse(path, &text)?;
    let refuse = |found: String| Err(unsupported(path, "pooling_mode", found, "mean or cls"));
    if let Some(mode) = raw.pooling_mode {
        return match mode.as_str() {
            "mean" => Ok(Pooling::Mean),
            "cls" => Ok(Pooling::First),
            _ => refuse(mode),
        };
    }
    let flags = [
        ("cls", raw.pooling_mode_cls_token),
        ("mean", raw.pooling_mode_mean_tokens),
        ("max", raw.pooling_mode_max_tokens),
        ("mean_sqrt_len", raw.pooling_mode_mean_sqrt_len_tokens),
        ("weightedmean", raw.pooling_mode_weightedmean_tokens),
        ("lasttoken", raw.pooling_mode_lasttoken),
    ];
    let set: Vec<&str> = flags.iter().filter(|(_, is_set)| *is_set).map(|(name, _)| *name).collect();
    match set[..] {
        ["mean"] => Ok(Pooling::Mean),
        ["cls"] => Ok(Pooling::First),
        _ => refuse(set.join(" + ")),
    }
}

pub(super) fn read(path: &Path) -> Result<Vec<u8>, ModelError> {
    fs::read(path).map_err(|source| ModelError::File { path: path.to_owned(), source })
}

/// Reads a file that may be missing.
pub(super) fn read_if_there(path: &Path) -> Result<Option<Vec<u8>>, ModelError> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(ModelError::File { path: path.to_owned(), source }),
    }
}

fn parse<T: DeserializeOwned>(path: &Path, json: &[u8]) -> Result<T, ModelError> {
    serde_json::from_slice(json)
        .map_err(|error| ModelError::Malformed { path: path.to_owned(), reason: error.to_string() })
}

fn parse_or_default<T: DeserializeOwned + Default>(path: &Path) -> Result<T, ModelError> {
    read_if_there(path)?.map_or_else(|| Ok(T::default()), |text| parse(path, &text))
}

fn unsupported(path: &Path, field: &'static str, found: String, allowed: &'static str) -> ModelError {
    ModelError::Unsupported { path: path.to_owned(), setting: Box::new(UnsupportedSetting { field, found, allowed }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"{"model_type": "bert", "hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4,
        "intermediate_size": 128, "vocab_size": 100, "max_position_embeddings": 32, "layer_norm_eps": 1e-12,
        "hidden_act": "gelu", "extra": 1}"#;

    fn load(files: &[(&str, &str)]) -> Result<Config, ModelError> {
        let dir = tempfile::tempdir().expect("a folder");
        fs::create_dir(dir.path().join("1_Pooling")).expect("a folder");
        for (name, text) in files {
            fs::write(dir.path().join(name), text).expect("written");
        }
        Config::load(dir.path())
    }

    #[test]
    fn a_folder_of_sentence_transformers_is_read() {
        let files = [
            (CONFIG_FILE, GOOD),
            (MODULES_FILE, r#"[{"type": "sentence_transformers.models.Transformer"}, {"type": "x.Normalize"}]"#),
            (POOLING_FILE, r#"{"word_embedding_dimension": 64, "pooling_mode_cls_token": true}"#),
            (LENGTH_FILE, r#"{"max_seq_length": 24, "do_lower_case": false}"#),
            (PROMPTS_FILE, r#"{"prompts": {"query": "q: ", "document": "d: "}}"#),
        ];
        let config = load(&files).expect("it reads");
        assert_eq!((config.hidden, config.token_types, config.max_tokens), (64, 2, Some(24)));
        assert_eq!((config.pooling, config.activation), (Pooling::First, Activation::Gelu));
        assert_eq!(config.query_prefix.as_deref(), Some("q: "));
        assert_eq!(load(&files[..1]).expect("config.json is enough").pooling, Pooling::Mean);
    }

    #[test]
    fn what_cannot_be_computed_is_refused_by_name() {
        let check = |from: &str, to: &str, field: &str| {
            assert!(GOOD.contains(from), "{from}");
            let error = load(&[(CONFIG_FILE, &GOOD.replace(from, to))]).expect_err(to);
            assert!(matches!(&error, ModelError::Unsupported { setting, .. } if setting.field == field), "{error}");
        };
        check("\"bert\"", "\"roberta\"", "model_type");
        check("\"gelu\"", "\"swish\"", "hidden_act");
        check("_heads\": 4", "_heads\": 5", "hidden_size");
        check("_layers\": 2", "_layers\": 0", "num_hidden_layers");
        check("\"intermediate_size\": 128", "\"intermediate_size\": 99999", "intermediate_size");
        check("1e-12", "0", "layer_norm_eps");
        check("\"extra\": 1", "\"position_embedding_type\": \"relative_key\"", "position_embedding_type");
        check("\"extra\": 1", "\"is_decoder\": true", "is_decoder");
        check("\"extra\": 1", "\"quantization_config\": {}", "quantization_config");
        assert!(matches!(load(&[(CONFIG_FILE, "{}")]), Err(ModelError::Malformed { .. })));
        assert!(matches!(load(&[]), Err(ModelError::File { .. })));
    }

    #[test]
    fn other_ways_to_pool_are_refused() {
        for (file, text) in [
            (POOLING_FILE, r#"{"pooling_mode_max_tokens": true}"#),
            (POOLING_FILE, r#"{"pooling_mode_mean_tokens": true, "pooling_mode_cls_token": true}"#),
            (POOLING_FILE, r#"{"pooling_mode": "lasttoken"}"#),
            (MODULES_FILE, r#"[{"type": "sentence_transformers.models.Dense"}]"#),
        ] {
            let refused = load(&[(CONFIG_FILE, GOOD), (file, text)]);
            assert!(matches!(refused, Err(ModelError::Unsupported { .. })), "{text}");
        }
    }
}
