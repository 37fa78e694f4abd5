//! Moments: milliseconds inside, seconds and nanoseconds on the wire.

use crate::{domain::Timestamp, rpc::limits::Violations};

/// The years 1 to 9999, which RFC 3339 can write.
const SECONDS: std::ops::RangeInclusive<i64> = -62_135_596_800..=253_402_300_799;
const NANOS: std::ops::Range<i32> = 0..1_000_000_000;

/// Writes a moment.
pub(in crate::rpc) fn timestamp_of(Timestamp(millis): Timestamp) -> prost_types::Timestamp {
    let nanos = i32::try_from(millis.rem_euclid(1_000) * 1_000_000).expect("less than a second");
    prost_types::Timestamp { seconds: millis.div_euclid(1_000), nanos }
}

/// Reads a moment; what is finer than a millisecond is dropped.
pub(in crate::rpc) fn read_timestamp(
    given: Option<prost_types::Timestamp>,
    field: &str,
    violations: &mut Violations,
) -> Option<Timestamp> {
    let prost_types::Timestamp { seconds, nanos } = given?;
    let is_good = SECONDS.contains(&seconds) && NANOS.contains(&nanos);
    violations.check(is_good, field, "must be within the years 1 to 9999, with 0 to 999999999 nanoseconds");
    is_good.then(|| Timestamp(seconds * 1_000 + i64::from(nanos / 1_000_000)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_come_back() {
        let mut rng = fastrand::Rng::with_seed(3);
        let check = |millis: i64| {
            let mut violations = Violations::default();
            let back = read_timestamp(Some(timestamp_of(Timestamp(millis))), "t", &mut violations);
            assert_eq!(back, Some(Timestamp(millis)), "{violations:?}");
        };
        for millis in [0, -1, 1, 999, -1_000, -62_135_596_800_000, 253_402_300_799_999] {
            check(millis);
        }
        (0..300).for_each(|_| check(rng.i64(-62_135_596_800_000..=253_402_300_799_999)));
    }

    #[test]
    fn moments_out_of_range_are_refused() {
        for (seconds, nanos) in
            [(-62_135_596_801, 0), (253_402_300_800, 0), (i64::MAX, 0), (i64::MIN, 0), (0, -1), (0, 1_000_000_000)]
        {
            let mut violations = Violations::default();
            let given = Some(prost_types::Timestamp { seconds, nanos });
            assert_eq!(read_timestamp(given, "t", &mut violations), None);
            assert!(violations.finish().is_err(), "{seconds} {nanos}");
        }
        let mut violations = Violations::default();
        assert_eq!(read_timestamp(None, "t", &mut violations), None);
        assert!(violations.finish().is_ok(), "a time may be left out");
    }
}
