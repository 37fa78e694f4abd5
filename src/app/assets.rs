//! What ships with the program: the model bundle on disk, rules and small talk within it.

use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::{
    assist::{
        PolicyError, Ranker, RankerError, ReadyPolicy, RuleFileError, Rules, Shared, SmallTalk, SmallTalkError,
        parse_rules,
    },
    domain::StoreEpoch,
    knowledge,
    model::{Bundle, ModelError},
    text::{Entities, Redactor, RuleError},
};

const RULES: &str = include_str!("../../data/rules/base.json");
const SMALL_TALK: &str = include_str!("../../data/small_talk.json");
/// The ranker's file within a bundle's folder.
const RANKER_FILE: &str = "ranker.json";

/// Something that ships cannot be used.
#[derive(Debug, Error)]
pub enum AssetError {
    #[error("no model bundle {bundle} in any of: {looked_in}; set models_dir")]
    NoBundle { bundle: String, looked_in: String },
    #[error("model bundle {path} cannot be used")]
    Bundle { path: String, source: ModelError },
    #[error("ranker {path} cannot be read")]
    ReadRanker { path: String, source: std::io::Error },
    #[error("ranker {path} cannot be used")]
    Ranker { path: String, source: RankerError },
    #[error("the rules cannot be read")]
    RuleFile(#[from] RuleFileError),
    #[error("the rules cannot be used")]
    Rules(#[from] RuleError),
    #[error("the small talk cannot be used")]
    SmallTalk(#[from] SmallTalkError),
    #[error("the default policy cannot be used")]
    Policy(#[from] PolicyError),
}

/// Finds the folder of a bundle: under `models_dir` where it is given, else beside the working folder and the program.
pub fn bundle_dir(models_dir: Option<&Path>, bundle: &str) -> Result<PathBuf, AssetError> {
    let mut roots: Vec<PathBuf> = match models_dir {
        Some(dir) => vec![dir.to_owned()],
        None => vec![PathBuf::from("models")],
    };
    if models_dir.is_none() {
        let program = std::env::current_exe().unwrap_or_default();
        roots.extend(program.ancestors().skip(1).take(4).map(|dir| dir.join("models")));
    }
    let found = roots.iter().map(|root| root.join(bundle)).find(|dir| dir.is_dir());
    found.ok_or_else(|| {
        let looked_in: Vec<String> = roots.iter().map(|root| root.display().to_string()).collect();
        AssetError::NoBundle { bundle: bundle.to_owned(), looked_in: looked_in.join(", ") }
    })
}

/// Loads all that knowledge bases share.
pub fn shared_of(dir: &Path, store_epoch: StoreEpoch) -> Result<Shared, AssetError> {
    let bundle = Bundle::load(dir).map_err(|source| AssetError::Bundle { path: dir.display().to_string(), source })?;
    let path = dir.join(RANKER_FILE);
    let shown = || path.display().to_string();
    let json = std::fs::read_to_string(&path).map_err(|source| AssetError::ReadRanker { path: shown(), source })?;
    let ranker = Ranker::parse(&json).map_err(|source| AssetError::Ranker { path: shown(), source })?;
    with_ranker(bundle, ranker, store_epoch)
}

/// Puts together what knowledge bases share, with a ranker given.
pub fn with_ranker(bundle: Bundle, ranker: Ranker, store_epoch: StoreEpoch) -> Result<Shared, AssetError> {
    Ok(Shared {
        bundle,
        ranker,
        rules: Rules::compile(parse_rules(RULES)?)?,
        small_talk: SmallTalk::parse(SMALL_TALK)?,
        redactor: Redactor::new(true),
        entities: Entities::new(&[]),
        default_policy: ReadyPolicy::try_new(knowledge::default_policy())?,
        store_epoch,
    })
}
