//! Bytes as a file, for readers that take a path.

use std::path::Path;

/// A new folder, in memory where the machine has that.
pub(crate) fn folder() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    let folder = if memory.is_dir() {
        tempfile::tempdir_in(memory)
    } else {
        tempfile::tempdir()
    };
    folder.expect("a temporary folder can be made")
}

/// Writes a file of the folder.
pub(crate) fn write(folder: &Path, name: &str, bytes: &[u8]) {
    std::fs::write(folder.join(name), bytes).expect("the folder is ours");
}
