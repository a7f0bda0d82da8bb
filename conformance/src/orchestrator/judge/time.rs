//! Points in time as documents write them.

/// Nanoseconds since the epoch of an RFC 3339 text; none if it is not one.
pub(super) fn nanoseconds(text: &str) -> Option<i128> {
    let time: jiff::Timestamp = text.parse().ok()?;
    cabincrew_protocol::timestamp::is_rfc3339(text).then(|| time.as_nanosecond())
}

/// Whether a point in time can be that of something said then: the same, shortened to whole
/// microseconds, milliseconds or seconds, or later, as that of its arrival is.
pub(super) fn fits(said: &str, written: &str) -> bool {
    let (Some(said), Some(written)) = (nanoseconds(said), nanoseconds(written)) else {
        return said == written;
    };
    let shortened = |unit: i128| written % unit == 0 && (said - written).abs() < unit;
    let units = [1_000, 1_000_000, 1_000_000_000];
    written >= said || units.into_iter().any(shortened)
}

#[cfg(test)]
mod tests {
    use super::{fits, nanoseconds};

    #[test]
    fn what_is_written_may_be_shorter_or_later_and_not_of_before() {
        let said = "2026-01-01T12:00:00.123Z";
        let same = "2026-01-01T13:00:00.123000+01:00";
        for fit in [same, "2026-01-01T12:00:00Z", "2026-01-01T12:00:01.5Z"] {
            assert!(fits(said, fit), "{fit}");
        }
        for other in ["2026-01-01T12:00:00.1Z", "2026-01-01T11:59:59Z", "soon"] {
            assert!(!fits(said, other), "{other}");
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
