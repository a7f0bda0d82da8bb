//! The only reader of the wall clock and of the system's randomness; everything else is handed
//! the values.

use std::io::Read as _;
use std::time::{Duration, SystemTime};

use cabincrew_protocol::digest::hex;

use crate::fault::{self, Fault};

/// Now, as RFC 3339 in UTC with microseconds (C-87).
#[must_use]
pub fn now() -> String {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the clock that others take time from"
    )]
    let now = SystemTime::now();
    let since = now
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or(Duration::ZERO);
    let micros = i64::try_from(since.as_micros()).unwrap_or(i64::MAX);
    let timestamp = jiff::Timestamp::from_microsecond(micros).unwrap_or(jiff::Timestamp::MAX);
    format!("{timestamp:.6}")
}

/// Whether `now` is later than `since` plus a number of seconds. What cannot be read as a time
/// counts as over.
#[must_use]
pub fn is_over(since: &str, seconds: u64, now: &str) -> bool {
    let (Ok(since), Ok(now)) = (
        since.parse::<jiff::Timestamp>(),
        now.parse::<jiff::Timestamp>(),
    ) else {
        return true;
    };
    if fault::on(Fault::ExpiryIgnored) {
        return false;
    }
    let elapsed = now.as_second().saturating_sub(since.as_second());
    elapsed > i64::try_from(seconds).unwrap_or(i64::MAX)
}

/// A moment for deadlines; it has no relation to the date.
#[must_use]
pub fn tick() -> std::time::Instant {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the clock that others take time from"
    )]
    std::time::Instant::now()
}

/// Sixteen hex digits that nobody can guess.
///
/// # Errors
/// When the system's source of randomness cannot be read.
pub fn nonce() -> std::io::Result<String> {
    let mut bytes = [0; 8];
    std::fs::File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(hex(&bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_rfc3339_and_lapse() {
        assert!(cabincrew_protocol::timestamp::is_rfc3339(&now()));
        assert!(!is_over("2026-01-01T00:00:00Z", 10, "2026-01-01T00:00:10Z"));
        assert!(is_over("2026-01-01T00:00:00Z", 10, "2026-01-01T00:00:11Z"));
        assert!(is_over("yesterday", 10, "2026-01-01T00:00:11Z"));
    }
}
