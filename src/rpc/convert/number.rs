//! Counts: unsigned inside, signed on the wire.

/// Writes a count; one beyond the range is written as the largest.
pub(in crate::rpc) fn i64_of(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// Writes a count; one beyond the range is written as the largest.
pub(in crate::rpc) fn i32_of(count: impl TryInto<i32>) -> i32 {
    count.try_into().unwrap_or(i32::MAX)
}
