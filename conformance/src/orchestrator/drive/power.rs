//! Power loss: one recorded run, then each image of what the disk may hold put in place of the state
//! directory, and what a restart makes of it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::Path;

use cabincrew_crashpoint::Fault;

use super::crash::{CrashPlan, Second, Target, Traced};
use super::director::{Director, Kit, direct_by};
use super::error::OrchestratorDriveError;
use super::schedule::{in_parallel, machine, observation, temporary};
use crate::drive::engine::Progress;
use crate::drive::{place, reap, snapshot};
use crate::observe::End;
use crate::orchestrator::observe::{Observation, StepSeen};
use crate::orchestrator::plan::RunPlan;
use crate::tree::{Kind, Tree};

/// What stands at a path.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Entry {
    /// A directory.
    Directory,
    /// A file with these bytes.
    File(Vec<u8>),
    /// A symbolic link to this.
    Link(String),
}

/// All that stands below a directory.
pub type Contents = BTreeMap<String, Entry>;

/// What the state directory may hold after a power loss.
#[derive(Debug, Clone)]
pub struct Image {
    /// What was lost, and when.
    pub name: String,
    /// Other losses, at this or other moments, that leave the same.
    pub also: BTreeSet<String>,
    /// What is there.
    pub contents: Contents,
    /// It needs a disk on which syncing a file does not keep its name.
    pub portable: bool,
    /// What was lost is the end of what was done to names, data or lengths; otherwise something in the
    /// middle of it is missing.
    pub orderly: bool,
    /// If a take-off had begun: nothing of it has reached the workspace yet.
    pub untouched: bool,
    /// The step that was not finished had ended all the same, but shows no documents.
    pub ended: bool,
    /// How many steps had ended before.
    pub finished: usize,
    /// The foreign programs that were started before, by process.
    pub launched: Vec<u32>,
}

/// What images are made of.
#[derive(Debug)]
pub struct Recorded<'a> {
    /// What every call did.
    pub traces: &'a [Traced],
    /// What was seen of it.
    pub steps: &'a [StepSeen],
}

/// The images of a recording, and what the directory holds if nothing is lost; or why there are none.
pub type Made = Result<(Vec<Image>, Contents), String>;

/// What is done with images.
pub struct Dealings<'a, T> {
    /// Makes them.
    pub make: &'a (dyn Fn(&Recorded<'_>) -> Made + Sync),
    /// What to make of one, once it was recovered; with the step that was cut off or ended last.
    pub take: &'a (dyn Fn(&Image, &Observation, &str) -> T + Sync),
    /// Whether what came of one has to come twice.
    pub doubtful: &'a (dyn Fn(&T) -> bool + Sync),
    /// Whether there is time for more.
    pub more: &'a (dyn Fn() -> bool + Sync),
    /// In which step (counted from 0) a call fails; no further step is taken then.
    pub failing: Option<(usize, Fault)>,
    /// Only the image of this name.
    pub only: Option<&'a str>,
}

/// What one worker made of its share.
#[derive(Debug)]
pub struct Share<T> {
    /// How many there are in all.
    pub there: usize,
    /// What became of those of its share that there was time for.
    pub taken: Vec<T>,
}

/// What came of something, and what came of it once more where that was doubtful.
pub type Twice<T> = (T, Option<T>);

/// What all workers made of theirs; or why one made nothing.
pub type Shares<T> = Vec<Result<Share<Twice<T>>, String>>;

/// Records a run of `run` in each worker, and has each recover its share of the images, since they hold
/// paths of the run that they come from.
///
/// # Errors
/// When the harness itself cannot work. Whatever the subject does is an observation, not an error.
pub fn power_all<T: Send>(
    target: &Target<'_>,
    run: &RunPlan,
    progress: &(dyn Progress + Sync),
    dealings: &Dealings<'_, T>,
) -> Result<Shares<T>, OrchestratorDriveError> {
    reap::become_subreaper();
    let own = temporary()?;
    let root = own.path().canonicalize()?;
    let kit = Kit::new(target.subject, target.adapter, target.options);
    let parts = if dealings.only.is_some() {
        1
    } else {
        super::schedule::jobs(target.options)
    };
    let work = |part: usize| {
        let folder = root.join(part.to_string());
        let powered = direct_by(&kit, run, folder.clone(), |director| {
            director.power(run, (part, parts), progress, dealings)
        });
        let _ = place::remove(&folder);
        powered.map(|(_, shared)| shared)
    };
    let results = in_parallel(target.options, parts, &|| true, &work);
    let _ = place::remove(&root);
    results.into_iter().collect()
}

impl Director<'_> {
    fn power<T>(
        &mut self,
        run: &RunPlan,
        (part, parts): (usize, usize),
        progress: &(dyn Progress + Sync),
        dealings: &Dealings<'_, T>,
    ) -> Result<Share<Twice<T>>, String> {
        let told = |error: io::Error| format!("the directories cannot be kept: {error}");
        let trees = self.trees.clone();
        self.everything("before", false).map_err(told)?;
        let plan = CrashPlan {
            run: run.clone(),
            fault: None,
            second: Second::Nothing,
            record: true,
            // An image may be asked for by names without what differs from run to run.
            blur: dealings.only.is_some_and(|only| only.contains('#')),
        };
        let traces = match &dealings.failing {
            None => self.crash(&plan),
            Some((at, fault)) => self.failing(&plan, *at, fault),
        };
        self.everything("after", false).map_err(told)?;
        let recorded = Recorded {
            traces: &traces,
            steps: &self.steps,
        };
        let (images, whole) = (dealings.make)(&recorded)?;
        if let Some(path) = self.differs(&whole) {
            return Err(format!(
                "what was recorded does not add up to the state directory: {path} differs"
            ));
        }
        let base = std::mem::take(&mut self.steps);
        let mut share = Share {
            there: images.len(),
            taken: Vec::new(),
        };
        for (number, image) in images.iter().enumerate() {
            let wanted = dealings.only.map_or(number % parts == part, |only| {
                image.name == only || image.also.contains(only)
            });
            if !wanted || !(dealings.more)() || progress.interrupted() {
                continue;
            }
            let mut take = || {
                let (seen, broken) = self.recovered(image, run, (&base, &trees)).map_err(told)?;
                Ok::<T, String>((dealings.take)(image, &seen, &broken))
            };
            let taken = take()?;
            let again = (dealings.doubtful)(&taken).then(take).transpose()?;
            share.taken.push((taken, again));
            progress.launched(number + 1, images.len(), &image.name);
        }
        Ok(share)
    }

    /// Puts an image in place and restarts; with the step that was cut off or ended last.
    fn recovered(
        &mut self,
        image: &Image,
        run: &RunPlan,
        (base, trees): (&[StepSeen], &BTreeMap<String, Tree>),
    ) -> io::Result<(Observation, String)> {
        let touched = self.put_in_place(image, base)?;
        let (cut, broken) = cut(base, image);
        self.steps = cut;
        self.trees.clone_from(trees);
        if touched {
            self.look_again();
        }
        let at = run.steps.iter().position(|step| step.name == broken);
        let at = at.unwrap_or_default();
        if let Some(step) = run.steps.get(at) {
            self.recover(step, &run.steps[at + 1..]);
        }
        let seen = self.seen_so_far(trees.clone());
        let root = self.site.root.clone();
        let seen = observation(self.kit.adapter, machine(&root), vec![seen]);
        Ok((seen, broken))
    }

    /// The first path at which the state directory is not as recorded.
    fn differs(&self, whole: &Contents) -> Option<String> {
        let tree: Tree = snapshot::look(&self.site.state, None).tree;
        let found: BTreeMap<&String, Option<Vec<u8>>> = tree
            .iter()
            .filter(|(_, entry)| matches!(entry.kind, Kind::File | Kind::Directory))
            .map(|(path, entry)| {
                let file = entry.kind == Kind::File;
                let bytes = file.then(|| fs::read(self.site.state.join(path)).unwrap_or_default());
                (path, bytes)
            })
            .collect();
        let wanted: BTreeMap<&String, Option<Vec<u8>>> = whole
            .iter()
            .filter_map(|(path, entry)| match entry {
                Entry::File(bytes) => Some((path, Some(bytes.clone()))),
                Entry::Directory => Some((path, None)),
                Entry::Link(_) => None,
            })
            .collect();
        let paths = found.keys().chain(wanted.keys());
        let mut off = paths.filter(|path| found.get(*path) != wanted.get(*path));
        off.next().map(|path| (*path).clone())
    }

    /// Puts an image in place of the state directory, and the workspace as it was then; true if a take-off
    /// had changed it.
    fn put_in_place(&self, image: &Image, base: &[StepSeen]) -> io::Result<bool> {
        let programs = base.iter().flat_map(|step| &step.programs);
        let took_off = programs
            .filter(|program| program.mode == "take-off")
            .any(|program| image.launched.contains(&program.pid))
            && !image.untouched;
        self.everything(if took_off { "after" } else { "before" }, true)?;
        place::remove(&self.site.state)?;
        fs::create_dir_all(&self.site.state)?;
        for (path, entry) in &image.contents {
            write(&self.site.state.join(path), entry)?;
        }
        Ok(took_off)
    }

    /// The workspaces are as the recorded run left them.
    fn look_again(&mut self) {
        for (label, folder) in &self.site.workspaces {
            let tree = snapshot::look(folder, None).tree;
            self.trees.insert(label.clone(), tree);
        }
    }
}

/// Modes are those that the strictest reader wants: nobody else's.
fn write(path: &Path, entry: &Entry) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = match entry {
        Entry::Directory => {
            fs::create_dir(path)?;
            0o700
        }
        Entry::File(bytes) => {
            fs::write(path, bytes)?;
            0o600
        }
        Entry::Link(target) => return std::os::unix::fs::symlink(target, path),
    };
    fs::set_permissions(path, fs::Permissions::from_mode(mode))
}

/// The steps that had ended, and what had begun of the one that was cut off; with its name, or that of
/// the last one.
fn cut(base: &[StepSeen], image: &Image) -> (Vec<StepSeen>, String) {
    let mut steps: Vec<StepSeen> = base.iter().take(image.finished).cloned().collect();
    if let Some(step) = base.get(image.finished) {
        let mut partial = step.clone();
        partial
            .programs
            .retain(|program| image.launched.contains(&program.pid));
        if !image.ended {
            partial.end = Some(End::Signalled(9));
        }
        partial.exports = None;
        partial.left_alive.clear();
        partial.leaks.clear();
        if !partial.programs.iter().any(|it| it.mode == "take-off") {
            partial.workspace_changes.clear();
        }
        steps.push(partial);
    }
    let broken = steps
        .last()
        .map_or_else(String::new, |step| step.name.clone());
    (steps, broken)
}
