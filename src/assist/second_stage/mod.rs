//! The second stage: where the first one is not sure, a large encoder looks at the message too.
//!
//! Inside: [`Encoded`] (the vectors of a base's phrasings), `cache` (messages encoded lately), `nearness` (features
//! without a scale), `ranker` (weights over both stages), `refine` (the stage itself).
//!
//! Must not know files or threads: whoever runs the program makes the vectors of phrasings and attaches them to the bases
//! that serve. Invariants: no phrasing is encoded while somebody waits for an answer; a base without all its vectors is
//! served by the first stage alone; where the deadline leaves no room, the stage is skipped and the reply says so.

mod cache;
mod encoded;
mod nearness;
mod ranker;
mod refine;

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use self::cache::Cache;
pub(super) use self::refine::{Question, Skipped, refine};
pub use self::{
    encoded::{Encoded, encoded_text},
    nearness::{ANSWER_NAMES, NUM_ANSWER_FEATURES, NUM_RANK_FEATURES, RANK_NAMES, Standings},
    ranker::{SecondRanker, SecondScore, SecondWeights},
    refine::{SecondExamples, second_examples_without},
};
use crate::model::{
    ModelError,
    bert::{RoundedVector, TextEncoder},
};

/// What is encoded to learn what a token costs here.
const PROBE: &str = "请问怎么申请退货退款";
/// A new cost counts so much beside what is known.
const COST_SHARE: f64 = 0.1;
/// The stage begins only where so many times its estimated cost is left: the estimate is a mean.
const COST_MARGIN: f64 = 2.0;

/// When the stage is worth its cost.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SecondStageSettings {
    /// From this probability of the first candidate on, the first stage is sure enough.
    pub skip_above: f32,
    /// So many messages that were encoded lately are kept.
    pub cache_entries: usize,
}

/// The encoder with what decides when and how it is heard.
pub struct SecondStage {
    encoder: Arc<TextEncoder>,
    ranker: SecondRanker,
    settings: SecondStageSettings,
    cache: Mutex<Cache<RoundedVector>>,
    /// Nanoseconds a token, as it was lately.
    token_cost: AtomicU64,
    /// Messages being encoded at this moment.
    num_running: AtomicUsize,
    num_processors: usize,
    /// The mean vector of what any base holds.
    background: Vec<f32>,
}

impl SecondStage {
    /// Puts the stage together and measures what a token costs; `background` are questions of all kinds. Fails where the
    /// encoder cannot encode.
    pub fn try_new(
        encoder: Arc<TextEncoder>,
        ranker: SecondRanker,
        settings: SecondStageSettings,
        background: &[&str],
    ) -> Result<Self, ModelError> {
        let vectors = encoder.encode_batch(background)?;
        let mut mean = vec![0.0; encoder.width()];
        for vector in &vectors {
            mean.iter_mut().zip(vector).for_each(|(mean, value)| *mean += value / vectors.len() as f32);
        }
        let stage = Self {
            encoder,
            ranker,
            settings,
            cache: Mutex::new(Cache::new(settings.cache_entries)),
            token_cost: AtomicU64::new(0),
            num_running: AtomicUsize::new(0),
            num_processors: std::thread::available_parallelism().map_or(1, usize::from),
            background: mean,
        };
        // The first time memory is touched that later is warm.
        for _ in 0..2 {
            stage.token_cost.store(0, Relaxed);
            stage.encode(&stage.encoder.readings(PROBE)?)?;
        }
        Ok(stage)
    }

    /// Returns the encoder.
    pub fn encoder(&self) -> &TextEncoder {
        &self.encoder
    }

    /// Returns the mean vector of what any base holds.
    pub fn background(&self) -> &[f32] {
        &self.background
    }

    /// Returns the vector of a message, kept or computed.
    fn vector(&self, text: &str, deadline: Option<Instant>) -> Result<Arc<RoundedVector>, Skipped> {
        if let Some(known) = self.cache().lookup(text) {
            return Ok(known);
        }
        let readings = self.encoder.readings(text).map_err(|_| Skipped::Failed)?;
        let cost = self.estimate(num_tokens(&readings));
        if deadline.is_some_and(|deadline| deadline.saturating_duration_since(Instant::now()) < cost) {
            return Err(Skipped::Deadline);
        }
        let vector = self.encode(&readings).map_err(|_| Skipped::Failed)?;
        let vector = Arc::new(RoundedVector::of(&vector));
        self.cache().insert(text, Arc::clone(&vector));
        Ok(vector)
    }

    fn encode(&self, readings: &[Vec<u32>]) -> Result<Vec<f32>, ModelError> {
        self.num_running.fetch_add(1, Relaxed);
        let begun = Instant::now();
        let vector = self.encoder.encode_readings(readings);
        let cost = begun.elapsed().as_nanos() as f64 / num_tokens(readings).max(1) as f64;
        self.num_running.fetch_sub(1, Relaxed);
        let known = self.token_cost.load(Relaxed) as f64;
        let mean = if known > 0.0 { known + COST_SHARE * (cost - known) } else { cost };
        self.token_cost.store(mean as u64, Relaxed);
        vector
    }

    /// What so many tokens cost, those that wait for the same processors counted in.
    fn estimate(&self, num_tokens: usize) -> Duration {
        let turns = 1 + self.num_running.load(Relaxed) / self.num_processors;
        let nanos = COST_MARGIN * self.token_cost.load(Relaxed) as f64 * (num_tokens * turns) as f64;
        Duration::from_nanos(nanos as u64)
    }

    fn cache(&self) -> std::sync::MutexGuard<'_, Cache<RoundedVector>> {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Counts the tokens of a text, all its readings together.
fn num_tokens(readings: &[Vec<u32>]) -> usize {
    readings.iter().map(Vec::len).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::bert::tests::tiny;

    fn stage() -> SecondStage {
        let ranker = SecondRanker::parse(include_str!("../../../data/second_stage.json")).expect("it is shipped");
        let settings = SecondStageSettings { skip_above: 0.9, cache_entries: 8 };
        SecondStage::try_new(Arc::new(tiny()), ranker, settings, &["怎么退货", "优惠券"]).expect("it encodes")
    }

    #[test]
    fn where_the_deadline_leaves_no_room_nothing_is_encoded() {
        let stage = stage();
        let past = Some(Instant::now());
        assert_eq!(stage.vector("退货", past).err(), Some(Skipped::Deadline));
        let known = stage.vector("退货", None).expect("there is time");
        assert_eq!(stage.vector("退货", past).expect("it costs nothing"), known);
        let later = Instant::now() + Duration::from_secs(3_600);
        assert!(stage.vector("换货", Some(later)).is_ok());
    }

    #[test]
    fn the_estimate_grows_with_the_message_and_with_the_queue() {
        let stage = stage();
        assert!(stage.estimate(8) > Duration::ZERO && stage.estimate(32) > stage.estimate(8));
        let alone = stage.estimate(8);
        stage.num_running.store(3 * stage.num_processors, Relaxed);
        assert!(stage.estimate(8) > 3 * alone);
    }

    #[test]
    fn the_background_is_the_mean_of_its_questions() {
        let stage = stage();
        let mean = |idx: usize| {
            let of = |text: &str| stage.encoder().encode(text).expect("a vector")[idx];
            f32::midpoint(of("怎么退货"), of("优惠券"))
        };
        stage.background().iter().enumerate().for_each(|(idx, value)| assert!((value - mean(idx)).abs() < 1e-5));
    }
}
