//! A vector in one byte a value, with the scale of its own.
//!
//! Must not know what the vector is of. Invariant: the cosine of two rounded unit vectors is that of the vectors within
//! about a thousandth.

use crate::model::products::dot;

/// The rounded vector.
#[derive(Clone, Debug, PartialEq)]
pub struct RoundedVector {
    /// What one step of the values is worth.
    pub scale: f32,
    pub values: Box<[i8]>,
}

impl RoundedVector {
    /// Rounds a vector.
    pub fn of(vector: &[f32]) -> Self {
        let largest = vector.iter().fold(0.0f32, |largest, value| largest.max(value.abs()));
        let scale = if largest > 0.0 { largest / 127.0 } else { 1.0 };
        Self { scale, values: vector.iter().map(|value| (value / scale).round() as i8).collect() }
    }

    /// Returns the cosine, where both are unit vectors.
    pub fn cosine(&self, other: &Self) -> f32 {
        dot(&self.values, &other.values) as f32 * self.scale * other.scale
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounding_keeps_the_cosine() {
        let mut rng = fastrand::Rng::with_seed(8);
        let mut unit = || -> Vec<f32> {
            let mut raw: Vec<f32> = (0..384).map(|_| rng.f32() - 0.4).collect();
            crate::model::encoder::normalize(&mut raw);
            raw
        };
        for _ in 0..20 {
            let (a, b) = (unit(), unit());
            let want: f32 = a.iter().zip(&b).map(|(a, b)| a * b).sum();
            let (a, b) = (RoundedVector::of(&a), RoundedVector::of(&b));
            assert!((a.cosine(&b) - want).abs() < 0.001);
        }
        let nothing = RoundedVector::of(&[0.0; 4]);
        assert_eq!(nothing.cosine(&nothing), 0.0);
    }
}
