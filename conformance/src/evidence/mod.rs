//! The output folder of a run: the report, what was seen, and for each failure what is needed to see
//! it again without the kit.
//!
//! ```text
//! .cabincrew-conform/last/
//!   report.json         always, also when the run ended early
//!   observation.json    what `cabincrew-conform judge` repeats the verdicts from; -2, -3 for further passes
//!   CC-ENG-018.workspace-untouched/
//!     report.txt  repro.sh  input.json  stdout  stderr  environment
//!     workspace/        as the engine got it
//!     artifacts/        take-off only: as the engine got it
//!     artifacts-left/   as the engine left it
//! ```

mod folder;
mod launch;
mod repro;
mod run;

pub use folder::OutputFolder;
pub use run::{EvidenceError, REPORT, Run, write};
