//! The one fault that is on, chosen once at the start.

use std::ffi::OsStr;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use super::list::{Fault, NAMES};

/// The variable that names the fault.
pub const VARIABLE: &str = "CABINCREW_FAULT";

/// The chosen fault with its name.
static CHOSEN: OnceLock<(&'static str, Fault)> = OnceLock::new();

/// A name that no fault has.
#[derive(Debug, thiserror::Error)]
#[error("no fault has the name {name:?} that {VARIABLE} gives")]
pub struct UnknownFault {
    /// The name.
    pub name: String,
}

/// Chooses the fault of this process. The first choice counts.
///
/// # Errors
/// When no fault has that name.
pub fn choose(name: &OsStr) -> Result<(), UnknownFault> {
    let chosen = NAMES.iter().find(|(known, _)| name == *known);
    let chosen = chosen.ok_or_else(|| UnknownFault {
        name: name.to_string_lossy().into_owned(),
    })?;
    CHOSEN.get_or_init(|| *chosen);
    Ok(())
}

/// Whether the program is to be wrong in that way.
pub(crate) fn on(fault: Fault) -> bool {
    CHOSEN.get().is_some_and(|(_, chosen)| *chosen == fault)
}

/// The variable and its value, for the launcher stage, which starts without any other.
pub(crate) fn passed_on() -> Option<(&'static str, &'static str)> {
    CHOSEN.get().map(|(name, _)| (VARIABLE, *name))
}

static RESTARTED: AtomicBool = AtomicBool::new(false);

/// Remembers that this process has taken up a workflow that was there before.
pub(crate) fn restart() {
    RESTARTED.store(true, Ordering::Relaxed);
}

/// Whether this process has taken up no workflow that was there before.
pub(crate) fn is_first_run() -> bool {
    !RESTARTED.load(Ordering::Relaxed)
}
