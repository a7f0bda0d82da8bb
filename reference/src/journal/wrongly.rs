//! What a faulty program does with the file of its journal; the others write and sync it, and no more.

use std::fs::File;
use std::io::{self, ErrorKind, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use super::storage::sync_folder;
use crate::fault::{self, Fault};

/// What is remembered between one call and the next.
#[derive(Debug, Default)]
pub(super) struct Memo {
    /// Lines that are not written yet.
    kept: Vec<u8>,
    /// Something was synced.
    synced: bool,
}

/// Writes bytes at the end; gives how many.
pub(super) fn write(
    file: &mut File,
    bytes: &[u8],
    path: &Path,
    memo: &mut Memo,
) -> io::Result<usize> {
    if fault::on(Fault::LinesKeptInMemory) {
        memo.kept.extend(bytes);
        return Ok(0);
    }
    if fault::on(Fault::UnwritableJournalOverlooked) {
        return Ok(file.write_all(bytes).map_or(0, |()| bytes.len()));
    }
    if fault::on(Fault::SyncedBeforeWritten) {
        file.sync_data()?;
    }
    if fault::on(Fault::JournalRewrittenInPlace) {
        let all = all(file, bytes)?;
        file.set_len(0)?;
        return file.write_all(&all).map(|()| bytes.len());
    }
    if fault::on(Fault::JournalReplacedUnsynced) || fault::on(Fault::JournalRenamedUnsynced) {
        *file = replaced(&all(file, bytes)?, path)?;
        return Ok(bytes.len());
    }
    once(file, bytes).unwrap_or_else(|| file.write_all(bytes).map(|()| bytes.len()))
}

/// Whether a journal that cannot be written is opened all the same: never.
pub(super) fn reads_only(error: &io::Error) -> bool {
    error.kind() == ErrorKind::PermissionDenied && fault::on(Fault::UnwritableJournalOverlooked)
}

/// A write whose end is not looked at as it should be.
fn once(file: &mut File, bytes: &[u8]) -> Option<io::Result<usize>> {
    if fault::on(Fault::FullDiskOverlooked) {
        return Some(excused(
            file.write_all(bytes),
            bytes,
            ErrorKind::StorageFull,
        ));
    }
    if fault::on(Fault::FailedWriteEmptiesJournal) {
        let written = file.write_all(bytes);
        let emptied = written.or_else(|error| file.set_len(0).and(Err(error)));
        return Some(emptied.map(|()| bytes.len()));
    }
    let single = fault::on(Fault::ShortWritesOverlooked)
        || fault::on(Fault::ShortWritesBegunAnew)
        || fault::on(Fault::InterruptedWritesOverlooked);
    if !single {
        return None;
    }
    Some(match file.write(bytes) {
        Ok(count) if count < bytes.len() && fault::on(Fault::ShortWritesBegunAnew) => {
            file.write_all(bytes).map(|()| count + bytes.len())
        }
        Err(error) if error.kind() == ErrorKind::Interrupted => {
            if fault::on(Fault::InterruptedWritesOverlooked) {
                Ok(0)
            } else {
                file.write_all(bytes).map(|()| bytes.len())
            }
        }
        other => other,
    })
}

fn excused(written: io::Result<()>, bytes: &[u8], kind: ErrorKind) -> io::Result<usize> {
    match written {
        Err(error) if error.kind() == kind => Ok(0),
        other => other.map(|()| bytes.len()),
    }
}

fn all(file: &mut File, bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut all = Vec::new();
    file.seek(SeekFrom::Start(0))?;
    file.read_to_end(&mut all)?;
    all.extend(bytes);
    Ok(all)
}

/// A new file in place of the old one.
fn replaced(all: &[u8], path: &Path) -> io::Result<File> {
    let beside = path.with_extension("new");
    let mut file = File::create(&beside)?;
    file.write_all(all)?;
    if fault::on(Fault::JournalRenamedUnsynced) {
        file.sync_data()?;
    }
    std::fs::rename(&beside, path)?;
    File::options().read(true).append(true).open(path)
}

/// Makes a journal durable, or not; none where nothing is done wrongly. Gives how many bytes were written
/// only now.
pub(super) fn sync(
    file: &mut File,
    path: &Path,
    unsynced: &mut Vec<PathBuf>,
    memo: &mut Memo,
) -> Option<io::Result<usize>> {
    let first = !memo.synced;
    memo.synced = true;
    if fault::on(Fault::LinesKeptInMemory) {
        let kept = std::mem::take(&mut memo.kept);
        let written = file.write_all(&kept).and_then(|()| file.sync_data());
        return Some(written.and_then(|()| names(unsynced)).map(|()| kept.len()));
    }
    let data = if fault::on(Fault::FailedSyncOverlooked) {
        let _ = file.sync_data();
        Ok(())
    } else if fault::on(Fault::FailedSyncTriedAgain) {
        file.sync_data().or_else(|_| file.sync_data())
    } else if fault::on(Fault::JournalNameNotSynced) {
        unsynced.clear();
        file.sync_data()
    } else if fault::on(Fault::OnlyFirstSyncMade) && first {
        file.sync_data()
    } else if fault::on(Fault::JournalReplacedUnsynced) {
        path.parent().map_or(Ok(()), sync_folder)
    } else if fault::on(Fault::OnlyFirstSyncMade)
        || fault::on(Fault::SyncedBeforeWritten)
        || fault::on(Fault::JournalRenamedUnsynced)
    {
        Ok(())
    } else {
        return None;
    };
    Some(data.and_then(|()| names(unsynced)).map(|()| 0))
}

fn names(unsynced: &mut Vec<PathBuf>) -> io::Result<()> {
    let mut folders = unsynced.drain(..);
    folders.try_for_each(|folder| sync_folder(&folder))
}

/// Opens the file that keeps a torn tail.
pub(super) fn aside(path: &Path) -> io::Result<File> {
    if fault::on(Fault::TailKeptOnlyOnce) {
        return File::create_new(path);
    }
    File::create(path)
}
