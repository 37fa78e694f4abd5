//! Fits the table together with the layer that weighs its entries, so that the weighed mean of a text points where the
//! teacher's vector of the whole text points.
//!
//! Least squares ([`super::table`]) give the start, where every entry counts alike. From there rows, narrow rows and layer
//! learn together by Adam with a falling rate. The loss of a batch is the mean of 1 − cosine to the teacher plus the mean
//! square by which the cosines between its texts differ from the teacher's (relational distillation, Park et al. 2019).
//! Must not know labels or the teacher. Invariants: the same texts and vectors give the same bits on one machine; entries
//! that occur in no text stay at their start.

use std::ops::Range;
use std::sync::Arc;

use candle_core::{D, Device, Tensor, Var};
use candle_nn::optim::{AdamW, Optimizer, ParamsAdamW};

use super::lazy_adam::LazyAdam;
use crate::model::ModelError;
use crate::model::attention::{
    Attention, GATE_BOUND, NORM_FLOOR, NUM_GATES, NUM_HEADS, REACH, READ_WIDTH, SHAPES, WIDTH, WINDOW,
};
use crate::model::encoder::Encoder;
use crate::model::features::{Input, visit_entries};
use crate::model::quantized::QuantizedTable;
use crate::model::vocabulary::Vocabulary;
use crate::text::Segmenter;

/// How to fit.
#[derive(Clone, Debug)]
pub(super) struct FitSettings {
    /// Everything random follows from it.
    pub seed: u64,
    /// How often each text is seen, in the mean.
    pub num_rounds: f32,
    /// Texts a step.
    pub batch: usize,
    /// Rate of the layer; the rows learn at half of it.
    pub rate: f32,
    /// Share of a text's entries left out at random.
    pub entry_dropout: f32,
}

impl Default for FitSettings {
    fn default() -> Self {
        Self { seed: 20, num_rounds: 2.0, batch: 512, rate: 0.003, entry_dropout: 0.05 }
    }
}

const WEIGHT_DECAY: f64 = 0.01;
/// How much the cosines between texts count beside those to the teacher.
const RELATIONS: f64 = 2.0;
/// Share of the rate that the rows learn at.
const ROW_RATE: f32 = 0.5;
const NUM_WARMUP_STEPS: usize = 100;
/// The rate at the end, of that at the start.
const LAST_RATE: f32 = 0.02;
/// Texts of about the same length learn together; a text is read up to the last of these places.
const LENGTHS: [usize; 7] = [8, 12, 16, 24, 32, 48, WINDOW];
/// Scores of places that a text does not have.
const NOWHERE: f32 = -1e9;
const TINY: f64 = 1e-9;

/// A text's entries, with the places that each covers.
struct Text {
    entries: Vec<(u32, Range<usize>)>,
    num_places: usize,
}

/// Texts of about the same length, by their numbers.
struct Bucket {
    num_places: usize,
    texts: Vec<usize>,
}

/// Fits an encoder: `start` has the rows of `entries`, `wanted` for each text its teacher's vector of length 1, both of
/// `width`. `progress` is told the steps done and the steps in all.
pub(super) fn fit(
    texts: &[String],
    wanted: &[f32],
    (entries, start, width): (Vocabulary, &[f32], usize),
    settings: &FitSettings,
    progress: &dyn Fn(usize, usize),
) -> Result<Encoder, ModelError> {
    let texts: Vec<Text> = texts.iter().map(|text| Text::new(text, &entries)).collect();
    let buckets = buckets(&texts);
    let num_texts: usize = buckets.iter().map(|bucket| bucket.texts.len()).sum();
    if num_texts == 0 {
        return Err(ModelError::TooLittle { reason: "no known entry in any text".to_owned() });
    }
    let num_steps = ((num_texts as f32 * settings.num_rounds / settings.batch as f32) as usize).max(1);
    let mut rng = fastrand::Rng::with_seed(settings.seed);
    let mut learner = Learner::new(start, width, settings, &mut rng)?;
    for step in 0..num_steps {
        let bucket = bucket_of(&buckets, rng.usize(..num_texts));
        let chosen = rng.choose_multiple(0..bucket.texts.len(), settings.batch);
        let chosen: Vec<usize> = chosen.into_iter().map(|at| bucket.texts[at]).collect();
        let batch: Vec<Text> =
            chosen.iter().map(|text| texts[*text].thinned(settings.entry_dropout, &mut rng)).collect();
        let wanted: Vec<f32> =
            chosen.iter().flat_map(|text| &wanted[text * width..(text + 1) * width]).copied().collect();
        learner.step(&batch, bucket.num_places, wanted, rate(settings.rate, step, num_steps))?;
        progress(step + 1, num_steps);
    }
    learner.into_encoder(entries)
}

/// Rises over the first steps, then falls like a cosine.
fn rate(highest: f32, step: usize, num_steps: usize) -> f32 {
    let num_warmup = NUM_WARMUP_STEPS.min(num_steps / 10 + 1);
    if step < num_warmup {
        return highest * (step + 1) as f32 / num_warmup as f32;
    }
    let share_done = (step - num_warmup) as f32 / (num_steps - num_warmup).max(1) as f32;
    highest * (LAST_RATE + (1.0 - LAST_RATE) * 0.5 * (1.0 + (std::f32::consts::PI * share_done).cos()))
}

/// Puts texts with a known entry together by their length.
fn buckets(texts: &[Text]) -> Vec<Bucket> {
    let mut buckets: Vec<Bucket> = LENGTHS.iter().map(|len| Bucket { num_places: *len, texts: Vec::new() }).collect();
    for (number, text) in texts.iter().enumerate().filter(|(_, text)| !text.entries.is_empty()) {
        let at = LENGTHS.iter().position(|len| text.num_places <= *len).unwrap_or(LENGTHS.len() - 1);
        buckets[at].texts.push(number);
    }
    buckets
}

/// Returns the bucket of a text by its number among all in the buckets.
fn bucket_of(buckets: &[Bucket], mut number: usize) -> &Bucket {
    for bucket in buckets {
        if number < bucket.texts.len() {
            return bucket;
        }
        number -= bucket.texts.len();
    }
    unreachable!("the number lies below the number of texts")
}

impl Text {
    fn new(text: &str, vocabulary: &Vocabulary) -> Self {
        let words = Segmenter::shared().words(text);
        let (mut entries, mut num_places) = (Vec::new(), 0);
        visit_entries(Input { text, words: &words }, |key, places| {
            if places.end <= WINDOW {
                num_places = num_places.max(places.end);
                entries.extend(vocabulary.lookup(key).map(|row| (row as u32, places)));
            }
        });
        Self { entries, num_places }
    }

    /// The same text without some of its entries, but never without all.
    fn thinned(&self, dropout: f32, rng: &mut fastrand::Rng) -> Self {
        let kept: Vec<_> = self.entries.iter().filter(|_| rng.f32() >= dropout).cloned().collect();
        let entries = if kept.is_empty() { self.entries.clone() } else { kept };
        Self { entries, num_places: self.num_places }
    }
}

/// Everything that learns.
struct Learner {
    rows: LazyAdam,
    narrow_rows: LazyAdam,
    width: usize,
    layer: Vec<Var>,
    optimizer: AdamW,
}

impl Learner {
    fn new(start: &[f32], width: usize, settings: &FitSettings, rng: &mut fastrand::Rng) -> Result<Self, ModelError> {
        let num_narrow = width.min(READ_WIDTH);
        let narrow: Vec<f32> = start
            .chunks_exact(width)
            .flat_map(|row| row[..num_narrow].iter().copied().chain(std::iter::repeat_n(0.0, READ_WIDTH - num_narrow)))
            .collect();
        let layer: Result<Vec<Var>, candle_core::Error> = SHAPES
            .iter()
            .map(|(name, shape)| {
                let num: usize = shape.iter().product();
                let spread = match *name {
                    "attention.norm" | "attention.hidden_norm" | "attention.gate_norm" => {
                        return Var::ones(*shape, candle_core::DType::F32, &Device::Cpu);
                    }
                    // What begins at nothing: every entry counts alike, whatever the distance.
                    "attention.distance" | "attention.hidden_bias" | "attention.gates" => 0.0,
                    "attention.output" | "attention.back" => 0.3 / (shape[0] as f32).sqrt(),
                    _ => 1.0 / (shape[0] as f32).sqrt(),
                };
                // Uniform of that standard deviation.
                let values: Vec<f32> = (0..num).map(|_| (rng.f32() * 2.0 - 1.0) * spread * 3.0f32.sqrt()).collect();
                Var::from_vec(values, *shape, &Device::Cpu)
            })
            .collect();
        let layer = layer?;
        let params = ParamsAdamW { lr: f64::from(settings.rate), weight_decay: WEIGHT_DECAY, ..Default::default() };
        let optimizer = AdamW::new(layer.clone(), params)?;
        Ok(Self {
            rows: LazyAdam::new(of_mean_length_one(start.to_vec(), width), width),
            narrow_rows: LazyAdam::new(of_mean_length_one(narrow, READ_WIDTH), READ_WIDTH),
            width,
            layer,
            optimizer,
        })
    }

    fn step(&mut self, batch: &[Text], num_places: usize, wanted: Vec<f32>, rate: f32) -> Result<(), ModelError> {
        let read = Var::from_vec(self.read(batch, num_places), (batch.len(), num_places, READ_WIDTH), &Device::Cpu)?;
        let part = self.width / NUM_GATES;
        let shape = (batch.len(), NUM_GATES, num_places, part);
        let values = Var::from_vec(self.values(batch, num_places), shape, &Device::Cpu)?;
        let wanted = Tensor::from_vec(wanted, (batch.len(), self.width), &Device::Cpu)?;
        let gates = gates(&read, &scores_of_places(batch, num_places)?, &self.layer)?;
        let loss = loss(&values, &gates, &wanted)?;
        let gradients = loss.backward()?;
        if let (Some(of_read), Some(of_values)) = (gradients.get(&read), gradients.get(&values)) {
            let (of_read, of_values) = (of_read.flatten_all()?.to_vec1()?, of_values.flatten_all()?.to_vec1()?);
            self.add_gradients(batch, num_places, &of_read, &of_values);
        }
        self.rows.step(rate * ROW_RATE, 0.0);
        self.narrow_rows.step(rate * ROW_RATE, 0.0);
        self.optimizer.set_learning_rate(f64::from(rate));
        self.optimizer.step(&gradients)?;
        Ok(())
    }

    /// The narrow rows of each place: texts × places × narrow width.
    fn read(&self, batch: &[Text], num_places: usize) -> Vec<f32> {
        let mut read = vec![0.0; batch.len() * num_places * READ_WIDTH];
        for (text, read) in batch.iter().zip(read.chunks_exact_mut(num_places * READ_WIDTH)) {
            for (row, places) in &text.entries {
                let share = [1.0 / places.len() as f32];
                for place in places.clone() {
                    let at = &mut read[place * READ_WIDTH..(place + 1) * READ_WIDTH];
                    self.narrow_rows.add_row(*row as usize, &share, at);
                }
            }
        }
        read
    }

    /// The rows of each place, part by part: texts × gates × places × width of a part.
    fn values(&self, batch: &[Text], num_places: usize) -> Vec<f32> {
        let part = self.width / NUM_GATES;
        let mut values = vec![0.0; batch.len() * num_places * self.width];
        let mut row_of_entry = vec![0.0; self.width];
        for (text, values) in batch.iter().zip(values.chunks_exact_mut(num_places * self.width)) {
            for (row, places) in &text.entries {
                row_of_entry.fill(0.0);
                self.rows.add_row(*row as usize, &[1.0 / places.len() as f32], &mut row_of_entry);
                for (gate, row) in row_of_entry.chunks_exact(part).enumerate() {
                    for place in places.clone() {
                        let at = (gate * num_places + place) * part;
                        values[at..at + part].iter_mut().zip(row).for_each(|(at, value)| *at += value);
                    }
                }
            }
        }
        values
    }

    fn add_gradients(&mut self, batch: &[Text], num_places: usize, of_read: &[f32], of_values: &[f32]) {
        let part = self.width / NUM_GATES;
        let mut of_row = vec![0.0; self.width];
        let of_texts =
            of_read.chunks_exact(num_places * READ_WIDTH).zip(of_values.chunks_exact(num_places * self.width));
        for (text, (of_read, of_values)) in batch.iter().zip(of_texts) {
            for (row, places) in &text.entries {
                let share = [1.0 / places.len() as f32];
                of_row.fill(0.0);
                for place in places.clone() {
                    let gradient = &of_read[place * READ_WIDTH..(place + 1) * READ_WIDTH];
                    self.narrow_rows.add_gradient(*row as usize, &share, gradient);
                    for (gate, of_row) in of_row.chunks_exact_mut(part).enumerate() {
                        let at = (gate * num_places + place) * part;
                        of_row.iter_mut().zip(&of_values[at..at + part]).for_each(|(sum, value)| *sum += value);
                    }
                }
                self.rows.add_gradient(*row as usize, &share, &of_row);
            }
        }
    }

    fn into_encoder(self, entries: Vocabulary) -> Result<Encoder, ModelError> {
        let mut weights: [Vec<f32>; SHAPES.len()] = Default::default();
        for (weights, learned) in weights.iter_mut().zip(&self.layer) {
            *weights = learned.flatten_all()?.to_vec1()?;
        }
        let narrow = QuantizedTable::from_rows(self.narrow_rows.weights(), READ_WIDTH);
        let table = QuantizedTable::from_rows(self.rows.weights(), self.width);
        Ok(Encoder::new(entries, table).with_attention(Some(Arc::new(Attention::new(narrow, weights)))))
    }
}

/// Scales all rows alike, so that they are of length 1 in the mean.
fn of_mean_length_one(mut rows: Vec<f32>, width: usize) -> Vec<f32> {
    let lengths = rows.chunks_exact(width).map(|row| row.iter().map(|value| value * value).sum::<f32>().sqrt());
    let mean = lengths.sum::<f32>() / (rows.len() / width).max(1) as f32;
    rows.iter_mut().for_each(|value| *value /= mean.max(f32::MIN_POSITIVE));
    rows
}

/// What is added to the score of each place: nothing where the text has it.
fn scores_of_places(batch: &[Text], num_places: usize) -> Result<Tensor, ModelError> {
    let scores =
        batch.iter().flat_map(|text| (0..num_places).map(|place| if place < text.num_places { 0.0 } else { NOWHERE }));
    Ok(Tensor::from_iter(scores, &Device::Cpu)?.reshape((batch.len(), 1, 1, num_places))?)
}

/// The layer by candle, as [`Attention::gates`] computes it by hand: texts × gates × 1 × places, 0 where a text ends.
fn gates(read: &Tensor, of_places: &Tensor, layer: &[Var]) -> Result<Tensor, ModelError> {
    let [input, norm, query_key_value, distance, output, hidden_norm, hidden, hidden_bias, back, gate_norm, gates] =
        layer
    else {
        unreachable!("a layer has a tensor for each shape");
    };
    let (num_texts, num_places, _) = read.dims3()?;
    let states = read.reshape((num_texts * num_places, READ_WIDTH))?.matmul(input)?;
    let wide = normalized(&states, norm)?.matmul(query_key_value)?;
    let part = |at: usize| -> Result<Tensor, candle_core::Error> {
        let part = wide.narrow(1, at * WIDTH, WIDTH)?.reshape((num_texts, num_places, NUM_HEADS, WIDTH / NUM_HEADS))?;
        part.transpose(1, 2)?.contiguous()
    };
    let (queries, keys, values) = (part(0)?, part(1)?, part(2)?);
    let scale = 1.0 / ((WIDTH / NUM_HEADS) as f64).sqrt();
    let scores = (queries.matmul(&keys.transpose(2, 3)?.contiguous()?)? * scale)?;
    let away = (0..num_places).flat_map(|place| {
        (0..num_places).map(move |other| (other + REACH).saturating_sub(place).min(2 * REACH) as u32)
    });
    let away = Tensor::from_iter(away, &Device::Cpu)?;
    let of_distances = distance.index_select(&away, 1)?.reshape((1, NUM_HEADS, num_places, num_places))?;
    let scores = scores.broadcast_add(&of_distances)?.broadcast_add(of_places)?;
    let taken = candle_nn::ops::softmax(&scores, D::Minus1)?.matmul(&values)?;
    let taken = taken.transpose(1, 2)?.contiguous()?.reshape((num_texts * num_places, WIDTH))?;
    let states = (states + taken.matmul(output)?)?;
    let inner = normalized(&states, hidden_norm)?.matmul(hidden)?.broadcast_add(hidden_bias)?.relu()?;
    let states = (states + inner.matmul(back)?)?;
    let logs = normalized(&states, gate_norm)?.matmul(gates)?.clamp(-GATE_BOUND, GATE_BOUND)?;
    let gates = logs.exp()?.reshape((num_texts, num_places, NUM_GATES))?.transpose(1, 2)?.contiguous()?;
    Ok(gates.unsqueeze(2)?.broadcast_mul(&of_places.exp()?)?)
}

fn normalized(states: &Tensor, weights: &Tensor) -> Result<Tensor, candle_core::Error> {
    let lengths = (states.sqr()?.mean_keepdim(D::Minus1)? + f64::from(NORM_FLOOR))?.sqrt()?;
    states.broadcast_div(&lengths)?.broadcast_mul(weights)
}

/// How far the weighed sums point from what is wanted, each and beside each other.
fn loss(values: &Tensor, gates: &Tensor, wanted: &Tensor) -> Result<Tensor, ModelError> {
    let (num_texts, width) = wanted.dims2()?;
    let sums = gates.matmul(values)?.reshape((num_texts, width))?;
    let lengths = (sums.sqr()?.sum_keepdim(D::Minus1)? + TINY)?.sqrt()?;
    let units = sums.broadcast_div(&lengths)?;
    let miss = (1.0 - (&units * wanted)?.sum(D::Minus1)?.mean_all()?)?;
    let cosines = |rows: &Tensor| rows.matmul(&rows.t()?.contiguous()?);
    let relations = (cosines(&units)? - cosines(wanted)?)?.sqr()?.mean_all()?;
    Ok((miss + (relations * RELATIONS)?)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::vocabulary::unit_key;

    const LETTERS: &str = "开通关闭取消流量提醒办不要";

    fn vocabulary() -> Vocabulary {
        Vocabulary::new(LETTERS.chars().map(|letter| unit_key(&letter.to_string())).collect())
    }

    fn start() -> Vec<f32> {
        let mut rng = fastrand::Rng::with_seed(3);
        (0..LETTERS.chars().count() * 16).map(|_| rng.f32() - 0.5).collect()
    }

    fn texts() -> Vec<String> {
        let mut rng = fastrand::Rng::with_seed(4);
        let letters: Vec<char> = LETTERS.chars().collect();
        (0..120).map(|_| (0..rng.usize(2..10)).map(|_| letters[rng.usize(..letters.len())]).collect()).collect()
    }

    /// A teacher that hears only what follows 不: no mean of rows can say that.
    fn wanted(texts: &[String]) -> Vec<f32> {
        let letters: Vec<char> = LETTERS.chars().collect();
        let rows = start();
        let vector = |text: &String| -> Vec<f32> {
            let heard = text.split_once('不').map_or(text.as_str(), |(_, after)| after);
            let heard = if heard.is_empty() { text } else { heard };
            let mut sum = vec![0.0; 16];
            for letter in heard.chars() {
                let at = letters.iter().position(|known| *known == letter).expect("a known letter");
                sum.iter_mut().zip(&rows[at * 16..]).for_each(|(sum, value)| *sum += value);
            }
            crate::model::encoder::normalize(&mut sum);
            sum
        };
        texts.iter().flat_map(vector).collect()
    }

    fn mean_cosine(encoder: &Encoder, texts: &[String], wanted: &[f32]) -> f32 {
        let cosine = |(text, wanted): (&String, &[f32])| -> f32 {
            let words = Segmenter::shared().words(text);
            let vector = encoder.encode(Input { text, words: &words }).expect("known letters");
            vector.iter().zip(wanted).map(|(a, b)| a * b).sum()
        };
        texts.iter().zip(wanted.chunks(16)).map(cosine).sum::<f32>() / texts.len() as f32
    }

    fn fitted(settings: &FitSettings) -> Encoder {
        let texts = texts();
        fit(&texts, &wanted(&texts), (vocabulary(), &start(), 16), settings, &|_, _| {}).expect("texts to fit to")
    }

    #[test]
    fn the_layer_learns_what_counts_where() {
        let (texts, wanted) = (texts(), wanted(&texts()));
        let plain = Encoder::new(vocabulary(), QuantizedTable::from_rows(&start(), 16));
        let settings =
            FitSettings { num_rounds: 120.0, batch: 60, rate: 0.01, entry_dropout: 0.0, ..FitSettings::default() };
        let (before, after) = (mean_cosine(&plain, &texts, &wanted), mean_cosine(&fitted(&settings), &texts, &wanted));
        assert!(after > before + 0.03 && after > 0.95, "{before} {after}");
    }

    #[test]
    fn fitting_twice_gives_the_same_bits() {
        let settings = FitSettings { num_rounds: 2.0, batch: 40, ..FitSettings::default() };
        assert!(fitted(&settings).is_same(&fitted(&settings)));
    }

    #[test]
    fn candle_and_the_hand_agree() {
        let settings = FitSettings { num_rounds: 8.0, batch: 30, rate: 0.02, ..FitSettings::default() };
        let encoder = fitted(&settings);
        let attention = encoder.attention.as_deref().expect("it was fitted");
        let text = Text::new("取消不要流量提醒", &vocabulary());
        let num_places = 12;
        let mut read = vec![0.0; num_places * READ_WIDTH];
        for (row, places) in &text.entries {
            let share = 1.0 / places.len() as f32;
            for place in places.clone() {
                let at = &mut read[place * READ_WIDTH..(place + 1) * READ_WIDTH];
                attention.table.add_scaled_row(*row as usize, &[share], at);
            }
        }
        let read = Tensor::from_vec(read, (1, num_places, READ_WIDTH), &Device::Cpu).expect("a tensor");
        let layer: Vec<Var> = SHAPES
            .iter()
            .zip(&attention.weights)
            .map(|((_, shape), values)| Var::from_vec(values.clone(), *shape, &Device::Cpu).expect("a tensor"))
            .collect();
        let of_places = scores_of_places(std::slice::from_ref(&text), num_places).expect("scores");
        let by_candle = gates(&read, &of_places, &layer).expect("gates").flatten_all().expect("flat");
        let by_candle = by_candle.to_vec1::<f32>().expect("floats");
        let by_hand = attention.gates(&text.entries, text.num_places);
        for (at, by_hand) in by_hand.iter().enumerate() {
            let (place, gate) = (at / NUM_GATES, at % NUM_GATES);
            let by_candle = by_candle[gate * num_places + place];
            assert!((by_candle - by_hand).abs() < 1e-4 * by_hand, "{place} {gate}: {by_candle} {by_hand}");
        }
    }

    #[test]
    fn nothing_known_is_an_error() {
        let fitted =
            fit(&["abc".to_owned()], &[1.0; 16], (vocabulary(), &start(), 16), &FitSettings::default(), &|_, _| {});
        assert!(matches!(fitted, Err(ModelError::TooLittle { .. })));
    }
}
