//! How much each symbol of a text counts in its vector, by what stands around it.
//!
//! A transformer of one layer reads the entries of each place through a narrow table of its own and ends in gates: the
//! vector is the sum of the entries' rows, each times the mean gate of the places it covers. So the same word may count for
//! much in one text and for little in another, which a plain mean cannot tell (attentive pooling, Lin et al. 2017, over the
//! layer of Vaswani et al. 2017 with distances as in Shaw et al. 2018). Must not know what the rows hold.
//! Invariants: the same bits with every instruction set (sums are taken in one order, whatever the instructions); a gate is
//! positive; a text is read window by window, [`WINDOW`] places each, that do not see one another, which bounds the cost.

use super::quantized::QuantizedTable;

/// Width of the table that is read.
pub const READ_WIDTH: usize = 32;
/// Width of the state of a place.
pub const WIDTH: usize = 64;
pub const NUM_HEADS: usize = 2;
/// Width of the hidden layer behind the attention.
pub const NUM_HIDDEN: usize = 128;
/// Each gate is for as many directions of the vector, one after another.
pub const NUM_GATES: usize = 8;
/// Distances beyond are alike.
pub const REACH: usize = 16;
/// Places that see one another.
pub const WINDOW: usize = 64;
/// Bound of a gate's logarithm.
pub const GATE_BOUND: f32 = 3.0;
/// Keeps a place of zeros from being divided by zero.
pub const NORM_FLOOR: f32 = 1e-5;

const HEAD_WIDTH: usize = WIDTH / NUM_HEADS;
const NUM_DISTANCES: usize = 2 * REACH + 1;

/// The layer's tensors by name and shape, in the order of [`Attention::weights`].
pub const SHAPES: [(&str, &[usize]); 11] = [
    ("attention.input", &[READ_WIDTH, WIDTH]),
    ("attention.norm", &[WIDTH]),
    ("attention.query_key_value", &[WIDTH, 3 * WIDTH]),
    ("attention.distance", &[NUM_HEADS, NUM_DISTANCES]),
    ("attention.output", &[WIDTH, WIDTH]),
    ("attention.hidden_norm", &[WIDTH]),
    ("attention.hidden", &[WIDTH, NUM_HIDDEN]),
    ("attention.hidden_bias", &[NUM_HIDDEN]),
    ("attention.back", &[NUM_HIDDEN, WIDTH]),
    ("attention.gate_norm", &[WIDTH]),
    ("attention.gates", &[WIDTH, NUM_GATES]),
];

/// The layer with the table that it reads, one row an entry.
#[derive(Clone, Debug, PartialEq)]
pub struct Attention {
    pub(in crate::model) table: QuantizedTable,
    /// As [`SHAPES`] tells.
    pub(in crate::model) weights: [Vec<f32>; SHAPES.len()],
}

impl Attention {
    /// Puts table and weights together; panics where a shape is another.
    pub fn new(table: QuantizedTable, weights: [Vec<f32>; SHAPES.len()]) -> Self {
        assert!(table.width == READ_WIDTH || table.scales.is_empty(), "the layer reads rows of one width");
        for ((name, shape), values) in SHAPES.iter().zip(&weights) {
            assert_eq!(values.len(), shape.iter().product::<usize>(), "{name}");
        }
        Self { table, weights }
    }

    /// Returns the gates of each place, [`NUM_GATES`] a place; `rows` are the entries with the places they cover.
    pub fn gates(&self, rows: &[(u32, std::ops::Range<usize>)], num_places: usize) -> Vec<f32> {
        let mut read = vec![0.0; num_places * READ_WIDTH];
        let mut row = [0.0; READ_WIDTH];
        for (entry, places) in rows {
            row.fill(0.0);
            self.table.add_row(*entry as usize, &mut row);
            let share = 1.0 / places.len().max(1) as f32;
            for at in read[places.start * READ_WIDTH..places.end * READ_WIDTH].chunks_exact_mut(READ_WIDTH) {
                at.iter_mut().zip(&row).for_each(|(at, value)| *at += share * value);
            }
        }
        let windows = read.chunks(WINDOW * READ_WIDTH);
        windows.flat_map(|window| self.gates_of_window(window)).collect()
    }

    /// Chosen at run time: the same sums with wider instructions where there are.
    fn gates_of_window(&self, read: &[f32]) -> Vec<f32> {
        #[cfg(target_arch = "x86_64")]
        if std::arch::is_x86_feature_detected!("avx2") {
            // SAFETY: the processor has just been asked for AVX2.
            return unsafe { self.gates_avx2(read) };
        }
        self.gates_portable(read)
    }

    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2")]
    fn gates_avx2(&self, read: &[f32]) -> Vec<f32> {
        self.gates_portable(read)
    }

    #[inline(always)]
    fn gates_portable(&self, read: &[f32]) -> Vec<f32> {
        let [input, norm, query_key_value, distance, output, hidden_norm, hidden, hidden_bias, back, gate_norm, gates] =
            &self.weights;
        let num_places = read.len() / READ_WIDTH;
        let mut states = vec![0.0; num_places * WIDTH];
        add_product(&mut states, read, input, READ_WIDTH);
        let mut wide = vec![0.0; num_places * 3 * WIDTH];
        add_product(&mut wide, &normalized(&states, norm), query_key_value, WIDTH);
        add_product(&mut states, &attended(&wide, distance), output, WIDTH);
        let mut inner: Vec<f32> = hidden_bias.repeat(num_places);
        add_product(&mut inner, &normalized(&states, hidden_norm), hidden, WIDTH);
        inner.iter_mut().for_each(|value| *value = value.max(0.0));
        add_product(&mut states, &inner, back, NUM_HIDDEN);
        let mut logs = vec![0.0; num_places * NUM_GATES];
        add_product(&mut logs, &normalized(&states, gate_norm), gates, WIDTH);
        logs.iter_mut().for_each(|value| *value = exp(value.clamp(-GATE_BOUND, GATE_BOUND)));
        logs
    }
}

/// Adds to each row of `sums` the row of `rows` times a matrix of `depth` rows.
#[inline(always)]
fn add_product(sums: &mut [f32], rows: &[f32], matrix: &[f32], depth: usize) {
    /// So many sums stay in registers.
    const TILE: usize = 8;
    let width = matrix.len() / depth;
    for (sums, row) in sums.chunks_exact_mut(width).zip(rows.chunks_exact(depth)) {
        let mut at = 0;
        for sums in sums.as_chunks_mut::<{ 4 * TILE }>().0 {
            add_tile(sums, row, &matrix[at..], width);
            at += 4 * TILE;
        }
        for sums in sums[at..].as_chunks_mut::<TILE>().0 {
            add_tile(sums, row, &matrix[at..], width);
            at += TILE;
        }
    }
}

#[inline(always)]
fn add_tile<const N: usize>(sums: &mut [f32; N], row: &[f32], matrix: &[f32], width: usize) {
    let mut tile = *sums;
    for (value, weights) in row.iter().zip(matrix.chunks(width)) {
        let weights: &[f32; N] = weights[..N].try_into().expect("a tile lies within the matrix");
        tile.iter_mut().zip(weights).for_each(|(sum, weight)| *sum += value * weight);
    }
    *sums = tile;
}

/// Scales each place to a mean square of 1, then each direction by its weight (Zhang and Sennrich 2019).
#[inline(always)]
fn normalized(states: &[f32], weights: &[f32]) -> Vec<f32> {
    let mut result = states.to_vec();
    for state in result.chunks_exact_mut(WIDTH) {
        let mut squares = [0.0f32; 8];
        for part in state.as_chunks::<8>().0 {
            squares.iter_mut().zip(part).for_each(|(sum, value)| *sum += value * value);
        }
        let scale = 1.0 / (squares.iter().sum::<f32>() / WIDTH as f32 + NORM_FLOOR).sqrt();
        state.iter_mut().zip(weights).for_each(|(value, weight)| *value *= scale * weight);
    }
    result
}

/// Returns for each place what it takes from all places, by head; `wide` has query, key and value of each.
#[inline(always)]
fn attended(wide: &[f32], distance: &[f32]) -> Vec<f32> {
    let num_places = wide.len() / (3 * WIDTH);
    let scale = 1.0 / (HEAD_WIDTH as f32).sqrt();
    let mut taken = vec![0.0; num_places * WIDTH];
    let mut keys = vec![0.0; HEAD_WIDTH * num_places];
    let mut shares = vec![0.0; num_places];
    for head in 0..NUM_HEADS {
        let part = |place: usize, kind: usize| {
            let at = (place * 3 + kind) * WIDTH + head * HEAD_WIDTH;
            &wide[at..at + HEAD_WIDTH]
        };
        for place in 0..num_places {
            part(place, 1).iter().enumerate().for_each(|(at, key)| keys[at * num_places + place] = *key);
        }
        let distance = &distance[head * NUM_DISTANCES..(head + 1) * NUM_DISTANCES];
        for place in 0..num_places {
            shares.fill(0.0);
            for (query, keys) in part(place, 0).iter().zip(keys.chunks_exact(num_places)) {
                shares.iter_mut().zip(keys).for_each(|(share, key)| *share += query * key);
            }
            let mut largest = f32::MIN;
            for (other, share) in shares.iter_mut().enumerate() {
                let away = (other + REACH).saturating_sub(place).min(2 * REACH);
                *share = *share * scale + distance[away];
                largest = largest.max(*share);
            }
            shares.iter_mut().for_each(|share| *share = exp(*share - largest));
            let whole = 1.0 / shares.iter().sum::<f32>();
            let at = place * WIDTH + head * HEAD_WIDTH;
            let taken = &mut taken[at..at + HEAD_WIDTH];
            for (other, share) in shares.iter().enumerate() {
                let share = share * whole;
                taken.iter_mut().zip(part(other, 2)).for_each(|(sum, value)| *sum += share * value);
            }
        }
    }
    taken
}

/// e to the power of `x`, for |x| ≤ 10 within 4e-6 of its value, the same bits everywhere: 2^n times a polynomial of
/// the rest.
#[inline(always)]
fn exp(x: f32) -> f32 {
    /// Adding and taking it away rounds to a whole number.
    const ROUNDS: f32 = 12_582_912.0;
    const TERMS: [f32; 6] = [1.0, std::f32::consts::LN_2, 0.240_226_5, 0.055_504_11, 0.009_618_13, 0.001_333_36];
    let power = (x * std::f32::consts::LOG2_E).clamp(-126.0, 126.0);
    let whole = (power + ROUNDS) - ROUNDS;
    let rest = power - whole;
    let value = TERMS.iter().rev().fold(0.0, |sum, term| sum * rest + term);
    value * f32::from_bits(((whole as i32 + 127) as u32) << 23)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attention(num_entries: usize, seed: u64) -> Attention {
        let mut rng = fastrand::Rng::with_seed(seed);
        let mut random = |num: usize, bound: f32| -> Vec<f32> { (0..num).map(|_| (rng.f32() - 0.5) * bound).collect() };
        let table = QuantizedTable::from_rows(&random(num_entries * READ_WIDTH, 2.0), READ_WIDTH);
        Attention::new(table, SHAPES.map(|(_, shape)| random(shape.iter().product(), 0.5)))
    }

    /// The same by the book, in double precision.
    fn reference(attention: &Attention, read: &[f64]) -> Vec<f64> {
        let weights: Vec<Vec<f64>> =
            attention.weights.iter().map(|values| values.iter().map(|value| f64::from(*value)).collect()).collect();
        let product = |rows: &[f64], at: usize| -> Vec<f64> {
            let [depth, width] = SHAPES[at].1 else { panic!("a matrix has two dimensions") };
            let value = |row: &[f64], to: usize| (0..*depth).map(|k| row[k] * weights[at][k * width + to]).sum();
            rows.chunks(*depth).flat_map(|row| (0..*width).map(move |to| value(row, to))).collect()
        };
        let norm = |states: &[f64], at: usize| -> Vec<f64> {
            let scaled = |state: &[f64]| -> Vec<f64> {
                let square = state.iter().map(|value| value * value).sum::<f64>() / WIDTH as f64;
                let scale = 1.0 / (square + f64::from(NORM_FLOOR)).sqrt();
                state.iter().zip(&weights[at]).map(|(value, weight)| value * scale * weight).collect()
            };
            states.chunks(WIDTH).flat_map(scaled).collect()
        };
        let plus = |a: Vec<f64>, b: &[f64]| -> Vec<f64> { a.iter().zip(b).map(|(a, b)| a + b).collect() };
        let num_places = read.len() / READ_WIDTH;
        let states = product(read, 0);
        let wide = product(&norm(&states, 1), 2);
        let of = |place: usize, kind: usize, dim: usize| wide[(place * 3 + kind) * WIDTH + dim];
        let mut taken = vec![0.0; num_places * WIDTH];
        for (head, place) in (0..NUM_HEADS).flat_map(|head| (0..num_places).map(move |place| (head, place))) {
            let dims = head * HEAD_WIDTH..(head + 1) * HEAD_WIDTH;
            let score = |other: usize| {
                let product: f64 = dims.clone().map(|dim| of(place, 0, dim) * of(other, 1, dim)).sum();
                let away = (other as i64 - place as i64).clamp(-(REACH as i64), REACH as i64) + REACH as i64;
                product / (HEAD_WIDTH as f64).sqrt() + weights[3][head * NUM_DISTANCES + away as usize]
            };
            let shares: Vec<f64> = (0..num_places).map(|other| score(other).exp()).collect();
            let whole: f64 = shares.iter().sum();
            for dim in dims {
                taken[place * WIDTH + dim] =
                    (0..num_places).map(|other| shares[other] / whole * of(other, 2, dim)).sum();
            }
        }
        let states = plus(product(&taken, 4), &states);
        let inner = plus(product(&norm(&states, 5), 6), &weights[7].repeat(num_places));
        let inner: Vec<f64> = inner.into_iter().map(|value| value.max(0.0)).collect();
        let states = plus(product(&inner, 8), &states);
        let bound = f64::from(GATE_BOUND);
        product(&norm(&states, 9), 10).into_iter().map(|value| value.clamp(-bound, bound).exp()).collect()
    }

    #[test]
    fn gates_are_those_of_the_book() {
        for num_places in [1, 2, 7, 40, WINDOW] {
            let attention = attention(30, num_places as u64);
            let mut rng = fastrand::Rng::with_seed(7);
            let read: Vec<f32> = (0..num_places * READ_WIDTH).map(|_| rng.f32() * 2.0 - 1.0).collect();
            let wanted = reference(&attention, &read.iter().map(|value| f64::from(*value)).collect::<Vec<_>>());
            let found = attention.gates_of_window(&read);
            assert_eq!(found, attention.gates_portable(&read), "the same bits whatever the instructions");
            for (found, wanted) in found.iter().zip(wanted) {
                assert!((f64::from(*found) - wanted).abs() < 1e-4 * wanted, "{found} {wanted}");
            }
        }
    }

    #[test]
    fn places_see_each_other_within_a_window_only() {
        let attention = attention(4, 3);
        let rows = |last: u32| -> Vec<(u32, std::ops::Range<usize>)> {
            (0..WINDOW + 4)
                .map(|place| (if place == WINDOW + 3 { last } else { place as u32 % 2 }, place..place + 1))
                .collect()
        };
        let [one, other] = [2, 3].map(|last| attention.gates(&rows(last), WINDOW + 4));
        assert_eq!(one.len(), (WINDOW + 4) * NUM_GATES);
        assert_eq!(one[..WINDOW * NUM_GATES], other[..WINDOW * NUM_GATES]);
        assert_ne!(
            one[WINDOW * NUM_GATES..(WINDOW + 1) * NUM_GATES],
            other[WINDOW * NUM_GATES..(WINDOW + 1) * NUM_GATES]
        );
    }

    #[test]
    fn an_entry_is_read_by_equal_shares_where_it_covers() {
        let attention = attention(2, 5);
        let whole = attention.gates(&[(0, 0..2)], 2);
        let halves = attention.gates(&[(0, 0..1), (0, 1..2)], 2);
        assert_ne!(whole, halves, "half as much at each place");
        assert!(attention.gates(&[], 0).is_empty());
    }

    #[test]
    fn powers_are_exact_enough() {
        for x in (-100..=100).map(|step| step as f32 / 10.0) {
            let wanted = f64::from(x).exp();
            assert!((f64::from(exp(x)) - wanted).abs() <= wanted * 4e-6, "{x}: {} {wanted}", exp(x));
        }
        assert!(exp(-1e6) < 1e-30);
    }
}
