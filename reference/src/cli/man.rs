//! Man pages of the command line, for whoever packages the program.

use std::path::Path;

use clap::CommandFactory as _;

use super::args::Args;
use super::out;
use crate::exit::Exit;

/// Writes `cabincrew.1` and a page for each verb.
pub(super) fn write(folder: &Path) -> Exit {
    match clap_mangen::generate_to(Args::command(), folder) {
        Ok(()) => Exit::Done,
        Err(error) => {
            out::problem(&format!("cannot write to {}: {error}", folder.display()));
            Exit::Usage
        }
    }
}
