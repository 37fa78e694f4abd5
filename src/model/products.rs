//! Products of vectors of one byte a value, for whoever compares them.
//!
//! Must not know what the values are of. Invariant: every way of summing gives the same integer.

/// Returns the product of two rows. Chosen at run time: the same sums with wider instructions where there are.
pub fn dot(a: &[i8], b: &[i8]) -> i32 {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") {
        // SAFETY: the processor has just been asked for AVX2.
        return unsafe { dot_avx2(a, b) };
    }
    dot_portable(a, b)
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn dot_avx2(a: &[i8], b: &[i8]) -> i32 {
    dot_portable(a, b)
}

#[inline(always)]
fn dot_portable(a: &[i8], b: &[i8]) -> i32 {
    a.iter().zip(b).map(|(a, b)| i32::from(*a) * i32::from(*b)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wide_and_portable_products_are_equal() {
        let mut rng = fastrand::Rng::with_seed(7);
        for len in [0, 1, 31, 256, 257] {
            let mut row = || -> Vec<i8> { (0..len).map(|_| rng.i8(-127..)).collect() };
            let (a, b) = (row(), row());
            let want: i32 = a.iter().zip(&b).map(|(a, b)| i32::from(*a) * i32::from(*b)).sum();
            assert_eq!(dot(&a, &b), want);
            assert_eq!(dot_portable(&a, &b), want);
        }
    }
}
