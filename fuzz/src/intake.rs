//! Laws of artifact directories.

use std::fs;
use std::path::Path;

use cabincrew_protocol::digest::sha256;
use cabincrew_reference::artifacts::collect;
use cabincrew_reference::redact::Redactor;

use crate::file;

/// Most entries of one input.
const ENTRIES_MAX: usize = 64;

/// Whatever an engine leaves, what is taken over is exactly what lies in the store: plain files with
/// the digests that were noted, nothing from outside, and the same when it is taken over again.
///
/// The input is entries with the byte 0x1e between them: a relative path, a line feed, and the
/// content; `>` before the path makes a link with the content as its target, `/` after it a folder.
pub fn artifact_intake(bytes: &[u8]) {
    let folder = file::folder();
    let from = folder.path().join("artifacts");
    fs::create_dir(&from).expect("the folder is ours");
    file::write(folder.path(), "outside", b"from outside");
    for entry in bytes.split(|byte| *byte == 0x1e).take(ENTRIES_MAX) {
        lay(&from, entry);
    }
    let redactor = Redactor::default();
    let stores = ["first", "second"].map(|name| folder.path().join(name));
    let taken = stores.each_ref().map(|store| {
        collect(&from, store, &[], &redactor).expect("a store of our own can be written")
    });
    assert_eq!(taken[0], taken[1], "taking over twice gives two things");
    for collected in &taken[0].artifacts {
        let artifact = stores[0].join(&collected.name);
        let metadata = plain(&artifact.join("artifact.json")).expect("taken over");
        assert_eq!(sha256(&metadata), collected.metadata.sha256);
        let body = plain(&artifact.join("body.data"));
        let noted = collected.body.as_ref().map(|body| &body.sha256);
        assert_eq!(body.map(|body| sha256(&body)).as_ref(), noted);
    }
    let outside = fs::read(folder.path().join("outside")).expect("it was there");
    assert_eq!(outside, b"from outside");
}

fn lay(from: &Path, entry: &[u8]) {
    let mut parts = entry.splitn(2, |byte| *byte == b'\n');
    let name = String::from_utf8_lossy(parts.next().unwrap_or_default());
    let content = parts.next().unwrap_or_default();
    let (link, name) = name
        .strip_prefix('>')
        .map_or((false, &*name), |rest| (true, rest));
    let inside = |part: &str| !matches!(part, "" | "." | "..") && !part.contains('\0');
    if !name.trim_end_matches('/').split('/').all(inside) {
        return;
    }
    let path = from.join(name.trim_end_matches('/'));
    // What cannot be laid out, such as a file below a file, is left out.
    let above = path.parent().map(fs::create_dir_all);
    if !matches!(above, Some(Ok(()))) || path.symlink_metadata().is_ok() {
        return;
    }
    let _ = if link {
        std::os::unix::fs::symlink(&*String::from_utf8_lossy(content), &path)
    } else if name.ends_with('/') {
        fs::create_dir(&path)
    } else {
        fs::write(&path, content)
    };
}

/// The content of a file that is one and no link.
fn plain(path: &Path) -> Option<Vec<u8>> {
    let found = path.symlink_metadata().ok()?;
    assert!(found.is_file(), "{} is no plain file", path.display());
    fs::read(path).ok()
}
