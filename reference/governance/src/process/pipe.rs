//! Pipe ends that never block.

use std::io::{self, Read, Write};
use std::os::fd::AsFd;

use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};

/// How a transfer stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flow {
    /// The other side has nothing more, or takes nothing more, for now.
    Blocked,
    /// The other side has closed.
    Closed,
    /// All that was to be moved was moved: everything written, or the bound reached.
    Done,
}

/// One end of a pipe to or from a child.
#[derive(Debug)]
pub(crate) struct Pipe<T>(T);

impl<T: AsFd> Pipe<T> {
    pub(crate) fn new(end: T) -> io::Result<Self> {
        let flags = fcntl_getfl(&end)?;
        fcntl_setfl(&end, flags | OFlags::NONBLOCK)?;
        Ok(Self(end))
    }

    pub(crate) const fn end(&self) -> &T {
        &self.0
    }
}

impl<T: Read> Pipe<T> {
    /// Appends to `bytes` what there is, until it has more than `bytes_max`.
    pub(crate) fn receive(&mut self, bytes: &mut Vec<u8>, bytes_max: usize) -> Flow {
        let mut chunk = [0; 16 * 1024];
        while bytes.len() <= bytes_max {
            match self.0.read(&mut chunk) {
                Ok(0) => return Flow::Closed,
                Ok(length) => bytes.extend_from_slice(&chunk[..length]),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Flow::Blocked,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return Flow::Closed,
            }
        }
        Flow::Done
    }
}

impl<T: Write> Pipe<T> {
    /// Writes from the front of `bytes`, which then begins with what is still to be written.
    pub(crate) fn send(&mut self, bytes: &mut &[u8]) -> Flow {
        while !bytes.is_empty() {
            match self.0.write(bytes) {
                Ok(0) => return Flow::Closed,
                Ok(length) => *bytes = &bytes[length..],
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Flow::Blocked,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return Flow::Closed,
            }
        }
        Flow::Done
    }
}
