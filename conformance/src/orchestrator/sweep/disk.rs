//! A model of what a disk may hold after the power was lost.
//!
//! Every call that changed something becomes effects on names or on data. An effect is durable once the
//! file (data) or the directory (names) was synced after it; until then it may be lost, alone or with
//! others, whatever came later. That is all that the standard promises. Many file systems promise that
//! syncing a file also keeps its name: that is the portable reading, and told apart.

use std::collections::BTreeMap;

use cabincrew_crashpoint::{Act, Brought};

/// A file, directory or link, for as long as anything knows of it.
pub(super) type Node = usize;

/// The watched directory.
pub(super) const ROOT: Node = 0;

/// How far a sync reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reading {
    /// Syncing a file keeps its data alone.
    Strict,
    /// It also keeps the names on the way to it.
    Portable,
}

/// What one effect does.
#[derive(Debug, Clone)]
pub(super) enum Change {
    /// A name of a directory now leads there; the one it was moved from does not any more.
    Name {
        folder: Node,
        name: String,
        leads: Option<Node>,
        moved_from: Option<(Node, String)>,
    },
    /// Bytes of a file.
    Bytes {
        file: Node,
        offset: usize,
        data: Vec<u8>,
    },
    /// The length of a file.
    Length { file: Node, length: usize },
}

/// One thing that may be lost by itself.
#[derive(Debug, Clone)]
pub(super) struct Effect {
    /// The event that had it.
    pub(super) event: usize,
    pub(super) change: Change,
    /// The event that made it durable.
    strict: Option<usize>,
    portable: Option<usize>,
    /// A sync of it has failed: no later one makes it durable.
    dropped: bool,
}

/// Largest file that is modelled, bytes.
const SIZE_MAX: u64 = 64 << 20;

fn within(path: &str, place: u64) -> Result<usize, String> {
    let place = usize::try_from(place.min(SIZE_MAX + 1)).unwrap_or(usize::MAX);
    if place as u64 > SIZE_MAX {
        return Err(format!("{path} is too large to be modelled"));
    }
    Ok(place)
}

/// Everything that was done, as effects.
#[derive(Debug, Default)]
pub struct Disk {
    pub(super) effects: Vec<Effect>,
    /// The names as they are now.
    pub(super) folders: BTreeMap<Node, BTreeMap<String, Node>>,
    pub(super) links: BTreeMap<Node, String>,
    nodes: Node,
}

impl Disk {
    /// An empty directory.
    pub fn new() -> Self {
        Self {
            folders: BTreeMap::from([(ROOT, BTreeMap::new())]),
            nodes: 1,
            ..Self::default()
        }
    }

    /// Adds what the `event`-th event did.
    ///
    /// # Errors
    /// When the model cannot follow it: why.
    pub fn apply(&mut self, event: usize, act: &Act, result: i64) -> Result<(), String> {
        let known = |path: &str| format!("{path} was changed, and is not known");
        match act {
            Act::Open { path, created } => {
                if *created || self.find(path).is_none() {
                    let file = self.new_node();
                    self.bind(event, path, file)?;
                } else {
                    let file = self.find(path).ok_or_else(|| known(path))?;
                    self.push(event, Change::Length { file, length: 0 });
                }
            }
            Act::Write { .. } => self.write(event, act, result)?,
            Act::Resize { path, length } | Act::Allocate { path, length } => {
                let file = self.find(path).ok_or_else(|| known(path))?;
                let length = within(path, *length)?;
                self.push(event, Change::Length { file, length });
            }
            Act::Sync { path } => {
                if let Some(node) = self.find(path) {
                    self.sync(event, node);
                }
            }
            Act::SyncAll => self.sync_all(event),
            Act::Rename { from, to, brought } => self.rename(event, from, to, brought)?,
            Act::Link { from, to, brought } => {
                let to = to.as_deref().unwrap_or_default();
                match from {
                    Some(from) => {
                        let node = self.find(from).ok_or_else(|| known(from))?;
                        self.bind(event, to, node)?;
                    }
                    None => self.bring(event, to, brought)?,
                }
            }
            Act::Symlink { path, target } => {
                let link = self.new_node();
                self.links.insert(link, target.clone());
                self.bind(event, path, link)?;
            }
            Act::Unlink { path } | Act::RemoveDirectory { path } => self.unbind(event, path)?,
            Act::MakeDirectory { path } => {
                let folder = self.new_node();
                self.folders.insert(folder, BTreeMap::new());
                self.bind(event, path, folder)?;
            }
            Act::Attributes { .. } | Act::Acknowledge | Act::Exit { .. } | Act::Launch => {}
        }
        Ok(())
    }

    fn write(&mut self, event: usize, act: &Act, result: i64) -> Result<(), String> {
        let Act::Write {
            path,
            offset,
            synchronous,
            data,
        } = act
        else {
            return Ok(());
        };
        let known = || format!("{path} was written to, and is not known");
        let file = self.find(path).ok_or_else(known)?;
        if i64::try_from(data.len()) != Ok(result) {
            return Err(format!("what was written to {path} could not be read back"));
        }
        let offset = within(path, *offset)?;
        let data = data.clone();
        self.push(event, Change::Bytes { file, offset, data });
        if *synchronous {
            self.sync(event, file);
        }
        Ok(())
    }

    fn new_node(&mut self) -> Node {
        self.nodes += 1;
        self.nodes - 1
    }

    fn push(&mut self, event: usize, change: Change) {
        self.effects.push(Effect {
            event,
            change,
            strict: None,
            portable: None,
            dropped: false,
        });
    }

    /// A sync of a file has failed. The bytes that it should have made durable may be dropped then, and the next sync knows
    /// nothing of it: it succeeds, and has done nothing. What is written once more is another matter.
    pub fn drop_unsynced(&mut self, path: &str) {
        let Some(node) = self.find(path) else { return };
        let unsynced = self.effects.iter_mut().filter(|it| it.strict.is_none());
        for effect in unsynced {
            effect.dropped |= match &effect.change {
                // A file system that cannot write its names any more stops altogether.
                Change::Name { .. } => false,
                Change::Bytes { file, .. } | Change::Length { file, .. } => *file == node,
            };
        }
    }

    /// What a path leads to now.
    fn find(&self, path: &str) -> Option<Node> {
        let mut at = ROOT;
        for name in path.split('/').filter(|name| *name != ".") {
            at = *self.folders.get(&at)?.get(name)?;
        }
        Some(at)
    }

    /// The directory that a path is in, and its name there.
    fn parent(&self, path: &str) -> Result<(Node, String), String> {
        let (folder, name) = path.rsplit_once('/').unwrap_or((".", path));
        let found = self.find(folder).filter(|at| self.folders.contains_key(at));
        let found = found.ok_or_else(|| format!("{folder} holds {path}, and is not known"))?;
        Ok((found, name.to_owned()))
    }

    fn bind(&mut self, event: usize, path: &str, node: Node) -> Result<(), String> {
        let (folder, name) = self.parent(path)?;
        self.name(event, (folder, name), Some(node), None);
        Ok(())
    }

    fn unbind(&mut self, event: usize, path: &str) -> Result<(), String> {
        let (folder, name) = self.parent(path)?;
        self.name(event, (folder, name), None, None);
        Ok(())
    }

    fn name(
        &mut self,
        event: usize,
        (folder, name): (Node, String),
        leads: Option<Node>,
        moved_from: Option<(Node, String)>,
    ) {
        let change = Change::Name {
            folder,
            name,
            leads,
            moved_from,
        };
        rename(&mut self.folders, &change);
        self.push(event, change);
    }

    fn rename(
        &mut self,
        event: usize,
        from: &Option<String>,
        to: &Option<String>,
        brought: &[Brought],
    ) -> Result<(), String> {
        match (from, to) {
            (Some(from), Some(to)) => {
                let node = self.find(from);
                let node = node.ok_or_else(|| format!("{from} was renamed, and is not known"))?;
                let (old, new) = (self.parent(from)?, self.parent(to)?);
                self.name(event, new, Some(node), Some(old));
                Ok(())
            }
            (Some(from), None) => self.unbind(event, from),
            (None, Some(to)) => self.bring(event, to, brought),
            (None, None) => Ok(()),
        }
    }

    /// What comes from outside was durable there, as far as anybody knows; its new name is not.
    fn bring(&mut self, event: usize, to: &str, brought: &[Brought]) -> Result<(), String> {
        let first = self.effects.len();
        for one in brought {
            let path = format!("{to}/{}", one.path);
            let node = self.new_node();
            if one.content.is_none() {
                self.folders.insert(node, BTreeMap::new());
            }
            self.bind(event, path.trim_end_matches('/'), node)?;
            if let Some(data) = one.content.clone() {
                let offset = 0;
                let file = node;
                self.push(event, Change::Bytes { file, offset, data });
            }
        }
        for effect in self.effects.iter_mut().skip(first + 1) {
            effect.strict = Some(event);
            effect.portable = Some(event);
        }
        Ok(())
    }

    fn sync_all(&mut self, event: usize) {
        for effect in self.effects.iter_mut().filter(|it| !it.dropped) {
            effect.strict.get_or_insert(event);
            effect.portable.get_or_insert(event);
        }
    }

    fn sync(&mut self, event: usize, node: Node) {
        // Under the portable reading: the node itself and every directory above it.
        let mut way = vec![node];
        while let Some(above) = self.above(*way.last().unwrap_or(&ROOT)) {
            way.push(above);
        }
        for effect in self.effects.iter_mut().filter(|it| !it.dropped) {
            let (own, on_the_way) = match &effect.change {
                Change::Name { folder, leads, .. } => (
                    *folder == node,
                    leads.is_some_and(|leads| way.contains(&leads)),
                ),
                Change::Bytes { file, .. } | Change::Length { file, .. } => (*file == node, false),
            };
            if own {
                effect.strict.get_or_insert(event);
            }
            if own || on_the_way {
                effect.portable.get_or_insert(event);
            }
        }
    }

    /// The directory that holds a node now.
    fn above(&self, node: Node) -> Option<Node> {
        let mut folders = self.folders.iter();
        let found = folders.find(|(_, names)| names.values().any(|it| *it == node));
        found.map(|(folder, _)| *folder).filter(|_| node != ROOT)
    }

    /// The numbers of the effects of events before `until` that are not durable by then; with the event
    /// of each, and whether it is a write that can be torn.
    pub fn volatile(&self, until: usize, reading: Reading) -> Vec<(usize, usize, bool)> {
        let all = self.effects.iter().enumerate();
        all.filter(|(_, effect)| effect.event < until && !effect.is_durable(until, reading))
            .map(|(number, effect)| {
                let long = matches!(&effect.change, Change::Bytes { data, .. } if data.len() > 1);
                (number, effect.event, long)
            })
            .collect()
    }
}

impl Effect {
    pub(super) fn is_durable(&self, until: usize, reading: Reading) -> bool {
        let at = match reading {
            Reading::Strict => self.strict,
            Reading::Portable => self.portable,
        };
        at.is_some_and(|at| at < until)
    }
}

impl Change {
    /// The first half of a write.
    pub(super) fn halved(&self) -> Self {
        match self {
            Self::Bytes { file, offset, data } => Self::Bytes {
                file: *file,
                offset: *offset,
                data: data[..data.len() / 2].to_vec(),
            },
            Self::Name { .. } | Self::Length { .. } => self.clone(),
        }
    }
}

pub(super) fn rename(folders: &mut BTreeMap<Node, BTreeMap<String, Node>>, change: &Change) {
    let Change::Name {
        folder,
        name,
        leads,
        moved_from,
    } = change
    else {
        return;
    };
    if let Some((folder, name)) = moved_from
        && let Some(names) = folders.get_mut(folder)
        && names.get(name) == leads.as_ref()
    {
        names.remove(name);
    }
    let names = folders.entry(*folder).or_default();
    match leads {
        Some(node) => names.insert(name.clone(), *node),
        None => names.remove(name),
    };
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::orchestrator::drive::{Contents, Entry};
    use crate::orchestrator::sweep::loss::{Loss, PAGE};

    fn disk(acts: &[Act]) -> Disk {
        let mut disk = Disk::new();
        for (event, act) in acts.iter().enumerate() {
            let result = match act {
                Act::Write { data, .. } => i64::try_from(data.len()).unwrap(),
                _ => 0,
            };
            disk.apply(event, act, result).unwrap();
        }
        disk
    }

    fn open(path: &str) -> Act {
        Act::Open {
            path: path.to_owned(),
            created: true,
        }
    }

    fn write(path: &str, offset: u64, text: &str) -> Act {
        Act::Write {
            path: path.to_owned(),
            offset,
            synchronous: false,
            data: text.as_bytes().to_vec(),
        }
    }

    fn sync(path: &str) -> Act {
        Act::Sync {
            path: path.to_owned(),
        }
    }

    fn rename(from: &str, to: &str) -> Act {
        Act::Rename {
            from: Some(from.to_owned()),
            to: Some(to.to_owned()),
            brought: Vec::new(),
        }
    }

    fn told(contents: &Contents) -> Vec<String> {
        let one = |(path, entry): (&String, &Entry)| match entry {
            Entry::Directory => format!("{path}/"),
            Entry::File(bytes) => format!("{path}={}", String::from_utf8_lossy(bytes)),
            Entry::Link(target) => format!("{path}->{target}"),
        };
        contents.iter().map(one).collect()
    }

    #[test]
    fn what_a_failed_sync_has_dropped_no_later_one_keeps() {
        let mut disk = disk(&[open("a"), write("a", 0, "old "), sync("a")]);
        let apply = |disk: &mut Disk, event, act: &Act, result| {
            disk.apply(event, act, result).unwrap();
        };
        apply(&mut disk, 3, &write("a", 4, "new"), 3);
        disk.drop_unsynced("a");
        apply(&mut disk, 5, &sync("a"), 0);
        let after = |disk: &Disk, until| told(&disk.after(until, Reading::Portable, Loss::All));
        assert_eq!(after(&disk, 6), ["a=old "]);
        // What is written once more, it keeps.
        apply(&mut disk, 6, &write("a", 4, "anew"), 4);
        apply(&mut disk, 7, &sync("a"), 0);
        assert_eq!(after(&disk, 8), ["a=old anew"]);
    }

    #[test]
    fn what_was_not_synced_may_be_lost() {
        let disk = disk(&[open("a"), write("a", 0, "text")]);
        let after = |loss| told(&disk.after(2, Reading::Strict, loss));
        assert!(after(Loss::All).is_empty());
        assert_eq!(after(Loss::Data), ["a="]);
        assert!(after(Loss::Names).is_empty());
        assert_eq!(after(Loss::Half(1)), ["a=te"]);
        assert_eq!(after(Loss::Growth), ["a="]);
        assert_eq!(after(Loss::Nothing), ["a=text"]);
    }

    #[test]
    fn a_synced_file_may_lack_its_name_unless_that_is_promised() {
        let disk = disk(&[open("a"), write("a", 0, "text"), sync("a")]);
        assert!(disk.after(3, Reading::Strict, Loss::All).is_empty());
        let portable = told(&disk.after(3, Reading::Portable, Loss::All));
        assert_eq!(portable, ["a=text"]);
    }

    #[test]
    fn a_synced_directory_keeps_its_names() {
        let disk = disk(&[open("a"), write("a", 0, "x"), sync("a"), sync(".")]);
        let whole = told(&disk.after(4, Reading::Strict, Loss::All));
        assert_eq!(whole, ["a=x"]);
        assert!(disk.volatile(4, Reading::Strict).is_empty());
        // Before the sync it was in danger.
        assert_eq!(disk.volatile(3, Reading::Strict).len(), 1);
    }

    #[test]
    fn a_file_that_is_renamed_unsynced_may_be_empty() {
        let acts = [open("n"), write("n", 0, "new"), rename("n", "s"), sync(".")];
        let disk = disk(&acts);
        let after = told(&disk.after(4, Reading::Strict, Loss::All));
        assert_eq!(after, ["s="]);
    }

    #[test]
    fn one_of_several_may_be_lost_if_it_is_on_a_page_of_its_own() {
        let far = u64::try_from(2 * PAGE).unwrap();
        let acts = [
            open("a"),
            sync("."),
            write("a", 0, "one"),
            write("a", 3, "two"),
            write("a", far, "far"),
        ];
        let disk = disk(&acts);
        let volatile = disk.volatile(5, Reading::Strict);
        assert_eq!(volatile, [(1, 2, true), (2, 3, true), (3, 4, true)]);
        let after = |loss| match disk.after(5, Reading::Strict, loss).remove("a") {
            Some(Entry::File(bytes)) => bytes,
            other => panic!("{other:?}"),
        };
        // What was written to the same page later went with it; what is on another page is there.
        let lost = after(Loss::One(1));
        assert_eq!(lost.len(), 2 * PAGE + 3);
        assert_eq!(lost[..6], [0; 6]);
        assert_eq!(lost[2 * PAGE..], *b"far");
        assert_eq!(after(Loss::One(2))[..6], *b"one\0\0\0");
        assert_eq!(after(Loss::Half(1))[..6], *b"o\0\0\0\0\0");
        assert_eq!(after(Loss::One(3)), b"onetwo");
    }

    #[test]
    fn directories_come_and_go_with_what_is_in_them() {
        let folder = |path: &str| Act::MakeDirectory {
            path: path.to_owned(),
        };
        let disk = disk(&[folder("d"), open("d/a"), rename("d", "e"), sync("e")]);
        assert!(disk.after(4, Reading::Strict, Loss::All).is_empty());
        let after = told(&disk.after(4, Reading::Strict, Loss::Nothing));
        assert_eq!(after, ["e/", "e/a="]);
    }

    #[test]
    fn what_came_from_outside_is_whole_if_it_has_its_name() {
        let brought = vec![Brought {
            path: String::new(),
            content: Some(b"in".to_vec()),
        }];
        let act = Act::Rename {
            from: None,
            to: Some("a".to_owned()),
            brought,
        };
        let disk = disk(&[act]);
        assert!(disk.after(1, Reading::Strict, Loss::All).is_empty());
        let after = told(&disk.after(1, Reading::Strict, Loss::Data));
        assert_eq!(after, ["a=in"]);
    }
}
