//! Points in time as documents write them.

/// Nanoseconds since the epoch of an RFC 3339 text; none if it is not one.
pub(super) fn nanoseconds(text: &str) -> Option<i128> {
    let time: jiff::Timestamp = text.parse().ok()?;
    cabincrew_protocol::timestamp::is_rfc3339(text).then(|| time.as_nanosecond())
}

#[cfg(test)]
mod tests {
    use super::nanoseconds;

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
