//! What lies in wait: credentials that nobody mapped, and a gateway that nobody may call.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// Files that programs look for credentials in, relative to the home directory.
const CREDENTIAL_FILES: [(&str, &str); 10] = [
    (
        ".netrc",
        "machine example.org login conform password {decoy}\n",
    ),
    (".git-credentials", "https://conform:{decoy}@example.org\n"),
    (
        ".aws/credentials",
        "[default]\naws_access_key_id = {decoy}\naws_secret_access_key = {decoy}\n",
    ),
    (
        ".config/gh/hosts.yml",
        "github.com:\n    oauth_token: {decoy}\n",
    ),
    (
        ".docker/config.json",
        "{\"auths\": {\"example.org\": {\"auth\": \"{decoy}\"}}}\n",
    ),
    (".ssh/id_ed25519", "{decoy}\n"),
    (
        ".kube/config",
        "users:\n- name: conform\n  user:\n    token: {decoy}\n",
    ),
    (".vault-token", "{decoy}\n"),
    (
        ".pypirc",
        "[pypi]\nusername = conform\npassword = {decoy}\n",
    ),
    (
        ".cargo/credentials.toml",
        "[registry]\ntoken = \"{decoy}\"\n",
    ),
];
/// Settings of a person that an engine has no business with.
const SETTINGS_FILES: [(&str, &str); 4] = [
    (
        ".gitconfig",
        "[user]\n\tname = Somebody Else\n\temail = somebody@example.org\n",
    ),
    (
        ".config/git/config",
        "[user]\n\tname = Somebody Else\n\temail = somebody@example.org\n",
    ),
    (".profile", "export EDITOR=vi\n"),
    (".editorconfig", "[*]\nindent_size = 8\n"),
];
/// Most connections that are recorded.
const CONNECTIONS_MAX: usize = 16;

/// Puts decoy credentials into a home directory.
pub(crate) fn plant_credentials(home: &Path, decoy: &str) -> std::io::Result<()> {
    for (name, text) in CREDENTIAL_FILES {
        plant(&home.join(name), &text.replace("{decoy}", decoy))?;
    }
    Ok(())
}

/// Puts a person's settings into a home directory.
pub(crate) fn plant_settings(home: &Path) -> std::io::Result<()> {
    for (name, text) in SETTINGS_FILES {
        plant(&home.join(name), text)?;
    }
    Ok(())
}

fn plant(path: &Path, text: &str) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    std::fs::write(path, text)
}

/// Sees which decoy credentials are opened.
#[derive(Debug)]
pub(crate) struct OpenWatch {
    #[cfg(target_os = "linux")]
    inotify: std::os::fd::OwnedFd,
}

#[cfg(target_os = "linux")]
impl OpenWatch {
    /// Watches the decoys below `home`; `None` where the system cannot.
    pub(crate) fn new(home: &Path) -> Option<Self> {
        use rustix::fs::inotify::{CreateFlags, WatchFlags, add_watch, init};
        let inotify = init(CreateFlags::NONBLOCK | CreateFlags::CLOEXEC).ok()?;
        for (name, _) in CREDENTIAL_FILES {
            let path = home.join(name);
            add_watch(&inotify, &path, WatchFlags::OPEN | WatchFlags::ACCESS).ok()?;
        }
        Some(Self { inotify })
    }

    /// The decoys that were opened since.
    pub(crate) fn opened(self) -> Vec<String> {
        let mut buffer = [std::mem::MaybeUninit::uninit(); 4096];
        let mut reader = rustix::fs::inotify::Reader::new(self.inotify, &mut buffer);
        let mut opened = std::collections::BTreeSet::new();
        while let Ok(event) = reader.next() {
            // Watch descriptors are handed out from 1, in the order of the list.
            let index = usize::try_from(event.wd()).unwrap_or(0).wrapping_sub(1);
            opened.extend(
                CREDENTIAL_FILES
                    .get(index)
                    .map(|(name, _)| format!("~/{name}")),
            );
        }
        opened.into_iter().collect()
    }
}

#[cfg(not(target_os = "linux"))]
impl OpenWatch {
    pub(crate) const fn new(_home: &Path) -> Option<Self> {
        None
    }

    pub(crate) const fn opened(self) -> Vec<String> {
        Vec::new()
    }
}

/// A listener on loopback that answers every request with a refusal and remembers it.
#[derive(Debug)]
pub(crate) struct Gateway {
    address: SocketAddr,
    stop: Arc<AtomicBool>,
    seen: Arc<Mutex<Vec<String>>>,
    thread: Option<JoinHandle<()>>,
}

impl Gateway {
    /// Starts listening on a free port of the loopback address.
    pub(crate) fn open() -> std::io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let address = listener.local_addr()?;
        let (stop, seen) = (
            Arc::new(AtomicBool::new(false)),
            Arc::new(Mutex::new(Vec::new())),
        );
        let (stop_inside, seen_inside) = (Arc::clone(&stop), Arc::clone(&seen));
        let thread = std::thread::spawn(move || {
            for connection in listener.incoming() {
                if stop_inside.load(Ordering::SeqCst) {
                    return;
                }
                let Ok(connection) = connection else { continue };
                let mut seen = seen_inside.lock().unwrap_or_else(PoisonError::into_inner);
                if seen.len() < CONNECTIONS_MAX {
                    seen.push(String::new());
                    let index = seen.len() - 1;
                    drop(seen);
                    let text = refuse(connection);
                    seen_inside.lock().unwrap_or_else(PoisonError::into_inner)[index] = text;
                }
            }
        });
        Ok(Self {
            address,
            stop,
            seen,
            thread: Some(thread),
        })
    }

    /// `host:port`.
    pub(crate) fn address(&self) -> String {
        self.address.to_string()
    }

    /// Stops listening; returns the first line of each request.
    pub(crate) fn close(mut self) -> Vec<String> {
        self.stop.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(self.address);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
        std::mem::take(&mut *self.seen.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Reads the beginning of a request and answers that nobody is here.
fn refuse(mut connection: TcpStream) -> String {
    let _ = connection.set_read_timeout(Some(Duration::from_millis(200)));
    let mut buffer = [0; 256];
    let count = connection.read(&mut buffer).unwrap_or(0);
    let _ = connection.write_all(b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n");
    let text = String::from_utf8_lossy(&buffer[..count]).into_owned();
    text.lines().next().unwrap_or_default().to_owned()
}
