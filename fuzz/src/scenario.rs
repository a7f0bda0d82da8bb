//! Laws of scenario files.

use std::path::Path;

use cabincrew_conform::scenario::Scenario;

/// A scenario file is refused or read; reading it again gives the same.
pub fn scenario_file(bytes: &[u8]) {
    thread_local! {
        static FOLDER: tempfile::TempDir = folder();
    }
    FOLDER.with(|folder| {
        let path = folder.path();
        std::fs::write(path.join("scenario.toml"), bytes).expect("the folder is ours");
        let Some(digest) = load(path) else { return };
        assert_eq!(Some(digest), load(path), "one file, two scenarios");
    });
}

/// A folder with a workspace, in memory where the machine has that.
fn folder() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    let folder = if memory.is_dir() {
        tempfile::tempdir_in(memory)
    } else {
        tempfile::tempdir()
    };
    let folder = folder.expect("a temporary folder can be made");
    std::fs::create_dir(folder.path().join("workspace")).expect("it is new");
    std::fs::write(folder.path().join("workspace/a.txt"), "a\n").expect("it is ours");
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
