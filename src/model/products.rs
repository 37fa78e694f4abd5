//! Products of vectors of one byte a value, for whoever compares them.
//!
//! Must not know what the values are of. Invariant: every way of summing gives the same integer.

/// Returns the product of two rows. Chosen at run time: the same sums with wider instructions where there are.
pub fn dot(a: &[i8], b: &[i8]) -> i32 {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx512bw") {
        // SAFETY: the processor has just been asked for AVX-512 with bytes and words, which brings the rest of it.
        return unsafe { dot_avx512(a, b) };
    }
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") {
        // SAFETY: the processor has just been asked for AVX2.
        return unsafe { dot_avx2(a, b) };
    }
    dot_portable(a, b)
}

/// Tells `told` the product of a row and each of others, in their order.
pub fn dots<'r>(row: &[i8], others: impl Iterator<Item = &'r [i8]>, told: impl FnMut(i32)) {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx512bw") {
        // SAFETY: as above.
        return unsafe { dots_avx512(row, others, told) };
    }
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") {
        // SAFETY: the processor has just been asked for AVX2.
        return unsafe { dots_avx2(row, others, told) };
    }
    others.map(|other| dot_portable(row, other)).for_each(told);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn dots_avx2<'r>(row: &[i8], others: impl Iterator<Item = &'r [i8]>, mut told: impl FnMut(i32)) {
    for other in others {
        told(dot_avx2(row, other));
    }
}

#[cfg(target_arch = "x86_64")]
#[inline]
#[target_feature(enable = "avx2")]
fn dot_avx2(a: &[i8], b: &[i8]) -> i32 {
    use std::arch::x86_64::{
        __m128i, _mm_add_epi32, _mm_cvtsi128_si32, _mm_loadu_si128, _mm_shuffle_epi32, _mm256_add_epi32,
        _mm256_castsi256_si128, _mm256_cvtepi8_epi16, _mm256_extracti128_si256, _mm256_madd_epi16,
        _mm256_setzero_si256,
    };
    const LANES: usize = 16;
    // Of rows of different lengths the longer one counts as far as the other reaches.
    let len = a.len().min(b.len());
    let (a_rows, b_rows) = (a[..len].chunks_exact(LANES), b[..len].chunks_exact(LANES));
    let rest = dot_portable(a_rows.remainder(), b_rows.remainder());
    let mut sums = _mm256_setzero_si256();
    for (a, b) in a_rows.zip(b_rows) {
        // SAFETY: both have sixteen bytes, and any address may be loaded from.
        let [a, b] = unsafe { [a, b].map(|row| _mm_loadu_si128(row.as_ptr().cast::<__m128i>())) };
        sums = _mm256_add_epi32(sums, _mm256_madd_epi16(_mm256_cvtepi8_epi16(a), _mm256_cvtepi8_epi16(b)));
    }
    let halves = _mm_add_epi32(_mm256_castsi256_si128(sums), _mm256_extracti128_si256::<1>(sums));
    let pairs = _mm_add_epi32(halves, _mm_shuffle_epi32::<0b01_00_11_10>(halves));
    _mm_cvtsi128_si32(_mm_add_epi32(pairs, _mm_shuffle_epi32::<0b10_11_00_01>(pairs))) + rest
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw")]
fn dots_avx512<'r>(row: &[i8], others: impl Iterator<Item = &'r [i8]>, mut told: impl FnMut(i32)) {
    for other in others {
        told(dot_avx512(row, other));
    }
}

#[cfg(target_arch = "x86_64")]
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn dot_avx512(a: &[i8], b: &[i8]) -> i32 {
    use std::arch::x86_64::{
        __m256i, _mm256_loadu_si256, _mm512_add_epi32, _mm512_cvtepi8_epi16, _mm512_madd_epi16,
        _mm512_reduce_add_epi32, _mm512_setzero_si512,
    };
    const LANES: usize = 32;
    let len = a.len().min(b.len());
    let (a_rows, b_rows) = (a[..len].chunks_exact(LANES), b[..len].chunks_exact(LANES));
    let rest = dot_portable(a_rows.remainder(), b_rows.remainder());
    let mut sums = _mm512_setzero_si512();
    for (a, b) in a_rows.zip(b_rows) {
        // SAFETY: both have thirty-two bytes, and any address may be loaded from.
        let [a, b] = unsafe { [a, b].map(|row| _mm256_loadu_si256(row.as_ptr().cast::<__m256i>())) };
        sums = _mm512_add_epi32(sums, _mm512_madd_epi16(_mm512_cvtepi8_epi16(a), _mm512_cvtepi8_epi16(b)));
    }
    _mm512_reduce_add_epi32(sums) + rest
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
        for len in [0, 1, 16, 31, 96, 256, 257] {
            let mut row = || -> Vec<i8> { (0..len).map(|_| rng.i8(-127..)).collect() };
            let (a, b) = (row(), row());
            let want: i32 = a.iter().zip(&b).map(|(a, b)| i32::from(*a) * i32::from(*b)).sum();
            assert_eq!(dot(&a, &b), want);
            #[cfg(target_arch = "x86_64")]
            if std::arch::is_x86_feature_detected!("avx2") {
                // SAFETY: the processor has just been asked for AVX2.
                assert_eq!(unsafe { dot_avx2(&a, &b) }, want);
            }
            assert_eq!(dot_portable(&a, &b), want);
            let mut told = Vec::new();
            dots(&a, [&*b, &*b].into_iter(), |product| told.push(product));
            assert_eq!(told, [want; 2]);
        }
    }
}
