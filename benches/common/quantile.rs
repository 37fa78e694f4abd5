//! Where most of the figures lie.

/// Returns the value at a share of sorted figures.
pub fn quantile(sorted: &[f64], share: f64) -> f64 {
    sorted[(share * (sorted.len() - 1) as f64).round() as usize]
}
