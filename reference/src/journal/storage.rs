//! Where a journal's bytes live: a file, or memory; and memory that crashes where a test says.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use super::wrongly::{self, Memo};

/// A growing sequence of bytes. Bytes are durable when a [`sync`](Self::sync) after them has
/// returned; after an error nothing more may be written.
pub trait Storage {
    /// All bytes.
    ///
    /// # Errors
    /// When they cannot be read.
    fn read(&mut self) -> io::Result<Vec<u8>>;

    /// Adds bytes at the end.
    ///
    /// # Errors
    /// When they cannot be written, or when someone else has written.
    fn append(&mut self, bytes: &[u8]) -> io::Result<()>;

    /// Makes everything durable.
    ///
    /// # Errors
    /// When that is not certain; it must not be tried again.
    fn sync(&mut self) -> io::Result<()>;

    /// Keeps the bytes from `length` on aside under a name, and cuts them off; both durably.
    ///
    /// # Errors
    /// When either is not certain.
    fn cut(&mut self, length: usize, aside: &str) -> io::Result<()>;
}

/// A file, with its folder for what is kept aside.
#[derive(Debug)]
pub struct FileStorage {
    file: File,
    path: PathBuf,
    folder: PathBuf,
    length: u64,
    /// Folders in which the names on the way to the file are not durable yet.
    unsynced: Vec<PathBuf>,
    memo: Memo,
}

impl FileStorage {
    /// Opens a journal.
    ///
    /// # Errors
    /// When the file cannot be opened.
    pub fn open(path: &Path) -> io::Result<Self> {
        match Self::with(path, File::options().read(true).append(true)) {
            Err(error) if wrongly::reads_only(&error) => {
                Self::with(path, File::options().read(true))
            }
            opened => opened,
        }
    }

    /// Makes an empty journal. The first sync makes its name durable as well, and those in
    /// `above`: the folders that may have been made for it.
    ///
    /// # Errors
    /// When the file cannot be made.
    pub fn create(path: &Path, above: Vec<PathBuf>) -> io::Result<Self> {
        let mut options = File::options();
        options.read(true).append(true).create_new(true);
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut storage = Self::with(path, &options)?;
        storage.unsynced = above;
        storage.unsynced.push(storage.folder.clone());
        Ok(storage)
    }

    fn with(path: &Path, options: &std::fs::OpenOptions) -> io::Result<Self> {
        let file = options.open(path)?;
        let folder = path.parent().unwrap_or(Path::new("/")).to_owned();
        let length = file.metadata()?.len();
        Ok(Self {
            file,
            path: path.to_owned(),
            folder,
            length,
            unsynced: Vec::new(),
            memo: Memo::default(),
        })
    }
}

impl Storage for FileStorage {
    fn read(&mut self) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.file.seek(SeekFrom::Start(0))?;
        self.file.read_to_end(&mut bytes)?;
        self.length = u64::try_from(bytes.len()).expect("a length fits 64 bits");
        Ok(bytes)
    }

    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        // A second writer would have made the file longer: whoever notices it stops.
        if self.file.metadata()?.len() != self.length {
            return Err(io::Error::other("someone else has written to the journal"));
        }
        let written = wrongly::write(&mut self.file, bytes, &self.path, &mut self.memo)?;
        self.length += u64::try_from(written).expect("a length fits 64 bits");
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        let (path, memo) = (&self.path, &mut self.memo);
        if let Some(done) = wrongly::sync(&mut self.file, path, &mut self.unsynced, memo) {
            self.length += u64::try_from(done?).expect("a length fits 64 bits");
            return Ok(());
        }
        // The file first: file systems with a journal have the names on disk with it, and what
        // follows finds nothing left to do.
        self.file.sync_data()?;
        for folder in self.unsynced.drain(..) {
            sync_folder(&folder)?;
        }
        Ok(())
    }

    fn cut(&mut self, length: usize, aside: &str) -> io::Result<()> {
        let bytes = self.read()?;
        let mut kept = wrongly::aside(&self.folder.join(aside))?;
        kept.write_all(bytes.get(length..).unwrap_or_default())?;
        kept.sync_all()?;
        sync_folder(&self.folder)?;
        self.length = u64::try_from(length).expect("a length fits 64 bits");
        self.file.set_len(self.length)?;
        self.file.sync_all()
    }
}

/// Makes the names in a folder durable.
///
/// # Errors
/// When that is not certain.
pub(crate) fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Memory that several readers share.
#[derive(Debug, Clone, Default)]
pub struct Memory {
    bytes: Arc<Mutex<Vec<u8>>>,
}

impl Memory {
    /// A journal that holds these bytes.
    #[must_use]
    pub fn new(bytes: Vec<u8>) -> Self {
        Self {
            bytes: Arc::new(Mutex::new(bytes)),
        }
    }

    /// The bytes now.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        self.lock().clone()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<u8>> {
        self.bytes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Storage for Memory {
    fn read(&mut self) -> io::Result<Vec<u8>> {
        Ok(self.bytes())
    }

    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.lock().extend_from_slice(bytes);
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn cut(&mut self, length: usize, _aside: &str) -> io::Result<()> {
        self.lock().truncate(length);
        Ok(())
    }
}

/// Where a [`CrashImage`] crashes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Crash {
    /// Number of the append at which it happens, from 0.
    pub append: usize,
    /// How many bytes of that append are still written: none is before it, all is after it.
    pub written: usize,
}

/// Memory that stops working at one append, and knows which bytes were durable by then.
#[derive(Debug, Clone, Default)]
pub struct CrashImage {
    inner: Arc<Mutex<Image>>,
}

#[derive(Debug, Default)]
struct Image {
    bytes: Vec<u8>,
    durable: usize,
    appends: Vec<usize>,
    crash: Option<Crash>,
    dead: bool,
}

impl CrashImage {
    /// A journal that holds these bytes and will crash there, or never.
    #[must_use]
    pub fn new(bytes: Vec<u8>, crash: Option<Crash>) -> Self {
        let durable = bytes.len();
        let image = Image {
            bytes,
            durable,
            crash,
            ..Image::default()
        };
        Self {
            inner: Arc::new(Mutex::new(image)),
        }
    }

    /// What the file holds when only the process has died.
    #[must_use]
    pub fn written(&self) -> Vec<u8> {
        self.lock().bytes.clone()
    }

    /// What the file holds when the power has failed and nothing was kept that had not to be.
    #[must_use]
    pub fn durable(&self) -> Vec<u8> {
        let image = self.lock();
        image.bytes[..image.durable].to_vec()
    }

    /// Lengths of all appends so far.
    #[must_use]
    pub fn appends(&self) -> Vec<usize> {
        self.lock().appends.clone()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Image> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Storage for CrashImage {
    fn read(&mut self) -> io::Result<Vec<u8>> {
        Ok(self.written())
    }

    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut image = self.lock();
        if image.dead {
            return Err(io::Error::other("crashed"));
        }
        let crash = image
            .crash
            .filter(|crash| crash.append == image.appends.len());
        image.appends.push(bytes.len());
        let written = crash.map_or(bytes.len(), |crash| crash.written.min(bytes.len()));
        image.bytes.extend_from_slice(&bytes[..written]);
        if crash.is_some() {
            image.dead = true;
            return Err(io::Error::other("crashed"));
        }
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        let mut image = self.lock();
        if image.dead {
            return Err(io::Error::other("crashed"));
        }
        image.durable = image.bytes.len();
        Ok(())
    }

    fn cut(&mut self, length: usize, _aside: &str) -> io::Result<()> {
        let mut image = self.lock();
        if image.dead {
            return Err(io::Error::other("crashed"));
        }
        image.bytes.truncate(length);
        image.durable = image.durable.min(length);
        Ok(())
    }
}
