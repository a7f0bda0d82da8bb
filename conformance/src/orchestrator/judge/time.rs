//! Points in time as documents write them.

/// Nanoseconds since the epoch of an RFC 3339 text; none if it is not one.
pub(super) fn nanoseconds(text: &str) -> Option<i128> {
    let time: jiff::Timestamp = text.parse().ok()?;
    cabincrew_protocol::timestamp::is_rfc3339(text).then(|| time.as_nanosecond())
}

/// Whether a point in time was written down as it was said, or shortened to whole microseconds,
/// milliseconds or seconds: an orchestrator may keep less of it, and never another one.
pub(super) fn kept(said: &str, written: &str) -> bool {
    let (Some(said), Some(written)) = (nanoseconds(said), nanoseconds(written)) else {
        return said == written;
    };
    let shortened = |unit: i128| written % unit == 0 && (said - written).abs() < unit;
    [1, 1_000, 1_000_000, 1_000_000_000]
        .into_iter()
        .any(shortened)
}

#[cfg(test)]
mod tests {
    use super::{kept, nanoseconds};

    #[test]
    fn what_is_kept_may_be_shorter_and_not_later() {
        let said = "2026-01-01T12:00:00.123Z";
        for same in ["2026-01-01T13:00:00.123000+01:00", "2026-01-01T12:00:00Z"] {
            assert!(kept(said, same), "{same}");
        }
        for other in [
            "2026-01-01T12:00:00.140Z",
            "2026-01-01T12:00:01.123Z",
            "soon",
        ] {
            assert!(!kept(said, other), "{other}");
        }
    }

    #[test]
    fn offsets_and_fractions_count() {
        let at = nanoseconds("2026-01-01T00:00:00Z").expect("a time");
        assert_eq!(
            nanoseconds("2026-01-01T01:00:00.000000001+01:00"),
            Some(at + 1)
        );
        assert_eq!(nanoseconds("2026-01-01 00:00:00"), None);
        assert_eq!(nanoseconds("2026-01-01T00:00:00"), None);
    }
}
