//! Chinese text: what a customer typed, made comparable.
//!
//! Every other room works on the [`Normalized`] text and its words, and points back into the original through the byte
//! map; only entities and masks are found in the original itself, for a mask must fit what was typed.
//!
//! - [`normalize()`]: width, case, script, emoji, noise; [`Normalized::source_span`] leads back.
//! - [`Segmenter`]: words by the one shared jieba; [`Overlay`]: a knowledge base's own terms and synonyms on top.
//! - [`grams()`], [`gram_hash`], [`syllables`], [`sounded_pairs`]: units of the index, of ranking and of the model.
//! - [`reading`], [`sound_alikes`], [`look_alikes`], [`traditional`]: how else a text is written, rightly or by a slip.
//! - [`Profile`]: what ranking compares of a message and of a phrasing.
//! - [`negations`], [`polarity`], [`courtesy_spans`], [`AskedText`]: what the wording does to the meaning;
//!   [`AskedText`] leaves out courtesy, what is set aside, and fillers where there are several.
//! - [`RuleMatcher`]: where the conditions of rules hold.
//! - [`Entities`], [`Redactor`]: numbers, dates and personal data in the original.
//! - [`convert_offsets`]: byte spans in the encoding a caller counts in.
//!
//! Must not know: articles, the index, the model, the wire, the clock ("下周一" stays as written). Everything is pure;
//! the tables are built once, at first use.
//!
//! Invariants: [`normalize()`] is idempotent; every span is in bytes, half-open and on char boundaries of the text it is
//! of; the order of results is that of the text.
//!
//! To add a way of reading the text: one file with one public function over the normalized text, exported here.

mod asked;
mod chars;
mod contrast;
mod courtesy;
mod entities;
mod fillers;
mod grams;
mod lexicon;
mod look_alikes;
mod negation;
mod normalize;
mod offsets;
mod pinyin_key;
mod profile;
mod question_form;
mod redact;
mod rule_matcher;
mod segment;
mod sounds;

pub use asked::{AskedText, asked_part};
pub use courtesy::{content_span, courtesy_spans};
pub use entities::Entities;
pub use grams::{gram_hash, gram_spans, grams};
pub use lexicon::{LexiconError, Overlay, TermMatch};
pub use look_alikes::look_alikes;
pub use negation::{Negation, Polarity, negated, negations, polarity};
pub use normalize::{Normalized, normalize, traditional};
pub use offsets::{OffsetEncoding, convert_offsets};
pub use pinyin_key::{Reading, fuzzy_syllable, reading, syllables};
pub use profile::{Gram, Profile};
pub use question_form::QuestionForm;
pub use redact::{Masked, Redacted, Redactor};
pub use rule_matcher::{MAX_PATTERN_BYTES, RuleError, RuleMatcher, compile_pattern};
pub use segment::{Segmenter, Word, WordKind, is_stop_word};
pub use sounds::{SoundedPair, sound_alikes, sounded_pairs};

/// Raised with every change of what a text is cut into: indexes built before are built anew.
pub const ANALYSIS_VERSION: u32 = 1;
