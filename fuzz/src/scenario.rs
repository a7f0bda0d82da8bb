//! Laws of scenario files.

use std::path::Path;

use cabincrew_conform::scenario::Scenario;

use crate::file;

/// A scenario file is refused or read; reading it again gives the same.
pub fn scenario_file(bytes: &[u8]) {
    thread_local! {
        static FOLDER: tempfile::TempDir = folder();
    }
    FOLDER.with(|folder| {
        let path = folder.path();
        file::write(path, "scenario.toml", bytes);
        let Some(digest) = load(path) else { return };
        assert_eq!(Some(digest), load(path), "one file, two scenarios");
    });
}

/// A folder with a workspace.
fn folder() -> tempfile::TempDir {
    let folder = file::folder();
    std::fs::create_dir(folder.path().join("workspace")).expect("it is new");
    file::write(folder.path(), "workspace/a.txt", b"a\n");
    folder
}

/// The digest of what was read, after looking at the rest.
fn load(folder: &Path) -> Option<String> {
    let scenario = Scenario::load(folder).ok()?;
    assert!(
        scenario.workspace.contains_key("a.txt"),
        "the workspace was lost"
    );
    let _ = scenario.numbers();
    Some(scenario.digest().to_owned())
}
