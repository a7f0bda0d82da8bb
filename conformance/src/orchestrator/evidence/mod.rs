//! What a run leaves behind: the observation, and for each failure what was exported and seen.

mod folder;
mod repro;
mod scene;

pub use folder::write;
