//! Durations in, lines of a table out.

use std::time::Duration;

/// Prints one line.
pub(crate) fn line(what: &str, figure: &str) {
    println!("| {what} | {figure} |");
}

/// A duration in milliseconds.
pub(crate) fn ms(duration: Duration) -> String {
    format!("{:.2} ms", duration.as_secs_f64() * 1000.0)
}

/// The value below which that share of all durations lies.
pub(crate) fn quantile(durations: &mut [Duration], share: f64) -> Duration {
    durations.sort();
    let last = durations.len() - 1;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "an index of a few thousand"
    )]
    let index = (last as f64 * share).round() as usize;
    durations[index.min(last)]
}

/// How often in a second.
pub(crate) fn rate(count: usize, within: Duration) -> f64 {
    let count = u32::try_from(count).unwrap();
    f64::from(count) / within.as_secs_f64()
}
