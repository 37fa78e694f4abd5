//! Products of quantized rows, by the widest instructions that the processor has.
//!
//! Weights come in strips of [`STRIP`] outputs and blocks of [`BLOCK`] inputs. Within a block the inputs go by fours: four
//! values of the first output, four of the second… so that one instruction multiplies four inputs of many outputs. With
//! four bits a weight, the low halves of the bytes hold the first [`BLOCK`]` / 2` inputs of the block and the high halves
//! the others, 8 added to each; with eight bits a byte holds the weight itself, from -127 to 127.
//!
//! Must not know layers or texts. Invariants: every kernel sums the same integers in a block; only the order of adding up
//! blocks in floats, and fused rounding, may differ. A [`Kernel`] exists only where the processor can run it. The only
//! files of the room with `unsafe`: here to call what was checked, below to load from arrays of the size loaded.

#[cfg(target_arch = "x86_64")]
mod avx2;
mod portable;
#[cfg(target_arch = "x86_64")]
mod vnni;

/// So many outputs are computed at once.
pub(super) const STRIP: usize = 16;
/// So many inputs share a scale.
pub(super) const BLOCK: usize = 32;
/// What is added to a weight of four bits, so that it is stored without a sign.
pub(super) const NIBBLE_OFFSET: i32 = 8;
const NIBBLE_BYTES: usize = STRIP * BLOCK / 2;
const OCTET_BYTES: usize = STRIP * BLOCK;

/// How a weight is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Bits {
    Four,
    Eight,
}

impl Bits {
    /// Returns how many bytes a block of a strip takes.
    pub(super) fn block_bytes(self) -> usize {
        match self {
            Self::Four => NIBBLE_BYTES,
            Self::Eight => OCTET_BYTES,
        }
    }

    /// Returns the number.
    pub fn number(self) -> u8 {
        match self {
            Self::Four => 4,
            Self::Eight => 8,
        }
    }
}

/// One strip of a layer's weights.
#[derive(Clone, Copy)]
pub(super) struct Strip<'a> {
    pub bits: Bits,
    /// Block after block.
    pub packed: &'a [u8],
    /// Of each block, one an output.
    pub scales: &'a [[f32; STRIP]],
}

/// Rows of inputs in eight bits, padded to whole blocks.
#[derive(Clone, Debug, Default)]
pub(super) struct Rows {
    pub num_rows: usize,
    pub num_blocks: usize,
    /// The first block of every row, then the second…
    pub blocks: Vec<RowBlock>,
}

/// A block of one row.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct RowBlock {
    pub values: [i8; BLOCK],
    pub scale: f32,
    /// Of the values: what an offset of the weights adds.
    pub sum: i32,
}

impl RowBlock {
    /// Four values as one number, as they lie in memory.
    #[cfg(target_arch = "x86_64")]
    #[inline(always)]
    fn quad(&self, place: usize) -> i32 {
        let at = |idx: usize| self.values[4 * place + idx].cast_unsigned();
        i32::from_le_bytes([at(0), at(1), at(2), at(3)])
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Portable,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    #[cfg(target_arch = "x86_64")]
    Vnni,
}

/// Instructions that this processor has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kernel(Kind);

impl Kernel {
    /// Returns the fastest one.
    pub fn best() -> Self {
        Self::available()[0]
    }

    /// Lists those that can run here, the fastest first.
    pub fn available() -> Vec<Self> {
        let mut kernels = Vec::with_capacity(3);
        #[cfg(target_arch = "x86_64")]
        {
            let has_avx2 = std::arch::is_x86_feature_detected!("avx2") && std::arch::is_x86_feature_detected!("fma");
            let has_vnni = has_avx2
                && std::arch::is_x86_feature_detected!("avx512f")
                && std::arch::is_x86_feature_detected!("avx512bw")
                && std::arch::is_x86_feature_detected!("avx512vl")
                && std::arch::is_x86_feature_detected!("avx512dq")
                && std::arch::is_x86_feature_detected!("avx512vnni");
            kernels.extend(has_vnni.then_some(Self(Kind::Vnni)));
            kernels.extend(has_avx2.then_some(Self(Kind::Avx2)));
        }
        kernels.push(Self(Kind::Portable));
        kernels
    }

    /// Returns the name for people.
    pub fn name(self) -> &'static str {
        match self.0 {
            Kind::Portable => "portable",
            #[cfg(target_arch = "x86_64")]
            Kind::Avx2 => "AVX2",
            #[cfg(target_arch = "x86_64")]
            Kind::Vnni => "AVX-512 VNNI",
        }
    }

    /// Adds to `tile`, one row a row of inputs, the products with a strip.
    pub(super) fn add_products(self, strip: Strip<'_>, rows: &Rows, tile: &mut [[f32; STRIP]]) {
        assert_eq!(strip.packed.len(), strip.bits.block_bytes() * rows.num_blocks, "blocks of weights and of inputs");
        assert_eq!((strip.scales.len(), tile.len()), (rows.num_blocks, rows.num_rows), "one place a row");
        match self.0 {
            Kind::Portable => portable::add_products(strip, rows, tile),
            #[cfg(target_arch = "x86_64")]
            // SAFETY: a kernel of this kind is made only where the processor has AVX2 and FMA.
            Kind::Avx2 => unsafe { avx2::add_products(strip, rows, tile) },
            #[cfg(target_arch = "x86_64")]
            // SAFETY: a kernel of this kind is made only where the processor has these parts of AVX-512.
            Kind::Vnni => unsafe { vnni::add_products(strip, rows, tile) },
        }
    }

    /// Runs arithmetic over floats, compiled for these instructions where it is inlined.
    #[inline]
    pub(super) fn run<T>(self, work: impl FnOnce() -> T) -> T {
        match self.0 {
            Kind::Portable => work(),
            #[cfg(target_arch = "x86_64")]
            // SAFETY: a kernel of this kind is made only where the processor has AVX2 and FMA.
            Kind::Avx2 => unsafe { avx2::run(work) },
            #[cfg(target_arch = "x86_64")]
            // SAFETY: a kernel of this kind is made only where the processor has these parts of AVX-512.
            Kind::Vnni => unsafe { vnni::run(work) },
        }
    }
}
