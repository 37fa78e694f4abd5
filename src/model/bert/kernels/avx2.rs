//! With AVX2 and FMA.

use std::arch::x86_64::{
    __m256, __m256i, _mm256_abs_epi8, _mm256_add_epi16, _mm256_add_epi32, _mm256_and_si256, _mm256_cvtepi32_ps,
    _mm256_fmadd_ps, _mm256_loadu_ps, _mm256_loadu_si256, _mm256_madd_epi16, _mm256_maddubs_epi16, _mm256_mul_ps,
    _mm256_set1_epi8, _mm256_set1_epi16, _mm256_set1_epi32, _mm256_set1_ps, _mm256_setzero_si256, _mm256_sign_epi8,
    _mm256_srli_epi16, _mm256_storeu_ps,
};

use super::{BLOCK, Bits, NIBBLE_OFFSET, RowBlock, Rows, STRIP, Strip};

/// The outputs of one register.
const LANES: usize = STRIP / 2;
const QUADS: usize = BLOCK / 4;

#[target_feature(enable = "avx2,fma")]
pub(super) fn run<T>(work: impl FnOnce() -> T) -> T {
    work()
}

#[target_feature(enable = "avx2,fma")]
pub(super) fn add_products(strip: Strip<'_>, rows: &Rows, tile: &mut [[f32; STRIP]]) {
    for (chunk_idx, tile) in tile.chunks_mut(4).enumerate() {
        let from = (rows, chunk_idx * 4);
        match tile.len() {
            1 => few::<1>(strip, from, tile),
            2 => few::<2>(strip, from, tile),
            3 => few::<3>(strip, from, tile),
            _ => few::<4>(strip, from, tile),
        }
    }
}

/// Keeps the sums of `N` rows in registers, half a strip at a time.
#[target_feature(enable = "avx2,fma")]
fn few<const N: usize>(strip: Strip<'_>, (rows, first): (&Rows, usize), tile: &mut [[f32; STRIP]]) {
    for half in 0..2 {
        let mut sums = [_mm256_set1_ps(0.0); N];
        for (sum, row) in sums.iter_mut().zip(tile.iter()) {
            *sum = load_floats(&row.as_chunks::<LANES>().0[half]);
        }
        let packed = strip.packed.chunks_exact(strip.bits.block_bytes());
        let blocks = rows.blocks.chunks_exact(rows.num_rows);
        for ((packed, scales), blocks) in packed.zip(strip.scales).zip(blocks) {
            let weights = unpacked(strip.bits, packed.as_chunks::<32>().0, half);
            let scales = load_floats(&scales.as_chunks::<LANES>().0[half]);
            for (sum, block) in sums.iter_mut().zip(&blocks[first..first + N]) {
                let product = match strip.bits {
                    Bits::Four => of_nibbles(&weights, block),
                    Bits::Eight => of_octets(&weights, block),
                };
                let scale = _mm256_mul_ps(scales, _mm256_set1_ps(block.scale));
                *sum = _mm256_fmadd_ps(_mm256_cvtepi32_ps(product), scale, *sum);
            }
        }
        for (row, sum) in tile.iter_mut().zip(sums) {
            store_floats(&mut row.as_chunks_mut::<LANES>().0[half], sum);
        }
    }
}

/// Returns the weights of half a strip, four inputs of each output in a register.
#[inline]
#[target_feature(enable = "avx2,fma")]
fn unpacked(bits: Bits, packed: &[[u8; 32]], half: usize) -> [__m256i; QUADS] {
    let mut weights = [_mm256_setzero_si256(); QUADS];
    match bits {
        Bits::Four => {
            let mask = _mm256_set1_epi8(15);
            for quad in 0..QUADS / 2 {
                let both = load(&packed[2 * quad + half]);
                weights[quad] = _mm256_and_si256(both, mask);
                weights[quad + QUADS / 2] = _mm256_and_si256(_mm256_srli_epi16::<4>(both), mask);
            }
        }
        Bits::Eight => {
            for (quad, weights) in weights.iter_mut().enumerate() {
                *weights = load(&packed[2 * quad + half]);
            }
        }
    }
    weights
}

/// Sixteen bits hold the sums: 8 quads of 2 × 15 × 127 are 30,480.
#[inline]
#[target_feature(enable = "avx2,fma")]
fn of_nibbles(weights: &[__m256i; QUADS], block: &RowBlock) -> __m256i {
    let mut pairs = _mm256_setzero_si256();
    for (quad, weights) in weights.iter().enumerate() {
        pairs = _mm256_add_epi16(pairs, _mm256_maddubs_epi16(*weights, _mm256_set1_epi32(block.quad(quad))));
    }
    let offset = _mm256_set1_epi32(-NIBBLE_OFFSET * block.sum);
    _mm256_add_epi32(offset, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)))
}

/// The signs of weights go to the inputs; 2 × 127 × 127 fit into sixteen bits.
#[inline]
#[target_feature(enable = "avx2,fma")]
fn of_octets(weights: &[__m256i; QUADS], block: &RowBlock) -> __m256i {
    let mut sum = _mm256_setzero_si256();
    for (quad, weights) in weights.iter().enumerate() {
        let signed = _mm256_sign_epi8(_mm256_set1_epi32(block.quad(quad)), *weights);
        let pairs = _mm256_maddubs_epi16(_mm256_abs_epi8(*weights), signed);
        sum = _mm256_add_epi32(sum, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
    }
    sum
}

#[inline]
#[target_feature(enable = "avx2,fma")]
fn load(bytes: &[u8; 32]) -> __m256i {
    // SAFETY: the array is as long as what is loaded, which need not be aligned.
    unsafe { _mm256_loadu_si256(bytes.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "avx2,fma")]
fn load_floats(floats: &[f32; LANES]) -> __m256 {
    // SAFETY: the array is as long as what is loaded, which need not be aligned.
    unsafe { _mm256_loadu_ps(floats.as_ptr()) }
}

#[inline]
#[target_feature(enable = "avx2,fma")]
fn store_floats(floats: &mut [f32; LANES], values: __m256) {
    // SAFETY: the array is as long as what is stored, which need not be aligned.
    unsafe { _mm256_storeu_ps(floats.as_mut_ptr(), values) }
}
