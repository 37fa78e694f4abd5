//! The configuration, as written and as used.
//!
//! As written: a TOML file and variables `YINGDA_…`, all optional; a variable goes before the file. As used: checked,
//! every key with its default. An unknown key is an error.

use std::{collections::BTreeMap, net::SocketAddr, path::PathBuf, time::Duration};

use serde::Deserialize;
use thiserror::Error;

use crate::{
    domain::BundleId,
    model::bert::{Bits, MIN_MAX_TOKENS},
};

/// What every variable begins with.
const PREFIX: &str = "YINGDA_";
/// What above is sent to the second stage costs more than it gains: see the README's table of the encoder.
const SKIP_ABOVE: f32 = 0.95;

/// A configuration that cannot be used.
#[derive(Debug, Error)]
pub enum ConfigError {
    #[error("configuration file {path} cannot be read")]
    Read { path: String, source: std::io::Error },
    #[error("configuration file is not valid")]
    Toml(#[from] toml::de::Error),
    #[error("{key} = {given:?}: {allowed}")]
    Value { key: &'static str, given: String, allowed: &'static str },
    #[error("{0} is no setting; known are {1}")]
    UnknownVariable(String, String),
}

/// The configuration as written.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawConfig {
    pub listen: Option<String>,
    pub data_dir: Option<String>,
    pub models_dir: Option<String>,
    pub bundle: Option<String>,
    pub log: Option<String>,
    pub max_in_flight: Option<u32>,
    pub drain_timeout_ms: Option<u64>,
    pub index_poll_ms: Option<u64>,
    pub pseudonym_key: Option<String>,
    #[serde(default)]
    pub encoder: RawEncoder,
}

/// The table `[encoder]` as written.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawEncoder {
    pub path: Option<String>,
    pub prefix: Option<String>,
    pub second_prefix: Option<String>,
    pub bits: Option<u8>,
    pub skip_above: Option<f32>,
    pub max_tokens: Option<usize>,
    pub cache_entries: Option<usize>,
}

/// The configuration as used.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// Where to listen; port 0 lets the system choose.
    pub listen: SocketAddr,
    pub data_dir: PathBuf,
    /// Where bundles lie; `None` looks beside the working folder and the program.
    pub models_dir: Option<PathBuf>,
    /// Serves where nobody chose another.
    pub bundle: BundleId,
    pub log: String,
    /// Calls worked on at once; one more is refused.
    pub max_in_flight: usize,
    pub drain_timeout: Duration,
    pub index_poll: Duration,
    /// Makes pseudonyms of customers; `None` keeps one in the data folder.
    pub pseudonym_key: Option<String>,
    /// `None` serves the first stage alone.
    pub encoder: Option<EncoderConfig>,
}

/// The large encoder that looks where the first stage is not sure.
#[derive(Clone, Debug, PartialEq)]
pub struct EncoderConfig {
    /// A Hugging Face BERT folder.
    pub path: PathBuf,
    /// What stands before every text, which is read once after each; none as the folder says.
    pub prefixes: Vec<String>,
    pub bits: Bits,
    /// From this probability on the first stage is sure enough.
    pub skip_above: f32,
    pub max_tokens: usize,
    /// Messages whose vectors are kept.
    pub cache_entries: usize,
}

/// Reads the process's environment: the only place that does.
#[expect(clippy::disallowed_methods, reason = "the one place")]
pub fn environment() -> BTreeMap<String, String> {
    std::env::vars().filter(|(name, _)| name.starts_with(PREFIX)).collect()
}

impl RawConfig {
    /// Reads a TOML text.
    pub fn parse(toml: &str) -> Result<Self, ConfigError> {
        Ok(toml::from_str(toml)?)
    }

    /// Reads a file.
    pub fn read(path: &std::path::Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| ConfigError::Read { path: path.display().to_string(), source })?;
        Self::parse(&text)
    }

    /// Lays variables over what is written; a name that is no setting is an error.
    pub fn with_environment(mut self, variables: &BTreeMap<String, String>) -> Result<Self, ConfigError> {
        for (name, value) in variables {
            let key = name.strip_prefix(PREFIX).unwrap_or(name).to_ascii_lowercase();
            match key.as_str() {
                "listen" => self.listen = Some(value.clone()),
                "data_dir" => self.data_dir = Some(value.clone()),
                "models_dir" => self.models_dir = Some(value.clone()),
                "bundle" => self.bundle = Some(value.clone()),
                "log" => self.log = Some(value.clone()),
                "pseudonym_key" => self.pseudonym_key = Some(value.clone()),
                "max_in_flight" => self.max_in_flight = Some(number("max_in_flight", value)?),
                "drain_timeout_ms" => self.drain_timeout_ms = Some(number("drain_timeout_ms", value)?),
                "index_poll_ms" => self.index_poll_ms = Some(number("index_poll_ms", value)?),
                "encoder_path" => self.encoder.path = Some(value.clone()),
                "encoder_prefix" => self.encoder.prefix = Some(value.clone()),
                "encoder_second_prefix" => self.encoder.second_prefix = Some(value.clone()),
                "encoder_bits" => self.encoder.bits = Some(number("encoder.bits", value)?),
                "encoder_skip_above" => self.encoder.skip_above = Some(decimal("encoder.skip_above", value)?),
                "encoder_max_tokens" => self.encoder.max_tokens = Some(number("encoder.max_tokens", value)?),
                "encoder_cache_entries" => self.encoder.cache_entries = Some(number("encoder.cache_entries", value)?),
                _ => return Err(ConfigError::UnknownVariable(name.clone(), KEYS.join(", "))),
            }
        }
        Ok(self)
    }

    /// Checks every key and fills in the defaults.
    pub fn resolve(self) -> Result<Config, ConfigError> {
        let listen = self.listen.unwrap_or_else(|| "127.0.0.1:50051".to_owned());
        let bundle = self.bundle.unwrap_or_else(|| "yingda-base/1".to_owned());
        let value = |key, given: &str, allowed| ConfigError::Value { key, given: given.to_owned(), allowed };
        let bundle = BundleId::parse(&bundle)
            .map_err(|_| value("bundle", &bundle, "a name and a version, such as yingda-base/1"))?;
        let max_in_flight = self.max_in_flight.unwrap_or(256);
        if max_in_flight == 0 {
            return Err(value("max_in_flight", "0", "at least 1"));
        }
        let poll = self.index_poll_ms.unwrap_or(200);
        if !(10..=60_000).contains(&poll) {
            return Err(value("index_poll_ms", &poll.to_string(), "10 to 60000"));
        }
        Ok(Config {
            listen: listen
                .parse()
                .map_err(|_| value("listen", &listen, "an address and a port, such as 127.0.0.1:50051"))?,
            data_dir: self.data_dir.unwrap_or_else(|| "yingda-data".to_owned()).into(),
            models_dir: self.models_dir.map(PathBuf::from),
            bundle,
            log: self.log.unwrap_or_else(|| "info".to_owned()),
            max_in_flight: max_in_flight as usize,
            drain_timeout: Duration::from_millis(self.drain_timeout_ms.unwrap_or(10_000)),
            index_poll: Duration::from_millis(poll),
            pseudonym_key: self.pseudonym_key.filter(|key| !key.is_empty()),
            encoder: self.encoder.resolve()?,
        })
    }
}

impl RawEncoder {
    /// Checks every key and fills in the defaults; `None` where no folder is named.
    fn resolve(self) -> Result<Option<EncoderConfig>, ConfigError> {
        let value = |key, given: String, allowed| ConfigError::Value { key, given, allowed };
        let bits = match self.bits.unwrap_or(4) {
            4 => Bits::Four,
            8 => Bits::Eight,
            other => return Err(value("encoder.bits", other.to_string(), "4 or 8")),
        };
        let skip_above = self.skip_above.unwrap_or(SKIP_ABOVE);
        if !(0.0..=1.0).contains(&skip_above) {
            return Err(value("encoder.skip_above", skip_above.to_string(), "a probability from 0 to 1"));
        }
        let max_tokens = self.max_tokens.unwrap_or(64);
        if !(MIN_MAX_TOKENS..=512).contains(&max_tokens) {
            return Err(value("encoder.max_tokens", max_tokens.to_string(), "8 to 512"));
        }
        let cache_entries = self.cache_entries.unwrap_or(10_000);
        let path = self.path.filter(|path| !path.is_empty()).map(PathBuf::from);
        if self.second_prefix.is_some() && self.prefix.is_none() {
            return Err(value(
                "encoder.second_prefix",
                self.second_prefix.unwrap_or_default(),
                "nothing, unless encoder.prefix is set",
            ));
        }
        let prefixes = self.prefix.into_iter().chain(self.second_prefix).collect();
        Ok(path.map(|path| EncoderConfig { path, prefixes, bits, skip_above, max_tokens, cache_entries }))
    }
}

/// Every key; what begins with `encoder_` stands in the file's table `[encoder]`.
const KEYS: [&str; 16] = [
    "listen",
    "data_dir",
    "models_dir",
    "bundle",
    "log",
    "max_in_flight",
    "drain_timeout_ms",
    "index_poll_ms",
    "pseudonym_key",
    "encoder_path",
    "encoder_prefix",
    "encoder_second_prefix",
    "encoder_bits",
    "encoder_skip_above",
    "encoder_max_tokens",
    "encoder_cache_entries",
];

fn decimal(key: &'static str, value: &str) -> Result<f32, ConfigError> {
    value.parse().map_err(|_| ConfigError::Value { key, given: value.to_owned(), allowed: "a number" })
}

fn number<N: std::str::FromStr>(key: &'static str, value: &str) -> Result<N, ConfigError> {
    value.parse().map_err(|_| ConfigError::Value { key, given: value.to_owned(), allowed: "a whole number" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_written_gives_the_defaults() {
        let config = RawConfig::default().resolve().expect("defaults are good");
        assert_eq!(config.listen.to_string(), "127.0.0.1:50051");
        assert_eq!(config.bundle.to_string(), "yingda-base/1");
    }

    #[test]
    fn variables_go_before_the_file() {
        let raw = RawConfig::parse("listen = \"0.0.0.0:1\"\nmax_in_flight = 8").expect("it reads");
        let variables = BTreeMap::from([("YINGDA_LISTEN".to_owned(), "127.0.0.1:2".to_owned())]);
        let config = raw.with_environment(&variables).expect("known").resolve().expect("good");
        assert_eq!((config.listen.port(), config.max_in_flight), (2, 8));
    }

    #[test]
    fn what_is_wrong_is_named() {
        let check = |toml: &str, want: &str| {
            let error = RawConfig::parse(toml).and_then(RawConfig::resolve).expect_err(toml);
            let text = format!("{error}: {:?}", std::error::Error::source(&error).map(ToString::to_string));
            assert!(text.contains(want), "{text}");
        };
        check("listen = \"nowhere\"", "listen");
        check("max_in_flight = 0", "max_in_flight");
        check("bundle = \"../x\"", "bundle");
        check("colour = 1", "colour");
        check("[encoder]\nbits = 5", "encoder.bits");
        check("[encoder]\nskip_above = 1.5", "encoder.skip_above");
        check("[encoder]\nmax_tokens = 4", "encoder.max_tokens");
        check("[encoder]\nsecond_prefix = \"p: \"", "encoder.second_prefix");
        check("[encoder]\ncolour = 1", "colour");
        let variables = BTreeMap::from([("YINGDA_COLOUR".to_owned(), "1".to_owned())]);
        assert!(RawConfig::default().with_environment(&variables).is_err());
    }

    #[test]
    fn an_encoder_is_there_where_a_folder_is_named() {
        let resolve = |toml: &str| RawConfig::parse(toml).and_then(RawConfig::resolve).expect(toml).encoder;
        assert_eq!(resolve("[encoder]\nbits = 8"), None);
        let encoder = resolve("[encoder]\npath = \"e5\"\nprefix = \"query: \"\nbits = 8").expect("it is named");
        assert_eq!((encoder.path, encoder.bits), (PathBuf::from("e5"), Bits::Eight));
        assert_eq!((&*encoder.prefixes, encoder.skip_above), (&["query: ".to_owned()][..], SKIP_ABOVE));
        let encoder =
            resolve("[encoder]\npath = \"e5\"\nprefix = \"q: \"\nsecond_prefix = \"p: \"").expect("it is named");
        assert_eq!(encoder.prefixes, ["q: ", "p: "]);
        assert_eq!(resolve("[encoder]\npath = \"e5\"").expect("it is named").prefixes, [""; 0]);
    }

    #[test]
    fn every_key_has_a_variable() {
        for key in KEYS {
            let variables = BTreeMap::from([(format!("{PREFIX}{}", key.to_ascii_uppercase()), "1".to_owned())]);
            assert!(RawConfig::default().with_environment(&variables).is_ok(), "{key}");
        }
    }
}
