//! The one place that asks what time it is: deadlines, never data.

use std::time::{Duration, Instant};

use rustix::event::Timespec;

/// A point in time at which patience ends.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Deadline(Instant);

impl Deadline {
    #[expect(
        clippy::disallowed_methods,
        reason = "deadlines of processes are measured here and nowhere else"
    )]
    pub(crate) fn after(patience: Duration) -> Self {
        Self(Instant::now() + patience)
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "deadlines of processes are measured here and nowhere else"
    )]
    pub(crate) fn remaining(self) -> Duration {
        self.0.saturating_duration_since(Instant::now())
    }

    pub(crate) fn has_passed(self) -> bool {
        self.remaining().is_zero()
    }

    /// What remains, as `poll` takes it.
    pub(crate) fn timespec(self) -> Timespec {
        let remaining = self.remaining();
        Timespec {
            tv_sec: i64::try_from(remaining.as_secs()).unwrap_or(i64::MAX),
            tv_nsec: i64::from(remaining.subsec_nanos()),
        }
    }
}
