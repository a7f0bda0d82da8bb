//! Files by which a faulty program remembers that it is at something. They are removed when that is over,
//! and stay when it was killed in between; the others make none.

use std::fs::File;
use std::io;
use std::path::PathBuf;

/// A file that is there as long as this.
#[derive(Debug)]
pub(crate) struct Mark(PathBuf);

impl Mark {
    /// Makes the file.
    ///
    /// # Errors
    /// When it is there already, or cannot be made.
    pub(crate) fn make(path: PathBuf) -> io::Result<Self> {
        File::create_new(&path)?;
        Ok(Self(path))
    }
}

impl Drop for Mark {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}
