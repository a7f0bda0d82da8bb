//! Texts and numbers in the subject's memory.

use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::ffi::OsStringExt as _;
use std::os::unix::fs::FileExt as _;

use libc::pid_t;

/// Longest path that the kernel takes.
const PATH_MAX: usize = 4096;
/// Bytes that are read at once; a path may end right before memory that is not there.
const STRIDE: u64 = 256;
/// Most pieces of one write, as the kernel has it.
const PIECES_MAX: u64 = 1024;
/// Bytes of one entry of an array of pieces: address, length.
const PIECE: u64 = 16;

/// The memory of one process.
#[derive(Debug)]
pub(super) struct Memory(File);

impl Memory {
    /// Opens it for looking.
    pub(super) fn of(pid: pid_t) -> io::Result<Self> {
        File::open(format!("/proc/{pid}/mem")).map(Self)
    }

    /// Opens it for changing as well.
    pub(super) fn writable(pid: pid_t) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        options
            .read(true)
            .write(true)
            .open(format!("/proc/{pid}/mem"))
            .map(Self)
    }

    /// A text that ends with a zero.
    pub(super) fn text(&self, address: u64) -> io::Result<OsString> {
        let mut text = Vec::new();
        let mut at = address;
        while text.len() < PATH_MAX {
            // Up to the next multiple: never beyond the page that the text ends on.
            let room = STRIDE - at % STRIDE;
            let mut buffer = [0; 256];
            let part = &mut buffer[..usize::try_from(room).unwrap_or(1)];
            let count = self.0.read_at(part, at)?;
            let part = &part[..count];
            if let Some(end) = part.iter().position(|byte| *byte == 0) {
                text.extend_from_slice(&part[..end]);
                return Ok(OsString::from_vec(text));
            }
            if count == 0 {
                break;
            }
            text.extend_from_slice(part);
            at += count as u64;
        }
        Err(io::ErrorKind::InvalidInput.into())
    }

    /// Eight bytes as a number.
    pub(super) fn number(&self, address: u64) -> io::Result<u64> {
        let mut bytes = [0; 8];
        self.0.read_exact_at(&mut bytes, address)?;
        Ok(u64::from_le_bytes(bytes))
    }

    /// The lengths of the pieces of a write.
    pub(super) fn lengths(&self, array: u64, count: u64) -> io::Result<Vec<u64>> {
        (0..count.min(PIECES_MAX))
            .map(|piece| self.number(array + piece * PIECE + 8))
            .collect()
    }

    /// Changes the length of a piece.
    pub(super) fn set_length(&self, array: u64, piece: u64, length: u64) -> io::Result<()> {
        let at = array + piece * PIECE + 8;
        self.0.write_all_at(&length.to_le_bytes(), at)
    }
}
