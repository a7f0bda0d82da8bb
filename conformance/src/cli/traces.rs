//! `orchestrator --golden` and `--write-golden`: traces of runs, pinned by an implementer.

use std::path::Path;

use super::error::CliError;
use super::output;
use crate::golden::{self, Pinned};
use crate::orchestrator::report::Judged;
use crate::orchestrator::trace::{steady, traces};

/// How the traces of the first pass differ from pinned ones; a run that is not pinned has none.
pub(crate) fn differences(pinned: &Pinned, judged: &[Judged]) -> Vec<String> {
    let Some(first) = judged.first() else {
        return Vec::new();
    };
    let mut now = traces(&first.observation);
    now.retain(|name, _| pinned.contains_key(name));
    golden::differences(pinned, &now)
}

/// Pins the traces of all runs that were the same in every pass.
///
/// # Errors
/// When the folder holds other things, or cannot be written.
pub(crate) fn pin(folder: &Path, judged: &[Judged]) -> Result<(), CliError> {
    let passes: Vec<Pinned> = judged
        .iter()
        .map(|judged| traces(&judged.observation))
        .collect();
    let kept = steady(&passes);
    golden::accept(folder, &kept)?;
    let all = passes.first().map_or(0, Pinned::len);
    output::tell(&format!(
        "pinned {} traces in {}; {} differed between passes and are left out",
        kept.len(),
        folder.display(),
        all - kept.len()
    ));
    Ok(())
}
