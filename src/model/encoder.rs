//! The vector of a text: the mean of the vectors of its entries, each weighed by what stands around it, of length 1.
//!
//! The entries' vectors and the layer that weighs them were fitted so that this mean comes close to what a large sentence
//! encoder says of the whole text; the vectors were then tuned so that wordings of one answer lie close. The heads read
//! the plain mean, which costs less and tells labels as well. Must not know labels or articles. Invariants: a vector has
//! length 1; a text without a known entry has none.

use std::ops::Range;
use std::sync::Arc;

use super::attention::{Attention, NUM_GATES};
use super::features::{Input, visit_entries};
use super::products::{dot, dots};
use super::quantized::QuantizedTable;
use super::vocabulary::{Vocabulary, key_of_gram};

/// The entries with their vectors.
#[derive(Clone, Debug, Default)]
pub struct Encoder {
    pub(in crate::model) entries: Vocabulary,
    pub(in crate::model) table: QuantizedTable,
    /// Weighs the entries of a text; without it each counts alike.
    pub(in crate::model) attention: Option<Arc<Attention>>,
    /// Of each entry as a unit; 0 where it points nowhere.
    inverse_lengths: Vec<f32>,
}

/// Units are compared by their first directions only, which carry most.
const UNIT_WIDTH: usize = 96;

/// Where the vector of one unit of text points.
#[derive(Clone, Copy, Debug)]
pub struct Unit<'e> {
    values: &'e [i8],
    inverse_length: f32,
}

impl Unit<'_> {
    /// Tells `told` the cosine of this unit and each of others, in their order, by the main directions of the table.
    pub fn cosines(&self, others: &[Self], mut told: impl FnMut(f32)) {
        let mut lengths = others.iter().map(|other| other.inverse_length);
        dots(self.values, others.iter().map(|other| other.values), |product| {
            told(product as f32 * self.inverse_length * lengths.next().unwrap_or(0.0));
        });
    }
}

impl Encoder {
    /// Puts entries and their vectors together; row `i` is that of entry `i`.
    pub(in crate::model) fn new(entries: Vocabulary, table: QuantizedTable) -> Self {
        let inverse_length = |row: usize| {
            let values = unit_values(&table, row);
            let square = dot(values, values);
            if square > 0 { 1.0 / (square as f32).sqrt() } else { 0.0 }
        };
        let inverse_lengths = (0..entries.len()).map(inverse_length).collect();
        Self { entries, table, attention: None, inverse_lengths }
    }

    /// Returns the same table with a layer that weighs its entries.
    pub(in crate::model) fn with_attention(self, attention: Option<Arc<Attention>>) -> Self {
        Self { attention, ..self }
    }

    /// Returns the same table, each of whose entries counts alike.
    pub fn without_attention(&self) -> Self {
        self.clone().with_attention(None)
    }

    /// Makes an encoder of units with their vectors, all of one width.
    #[cfg(test)]
    pub(crate) fn of_units(units: &[(&str, Vec<f32>)]) -> Self {
        let keys = units.iter().map(|(text, _)| super::vocabulary::unit_key(text)).collect();
        let values: Vec<f32> = units.iter().flat_map(|(_, row)| row.iter().copied()).collect();
        let width = units.first().map_or(0, |(_, row)| row.len());
        Self::new(Vocabulary::new(keys), QuantizedTable::from_rows(&values, width))
    }

    /// Returns an encoder of the same width that knows no entry.
    pub fn without_entries(&self) -> Self {
        Self::new(Vocabulary::default(), QuantizedTable { width: self.width(), ..QuantizedTable::default() })
    }

    /// Returns the unit that a gram's hash stands for, or nothing where the table does not know it.
    pub fn unit(&self, gram: u64) -> Option<Unit<'_>> {
        let row = self.entries.lookup(key_of_gram(gram))?;
        let inverse_length = self.inverse_lengths[row];
        (inverse_length > 0.0).then(|| Unit { values: unit_values(&self.table, row), inverse_length })
    }

    /// Returns the width of the vectors.
    pub fn width(&self) -> usize {
        self.table.width
    }

    /// Returns the unit vector of a text, or nothing where no entry is known.
    pub fn encode(&self, input: Input<'_>) -> Option<Vec<f32>> {
        if self.attention.is_none() {
            return self.mean(input, |_| true);
        }
        let mut sum = vec![0.0f32; self.width()];
        let weighed = self.weighed(input);
        weighed.iter().for_each(|(row, gates)| self.table.add_scaled_row(*row as usize, gates, &mut sum));
        (!weighed.is_empty() && normalize(&mut sum)).then_some(sum)
    }

    /// Returns the known entries of a text with what each counts, part by part of its row.
    pub(in crate::model) fn weighed(&self, input: Input<'_>) -> Vec<(u32, [f32; NUM_GATES])> {
        let mut rows: Vec<(u32, Range<usize>)> = Vec::new();
        let mut num_places = 0;
        visit_entries(input, |key, places| {
            num_places = num_places.max(places.end);
            rows.extend(self.entries.lookup(key).map(|row| (row as u32, places)));
        });
        let Some(attention) = &self.attention else {
            return rows.into_iter().map(|(row, _)| (row, [1.0; NUM_GATES])).collect();
        };
        let gates = attention.gates(&rows, num_places);
        let gates = gates.as_chunks::<NUM_GATES>().0;
        let mean = |places: Range<usize>| {
            let share = 1.0 / places.len().max(1) as f32;
            let mut mean = [0.0; NUM_GATES];
            for gates in &gates[places] {
                mean.iter_mut().zip(gates).for_each(|(mean, gate)| *mean += share * gate);
            }
            mean
        };
        rows.into_iter().map(|(row, places)| (row, mean(places))).collect()
    }

    /// Returns the unit vector of the plain mean of the entries that `keeps` lets through.
    pub(in crate::model) fn mean(&self, input: Input<'_>, mut keeps: impl FnMut(usize) -> bool) -> Option<Vec<f32>> {
        let mut sum = vec![0.0f32; self.width()];
        let mut is_known = false;
        visit_entries(input, |key, _| {
            if let Some(row) = self.entries.lookup(key).filter(|row| keeps(*row)) {
                self.table.add_row(row, &mut sum);
                is_known = true;
            }
        });
        (is_known && normalize(&mut sum)).then_some(sum)
    }
}

/// The part of a row that units are compared by.
fn unit_values(table: &QuantizedTable, row: usize) -> &[i8] {
    let at = row * table.width;
    &table.values[at..at + table.width.min(UNIT_WIDTH)]
}

/// Scales a vector to length 1; tells whether it had any length.
pub(in crate::model) fn normalize(vector: &mut [f32]) -> bool {
    let length = vector.iter().map(|value| value * value).sum::<f32>().sqrt();
    if length < f32::MIN_POSITIVE {
        return false;
    }
    vector.iter_mut().for_each(|value| *value /= length);
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::attention::{READ_WIDTH, SHAPES};
    use crate::model::vocabulary::unit_key;

    fn check(text: &str, expected: Option<[f32; 2]>) {
        let entries = Vocabulary::new(["退", "货", "坏"].map(unit_key).to_vec());
        let table = QuantizedTable::from_rows(&[3.0, 0.0, 0.0, 3.0, -3.0, 0.0], 2);
        let found = Encoder::new(entries, table).encode(Input { text, words: &[] });
        match (&found, expected) {
            (None, None) => {}
            (Some(found), Some(expected)) => {
                assert!(found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-5), "{text}: {found:?}");
            }
            _ => panic!("{text}: {found:?}"),
        }
    }

    #[test]
    fn the_vector_is_the_direction_of_the_mean() {
        check("退", Some([1.0, 0.0]));
        check("退货", Some([0.5f32.sqrt(), 0.5f32.sqrt()]));
        check("退款", Some([1.0, 0.0]));
    }

    #[test]
    fn entries_count_as_their_places_do() {
        let mut rng = fastrand::Rng::with_seed(8);
        let mut random = |num: usize| -> Vec<f32> { (0..num).map(|_| rng.f32() - 0.5).collect() };
        let narrow = QuantizedTable::from_rows(&random(3 * READ_WIDTH), READ_WIDTH);
        let attention = Attention::new(narrow, SHAPES.map(|(_, shape)| random(shape.iter().product())));
        let rows = random(3 * 16);
        let entries = Vocabulary::new(["退", "货", "退货"].map(unit_key).to_vec());
        let plain = Encoder::new(entries, QuantizedTable::from_rows(&rows, 16));
        let encoder = plain.clone().with_attention(Some(Arc::new(attention)));
        let input = Input { text: "退货", words: &[] };
        let places = [(0, 0..1), (1, 1..2), (2, 0..2)];
        let gates = encoder.attention.as_ref().expect("it has one").gates(&places, 2);
        let mut sum = vec![0.0f32; 16];
        for (row, places) in places {
            for (at, sum) in sum.iter_mut().enumerate() {
                let gate = |place: usize| gates[place * NUM_GATES + at / 2];
                let mean = places.clone().map(gate).sum::<f32>() / places.len() as f32;
                *sum += mean * plain.table.to_rows()[row as usize * 16 + at];
            }
        }
        normalize(&mut sum);
        let found = encoder.encode(input).expect("known entries");
        assert!(found.iter().zip(&sum).all(|(found, wanted)| (found - wanted).abs() < 1e-5), "{found:?} {sum:?}");
        assert_ne!(Some(found), plain.encode(input));
        assert_eq!(encoder.without_attention().encode(input), encoder.mean(input, |_| true));
    }

    #[test]
    fn units_are_found_by_the_hash_of_their_text() {
        let entries = Vocabulary::new(["退", "货", "坏"].map(unit_key).to_vec());
        let table = QuantizedTable::from_rows(&[3.0, 0.0, 0.5, 0.0, 0.0, -2.0], 2);
        let encoder = Encoder::new(entries, table);
        let unit = |text: &str| encoder.unit(crate::text::gram_hash(text));
        let [a, b, c] = ["退", "货", "坏"].map(|text| unit(text).expect("it is known"));
        let mut cosines = Vec::new();
        a.cosines(&[b, c], |cosine| cosines.push(cosine));
        assert!((cosines[0] - 1.0).abs() < 1e-6 && cosines[1].abs() < 1e-6, "{cosines:?}");
        assert!(unit("款").is_none());
    }

    #[test]
    fn what_is_unknown_or_cancels_out_has_none() {
        check("", None);
        check("hello", None);
        check("退坏", None);
    }
}
