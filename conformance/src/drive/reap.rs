//! Finds and ends the processes that a launch leaves behind.
//!
//! The harness is made the subreaper of everything it starts, so that a daemon's parent becomes the
//! harness and not a stranger. A process belongs to a launch if it is in its process group or
//! session, descends from it, or carries the launch's directories in its environment.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::process::Child;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustix::process::{
    Pid, Resource, Rlimit, Signal, WaitId, WaitIdOptions, WaitOptions, kill_process,
    kill_process_group, waitid, waitpid,
};

use super::clock;

/// Largest single file that a subject may write.
const FILE_MAX: u64 = 1 << 30;
/// Most bytes in the directories given to a subject.
const DIRECTORIES_MAX: u64 = 1 << 30;
/// Entries looked at when sizes are added up; more than that is too large as well.
const ENTRIES_MAX: usize = 100_000;
/// How long processes may need to end by themselves after their leader.
const GRACE: Duration = Duration::from_millis(400);
/// The same, once many launches have left processes behind.
const SHORT_GRACE: Duration = Duration::from_millis(20);
/// How long those that do not end are left alone, to see whether they change artifacts.
const STUDY: Duration = Duration::from_millis(1500);
/// More processes than this are not left alone at all: they may be multiplying.
const LEFT_MAX: usize = 32;
/// More processes than this at the same time are too many.
const PROCESSES_MAX: usize = 1024;
/// Memory of the whole process group.
const MEMORY_MAX: u64 = 2 << 30;
/// How many launches are studied for that.
const STUDIED_MAX: usize = 3;
/// Most parents that are looked up in a row.
const GENERATIONS_MAX: usize = 64;
/// Rounds of killing; each round kills everything that is then alive.
const ROUNDS: usize = 200;

/// Knows which processes belong to one worker's launches.
#[derive(Debug, Clone)]
pub(crate) struct Tracker {
    /// The worker's root directory; its launches have it in their environment.
    root: String,
    /// Holds every worker's root.
    run: String,
    harness: u32,
    family: Arc<Family>,
}

/// What the trackers of one run share.
#[derive(Debug, Default)]
pub(crate) struct Family {
    /// Launches that left processes behind.
    culprits: AtomicUsize,
    /// Processes that the harness itself started and has not reaped yet.
    leaders: Mutex<BTreeSet<u32>>,
    /// Set when one worker works alone: every stray process is then of its launch.
    alone: bool,
    /// A stray process was seen that could be anybody's.
    pub(crate) unclaimed: AtomicBool,
    /// Processes from before the run that have been there ever since: nobody's launch.
    strangers: Mutex<BTreeSet<u32>>,
}

impl Family {
    /// What the trackers of a run with so many workers share.
    pub(crate) fn of(workers: usize) -> Self {
        Self {
            alone: workers == 1,
            strangers: Mutex::new(listed()),
            ..Self::default()
        }
    }

    /// The processes that may belong to a launch. Looking only at pids above the leader's would miss
    /// those that were given low ones after the numbers wrapped around.
    fn processes(&self) -> BTreeMap<u32, Status> {
        let now = listed();
        let mut strangers = self
            .strangers
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        strangers.retain(|pid| now.contains(pid));
        let candidates: Vec<u32> = now.difference(&strangers).copied().collect();
        drop(strangers);
        candidates
            .into_iter()
            .filter_map(|pid| Some((pid, status(pid)?)))
            .collect()
    }

    /// Starts a process and remembers it as one of the harness's own, in one step for onlookers.
    pub(crate) fn start(
        &self,
        start: impl FnOnce() -> std::io::Result<Child>,
    ) -> std::io::Result<Child> {
        let mut leaders = self.leaders.lock().unwrap_or_else(PoisonError::into_inner);
        let child = start()?;
        leaders.insert(child.id());
        Ok(child)
    }

    /// Does something while no process is being started. An executable file that is open for writing
    /// in this moment would be open in a starting process as well, and could not be run.
    pub(crate) fn between_starts<T>(&self, act: impl FnOnce() -> T) -> T {
        let _leaders = self.leaders.lock().unwrap_or_else(PoisonError::into_inner);
        act()
    }

    /// Forgets a process that was reaped.
    pub(crate) fn forget(&self, leader: u32) {
        self.leaders
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&leader);
    }

    fn is_leader(&self, raw: u32) -> bool {
        self.leaders
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .contains(&raw)
    }
}

/// What a launch left behind.
#[derive(Debug, Default)]
pub(crate) struct Left {
    /// Something was still alive when the leader had ended, if only for a moment.
    pub(crate) lingered: bool,
    /// Names of what did not end by itself after a short time.
    pub(crate) names: Vec<String>,
}

/// What `/proc` says of a process.
#[derive(Debug, Clone)]
struct Status {
    name: String,
    state: char,
    parent: u32,
    group: u32,
    session: u32,
}

/// Makes the harness the parent of orphans.
pub(crate) fn become_subreaper() {
    #[cfg(target_os = "linux")]
    let _ = rustix::process::set_child_subreaper(Some(rustix::process::getpid()));
}

/// True if processes can be listed on this machine.
pub(crate) fn can_list() -> bool {
    status(std::process::id()).is_some()
}

/// True if `raw` is `ancestor` or descends from it; also where processes cannot be listed.
pub(crate) fn descends_from(raw: u32, ancestor: u32) -> bool {
    if !can_list() {
        return true;
    }
    let mut at = raw;
    for _ in 0..GENERATIONS_MAX {
        if at == ancestor {
            return true;
        }
        match status(at) {
            Some(status) if status.parent > 1 => at = status.parent,
            _ => return false,
        }
    }
    false
}

/// A pid as the system wants it.
pub(crate) fn pid(raw: u32) -> Option<Pid> {
    i32::try_from(raw).ok().and_then(Pid::from_raw)
}

/// True once the process has ended; it is not reaped.
pub(crate) fn has_ended(raw: u32) -> bool {
    let Some(pid) = pid(raw) else { return true };
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    !matches!(waitid(WaitId::Pid(pid), options), Ok(None))
}

/// Bounds the size of each file that the process writes.
pub(crate) fn limit_file_size(child: &Child) {
    #[cfg(target_os = "linux")]
    {
        let limit = Rlimit {
            current: Some(FILE_MAX),
            maximum: Some(FILE_MAX),
        };
        let _ = rustix::process::prlimit(pid(child.id()), Resource::Fsize, limit);
    }
    #[cfg(not(target_os = "linux"))]
    let _ = child;
}

impl Tracker {
    /// A tracker for launches whose directories lie below `root`.
    pub(crate) fn new(root: &std::path::Path, family: Arc<Family>) -> Self {
        let run = root.parent().unwrap_or(root).display().to_string();
        Self {
            root: root.display().to_string(),
            run,
            harness: std::process::id(),
            family,
        }
    }

    /// What this tracker shares with those of other workers.
    pub(crate) fn family(&self) -> &Family {
        &self.family
    }

    /// The processes of the launch led by `leader` that are alive although it has ended.
    pub(crate) fn left_by(&self, leader: u32) -> Left {
        if self.alive(leader).is_empty() {
            return Left::default();
        }
        let many = self.family.culprits.load(Ordering::Relaxed) > 2 * STUDIED_MAX;
        let alive = self.wait_for_end(leader, if many { SHORT_GRACE } else { GRACE });
        if alive.is_empty() {
            return Left {
                lingered: true,
                names: Vec::new(),
            };
        }
        let first = self.family.culprits.fetch_add(1, Ordering::Relaxed) < STUDIED_MAX;
        if first && alive.len() <= LEFT_MAX {
            self.wait_for_end(leader, STUDY);
        }
        let mut names: Vec<_> = alive.into_values().map(|status| status.name).collect();
        names.sort();
        names.truncate(8);
        Left {
            lingered: true,
            names,
        }
    }

    /// What is still alive after at most `patience`.
    fn wait_for_end(&self, leader: u32, patience: Duration) -> BTreeMap<u32, Status> {
        let deadline = clock::now().after(patience);
        loop {
            let alive = self.alive(leader);
            if alive.is_empty() || alive.len() > LEFT_MAX || deadline.has_passed() {
                return alive;
            }
            pause(Duration::from_millis(2));
        }
    }

    /// Ends every process of the launch, the leader included, and reaps the orphans.
    pub(crate) fn kill_all(&self, leader: u32) {
        if let Some(group) = pid(leader) {
            let _ = kill_process_group(group, Signal::KILL);
            let _ = kill_process(group, Signal::KILL);
        }
        for _ in 0..ROUNDS {
            let alive = self.alive(leader);
            if alive.is_empty() {
                return;
            }
            for process in alive.keys().filter_map(|raw| pid(*raw)) {
                let _ = kill_process(process, Signal::KILL);
                let _ = waitpid(Some(process), WaitOptions::NOHANG);
            }
            pause(Duration::from_micros(500));
        }
    }

    /// Living processes of the launch, without the leader.
    fn alive(&self, leader: u32) -> BTreeMap<u32, Status> {
        let all = self.family.processes();
        let mut ours: BTreeSet<u32> = BTreeSet::from([leader]);
        loop {
            let before = ours.len();
            for (&raw, status) in &all {
                if ours.contains(&raw) || raw == self.harness {
                    continue;
                }
                let related = status.group == leader
                    || status.session == leader
                    || ours.contains(&status.parent)
                    || (status.parent == self.harness && self.claims_stray(raw));
                if related {
                    ours.insert(raw);
                }
            }
            if ours.len() == before {
                break;
            }
        }
        ours.remove(&leader);
        let mut found = BTreeMap::new();
        for raw in ours {
            let Some(status) = all.get(&raw) else {
                continue;
            };
            if status.state == 'Z' || status.state == 'X' {
                if let Some(zombie) = pid(raw).filter(|_| status.parent == self.harness) {
                    let _ = waitpid(Some(zombie), WaitOptions::NOHANG);
                }
            } else {
                found.insert(raw, status.clone());
            }
        }
        found
    }

    /// True if a child of the harness that the harness did not start belongs to this worker's launch.
    /// An orphan is told by the directories in its environment; one that gave those up is claimed only
    /// when nobody else could have left it.
    fn claims_stray(&self, raw: u32) -> bool {
        if self.family.is_leader(raw) {
            return false;
        }
        let environ = std::fs::read(format!("/proc/{raw}/environ")).unwrap_or_default();
        let cwd = std::fs::read_link(format!("/proc/{raw}/cwd")).unwrap_or_default();
        let carries = |root: &str| {
            let needle = format!("{root}/");
            environ
                .windows(needle.len())
                .any(|window| window == needle.as_bytes())
                || cwd.starts_with(root)
        };
        if carries(&self.root) {
            return true;
        }
        // Reaped in the meantime, or another worker's.
        if carries(&self.run) || status(raw).is_none_or(|s| s.parent != self.harness) {
            return false;
        }
        if !self.family.alone {
            self.family.unclaimed.store(true, Ordering::Relaxed);
        }
        self.family.alone
    }
}

/// Every process that this machine runs now, by pid.
fn listed() -> BTreeSet<u32> {
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    entries
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .collect()
}

/// Reads `/proc/PID/stat`; the name stands in parentheses and may hold anything.
fn status(raw: u32) -> Option<Status> {
    let text = std::fs::read(format!("/proc/{raw}/stat")).ok()?;
    let text = String::from_utf8_lossy(&text);
    let (head, tail) = text.rsplit_once(')')?;
    let (_, name) = head.split_once('(')?;
    let mut fields = tail.split_whitespace();
    Some(Status {
        name: name.to_owned(),
        state: fields.next()?.chars().next()?,
        parent: fields.next()?.parse().ok()?,
        group: fields.next()?.parse().ok()?,
        session: fields.next()?.parse().ok()?,
    })
}

/// The limit that the process group led by `leader` exceeds, if it does.
pub(crate) fn exceeded(family: &Family, leader: u32) -> Option<String> {
    let page = u64::try_from(rustix::param::page_size()).unwrap_or(4096);
    let group: Vec<u32> = family
        .processes()
        .into_iter()
        .filter(|(raw, status)| *raw == leader || status.group == leader)
        .map(|(raw, _)| raw)
        .collect();
    if group.len() > PROCESSES_MAX {
        return Some(format!("more than {PROCESSES_MAX} processes"));
    }
    let resident = |raw: &u32| -> Option<u64> {
        let text = std::fs::read_to_string(format!("/proc/{raw}/statm")).ok()?;
        text.split_whitespace().nth(1)?.parse().ok()
    };
    let pages: u64 = group.iter().filter_map(resident).sum();
    (pages.saturating_mul(page) > MEMORY_MAX).then(|| "more than 2 GiB of memory".to_owned())
}

/// True if the files below `folders` exceed the bound in size or number.
pub(crate) fn too_large(folders: &[PathBuf]) -> bool {
    let mut open: Vec<PathBuf> = folders.to_vec();
    let (mut size, mut count) = (0u64, 0usize);
    while let Some(folder) = open.pop() {
        let Ok(entries) = std::fs::read_dir(&folder) else {
            continue;
        };
        for entry in entries.flatten() {
            let Ok(metadata) = entry.path().symlink_metadata() else {
                continue;
            };
            count += 1;
            if metadata.is_dir() {
                open.push(entry.path());
            } else {
                use std::os::unix::fs::MetadataExt as _;
                size += metadata.blocks() * 512;
            }
            if size > DIRECTORIES_MAX || count > ENTRIES_MAX {
                return true;
            }
        }
    }
    false
}

/// Waits a moment for other processes to get on.
pub(crate) fn pause(duration: Duration) {
    std::thread::sleep(duration);
}
