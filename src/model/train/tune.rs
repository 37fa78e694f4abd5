//! Tunes the encoder's table to what knowledge bases say: wordings of one answer come close, near questions that it does
//! not answer go apart.
//!
//! Each question is asked of the other wordings of its base. With a = sum of exp(β (cos − 1)) over the wordings of an
//! article and n = the same over all negative questions, p(article) = a / (sum of all a + λ n + c): neighborhood component
//! analysis (Goldberger et al. 2004) with a class for "none of them". A wording wants its article, a negative question
//! anything but its own, a customer's question what answers it. The table learns by lazy Adam with a falling rate; β, λ
//! and c learn too. Must not know files or rankers. Invariants: the same wordings, table and settings give the same bits
//! on one machine; a question is never compared with itself; entries that occur nowhere keep their direction.

use candle_core::{D, Device, Tensor, Var};
use candle_nn::optim::{AdamW, Optimizer, ParamsAdamW};

use super::lazy_adam::LazyAdam;
use crate::model::ModelError;
use crate::model::attention::NUM_GATES;
use crate::model::encoder::Encoder;
use crate::model::features::Input;
use crate::model::quantized::QuantizedTable;
use crate::text::Segmenter;

/// What one knowledge base says, by the numbers of its articles from 0.
#[derive(Clone, Debug, Default)]
pub struct Wordings {
    /// Wordings with the article that they lead to.
    pub positives: Vec<(usize, String)>,
    /// Near questions with the article that does not answer them.
    pub negatives: Vec<(usize, String)>,
    /// Customers' questions with the article that answers each, if one does.
    pub asked: Vec<(Option<usize>, String)>,
}

/// How to tune.
#[derive(Clone, Debug)]
pub struct TuneSettings {
    /// Everything random follows from it.
    pub seed: u64,
    /// Steps over all bases, which take turns.
    pub num_steps: usize,
    /// Questions a step.
    pub batch: usize,
    /// Rate of the table, whose rows have about length 1.
    pub rate: f32,
    /// Rate of β, λ and c, whose logarithms learn.
    pub scalar_rate: f64,
    /// Share of a question's entries left out at random.
    pub entry_dropout: f32,
    /// How much a customer's question counts beside a wording.
    pub asked_weight: f32,
}

impl Default for TuneSettings {
    fn default() -> Self {
        Self {
            seed: 20,
            num_steps: 280,
            batch: 384,
            rate: 0.002,
            scalar_rate: 0.01,
            entry_dropout: 0.1,
            asked_weight: 3.0,
        }
    }
}

/// β, λ and c at the start.
const START: [f32; 3] = [12.0, 0.3, 0.01];
/// Keeps lengths and shares from being zero.
const TINY: f64 = 1e-6;

/// Tunes a table; `progress` is told the steps done. Fails where no base has a wording.
pub fn tune_encoder(
    encoder: &Encoder,
    bases: &[Wordings],
    settings: &TuneSettings,
    progress: &mut dyn FnMut(usize),
) -> Result<Encoder, ModelError> {
    let bases: Vec<Lesson> = bases.iter().map(|base| Lesson::new(encoder, base, settings)).collect::<Result<_, _>>()?;
    let bases: Vec<Lesson> = bases.into_iter().filter(Lesson::can_teach).collect();
    if bases.is_empty() {
        return Err(ModelError::TooLittle { reason: "no wording to tune the table to".to_owned() });
    }
    let mut rng = fastrand::Rng::with_seed(settings.seed);
    let mut table = LazyAdam::new(unit_rows(encoder), encoder.width());
    let scalars = Var::new(&START.map(f32::ln), &Device::Cpu)?;
    let params = ParamsAdamW { lr: settings.scalar_rate, weight_decay: 0.0, ..Default::default() };
    let mut optimizer = AdamW::new(vec![scalars.clone()], params)?;
    for step in 0..settings.num_steps {
        let lesson = &bases[step % bases.len()];
        let share_done = step as f32 / settings.num_steps as f32;
        let rate = settings.rate * 0.5 * (1.0 + (std::f32::consts::PI * share_done).cos());
        let batch = lesson.batch(settings, &mut rng);
        let sums = Var::from_vec(
            batch.sums(&table, lesson, encoder.width()),
            (batch.num_texts(lesson), encoder.width()),
            &Device::Cpu,
        )?;
        let loss = lesson.loss(&batch, &sums, &scalars)?;
        let gradients = loss.backward()?;
        if let Some(gradient) = gradients.get(&sums) {
            let gradient = gradient.flatten_all()?.to_vec1::<f32>()?;
            for (entries, gradient) in batch.texts(lesson).zip(gradient.chunks_exact(encoder.width())) {
                entries.iter().for_each(|(row, gates)| table.add_gradient(*row as usize, gates, gradient));
            }
        }
        table.step(rate, 0.0);
        optimizer.step(&gradients)?;
        progress(step + 1);
    }
    let table = QuantizedTable::from_rows(table.weights(), encoder.width());
    Ok(Encoder::new(encoder.entries.clone(), table).with_attention(encoder.attention.clone()))
}

/// The rows of a table, scaled so that their mean length is 1.
fn unit_rows(encoder: &Encoder) -> Vec<f32> {
    let mut rows = encoder.table.to_rows();
    let lengths = rows.chunks_exact(encoder.width()).map(|row| row.iter().map(|v| v * v).sum::<f32>().sqrt());
    let mean = lengths.sum::<f32>() / encoder.entries.len().max(1) as f32;
    rows.iter_mut().for_each(|value| *value /= mean.max(f32::MIN_POSITIVE));
    rows
}

/// What a question of a batch wants: the shares of the articles and of "none" that count as right.
#[derive(Clone, Copy)]
enum Wanted {
    Article(usize),
    Nothing,
    Not(usize),
}

/// A question that can be asked of a base.
struct Question {
    entries: Entries,
    wanted: Wanted,
    weight: f32,
    /// Its own place among the wordings, where it is one.
    own: Option<usize>,
}

/// One base, ready to be asked.
struct Lesson {
    /// The entries of the wordings: the positive ones, then the negative ones.
    wordings: Vec<Entries>,
    num_positives: usize,
    num_articles: usize,
    /// Positive wordings × articles.
    of_article: Tensor,
    questions: Vec<Question>,
}

/// Questions of one step, some of their entries left out.
struct Batch {
    questions: Vec<usize>,
    entries: Vec<Entries>,
}

/// The rows of a text's entries with what each counts, part by part; what they count stays while the rows learn.
type Entries = Vec<(u32, [f32; NUM_GATES])>;

impl Lesson {
    fn new(encoder: &Encoder, base: &Wordings, settings: &TuneSettings) -> Result<Self, ModelError> {
        let segmenter = Segmenter::shared();
        let entries_of = |text: &String| {
            let words = segmenter.words(text);
            encoder.weighed(Input { text, words: &words })
        };
        let num_positives = base.positives.len();
        let texts = base.positives.iter().chain(&base.negatives);
        let wordings: Vec<Entries> = texts.map(|(_, text)| entries_of(text)).collect();
        let articles = base.positives.iter().chain(&base.negatives).map(|(article, _)| *article);
        let asked_for = base.asked.iter().filter_map(|(article, _)| *article);
        let num_articles = articles.chain(asked_for).max().map_or(0, |last| last + 1);
        let mut of_article = vec![0.0f32; num_positives * num_articles];
        for (place, (article, _)) in base.positives.iter().enumerate() {
            of_article[place * num_articles + article] = 1.0;
        }
        let all = base.positives.iter().chain(&base.negatives).zip(&wordings).enumerate();
        let own = all.map(|(place, ((article, _), entries))| Question {
            entries: entries.clone(),
            wanted: if place < num_positives { Wanted::Article(*article) } else { Wanted::Not(*article) },
            weight: 1.0,
            own: Some(place),
        });
        let asked = base.asked.iter().map(|(article, text)| Question {
            entries: entries_of(text),
            wanted: article.map_or(Wanted::Nothing, Wanted::Article),
            weight: settings.asked_weight,
            own: None,
        });
        let is_heard = |question: &Question| !question.entries.is_empty() && question.weight > 0.0;
        let questions = own.chain(asked).filter(is_heard).collect();
        let of_article = Tensor::from_vec(of_article, (num_positives, num_articles), &Device::Cpu)?;
        Ok(Self { wordings, num_positives, num_articles, of_article, questions })
    }

    /// Tells whether there is something to ask and somebody to ask it of.
    fn can_teach(&self) -> bool {
        self.num_positives > 0 && self.questions.iter().any(|question| question.weight > 0.0)
    }

    fn batch(&self, settings: &TuneSettings, rng: &mut fastrand::Rng) -> Batch {
        let questions = rng.choose_multiple(0..self.questions.len(), settings.batch);
        let mut keep = |entries: &Entries| -> Entries {
            entries.iter().copied().filter(|_| rng.f32() >= settings.entry_dropout).collect()
        };
        let entries = questions.iter().map(|question| keep(&self.questions[*question].entries)).collect();
        Batch { questions, entries }
    }

    /// The mean surprise of what is wanted, by the sums of the entries of all wordings and of the questions.
    fn loss(&self, batch: &Batch, sums: &Tensor, scalars: &Tensor) -> Result<Tensor, ModelError> {
        let (num_wordings, num_questions) = (self.wordings.len(), batch.questions.len());
        let lengths = (sums.sqr()?.sum_keepdim(D::Minus1)? + TINY * TINY)?.sqrt()?;
        let units = sums.broadcast_div(&lengths)?;
        let (wordings, questions) = (units.narrow(0, 0, num_wordings)?, units.narrow(0, num_wordings, num_questions)?);
        let scalars = scalars.exp()?;
        let (beta, lambda, rest) = (scalars.narrow(0, 0, 1)?, scalars.narrow(0, 1, 1)?, scalars.narrow(0, 2, 1)?);
        let nearness = (questions.matmul(&wordings.t()?)? - 1.0)?.broadcast_mul(&beta)?.exp()?;
        let nearness = (nearness * self.others(batch)?)?;
        let articles = nearness.narrow(1, 0, self.num_positives)?.contiguous()?.matmul(&self.of_article)?;
        let num_negatives = num_wordings - self.num_positives;
        let negatives = nearness.narrow(1, self.num_positives, num_negatives)?.sum_keepdim(1)?;
        let none = negatives.broadcast_mul(&lambda)?.broadcast_add(&rest)?;
        let total = (articles.sum_keepdim(1)? + &none)?;
        let (of_articles, of_none, weights) = self.wanted(batch)?;
        let wanted = ((articles * of_articles)?.sum_keepdim(1)? + (none * of_none)?)?;
        let share = (wanted.div(&total)? + TINY)?;
        let surprise = (share.log()?.neg()? * &weights)?;
        Ok(surprise.sum_all()?.div(&weights.sum_all()?)?)
    }

    /// Questions × wordings: 0 where a question would meet itself, else 1.
    fn others(&self, batch: &Batch) -> Result<Tensor, ModelError> {
        let mut mask = vec![1.0f32; batch.questions.len() * self.wordings.len()];
        for (row, question) in batch.questions.iter().enumerate() {
            if let Some(own) = self.questions[*question].own {
                mask[row * self.wordings.len() + own] = 0.0;
            }
        }
        Ok(Tensor::from_vec(mask, (batch.questions.len(), self.wordings.len()), &Device::Cpu)?)
    }

    /// Which articles count as right, whether "none" does, and how much each question counts.
    fn wanted(&self, batch: &Batch) -> Result<(Tensor, Tensor, Tensor), ModelError> {
        let num = batch.questions.len();
        let mut of_articles = vec![0.0f32; num * self.num_articles];
        let mut of_none = vec![0.0f32; num];
        let mut weights = vec![0.0f32; num];
        for (row, question) in batch.questions.iter().map(|question| &self.questions[*question]).enumerate() {
            let articles = &mut of_articles[row * self.num_articles..(row + 1) * self.num_articles];
            weights[row] = question.weight;
            match question.wanted {
                Wanted::Article(article) => articles[article] = 1.0,
                Wanted::Nothing => of_none[row] = 1.0,
                Wanted::Not(article) => {
                    articles.fill(1.0);
                    articles[article] = 0.0;
                    of_none[row] = 1.0;
                }
            }
        }
        let column = |values: Vec<f32>| Tensor::from_vec(values, (num, 1), &Device::Cpu);
        let of_articles = Tensor::from_vec(of_articles, (num, self.num_articles), &Device::Cpu)?;
        Ok((of_articles, column(of_none)?, column(weights)?))
    }
}

impl Batch {
    fn num_texts(&self, lesson: &Lesson) -> usize {
        lesson.wordings.len() + self.entries.len()
    }

    /// The entries of the wordings, then of the questions.
    fn texts<'a>(&'a self, lesson: &'a Lesson) -> impl Iterator<Item = &'a Entries> {
        lesson.wordings.iter().chain(&self.entries)
    }

    /// Returns for each text the sum of its entries' rows.
    fn sums(&self, table: &LazyAdam, lesson: &Lesson, width: usize) -> Vec<f32> {
        let mut sums = vec![0.0f32; self.num_texts(lesson) * width];
        for (entries, sum) in self.texts(lesson).zip(sums.chunks_exact_mut(width)) {
            entries.iter().for_each(|(row, gates)| table.add_row(*row as usize, gates, sum));
        }
        sums
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::vocabulary::{Vocabulary, unit_key};

    fn encoder() -> Encoder {
        let mut rng = fastrand::Rng::with_seed(3);
        let letters: Vec<String> = "开通关闭取消流量提醒办".chars().map(String::from).collect();
        let values: Vec<f32> = (0..letters.len() * 8).map(|_| rng.f32() - 0.5).collect();
        let entries = Vocabulary::new(letters.iter().map(|letter| unit_key(letter)).collect());
        Encoder::new(entries, QuantizedTable::from_rows(&values, 8))
    }

    fn wordings() -> Wordings {
        let of = |article: usize, texts: &[&str]| -> Vec<(usize, String)> {
            texts.iter().map(|text| (article, (*text).to_owned())).collect()
        };
        let mut positives = of(0, &["开通流量", "流量开", "办流量"]);
        positives.extend(of(1, &["提醒开", "开通提醒", "办提醒"]));
        let negatives = [of(0, &["取消流量", "流量关"]), of(1, &["提醒关闭", "取消提醒"])].concat();
        let asked = vec![(Some(0), "流量办".to_owned()), (None, "流量取消".to_owned())];
        Wordings { positives, negatives, asked }
    }

    fn cosine(encoder: &Encoder, a: &str, b: &str) -> f32 {
        let vector = |text| encoder.encode(Input { text, words: &[] }).expect("known entries");
        vector(a).iter().zip(vector(b)).map(|(a, b)| a * b).sum()
    }

    fn settings() -> TuneSettings {
        TuneSettings { num_steps: 60, batch: 12, rate: 0.05, entry_dropout: 0.0, ..TuneSettings::default() }
    }

    #[test]
    fn wordings_of_one_answer_come_close_and_near_questions_go_apart() {
        let before = encoder();
        let after = tune_encoder(&before, &[wordings()], &settings(), &mut |_| {}).expect("wordings to tune to");
        let lead = |encoder: &Encoder| cosine(encoder, "流量办", "开通流量") - cosine(encoder, "流量关闭", "开通流量");
        assert!(lead(&after) > lead(&before) + 0.3, "{} {}", lead(&before), lead(&after));
    }

    #[test]
    fn tuning_twice_gives_the_same_bits() {
        let tuned = || tune_encoder(&encoder(), &[wordings()], &settings(), &mut |_| {}).expect("wordings to tune to");
        assert_eq!(tuned().table, tuned().table);
    }

    #[test]
    fn nothing_to_tune_to_is_an_error() {
        let unknown = Wordings { positives: vec![(0, "abc".to_owned())], ..Wordings::default() };
        for wordings in [Wordings::default(), unknown] {
            let tuned = tune_encoder(&encoder(), &[wordings], &settings(), &mut |_| {});
            assert!(matches!(tuned, Err(ModelError::TooLittle { .. })));
        }
    }

    #[test]
    fn an_article_without_a_wording_may_be_asked_for() {
        let mut wordings = wordings();
        wordings.asked.push((Some(7), "办流量".to_owned()));
        let tuned = tune_encoder(&encoder(), &[wordings], &settings(), &mut |_| {}).expect("wordings to tune to");
        assert!(tuned.table.scales.iter().all(|scale| scale.is_finite()));
    }
}
