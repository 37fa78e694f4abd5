//! What ships with the program: where bundles lie on disk, rules and small talk within it.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use thiserror::Error;

use crate::{
    assist::{Model, PolicyError, ReadyPolicy, RuleFileError, Rules, Shared, SmallTalk, SmallTalkError, parse_rules},
    domain::{BundleId, StoreEpoch},
    insight::bundles::{BundleError, BundleFolder},
    knowledge,
    text::{Entities, Redactor, RuleError},
};

const RULES: &str = include_str!("../../data/rules/base.json");
const SMALL_TALK: &str = include_str!("../../data/small_talk.json");

/// Something that ships cannot be used.
#[derive(Debug, Error)]
pub enum AssetError {
    #[error(transparent)]
    Bundle(#[from] BundleError),
    #[error("the rules cannot be read")]
    RuleFile(#[from] RuleFileError),
    #[error("the rules cannot be used")]
    Rules(#[from] RuleError),
    #[error("the small talk cannot be used")]
    SmallTalk(#[from] SmallTalkError),
    #[error("the default policy cannot be used")]
    Policy(#[from] PolicyError),
}

/// Returns the models folder: the one that is given, else those beside the working folder and the program.
pub fn models_folder(models_dir: Option<&Path>) -> BundleFolder {
    let mut roots: Vec<PathBuf> = match models_dir {
        Some(dir) => vec![dir.to_owned()],
        None => vec![PathBuf::from("models")],
    };
    if models_dir.is_none() {
        let program = std::env::current_exe().unwrap_or_default();
        roots.extend(program.ancestors().skip(1).take(4).map(|dir| dir.join("models")));
    }
    BundleFolder::new(roots)
}

/// Finds the folder of a bundle.
pub fn bundle_dir(models_dir: Option<&Path>, bundle: &BundleId) -> Result<PathBuf, AssetError> {
    Ok(models_folder(models_dir).find(bundle)?)
}

/// Puts together what knowledge bases share, with a model given.
pub fn shared_with(model: Model, store_epoch: StoreEpoch) -> Result<Shared, AssetError> {
    Ok(Shared {
        bundle: model.bundle,
        ranker: model.ranker,
        rules: Arc::new(Rules::compile(parse_rules(RULES)?)?),
        small_talk: Arc::new(SmallTalk::parse(SMALL_TALK)?),
        redactor: Arc::new(Redactor::new(true)),
        entities: Arc::new(Entities::new(&[])),
        default_policy: Arc::new(ReadyPolicy::try_new(knowledge::default_policy())?),
        store_epoch,
    })
}
