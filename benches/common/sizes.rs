//! How large the synthetic base is.

/// The sizes that are measured, in phrasings.
pub const SIZES: [usize; 3] = [1_000, 10_000, 100_000];
