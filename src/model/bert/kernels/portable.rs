//! For every processor.

use super::{BLOCK, Bits, NIBBLE_OFFSET, Rows, STRIP, Strip};

pub(super) fn add_products(strip: Strip<'_>, rows: &Rows, tile: &mut [[f32; STRIP]]) {
    let mut weights = [[0i16; BLOCK]; STRIP];
    let packed = strip.packed.chunks_exact(strip.bits.block_bytes());
    let blocks = rows.blocks.chunks_exact(rows.num_rows);
    for ((packed, scales), blocks) in packed.zip(strip.scales).zip(blocks) {
        unpack(strip.bits, packed, &mut weights);
        for (sums, block) in tile.iter_mut().zip(blocks) {
            let values = block.values.map(i16::from);
            for ((sum, weights), scale) in sums.iter_mut().zip(&weights).zip(scales) {
                *sum += product(weights, &values) as f32 * (scale * block.scale);
            }
        }
    }
}

/// Lays the weights of a block out by output; sixteen bits, for many processors multiply those in pairs.
fn unpack(bits: Bits, packed: &[u8], weights: &mut [[i16; BLOCK]; STRIP]) {
    for (quad_idx, quads) in packed.chunks_exact(4 * STRIP).enumerate() {
        for (weights, quad) in weights.iter_mut().zip(quads.as_chunks::<4>().0) {
            let (low, high) = weights.split_at_mut(BLOCK / 2);
            match bits {
                Bits::Four => {
                    for ((low, high), byte) in low[4 * quad_idx..].iter_mut().zip(&mut high[4 * quad_idx..]).zip(quad) {
                        *low = i16::from(byte & 15) - NIBBLE_OFFSET as i16;
                        *high = i16::from(byte >> 4) - NIBBLE_OFFSET as i16;
                    }
                }
                Bits::Eight => {
                    let into = weights[4 * quad_idx..].iter_mut();
                    into.zip(quad).for_each(|(weight, byte)| *weight = i16::from(byte.cast_signed()));
                }
            }
        }
    }
}

/// Not inlined: of rows whose length it does not know the compiler makes a loop of wide products, of others it does not.
#[inline(never)]
fn product(weights: &[i16], values: &[i16]) -> i32 {
    weights.iter().zip(values).map(|(weight, value)| i32::from(*weight) * i32::from(*value)).sum()
}
