//! Until when a caller waits.
//!
//! Reads the `grpc-timeout` header and turns it into a moment. Pure: the moment of arrival is passed in. A header that is
//! not understood counts as none, as the transport itself has it.

use std::time::{Duration, Instant};

use tonic::codegen::http::HeaderMap;

const HEADER: &str = "grpc-timeout";
/// More digits than the protocol allows.
const MAX_DIGITS: usize = 8;
/// The most that is kept back from a deadline, so that the refusal still reaches the caller from a busy machine.
const MAX_MARGIN: Duration = Duration::from_millis(300);

/// Returns the moment at which the caller gives up, if it said so.
pub(super) fn of(headers: &HeaderMap, arrival: Instant) -> Option<Instant> {
    let timeout = timeout(headers.get(HEADER)?.to_str().ok()?)?;
    arrival.checked_add(timeout)
}

/// Returns until when to wait for what may come later: a little before the deadline, or as long as `patience` where
/// there is none.
pub(super) fn until(deadline: Option<Instant>, now: Instant, patience: Duration) -> Instant {
    match deadline {
        None => now + patience,
        Some(deadline) => {
            let left = deadline.saturating_duration_since(now);
            now + (left - (left / 10).min(MAX_MARGIN))
        }
    }
}

fn timeout(text: &str) -> Option<Duration> {
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    if digits.is_empty() || digits.len() > MAX_DIGITS || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let count: u64 = digits.parse().ok()?;
    match unit {
        "H" => Some(Duration::from_secs(count * 3_600)),
        "M" => Some(Duration::from_secs(count * 60)),
        "S" => Some(Duration::from_secs(count)),
        "m" => Some(Duration::from_millis(count)),
        "u" => Some(Duration::from_micros(count)),
        "n" => Some(Duration::from_nanos(count)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timeouts_are_read_in_every_unit() {
        for (text, want) in [
            ("1H", Some(Duration::from_secs(3_600))),
            ("2M", Some(Duration::from_secs(120))),
            ("3S", Some(Duration::from_secs(3))),
            ("400m", Some(Duration::from_millis(400))),
            ("5u", Some(Duration::from_micros(5))),
            ("99999999n", Some(Duration::from_nanos(99_999_999))),
            ("99999999H", Some(Duration::from_secs(99_999_999 * 3_600))),
            ("", None),
            ("S", None),
            ("+1S", None),
            ("123456789S", None),
            ("1s", None),
            ("1秒", None),
        ] {
            assert_eq!(timeout(text), want, "{text}");
        }
    }

    #[test]
    fn waiting_ends_before_the_deadline() {
        let now = Instant::now();
        let ms = Duration::from_millis;
        let check = |left: Option<u64>, want: u64| {
            assert_eq!(until(left.map(|left| now + ms(left)), now, ms(2_000)), now + ms(want), "{left:?}");
        };
        check(None, 2_000);
        check(Some(100), 90);
        check(Some(10_000), 9_700);
        check(Some(0), 0);
        assert_eq!(until(Some(now), now + ms(7), ms(2_000)), now + ms(7), "the deadline is past");
    }
}
