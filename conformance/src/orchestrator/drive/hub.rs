//! The socket on which the programs of a stage report, and wait for a word.

use std::collections::BTreeMap;
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Sender, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::Scope;

use crate::drive::process::Ended;

/// Longest line of a program.
const LINE_MAX: u64 = 64 << 20;
/// Most connections of one run.
const CONNECTIONS_MAX: u64 = 512;

/// What happens while the orchestrator runs.
#[derive(Debug)]
pub(super) enum Event {
    /// A call was started: its number and process id.
    Started(usize, u32),
    /// A call has come to its end.
    Ended(usize, Box<Ended>),
    /// A program says something.
    Said(Said),
}

/// Something that a program says.
#[derive(Debug)]
pub(super) struct Said {
    /// The connection.
    pub(super) connection: u64,
    /// The process at its other end, as this machine counts; 0 if unknown.
    pub(super) pid: u32,
    /// One line.
    pub(super) line: Vec<u8>,
    /// True lets it go on, false lets it go.
    pub(super) reply: SyncSender<bool>,
}

/// A listening hub.
#[derive(Debug)]
pub(super) struct Hub {
    listener: UnixListener,
    state: Arc<State>,
}

/// What connections share.
#[derive(Debug, Default)]
struct State {
    closed: AtomicBool,
    streams: Mutex<BTreeMap<u64, Arc<UnixStream>>>,
}

/// Ends connections.
#[derive(Debug, Clone)]
pub(super) struct Handle {
    state: Arc<State>,
    socket: std::path::PathBuf,
}

impl Hub {
    /// Listens at `socket`.
    pub(super) fn open(socket: &Path) -> io::Result<(Self, Handle)> {
        let state = Arc::new(State::default());
        let hub = Self {
            listener: UnixListener::bind(socket)?,
            state: Arc::clone(&state),
        };
        let socket = socket.to_owned();
        Ok((hub, Handle { state, socket }))
    }

    /// Passes on what programs say, until the handle closes.
    pub(super) fn serve<'scope>(self, scope: &'scope Scope<'scope, '_>, events: Sender<Event>) {
        scope.spawn(move || {
            let mut number = 0;
            while let Ok((stream, _)) = self.listener.accept() {
                if self.state.closed.load(Ordering::SeqCst) {
                    return;
                }
                number += 1;
                if number > CONNECTIONS_MAX {
                    continue;
                }
                let stream = Arc::new(stream);
                self.state.add(number, &stream);
                let (state, events) = (Arc::clone(&self.state), events.clone());
                scope.spawn(move || {
                    listen(number, &stream, &events);
                    state.end(number);
                });
            }
        });
    }
}

impl State {
    fn add(&self, number: u64, stream: &Arc<UnixStream>) {
        let mut streams = self.streams.lock().unwrap_or_else(PoisonError::into_inner);
        streams.insert(number, Arc::clone(stream));
        if self.closed.load(Ordering::SeqCst) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    fn end(&self, number: u64) {
        let mut streams = self.streams.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(stream) = streams.remove(&number) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

impl Handle {
    /// Ends a connection; the program at its other end goes by itself.
    pub(super) fn let_go(&self, connection: u64) {
        self.state.end(connection);
    }

    /// Ends everything.
    pub(super) fn close(&self) {
        self.state.closed.store(true, Ordering::SeqCst);
        let streams = self.state.streams.lock();
        for stream in streams.unwrap_or_else(PoisonError::into_inner).values() {
            let _ = stream.shutdown(Shutdown::Both);
        }
        // Wakes the listener, which then sees the mark.
        let _ = UnixStream::connect(&self.socket);
    }
}

/// Line by line, until the other end is closed or is let go.
fn listen(connection: u64, stream: &Arc<UnixStream>, events: &Sender<Event>) {
    let pid = peer(stream.as_ref());
    let mut reader = BufReader::new(stream.as_ref());
    loop {
        let mut line = Vec::new();
        let read = reader.by_ref().take(LINE_MAX).read_until(b'\n', &mut line);
        if !read.is_ok_and(|length| length > 0) || line.last() != Some(&b'\n') {
            return;
        }
        let (reply, answer) = sync_channel(1);
        let said = Said {
            connection,
            pid,
            line,
            reply,
        };
        if events.send(Event::Said(said)).is_err() || !answer.recv().unwrap_or(false) {
            return;
        }
        if stream.as_ref().write_all(b"go\n").is_err() {
            return;
        }
    }
}

/// The process at the other end, whatever it says of itself; 0 where the system does not tell.
#[cfg(target_os = "linux")]
fn peer(stream: &UnixStream) -> u32 {
    rustix::net::sockopt::socket_peercred(stream).map_or(0, |peer| {
        u32::try_from(peer.pid.as_raw_nonzero().get()).unwrap_or(0)
    })
}

#[cfg(not(target_os = "linux"))]
const fn peer(_stream: &UnixStream) -> u32 {
    0
}
