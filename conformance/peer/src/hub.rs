//! The hub: a local socket on which a program tells its harness that it has started and that it is
//! about to end, and waits each time until it may go on.
//!
//! One JSON line each way. A closed connection means that the harness has ended whoever started the
//! program: it then ends at once, without acting. Without a reachable socket a program goes on alone.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::SocketAddr;
use std::os::fd::AsRawFd as _;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use serde::Deserialize;
use serde_json::Value;

/// Exit status of a program that the harness has let go of.
const LET_GO: i32 = 75;
/// Longest reply.
const REPLY_MAX: u64 = 4096;

/// Where the hub is, and what a program says of itself.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HubAt {
    /// The socket's path, absolute.
    pub socket: PathBuf,
    /// The script's name, as the harness knows it.
    pub script: String,
    /// A folder outside all given ones.
    pub elsewhere: PathBuf,
    /// Folders in which it tries to create a file: `workspace`, `artifacts`, `temp`, `elsewhere`.
    #[serde(default)]
    pub try_write: Vec<String>,
    /// Where its harness listens on the network; it tries to connect there.
    #[serde(default)]
    pub try_connect: Option<SocketAddr>,
}

/// A connection to the hub, or none.
#[derive(Debug, Default)]
pub(crate) struct Hub {
    stream: Option<Mutex<BufReader<UnixStream>>>,
}

impl Hub {
    /// Connects, where a script names a hub.
    pub(crate) fn connect(at: Option<&HubAt>) -> Self {
        let stream = at.and_then(|at| UnixStream::connect(&at.socket).ok());
        Self {
            stream: stream.map(|stream| Mutex::new(BufReader::new(stream))),
        }
    }

    /// The number of the connection's own descriptor.
    pub(crate) fn descriptor(&self) -> Option<i32> {
        let stream = self.stream.as_ref()?;
        let stream = stream.lock().unwrap_or_else(PoisonError::into_inner);
        Some(stream.get_ref().as_raw_fd())
    }

    /// True if somebody listens.
    pub(crate) const fn is_there(&self) -> bool {
        self.stream.is_some()
    }

    /// Says something and waits until it may go on; does not come back when the harness lets go.
    pub(crate) fn tell(&self, message: &Value) {
        let Some(stream) = &self.stream else { return };
        let mut stream = stream.lock().unwrap_or_else(PoisonError::into_inner);
        let mut line = message.to_string();
        line.push('\n');
        let told = stream.get_mut().write_all(line.as_bytes());
        let mut reply = String::new();
        let heard = told.and_then(|()| stream.by_ref().take(REPLY_MAX).read_line(&mut reply));
        if !matches!(heard, Ok(length) if length > 0) {
            let_go();
        }
    }

    /// Hangs and does not hear the signals that ask it to end.
    pub(crate) fn hang_deaf(&self) -> ! {
        self.hang_as("trap '' TERM INT HUP; while :; do sleep 1; done")
    }

    /// Hangs, and ends with exit status 0 when it is asked to.
    pub(crate) fn hang_politely(&self) -> ! {
        self.hang_as("trap 'exit 0' TERM INT HUP; while :; do sleep 0.05; done")
    }

    fn hang_as(&self, script: &str) -> ! {
        use std::os::unix::process::CommandExt as _;
        let mut shell = std::process::Command::new("sh");
        // Returns only when there is no shell, and then it hangs without one.
        let _ = shell.arg("-c").arg(script).exec();
        self.hang()
    }

    /// Hangs; ends when the harness lets go, where there is one.
    pub(crate) fn hang(&self) -> ! {
        if let Some(stream) = &self.stream {
            let mut stream = stream.lock().unwrap_or_else(PoisonError::into_inner);
            let mut byte = [0];
            while matches!(stream.read(&mut byte), Ok(1)) {}
            let_go();
        }
        loop {
            std::thread::park();
        }
    }
}

#[expect(
    clippy::exit,
    reason = "whoever started this program is gone, and nothing may be done any more"
)]
fn let_go() -> ! {
    std::process::exit(LET_GO)
}
