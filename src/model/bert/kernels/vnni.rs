//! With AVX-512 and its instruction for neural networks: four products of bytes and their sum at once.

use std::arch::x86_64::{
    __m512, __m512i, _mm512_and_si512, _mm512_cvtepi32_ps, _mm512_dpbusd_epi32, _mm512_fmadd_ps, _mm512_loadu_ps,
    _mm512_loadu_si512, _mm512_mul_ps, _mm512_set1_epi8, _mm512_set1_epi32, _mm512_set1_ps, _mm512_setzero_si512,
    _mm512_srli_epi16, _mm512_storeu_ps, _mm512_xor_si512,
};

use super::{BLOCK, Bits, NIBBLE_OFFSET, Rows, STRIP, Strip};

const QUADS: usize = BLOCK / 4;
/// What is added to a weight of eight bits, for the instruction takes weights without a sign.
const OCTET_OFFSET: i32 = 128;

#[target_feature(enable = "avx2,fma,avx512f,avx512bw,avx512vl,avx512dq")]
pub(super) fn run<T>(work: impl FnOnce() -> T) -> T {
    work()
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512vnni")]
pub(super) fn add_products(strip: Strip<'_>, rows: &Rows, tile: &mut [[f32; STRIP]]) {
    for (chunk_idx, tile) in tile.chunks_mut(8).enumerate() {
        let from = (rows, chunk_idx * 8);
        match tile.len() {
            1 => few::<1>(strip, from, tile),
            2 => few::<2>(strip, from, tile),
            3 => few::<3>(strip, from, tile),
            4 => few::<4>(strip, from, tile),
            5 => few::<5>(strip, from, tile),
            6 => few::<6>(strip, from, tile),
            7 => few::<7>(strip, from, tile),
            _ => few::<8>(strip, from, tile),
        }
    }
}

/// Keeps the sums of `N` rows in registers.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512vnni")]
fn few<const N: usize>(strip: Strip<'_>, (rows, first): (&Rows, usize), tile: &mut [[f32; STRIP]]) {
    let mut sums = [_mm512_set1_ps(0.0); N];
    for (sum, row) in sums.iter_mut().zip(tile.iter()) {
        *sum = load_floats(row);
    }
    let offset = match strip.bits {
        Bits::Four => -NIBBLE_OFFSET,
        Bits::Eight => -OCTET_OFFSET,
    };
    let packed = strip.packed.chunks_exact(strip.bits.block_bytes());
    let blocks = rows.blocks.chunks_exact(rows.num_rows);
    for ((packed, scales), blocks) in packed.zip(strip.scales).zip(blocks) {
        let weights = unpacked(strip.bits, packed.as_chunks::<64>().0);
        let scales = load_floats(scales);
        for (sum, block) in sums.iter_mut().zip(&blocks[first..first + N]) {
            let mut product = _mm512_set1_epi32(offset * block.sum);
            for (quad, weights) in weights.iter().enumerate() {
                product = _mm512_dpbusd_epi32(product, *weights, _mm512_set1_epi32(block.quad(quad)));
            }
            let scale = _mm512_mul_ps(scales, _mm512_set1_ps(block.scale));
            *sum = _mm512_fmadd_ps(_mm512_cvtepi32_ps(product), scale, *sum);
        }
    }
    for (row, sum) in tile.iter_mut().zip(sums) {
        store_floats(row, sum);
    }
}

/// Returns the weights of a strip without signs, four inputs of each output in a register.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512vnni")]
fn unpacked(bits: Bits, packed: &[[u8; 64]]) -> [__m512i; QUADS] {
    let mut weights = [_mm512_setzero_si512(); QUADS];
    match bits {
        Bits::Four => {
            let mask = _mm512_set1_epi8(15);
            for quad in 0..QUADS / 2 {
                let both = load(&packed[quad]);
                weights[quad] = _mm512_and_si512(both, mask);
                weights[quad + QUADS / 2] = _mm512_and_si512(_mm512_srli_epi16::<4>(both), mask);
            }
        }
        Bits::Eight => {
            let sign = _mm512_set1_epi8(i8::MIN);
            for (weights, packed) in weights.iter_mut().zip(packed) {
                *weights = _mm512_xor_si512(load(packed), sign);
            }
        }
    }
    weights
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512vnni")]
fn load(bytes: &[u8; 64]) -> __m512i {
    // SAFETY: the array is as long as what is loaded, which need not be aligned.
    unsafe { _mm512_loadu_si512(bytes.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512vnni")]
fn load_floats(floats: &[f32; STRIP]) -> __m512 {
    // SAFETY: the array is as long as what is loaded, which need not be aligned.
    unsafe { _mm512_loadu_ps(floats.as_ptr()) }
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512vnni")]
fn store_floats(floats: &mut [f32; STRIP], values: __m512) {
    // SAFETY: the array is as long as what is stored, which need not be aligned.
    unsafe { _mm512_storeu_ps(floats.as_mut_ptr(), values) }
}
