//! Laws of lists of known failures.

use cabincrew_conform::known::KnownList;

use crate::file;

/// A list is refused or read; written out and read again, it has the same entries.
pub fn known_file(bytes: &[u8]) {
    thread_local! {
        static FOLDER: tempfile::TempDir = file::folder();
    }
    FOLDER.with(|folder| {
        let path = folder.path().join("known.toml");
        file::write(folder.path(), "known.toml", bytes);
        let Ok(list) = KnownList::draft(&path) else {
            return;
        };
        // TOML has no dates before the year 0; an entry with one has long expired.
        if list.entries().iter().any(|entry| entry.until.year() < 0) {
            return;
        }
        file::write(folder.path(), "known.toml", list.to_toml().as_bytes());
        let again = KnownList::draft(&path).expect("what the kit writes it reads");
        assert_eq!(list.entries(), again.entries(), "writing changed an entry");
    });
}
