//! The only place of the harness that reads a clock.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// A point of the monotonic clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Moment(Instant);

/// Now, on the monotonic clock.
#[expect(clippy::disallowed_methods, reason = "this is the clock module")]
pub(crate) fn now() -> Moment {
    Moment(Instant::now())
}

/// Now, on the wall clock: time since the epoch.
#[expect(clippy::disallowed_methods, reason = "this is the clock module")]
pub(crate) fn wall() -> Duration {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
}

impl Moment {
    /// This much later.
    pub(crate) fn after(self, duration: Duration) -> Self {
        Self(self.0 + duration)
    }

    /// How long until this moment; zero when it has passed.
    pub(crate) fn remaining(self) -> Duration {
        self.0.saturating_duration_since(now().0)
    }

    /// How long since this moment, milliseconds.
    pub(crate) fn elapsed_ms(self) -> u64 {
        u64::try_from(self.0.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// True once it has passed.
    pub(crate) fn has_passed(self) -> bool {
        self.remaining().is_zero()
    }
}
