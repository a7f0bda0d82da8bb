//! A build without faults.

use super::list::Fault;

/// Whether the program is to be wrong in that way: it never is.
#[inline]
pub(crate) const fn on(_: Fault) -> bool {
    false
}

/// What the launcher stage has to be told about faults: nothing.
#[inline]
pub(crate) const fn passed_on() -> Option<(&'static str, &'static str)> {
    None
}

/// Remembers nothing.
#[inline]
pub(crate) const fn restart() {}

/// Only faults ask.
#[inline]
pub(crate) const fn is_first_run() -> bool {
    false
}
