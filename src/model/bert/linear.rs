//! A linear layer: weights in four or eight bits with a scale a block, times inputs in eight.
//!
//! Must not know what the layer is for. Invariants: weights are packed once, as [`kernels`](super::kernels) reads them;
//! a row's outputs depend on no other row, so that many rows at once give what each gives alone.

use super::kernels::{BLOCK, Bits, Kernel, NIBBLE_OFFSET, RowBlock, Rows, STRIP, Strip};

/// Scales that are tried for a block of four-bit weights, by that which keeps its largest weight.
const TRIED_SCALES: [f32; 6] = [1.0, 0.94, 0.88, 0.82, 1.06, 1.14];
/// Adding and taking it away rounds a float of small size to the next whole number, ties to even.
const ROUNDING: f32 = 12_582_912.0;

/// The layer, ready to compute.
#[derive(Clone, Debug)]
pub(super) struct Linear {
    bits: Bits,
    num_in: usize,
    num_out: usize,
    /// Strip after strip, block after block; outputs and inputs that do not fill them are zeros.
    packed: Vec<u8>,
    scales: Vec<[f32; STRIP]>,
    bias: Vec<[f32; STRIP]>,
}

/// Memory that is used again from layer to layer.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    rows: Rows,
    tile: Vec<[f32; STRIP]>,
}

impl Linear {
    /// Packs weights given output after output; panics where their number is not that of the outputs times `num_in`.
    pub fn pack(weights: &[f32], bias: &[f32], num_in: usize, bits: Bits) -> Self {
        let num_out = bias.len();
        assert_eq!(weights.len(), num_in * num_out, "one weight an input and output");
        let (num_strips, num_blocks) = (num_out.div_ceil(STRIP), num_in.div_ceil(BLOCK));
        let mut packed = vec![0; num_strips * num_blocks * bits.block_bytes()];
        let mut scales = vec![[0.0; STRIP]; num_strips * num_blocks];
        let places = packed.chunks_exact_mut(bits.block_bytes()).zip(&mut scales).enumerate();
        for (place, (packed, scales)) in places {
            let (strip_idx, block_idx) = (place / num_blocks, place % num_blocks);
            for (column, scale) in scales.iter_mut().enumerate() {
                let mut block = [0.0; BLOCK];
                if let Some(row) = weights.chunks_exact(num_in).nth(strip_idx * STRIP + column) {
                    let given = &row[block_idx * BLOCK..num_in.min((block_idx + 1) * BLOCK)];
                    block[..given.len()].copy_from_slice(given);
                }
                *scale = match bits {
                    Bits::Four => pack_nibbles(&block, packed, column),
                    Bits::Eight => pack_octets(&block, packed, column),
                };
            }
        }
        let mut padded = vec![[0.0; STRIP]; num_strips];
        padded.as_flattened_mut()[..num_out].copy_from_slice(bias);
        Self { bits, num_in, num_out, packed, scales, bias: padded }
    }

    /// Computes the outputs of each row of inputs.
    pub fn forward(&self, kernel: Kernel, inputs: &[f32], outputs: &mut [f32], scratch: &mut Scratch) {
        let Scratch { rows, tile } = scratch;
        kernel.run(|| quantize(inputs, self.num_in, rows));
        let num_blocks = rows.num_blocks;
        let packed = self.packed.chunks_exact(num_blocks * self.bits.block_bytes());
        let strips = packed.zip(self.scales.chunks_exact(num_blocks)).zip(&self.bias).enumerate();
        // Weights outside, rows inside: a strip of weights stays in the nearest cache.
        for (strip_idx, ((packed, scales), bias)) in strips {
            tile.clear();
            tile.resize(inputs.len() / self.num_in, *bias);
            kernel.add_products(Strip { bits: self.bits, packed, scales }, rows, tile);
            let at = strip_idx * STRIP;
            let num = STRIP.min(self.num_out - at);
            for (output, sums) in outputs.chunks_exact_mut(self.num_out).zip(tile.iter()) {
                output[at..at + num].copy_from_slice(&sums[..num]);
            }
        }
    }
}

/// Where the bytes of an output's input lie in a block.
fn place_of(input: usize, column: usize) -> usize {
    (input / 4) * STRIP * 4 + column * 4 + input % 4
}

/// Packs a block in four bits and returns its scale: of those tried, the one with the least squared error.
fn pack_nibbles(block: &[f32; BLOCK], packed: &mut [u8], column: usize) -> f32 {
    // The largest weight becomes -8, of which there is no opposite.
    let largest = block
        .iter()
        .copied()
        .fold(0.0f32, |largest, weight| if weight.abs() > largest.abs() { weight } else { largest });
    if largest == 0.0 {
        write_nibbles(block, 0.0, packed, column);
        return 0.0;
    }
    let base = -largest / NIBBLE_OFFSET as f32;
    let error = |scale: f32| -> f32 {
        block.iter().map(|weight| (nibble(*weight, scale) as f32 * scale - weight).powi(2)).sum()
    };
    let mut best = (error(base), base);
    for scale in TRIED_SCALES[1..].iter().map(|factor| factor * base) {
        let error = error(scale);
        if error < best.0 {
            best = (error, scale);
        }
    }
    write_nibbles(block, best.1, packed, column);
    best.1
}

fn nibble(weight: f32, scale: f32) -> i32 {
    let steps = if scale == 0.0 { 0.0 } else { (weight / scale).round() };
    steps.clamp(-8.0, 7.0) as i32
}

fn write_nibbles(block: &[f32; BLOCK], scale: f32, packed: &mut [u8], column: usize) {
    for (input, weight) in block.iter().enumerate() {
        let stored = (nibble(*weight, scale) + NIBBLE_OFFSET) as u8;
        if input < BLOCK / 2 {
            packed[place_of(input, column)] |= stored;
        } else {
            packed[place_of(input - BLOCK / 2, column)] |= stored << 4;
        }
    }
}

/// Packs a block in eight bits and returns its scale.
fn pack_octets(block: &[f32; BLOCK], packed: &mut [u8], column: usize) -> f32 {
    let largest = block.iter().fold(0.0f32, |largest, weight| largest.max(weight.abs()));
    let scale = largest / 127.0;
    for (input, weight) in block.iter().enumerate() {
        let steps = if largest == 0.0 { 0.0 } else { (weight / scale).round().clamp(-127.0, 127.0) };
        packed[place_of(input, column)] = (steps as i8).cast_unsigned();
    }
    scale
}

/// Rounds rows of inputs to eight bits, block by block.
#[inline(always)]
fn quantize(inputs: &[f32], width: usize, rows: &mut Rows) {
    (rows.num_rows, rows.num_blocks) = (inputs.len() / width, width.div_ceil(BLOCK));
    rows.blocks.resize(rows.num_rows * rows.num_blocks, RowBlock::default());
    for (row_idx, row) in inputs.chunks_exact(width).enumerate() {
        let (whole, rest) = row.as_chunks::<BLOCK>();
        let mut into = rows.blocks[row_idx..].iter_mut().step_by(rows.num_rows);
        whole.iter().zip(&mut into).for_each(|(block, into)| *into = quantized(block));
        if let Some(into) = into.next() {
            let mut padded = [0.0; BLOCK];
            padded[..rest.len()].copy_from_slice(rest);
            *into = quantized(&padded);
        }
    }
}

#[inline(always)]
fn quantized(block: &[f32; BLOCK]) -> RowBlock {
    let largest = block.iter().fold(0.0f32, |largest, value| largest.max(value.abs()));
    let inverse = if largest > 0.0 { 127.0 / largest } else { 0.0 };
    // The low bits of the sum are the rounded number.
    let steps = block.map(|value| (value * inverse + ROUNDING).to_bits().cast_signed() << 16 >> 16);
    RowBlock { values: steps.map(|steps| steps as i8), scale: largest / 127.0, sum: steps.iter().sum() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn floats(rng: &mut fastrand::Rng, num: usize) -> Vec<f32> {
        (0..num).map(|_| rng.f32() * 2.0 - 1.0).collect()
    }

    fn forward(linear: &Linear, kernel: Kernel, inputs: &[f32]) -> Vec<f32> {
        let mut outputs = vec![f32::NAN; inputs.len() / linear.num_in * linear.num_out];
        linear.forward(kernel, inputs, &mut outputs, &mut Scratch::default());
        outputs
    }

    /// With scales of one, floats hold the sums of integers exactly.
    #[test]
    fn every_kernel_sums_the_same_integers() {
        let mut rng = fastrand::Rng::with_seed(11);
        for bits in [Bits::Four, Bits::Eight] {
            for (num_in, num_out, num_rows) in [(32, 16, 1), (384, 48, 9), (40, 10, 3), (1536, 33, 17), (96, 16, 4)] {
                let (least, most) = if bits == Bits::Four { (-8, 7) } else { (-127, 127) };
                let weights: Vec<i32> = (0..num_in * num_out).map(|_| rng.i32(least..=most)).collect();
                let values: Vec<i8> = (0..num_in * num_rows).map(|_| rng.i8(-127..=127)).collect();
                let as_floats: Vec<f32> = weights.iter().map(|weight| *weight as f32).collect();
                let mut linear = Linear::pack(&as_floats, &vec![0.0; num_out], num_in, bits);
                repack(&mut linear, &weights);
                let rows = rows_of(&values, num_in);
                for kernel in Kernel::available() {
                    let found = integers(&linear, kernel, &rows, num_rows);
                    for row in 0..num_rows {
                        for out in 0..num_out {
                            let pairs = weights[out * num_in..][..num_in].iter().zip(&values[row * num_in..]);
                            let want: i32 = pairs.map(|(weight, value)| weight * i32::from(*value)).sum();
                            let found = found[out / STRIP][row][out % STRIP];
                            assert_eq!(found, want as f32, "{} {bits:?} {num_in} {row} {out}", kernel.name());
                        }
                    }
                }
            }
        }
    }

    /// Puts given integers in place of the rounded ones.
    fn repack(linear: &mut Linear, weights: &[i32]) {
        let num_blocks = linear.num_in.div_ceil(BLOCK);
        linear.scales.fill([1.0; STRIP]);
        for (place, packed) in linear.packed.chunks_exact_mut(linear.bits.block_bytes()).enumerate() {
            packed.fill(0);
            for column in 0..STRIP {
                let out = place / num_blocks * STRIP + column;
                let weight = |input: usize| {
                    let input = place % num_blocks * BLOCK + input;
                    if out < linear.num_out && input < linear.num_in { weights[out * linear.num_in + input] } else { 0 }
                };
                let block: [f32; BLOCK] = std::array::from_fn(|input| weight(input) as f32);
                match linear.bits {
                    Bits::Four => write_nibbles(&block, 1.0, packed, column),
                    Bits::Eight => block.iter().enumerate().for_each(|(input, weight)| {
                        packed[place_of(input, column)] = (*weight as i8).cast_unsigned();
                    }),
                }
            }
        }
    }

    fn rows_of(values: &[i8], width: usize) -> Rows {
        let block = |values: &[i8]| {
            let mut padded = [0; BLOCK];
            padded[..values.len()].copy_from_slice(values);
            RowBlock { values: padded, scale: 1.0, sum: values.iter().map(|value| i32::from(*value)).sum() }
        };
        let (num_rows, num_blocks) = (values.len() / width, width.div_ceil(BLOCK));
        let of_place = |place: usize| {
            let row = &values[place % num_rows * width..][..width];
            block(row.chunks(BLOCK).nth(place / num_rows).expect("a block"))
        };
        Rows { num_rows, num_blocks, blocks: (0..num_rows * num_blocks).map(of_place).collect() }
    }

    fn integers(linear: &Linear, kernel: Kernel, rows: &Rows, num_rows: usize) -> Vec<Vec<[f32; STRIP]>> {
        let strips = linear.packed.chunks_exact(rows.num_blocks * linear.bits.block_bytes());
        let strips = strips.zip(linear.scales.chunks_exact(rows.num_blocks));
        let products = strips.map(|(packed, scales)| {
            let mut tile = vec![[0.0; STRIP]; num_rows];
            kernel.add_products(Strip { bits: linear.bits, packed, scales }, rows, &mut tile);
            tile
        });
        products.collect()
    }

    #[test]
    fn products_come_near_those_of_floats() {
        let mut rng = fastrand::Rng::with_seed(12);
        let (num_in, num_out, num_rows) = (200, 70, 5);
        let (weights, bias) = (floats(&mut rng, num_in * num_out), floats(&mut rng, num_out));
        let inputs = floats(&mut rng, num_in * num_rows);
        for (bits, allowed) in [(Bits::Four, 0.12), (Bits::Eight, 0.01)] {
            let linear = Linear::pack(&weights, &bias, num_in, bits);
            for kernel in Kernel::available() {
                let found = forward(&linear, kernel, &inputs);
                let (mut error, mut size) = (0.0, 0.0);
                for (place, found) in found.iter().enumerate() {
                    let (row, out) = (place / num_out, place % num_out);
                    let pairs = weights[out * num_in..][..num_in].iter().zip(&inputs[row * num_in..]);
                    let want = bias[out] + pairs.map(|(weight, value)| weight * value).sum::<f32>();
                    error += (found - want).powi(2);
                    size += want.powi(2);
                }
                assert!((error / size).sqrt() < allowed, "{} {bits:?}: {}", kernel.name(), (error / size).sqrt());
            }
        }
    }

    #[test]
    fn rows_are_rounded_alike_by_every_kernel() {
        let mut rng = fastrand::Rng::with_seed(13);
        let mut inputs = floats(&mut rng, 100 * 3);
        inputs[..100].fill(0.0);
        let rounded = |kernel: Kernel| {
            let mut rows = Rows::default();
            kernel.run(|| quantize(&inputs, 100, &mut rows));
            rows.blocks
        };
        let want = rounded(Kernel::best());
        assert_eq!(want[0], RowBlock { values: [0; BLOCK], scale: 0.0, sum: 0 });
        for (place, value) in inputs[100..132].iter().enumerate() {
            let block = want[1];
            assert!((f32::from(block.values[place]) * block.scale - value).abs() <= block.scale * 0.501);
        }
        Kernel::available().into_iter().for_each(|kernel| assert_eq!(rounded(kernel), want));
    }

    #[test]
    fn many_rows_give_what_each_gives_alone() {
        let mut rng = fastrand::Rng::with_seed(14);
        let linear = Linear::pack(&floats(&mut rng, 64 * 20), &floats(&mut rng, 20), 64, Bits::Four);
        let inputs = floats(&mut rng, 64 * 19);
        for kernel in Kernel::available() {
            let together = forward(&linear, kernel, &inputs);
            let alone = inputs.chunks_exact(64).flat_map(|row| forward(&linear, kernel, row));
            assert_eq!(together, alone.collect::<Vec<_>>());
        }
    }
}
