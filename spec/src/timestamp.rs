//! RFC 3339 as a yes or no (CC-SCH-009, C-58, C-87).

/// Whether a text is an RFC 3339 date-time with an offset. A leap second is taken where one can
/// stand: at the end of a UTC day.
#[must_use]
pub fn is_rfc3339(text: &str) -> bool {
    parse(text.as_bytes()).is_some()
}

fn parse(text: &[u8]) -> Option<()> {
    let year = number(text.get(0..4)?)?;
    literal(text, 4, b"-")?;
    let month = number(text.get(5..7)?)?;
    literal(text, 7, b"-")?;
    let day = number(text.get(8..10)?)?;
    literal(text, 10, b"Tt")?;
    let hour = number(text.get(11..13)?)?;
    literal(text, 13, b":")?;
    let minute = number(text.get(14..16)?)?;
    literal(text, 16, b":")?;
    let second = number(text.get(17..19)?)?;
    let offset = offset_minutes(after_fraction(text.get(19..)?)?)?;
    let in_day = (1..=12).contains(&month)
        && (1..=days(year, month)).contains(&day)
        && hour < 24
        && minute < 60;
    let minute_of_day = (hour * 60 + minute - offset).rem_euclid(24 * 60);
    let second_fits = second < 60 || (second == 60 && minute_of_day == 24 * 60 - 1);
    (in_day && second_fits).then_some(())
}

fn number(digits: &[u8]) -> Option<i32> {
    digits.iter().try_fold(0, |value, digit| {
        digit
            .is_ascii_digit()
            .then(|| value * 10 + i32::from(digit - b'0'))
    })
}

fn literal(text: &[u8], at: usize, allowed: &[u8]) -> Option<()> {
    allowed.contains(text.get(at)?).then_some(())
}

/// What follows an optional fraction of a second.
fn after_fraction(text: &[u8]) -> Option<&[u8]> {
    let Some(fraction) = text.strip_prefix(b".") else {
        return Some(text);
    };
    let digits = fraction
        .iter()
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    (digits > 0).then(|| &fraction[digits..])
}

/// Minutes east of UTC.
fn offset_minutes(text: &[u8]) -> Option<i32> {
    let sign = match text {
        b"Z" | b"z" => return Some(0),
        [b'+', ..] => 1,
        [b'-', ..] => -1,
        _ => return None,
    };
    literal(text, 3, b":")?;
    let (hours, minutes) = (number(text.get(1..3)?)?, number(text.get(4..)?)?);
    (text.len() == 6 && hours < 24 && minutes < 60).then_some(sign * (hours * 60 + minutes))
}

fn days(year: i32, month: i32) -> i32 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use super::is_rfc3339;

    #[test]
    fn times_with_an_offset_are_taken() {
        for text in [
            "2025-03-01T12:00:00Z",
            "2025-03-01t12:00:00z",
            "2025-12-31T23:59:59.999999999+05:30",
            "2024-02-29T00:00:00-23:59",
            "2000-02-29T00:00:00Z",
            "2025-04-30T00:00:00Z",
            "2016-12-31T23:59:60Z",
            "2016-12-31T15:59:60-08:00",
            "0000-01-01T00:00:00Z",
        ] {
            assert!(is_rfc3339(text), "{text}");
        }
    }

    #[test]
    fn days_that_do_not_exist_and_other_forms_are_not() {
        for text in [
            "2025-02-29T00:00:00Z",
            "1900-02-29T00:00:00Z",
            "2025-04-31T00:00:00Z",
            "2025-13-01T00:00:00Z",
            "2025-00-01T00:00:00Z",
            "2025-01-00T00:00:00Z",
            "2025-01-01T24:00:00Z",
            "2025-01-01T00:60:00Z",
            "2025-01-01T12:59:60Z",
            "2016-12-31T23:59:60-08:00",
            "2025-01-01T00:00:00",
            "2025-01-01T00:00:00.Z",
            "2025-01-01T00:00:00+0530",
            "2025-01-01T00:00:00+05:3",
            "2025-01-01T00:00:00+05:300",
            "2025-01-01T00:00:00Z ",
            "2025-01-01 00:00:00Z",
            "2025-01-01",
            "+025-01-01T00:00:00Z",
            "",
        ] {
            assert!(!is_rfc3339(text), "{text}");
        }
    }
}
