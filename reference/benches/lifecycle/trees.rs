//! Artifacts and workspaces against the tools that people know.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use cabincrew_reference::artifacts::collect;
use cabincrew_reference::clock;
use cabincrew_reference::redact::Redactor;
use cabincrew_reference::workspace::Tree;

use crate::figures::{line, ms};

const MIB: usize = 1024 * 1024;
/// Size of the one large file.
const LARGE_MIB: usize = 256;
/// Number of small files, 500 in a folder.
const SMALL: usize = 50_000;
/// The best of so many runs counts.
const RUNS: usize = 3;

pub(crate) fn run() {
    let exe = std::env::current_exe().unwrap();
    let place = tempfile::tempdir_in(exe.parent().unwrap()).unwrap();
    let large = place.path().join("large");
    fs::create_dir(&large).unwrap();
    fs::write(large.join("file"), noise(LARGE_MIB * MIB)).unwrap();
    hash(place.path(), &large.join("file"));
    snapshot(
        place.path(),
        &large,
        &format!("{LARGE_MIB} MiB in one file"),
    );
    let small = place.path().join("small");
    for folder in 0..SMALL / 500 {
        let folder = small.join(folder.to_string());
        fs::create_dir_all(&folder).unwrap();
        for file in 0..500 {
            fs::write(folder.join(file.to_string()), noise(400)).unwrap();
        }
    }
    snapshot(place.path(), &small, &format!("{SMALL} files of 400 bytes"));
}

/// An artifact is copied and hashed in one go, and made durable.
fn hash(place: &Path, file: &Path) {
    let from = place.join("artifacts");
    fs::create_dir_all(from.join("large")).unwrap();
    fs::copy(file, from.join("large/body.data")).unwrap();
    let metadata =
        r#"{"artifact_type":"text","action":"write","mime":"text/plain","body_file":"body.data"}"#;
    fs::write(from.join("large/artifact.json"), metadata).unwrap();
    let store = place.join("store");
    let none = Redactor::new(std::iter::empty());
    let taken = best(|| {
        let _ = fs::remove_dir_all(&store);
        let begun = clock::tick();
        let collection = collect(&from, &store, &[], &none).unwrap();
        assert_eq!(collection.artifacts.len(), 1, "{:?}", collection.defects);
        begun.elapsed()
    });
    let summed = best(|| command("sha256sum", &[file]));
    fs::remove_dir_all(&store).unwrap();
    fs::remove_dir_all(&from).unwrap();
    line(
        &format!("artifact of {LARGE_MIB} MiB copied, hashed and synced"),
        &format!("{}; sha256sum alone {}", ms(taken), ms(summed)),
    );
}

/// A workspace is copied and hashed in one go; then its digest alone.
fn snapshot(place: &Path, from: &Path, what: &str) {
    let to = place.join("snapshot");
    let copied = best(|| {
        let _ = fs::remove_dir_all(&to);
        let begun = clock::tick();
        Tree::copy(from, &to).unwrap();
        begun.elapsed()
    });
    let read = best(|| {
        let begun = clock::tick();
        Tree::read(from).unwrap().digest().unwrap();
        begun.elapsed()
    });
    let cp = best(|| {
        let _ = fs::remove_dir_all(&to);
        let words = ["--reflink=auto".as_ref(), "-a".as_ref(), from, to.as_path()];
        command("cp", &words)
    });
    fs::remove_dir_all(&to).unwrap();
    line(
        &format!("snapshot of {what}, hashed on the way"),
        &format!("{}; `cp --reflink=auto -a` {}", ms(copied), ms(cp)),
    );
    line(&format!("digest of {what}"), &ms(read));
}

fn best(run: impl FnMut() -> Duration) -> Duration {
    std::iter::repeat_with(run).take(RUNS).min().unwrap()
}

fn command(name: &str, words: &[&Path]) -> Duration {
    let begun = clock::tick();
    let mut command = Command::new(name);
    command.args(words).stdout(Stdio::null());
    assert!(command.status().unwrap().success());
    begun.elapsed()
}

/// Bytes that no file system can make smaller.
fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    };
    let mut bytes: Vec<u8> = std::iter::repeat_with(next)
        .take(length.div_ceil(8))
        .flatten()
        .collect();
    bytes.truncate(length);
    bytes
}
