//! The machine's clocks, read here and nowhere else.

use std::time::Duration;

use crate::domain::{Clock, Timestamp};

/// The wall clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place")]
    fn now(&self) -> Timestamp {
        Timestamp(jiff::Timestamp::now().as_millisecond())
    }
}

/// Returns the processor time that this thread has used; where the system does not tell, wall-clock time since the
/// first call.
pub fn thread_cpu_time() -> Duration {
    cpu_time::ThreadTime::try_now().map_or_else(|_| wall_since_first(), |time| time.as_duration())
}

fn wall_since_first() -> Duration {
    use std::{sync::OnceLock, time::Instant};
    static FIRST: OnceLock<Instant> = OnceLock::new();
    FIRST.get_or_init(Instant::now).elapsed()
}
