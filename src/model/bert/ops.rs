//! Arithmetic over floats between the linear layers: layer norm, the feed-forward function, attention.
//!
//! Plain loops over lanes that the compiler turns into wide instructions where
//! [`Kernel::run`](super::kernels::Kernel::run) lets it. Must not know weights' storage or texts.

use super::config::Activation;

/// Sums are kept in so many lanes, in a fixed order.
const LANES: usize = 16;
/// Adding and taking it away rounds a float of small size to a whole number.
const ROUNDING: f32 = 12_582_912.0;

/// Scale and shift of a layer norm.
#[derive(Clone, Debug)]
pub(super) struct Norm {
    pub scale: Vec<f32>,
    pub shift: Vec<f32>,
    pub epsilon: f32,
}

/// Adds `added` to `values` and normalizes each row.
#[inline(always)]
pub(super) fn add_and_normalize(values: &mut [f32], added: &[f32], norm: &Norm) {
    let width = norm.scale.len();
    for (row, added) in values.chunks_exact_mut(width).zip(added.chunks_exact(width)) {
        row.iter_mut().zip(added).for_each(|(value, added)| *value += added);
        let mean = sum(row) / width as f32;
        row.iter_mut().for_each(|value| *value -= mean);
        let inverse = 1.0 / (dot(row, row) / width as f32 + norm.epsilon).sqrt();
        for ((value, scale), shift) in row.iter_mut().zip(&norm.scale).zip(&norm.shift) {
            *value = *value * inverse * scale + shift;
        }
    }
}

/// Applies the feed-forward function to every value.
#[inline(always)]
pub(super) fn activate(values: &mut [f32], activation: Activation) {
    match activation {
        Activation::Gelu => values.iter_mut().for_each(|value| *value = gelu(*value)),
        Activation::GeluTanh => values.iter_mut().for_each(|value| *value = gelu_tanh(*value)),
        Activation::Relu => values.iter_mut().for_each(|value| *value = value.max(0.0)),
    }
}

/// How attention reads its input: rows of queries, keys and values side by side.
#[derive(Clone, Copy, Debug)]
pub(super) struct Attention {
    pub width: usize,
    pub heads: usize,
}

impl Attention {
    /// Mixes the values of one text's tokens; `shares` is memory for one row of weights.
    #[inline(always)]
    pub fn mix(self, projected: &[f32], mixed: &mut [f32], shares: &mut Vec<f32>) {
        let Self { width, heads } = self;
        let size = width / heads;
        let scale = 1.0 / (size as f32).sqrt();
        for head in 0..heads {
            let part = |row: &'_ [f32], of: usize| -> std::ops::Range<usize> {
                debug_assert_eq!(row.len(), 3 * width);
                of * width + head * size..of * width + (head + 1) * size
            };
            for (row, mixed) in projected.chunks_exact(3 * width).zip(mixed.chunks_exact_mut(width)) {
                let query = &row[part(row, 0)];
                shares.clear();
                shares
                    .extend(projected.chunks_exact(3 * width).map(|other| scale * dot(query, &other[part(other, 1)])));
                softmax(shares);
                let mixed = &mut mixed[head * size..(head + 1) * size];
                mixed.fill(0.0);
                for (other, share) in projected.chunks_exact(3 * width).zip(shares.iter()) {
                    mixed.iter_mut().zip(&other[part(other, 2)]).for_each(|(mixed, value)| *mixed += share * value);
                }
            }
        }
    }
}

#[inline(always)]
fn softmax(values: &mut [f32]) {
    let largest = values.iter().copied().fold(f32::MIN, f32::max);
    values.iter_mut().for_each(|value| *value = exp(*value - largest));
    let total = sum(values);
    values.iter_mut().for_each(|value| *value /= total);
}

#[inline(always)]
fn sum(values: &[f32]) -> f32 {
    let (whole, rest) = values.as_chunks::<LANES>();
    let mut lanes = [0.0f32; LANES];
    for chunk in whole {
        lanes.iter_mut().zip(chunk).for_each(|(lane, value)| *lane += value);
    }
    folded(lanes) + rest.iter().sum::<f32>()
}

#[inline(always)]
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<LANES>(), b.as_chunks::<LANES>());
    let mut lanes = [0.0f32; LANES];
    for (a, b) in a.iter().zip(b) {
        lanes.iter_mut().zip(a).zip(b).for_each(|((lane, a), b)| *lane += a * b);
    }
    folded(lanes) + a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum::<f32>()
}

/// Adds the halves of the lanes until one is left.
#[inline(always)]
fn folded(mut lanes: [f32; LANES]) -> f32 {
    let mut half = LANES / 2;
    while half > 0 {
        let (low, high) = lanes.split_at_mut(half);
        low.iter_mut().zip(high).for_each(|(low, high)| *low += *high);
        half /= 2;
    }
    lanes[0]
}

/// The exponential, by a polynomial of the sixth degree over half a power of two each way; a relative error below 3e-7.
#[inline(always)]
fn exp(x: f32) -> f32 {
    // ln 2 in two parts, so that the rest is exact.
    const LN_2_HIGH: f32 = 0.693_359_4;
    const LN_2_LOW: f32 = -2.121_944_4e-4;
    let x = x.clamp(-87.0, 87.0);
    let shifted = x * std::f32::consts::LOG2_E + ROUNDING;
    let power = shifted - ROUNDING;
    let rest = x - power * LN_2_HIGH - power * LN_2_LOW;
    let series = 1.0 / 6.0 + rest * (1.0 / 24.0 + rest * (1.0 / 120.0 + rest / 720.0));
    let series = 1.0 + rest * (1.0 + rest * (0.5 + rest * series));
    // The low bits of the shifted number are the power.
    f32::from_bits(series.to_bits().wrapping_add(shifted.to_bits() << 23))
}

/// x Φ(x), Φ by Abramowitz and Stegun 7.1.26, whose error is below 1.5e-7.
#[inline(always)]
fn gelu(x: f32) -> f32 {
    let z = (x * std::f32::consts::FRAC_1_SQRT_2).abs();
    let t = 1.0 / (1.0 + 0.327_591_1 * z);
    let series = 0.254_829_6 + t * (-0.284_496_74 + t * (1.421_413_7 + t * (-1.453_152 + t * 1.061_405_4)));
    let erf = 1.0 - t * series * exp(-z * z);
    0.5 * x * (1.0 + erf.copysign(x))
}

#[inline(always)]
fn gelu_tanh(x: f32) -> f32 {
    // sqrt(2 / π)
    let inner = 0.797_884_6 * (x + 0.044_715 * x * x * x);
    x * (1.0 - 1.0 / (exp(2.0 * inner) + 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points() -> impl Iterator<Item = f32> {
        (-900..=900).map(|step| step as f32 / 100.0)
    }

    #[test]
    fn functions_come_near_their_definitions() {
        // The integral of the bell curve, in small steps.
        let mut phi = 0.0f64;
        let mut at = -12.0f64;
        for x in points() {
            while at < f64::from(x) - 5e-5 {
                phi += (-0.5 * (at + 5e-5).powi(2)).exp() * 1e-4 / (2.0 * std::f64::consts::PI).sqrt();
                at += 1e-4;
            }
            assert!((f64::from(gelu(x)) - f64::from(x) * phi).abs() < 1e-5, "{x}");
            let cubic = f64::from(x) + 0.044715 * f64::from(x).powi(3);
            let tanh = ((2.0 / std::f64::consts::PI).sqrt() * cubic).tanh();
            assert!((f64::from(gelu_tanh(x)) - 0.5 * f64::from(x) * (1.0 + tanh)).abs() < 1e-5, "{x}");
            let want = f64::from(x).exp();
            assert!((f64::from(exp(x)) / want - 1.0).abs() < 3e-7, "{x}");
        }
        assert!(exp(-1e9) < 1e-37 && exp(1e9).is_finite());
    }

    #[test]
    fn rows_are_normalized() {
        let norm = Norm { scale: vec![2.0; 20], shift: vec![1.0; 20], epsilon: 1e-12 };
        let mut values: Vec<f32> = (0..40).map(|idx| (idx * idx % 17) as f32).collect();
        add_and_normalize(&mut values, &[3.0; 40], &norm);
        for row in values.chunks_exact(20) {
            let mean = row.iter().sum::<f32>() / 20.0;
            let deviation = row.iter().map(|value| (value - mean).powi(2)).sum::<f32>() / 20.0;
            assert!((mean - 1.0).abs() < 1e-5 && (deviation - 4.0).abs() < 1e-4);
        }
    }

    #[test]
    fn attention_follows_the_nearest_key() {
        let attention = Attention { width: 4, heads: 2 };
        // Each head's query is like the second token's key only.
        let row = |key: f32, value: f32| [vec![30.0; 4], vec![key; 4], vec![value; 4]].concat();
        let projected = [row(0.0, 5.0), row(1.0, -7.0), row(0.0, 9.0)].concat();
        let mut mixed = vec![0.0; 12];
        attention.mix(&projected, &mut mixed, &mut Vec::new());
        assert!(mixed.iter().all(|value| (value + 7.0).abs() < 1e-3), "{mixed:?}");
    }
}
