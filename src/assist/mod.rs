//! The path of one message: from what a customer typed to what is sent back.
//!
//! `message` reads it once, `analyze` says what is wanted (model, then `rules` and `rule_effects`), `complete` fills it up from the
//! conversation, `slips` mends what the base tells to be
//! mistyped, `retrieve` and `rank` find articles with probabilities, `second_stage` looks again
//! where they are not sure and an encoder is configured, `decide` chooses, `compose` and `reply` write.
//! Everything works on one [`Snap`] taken at the start. The room must not know the store, the wire, the configuration or
//! the clock; it blocks on nothing. Invariants: the same snapshot, inquiry and moment give the same reply; `explain` adds
//! to a reply and changes nothing of it; confidence falls with rank. To add an outcome: extend `decide`, its tests, and
//! `reply`.

mod analyze;
mod answer;
mod candidates;
mod complete;
mod compose;
mod decide;
mod explain;
mod features;
mod gram_weights;
mod highlight;
mod likeness;
mod live;
mod message;
mod parts;
mod rank;
mod reply;
mod retrieve;
mod route;
mod rule_effects;
mod rule_file;
mod rules;
mod schedule;
mod second_stage;
mod slips;
mod small_talk;
mod suggest;
mod urgency;
mod vectors;

pub use answer::{Ask, AssistError, SECOND_STAGE, analyze_alone, analyze_by, answer, search};
pub use candidates::{Example, examples_without};
pub use features::{
    BM25, COSINE, CROWDING, EXTRA_GRAMS, Features, LIKE_OVERLAP, MISSING_GRAMS, NAMES as FEATURE_NAMES, NUM_FEATURES,
};
pub use gram_weights::GramWeights;
pub use live::{Base, Live, Model, Parts, PolicyError, ReadyModel, ReadyPolicy, Shared, Snap};
pub use message::Message;
pub use rank::{Ranker, RankerError, Weights};
pub use reply::provenance;
pub use retrieve::{LeftOut, Visibility};
pub use rule_file::{RuleFileError, parse as parse_rules};
pub use rules::Rules;
pub use schedule::ScheduleError;
pub use second_stage::{
    ANSWER_NAMES, Encoded, NUM_ANSWER_FEATURES, NUM_RANK_FEATURES, RANK_NAMES, SecondExamples, SecondRanker,
    SecondStage, SecondStageSettings, SecondWeights, Standings, encoded_text, second_examples_without,
};
pub use small_talk::{SmallTalk, SmallTalkError};
pub use suggest::{Suggestion, Suggestions, suggest};
