//! The processes and threads that are held.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use libc::pid_t;

/// How many words of a command line may name a script: the interpreter, an option of it, the script.
const SCRIPT_WORDS: usize = 3;

/// All that are held, and whether each is foreign.
#[derive(Debug, Default)]
pub(super) struct Tree {
    foreign: BTreeMap<pid_t, bool>,
    /// Stopped for the first time before anybody told of their start.
    early: BTreeSet<pid_t>,
}

impl Tree {
    /// The subject's first process.
    pub(super) fn of(leader: pid_t) -> Self {
        Self {
            foreign: BTreeMap::from([(leader, false)]),
            early: BTreeSet::new(),
        }
    }

    /// A process stands still for the first time; true if it is known and can go on.
    pub(super) fn stands(&mut self, pid: pid_t) -> bool {
        let known = self.foreign.contains_key(&pid);
        if !known {
            self.early.insert(pid);
        }
        known
    }

    /// `parent` has started `child`; true if the child stands still already.
    pub(super) fn started(&mut self, parent: pid_t, child: pid_t) -> bool {
        let foreign = self.is_foreign(parent);
        self.foreign.insert(child, foreign);
        self.early.remove(&child)
    }

    /// `pid` executes another program now; it was `former` before. True if that made it foreign.
    pub(super) fn executed(&mut self, pid: pid_t, former: pid_t, programs: &[PathBuf]) -> bool {
        let was = self.is_foreign(former);
        self.foreign.remove(&former);
        let is = was || executes(pid, programs);
        self.foreign.insert(pid, is);
        is && !was
    }

    /// It has ended.
    pub(super) fn ended(&mut self, pid: pid_t) {
        self.foreign.remove(&pid);
        self.early.remove(&pid);
    }

    /// Whether it is not the subject.
    pub(super) fn is_foreign(&self, pid: pid_t) -> bool {
        self.foreign.get(&pid).copied().unwrap_or_default()
    }

    /// Everything that is held.
    pub(super) fn all(&self) -> impl Iterator<Item = pid_t> {
        self.foreign.keys().chain(&self.early).copied()
    }
}

/// Whether the process executes one of these programs, or a script below one of these paths.
fn executes(pid: pid_t, programs: &[PathBuf]) -> bool {
    let is_one = |path: &Path| programs.iter().any(|program| path.starts_with(program));
    if fs::read_link(format!("/proc/{pid}/exe")).is_ok_and(|path| is_one(&path)) {
        return true;
    }
    let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    let mut words = line.split(|byte| *byte == 0).take(SCRIPT_WORDS);
    words.any(|word| is_one(Path::new(std::ffi::OsStr::from_bytes(word))))
}

/// The process that a thread belongs to.
pub(super) fn process_of(pid: pid_t) -> Option<pid_t> {
    let text = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("Tgid:"))?;
    line.trim().parse().ok()
}
