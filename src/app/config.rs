//! The configuration, as written and as used.
//!
//! As written: a TOML file and variables `YINGDA_…`, all optional; a variable goes before the file. As used: checked,
//! every key with its default. An unknown key is an error.

use std::{collections::BTreeMap, net::SocketAddr, path::PathBuf, time::Duration};

use serde::Deserialize;
use thiserror::Error;

use crate::domain::BundleId;

/// What every variable begins with.
const PREFIX: &str = "YINGDA_";

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
}

/// The configuration as used.
#[derive(Clone, Debug, PartialEq, Eq)]
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
        })
    }
}

/// Every key, as in the file.
const KEYS: [&str; 9] = [
    "listen",
    "data_dir",
    "models_dir",
    "bundle",
    "log",
    "max_in_flight",
    "drain_timeout_ms",
    "index_poll_ms",
    "pseudonym_key",
];

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
        let variables = BTreeMap::from([("YINGDA_COLOUR".to_owned(), "1".to_owned())]);
        assert!(RawConfig::default().with_environment(&variables).is_err());
    }

    #[test]
    fn every_key_has_a_variable() {
        for key in KEYS {
            let variables = BTreeMap::from([(format!("{PREFIX}{}", key.to_ascii_uppercase()), "1".to_owned())]);
            assert!(RawConfig::default().with_environment(&variables).is_ok(), "{key}");
        }
    }
}
