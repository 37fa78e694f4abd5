//! What ships with the program: where bundles lie on disk, rules and small talk within it.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use thiserror::Error;

use super::EncoderConfig;
use crate::{
    assist::{
        Model, PolicyError, RankerError, ReadyPolicy, RuleFileError, Rules, SecondRanker, SecondStage,
        SecondStageSettings, Shared, SmallTalk, SmallTalkError, parse_rules,
    },
    domain::{BundleId, StoreEpoch},
    insight::bundles::{BundleError, BundleFolder},
    knowledge::{self, demo},
    model::{
        ModelError,
        bert::{TextEncoder, TextEncoderSettings},
    },
    text::{Entities, Redactor, RuleError},
};

const RULES: &str = include_str!("../../data/rules/base.json");
const SMALL_TALK: &str = include_str!("../../data/small_talk.json");
const SECOND_STAGE: &str = include_str!("../../data/second_stage.json");

/// Every so many articles of a demo base are part of the background.
const BACKGROUND_STEP: usize = 4;

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
    #[error("the weights of the second stage cannot be used")]
    SecondRanker(#[from] RankerError),
    #[error("the encoder cannot be used")]
    Encoder(#[from] ModelError),
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
        second_stage: None,
        store_epoch,
    })
}

/// Loads the encoder that is configured, with the weights of the second stage; fails where it cannot be used.
pub fn second_stage(config: &EncoderConfig) -> Result<Arc<SecondStage>, AssetError> {
    let ranker = SecondRanker::parse(SECOND_STAGE)?;
    let settings = TextEncoderSettings {
        bits: config.bits,
        max_tokens: Some(config.max_tokens),
        prefixes: config.prefixes.clone(),
        ..TextEncoderSettings::default()
    };
    let encoder = TextEncoder::load_with(&config.path, settings)?;
    tracing::info!(path = %config.path.display(), kernel = encoder.kernel().name(), "encoder is loaded");
    let when = SecondStageSettings { skip_above: config.skip_above, cache_entries: config.cache_entries };
    let questions = background();
    let questions: Vec<&str> = questions.iter().map(String::as_str).collect();
    Ok(Arc::new(SecondStage::try_new(Arc::new(encoder), ranker, when, &questions)?))
}

/// Questions of all kinds: some of each demo base.
fn background() -> Vec<String> {
    let of_base = |base: demo::DemoBase| {
        let articles = base.articles.into_iter().step_by(BACKGROUND_STEP);
        articles.map(|article| article.standard_question).collect::<Vec<String>>()
    };
    demo::bases().into_iter().flat_map(of_base).collect()
}
