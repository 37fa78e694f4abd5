//! Questions as people type and speak them: what does each kind of noise cost?
//!
//! A question is asked as it is and once more with one kind of noise laid over it; what is compared is always of the same
//! questions, those that the noise changed. The words that noise is made of are those of `data/noise/`, of the frequent
//! words handed in, and of the table of characters alike in shape; the same generator gives the same text. Must not know
//! how the program meets noise. To add a kind: a variant, its words in [`NoiseKind::name`] and
//! [`NoiseKind::wanted_loss`], an arm in [`NoiseMaker::noisy`], a test of what it does.

mod slips;
mod spoken;
mod typed;

use serde::Serialize;

pub use self::spoken::FillerError;
use self::{slips::SoundAlikes, spoken::Spoken};
use super::{Asked, Figure, NUM_RESAMPLES, SEED, share};
use crate::model::measures::bootstrap;

/// One way in which a message differs from what its writer means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoiseKind {
    Traditional,
    FullWidth,
    BracketedPinyin,
    RepeatedPunctuation,
    Greeting,
    Homophone,
    LookAlike,
    Fillers,
}

impl NoiseKind {
    /// All of them, those that should cost nothing first.
    pub const ALL: [Self; 8] = [
        Self::Traditional,
        Self::FullWidth,
        Self::BracketedPinyin,
        Self::RepeatedPunctuation,
        Self::Greeting,
        Self::Homophone,
        Self::LookAlike,
        Self::Fillers,
    ];

    /// Returns the name for people and files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Traditional => "traditional",
            Self::FullWidth => "full_width",
            Self::BracketedPinyin => "bracketed_pinyin",
            Self::RepeatedPunctuation => "repeated_punctuation",
            Self::Greeting => "greeting",
            Self::Homophone => "homophone",
            Self::LookAlike => "look_alike",
            Self::Fillers => "fillers",
        }
    }

    /// Looks a kind up by its name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// Returns how much of R@1 the noise may cost.
    pub fn wanted_loss(self) -> f64 {
        match self {
            Self::Homophone | Self::LookAlike => 0.06,
            Self::Fillers => 0.04,
            _ => 0.01,
        }
    }
}

/// Lays noise over texts.
pub struct NoiseMaker {
    alike: SoundAlikes,
    spoken: Spoken,
}

impl NoiseMaker {
    /// Makes one that mistypes towards `words`, one a line, the most frequent first, and puts in `fillers`, a line each
    /// with the place before the words; `#` begins a comment in both. Fails where there is no filler or a line without a
    /// place.
    pub fn new(words: &str, fillers: &str) -> Result<Self, FillerError> {
        Ok(Self { alike: SoundAlikes::of(words), spoken: Spoken::with(fillers)? })
    }

    /// Returns the text with noise; as it is where there is nothing that the noise can befall.
    pub fn noisy(&self, kind: NoiseKind, text: &str, rng: &mut fastrand::Rng) -> String {
        match kind {
            NoiseKind::Traditional => crate::text::traditional(text),
            NoiseKind::FullWidth => typed::full_width(text),
            NoiseKind::BracketedPinyin => typed::with_pinyin(text, rng),
            NoiseKind::RepeatedPunctuation => typed::with_repeated_marks(text, rng),
            NoiseKind::Greeting => self.spoken.greeted(text, rng),
            NoiseKind::Homophone => self.alike.mistyped(text, rng),
            NoiseKind::LookAlike => slips::misread(text, rng),
            NoiseKind::Fillers => self.spoken.filled(text, rng),
        }
    }
}

/// A figure with and without the noise.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct NoiseFigure {
    pub clean: f64,
    pub noisy: f64,
    /// Noisy less clean, with its 95 % interval over the same questions.
    pub difference: Figure,
}

/// What one kind of noise costs.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct NoiseReport {
    pub kind: &'static str,
    /// Questions that the noise changed; all figures are of these.
    pub changed: usize,
    pub answerable: usize,
    /// Over answerable questions.
    pub r1: NoiseFigure,
    pub coverage_at_policy: NoiseFigure,
    /// Right answers among all answers.
    pub precision_at_policy: NoiseFigure,
    /// Answers to questions that have none.
    pub fa_at_policy: NoiseFigure,
    pub wanted_loss: f64,
    /// Whether R@1 lost no more than is wanted.
    pub is_met: bool,
}

/// What came of one question, as far as it is compared.
#[derive(Clone, Copy)]
struct Outcome {
    is_first: bool,
    is_answered: bool,
    is_answered_right: bool,
}

impl Outcome {
    fn of(asked: &Asked) -> Self {
        Self {
            is_first: asked.rank == Some(1),
            is_answered: asked.is_answered,
            is_answered_right: asked.is_answered_right,
        }
    }
}

/// A question as it came out clean and noisy.
type Pair = [Outcome; 2];

/// Compares what came of questions without noise (first) and with it (second).
pub fn noise_report(kind: NoiseKind, pairs: &[(Asked, Asked)]) -> NoiseReport {
    let of = |is_answerable: bool| -> Vec<Pair> {
        let kept = pairs.iter().filter(|(clean, _)| clean.is_answerable == is_answerable);
        kept.map(|(clean, noisy)| [Outcome::of(clean), Outcome::of(noisy)]).collect()
    };
    let (answerable, unanswerable) = (of(true), of(false));
    let all = [&answerable[..], &unanswerable[..]].concat();
    let r1 = compare(&answerable, |rows, side| share(rows, |pair| pair[side].is_first));
    NoiseReport {
        kind: kind.name(),
        changed: pairs.len(),
        answerable: answerable.len(),
        r1,
        coverage_at_policy: compare(&answerable, |rows, side| share(rows, |pair| pair[side].is_answered)),
        precision_at_policy: compare(&all, precision),
        fa_at_policy: compare(&unanswerable, |rows, side| share(rows, |pair| pair[side].is_answered)),
        wanted_loss: kind.wanted_loss(),
        is_met: -r1.difference.value <= kind.wanted_loss(),
    }
}

fn precision(rows: &[Pair], side: usize) -> f64 {
    let answered: Vec<Pair> = rows.iter().filter(|pair| pair[side].is_answered).copied().collect();
    share(&answered, |pair| pair[side].is_answered_right)
}

fn compare(rows: &[Pair], measure: impl Fn(&[Pair], usize) -> f64) -> NoiseFigure {
    let difference = |rows: &[Pair]| measure(rows, 1) - measure(rows, 0);
    let interval = bootstrap(rows, NUM_RESAMPLES, &mut fastrand::Rng::with_seed(SEED), difference);
    NoiseFigure {
        clean: measure(rows, 0),
        noisy: measure(rows, 1),
        difference: Figure { value: difference(rows), low: interval.low, high: interval.high },
    }
}

#[cfg(test)]
mod tests;
