//! Content in pieces of the size that a model takes (C-32).

/// Where the windows of `length` bytes start: every half of `width`, until the end is covered. Of
/// nothing there is one window.
pub(crate) fn starts(length: usize, width: usize) -> impl Iterator<Item = usize> {
    let step = (width / 2).max(1);
    let more = length.saturating_sub(width).div_ceil(step);
    (0..=more).map(move |index| index * step)
}

/// The window that starts at `start`, filled up with zeros.
pub(crate) fn fill(window: &mut [u8], content: &[u8], start: usize) {
    let rest = content.get(start..).unwrap_or_default();
    let length = rest.len().min(window.len());
    window[..length].copy_from_slice(&rest[..length]);
    window[length..].fill(0);
}
