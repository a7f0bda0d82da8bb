//! Dates and long numbers in a text: what an engine may repeat without having looked at a clock.

/// Dates (`2026-01-31`, `31.1.2026`, or with the month as a word) and numbers of eight digits and more in
/// a text.
pub(super) fn numbers(text: &str) -> impl Iterator<Item = &str> {
    let digits = |word: &str| word.bytes().filter(u8::is_ascii_digit).count();
    let dashed = text.split(|c: char| !c.is_ascii_digit() && c != '-');
    let dashed = dashed.map(|word| word.trim_matches('-'));
    let dotted = text.split(|c: char| !c.is_ascii_digit() && c != '.' && c != '/');
    let dotted = dotted.filter(|word| word.contains(['.', '/']));
    dashed
        .filter(move |word| digits(word) >= 8)
        .chain(dotted.filter(move |word| digits(word) >= 6))
        .chain(months(text))
}

/// What stands around the names of months: a day may come before or after them.
fn months(text: &str) -> impl Iterator<Item = &str> {
    // "September 30, 2026" is the longest.
    const AROUND: usize = 20;
    const NAMES: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    let found = NAMES.iter().flat_map(|name| text.match_indices(name));
    found.map(|(at, _)| {
        let start = text.floor_char_boundary(at.saturating_sub(AROUND));
        let end = text.ceil_char_boundary((at + AROUND).min(text.len()));
        &text[start..end]
    })
}

#[cfg(test)]
mod tests {
    use super::numbers;

    #[test]
    fn dates_are_found_however_they_are_written() {
        for date in [
            "2026-09-30",
            "30.9.2026",
            "9/30/2026",
            "20260930",
            "September 30, 2026",
            "30 September 2026",
            "Wed, 30 Sep 2026",
        ] {
            let text = format!("Released on {date}, with three fixes.");
            let found = numbers(&text).any(|it| it.contains(date));
            assert!(found, "{date}");
        }
    }

    #[test]
    fn short_numbers_and_versions_of_few_digits_are_none() {
        let found: Vec<&str> = numbers("1.2.3, 42 and 2026; 10.20.3 is old").collect();
        assert_eq!(found, [] as [&str; 0]);
    }

    #[test]
    fn what_stands_around_a_month_is_cut_between_characters() {
        let text = format!("{0}May{0}", "\u{1f6eb}".repeat(9));
        let around = format!("{0}May{0}", "\u{1f6eb}".repeat(5));
        let found: Vec<&str> = numbers(&text).collect();
        assert!(around.contains(found[0]) && found[0].contains("May"));
    }
}
