//! What is lost, and what is left then.

use std::collections::{BTreeMap, BTreeSet};

use super::disk::{Change, Disk, Node, ROOT, Reading, rename};
use crate::orchestrator::drive::{Contents, Entry};

/// What a disk gets at once, bytes.
pub(super) const PAGE: usize = 4096;

/// What becomes of the effects that are not durable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Loss {
    /// All are lost.
    All,
    /// Those on data are.
    Data,
    /// Those on names are.
    Names,
    /// This one is: the number of the effect.
    One(usize),
    /// Half of this one is.
    Half(usize),
    /// Files do not grow.
    Growth,
    /// None is.
    Nothing,
}

impl Disk {
    /// What the directory holds when the power is lost before the `until`-th event.
    pub fn after(&self, until: usize, reading: Reading, loss: Loss) -> Contents {
        let mut state = State::default();
        let mut durable = State::default();
        let mut behind = self.first_lost(loss);
        for (number, effect) in self.effects.iter().enumerate() {
            if effect.event >= until {
                break;
            }
            if effect.is_durable(until, reading) {
                state.apply(&effect.change);
                durable.apply(&effect.change);
                continue;
            }
            let on_name = matches!(effect.change, Change::Name { .. });
            let kept = match loss {
                Loss::All => false,
                Loss::Data => on_name,
                Loss::Names => !on_name,
                Loss::One(lost) => number != lost,
                Loss::Half(torn) if number == torn => {
                    state.apply(&effect.change.halved());
                    false
                }
                Loss::Half(_) | Loss::Growth | Loss::Nothing => true,
            };
            if kept && !behind.takes(number, &effect.change) {
                state.apply(&effect.change);
            }
        }
        if loss == Loss::Growth {
            for (file, bytes) in &mut state.files {
                bytes.truncate(durable.files.get(file).map_or(0, Vec::len));
            }
        }
        state.contents(self)
    }

    fn first_lost(&self, loss: Loss) -> Behind {
        let (number, from) = match loss {
            Loss::One(number) => (number, 0),
            Loss::Half(number) => (number, 1),
            Loss::All | Loss::Data | Loss::Names | Loss::Growth | Loss::Nothing => {
                return Behind::default();
            }
        };
        let Some(Change::Bytes { file, offset, data }) =
            self.effects.get(number).map(|effect| &effect.change)
        else {
            return Behind::default();
        };
        let kept = from * data.len() / 2;
        Behind {
            file: Some(*file),
            since: number,
            pages: pages(offset + kept, data.len() - kept).collect(),
        }
    }
}

/// Pages of a file that are as they were before a lost write: a disk gets pages as a whole, so that a later
/// write to one of them is lost as well.
#[derive(Debug, Default)]
struct Behind {
    file: Option<Node>,
    since: usize,
    pages: BTreeSet<usize>,
}

impl Behind {
    /// Whether a later effect is lost with them; what else it wrote is lost too then.
    fn takes(&mut self, number: usize, change: &Change) -> bool {
        let Change::Bytes { file, offset, data } = change else {
            return false;
        };
        if self.file != Some(*file) || number <= self.since {
            return false;
        }
        let own = pages(*offset, data.len());
        let lost = own.clone().any(|page| self.pages.contains(&page));
        if lost {
            self.pages.extend(own);
        }
        lost
    }
}

fn pages(offset: usize, length: usize) -> std::ops::RangeInclusive<usize> {
    offset / PAGE..=(offset + length).saturating_sub(1) / PAGE
}

/// Names and bytes, as some of the effects make them.
#[derive(Debug, Default)]
struct State {
    folders: BTreeMap<Node, BTreeMap<String, Node>>,
    files: BTreeMap<Node, Vec<u8>>,
}

impl State {
    fn apply(&mut self, change: &Change) {
        match change {
            Change::Name { .. } => rename(&mut self.folders, change),
            Change::Bytes { file, offset, data } => {
                let bytes = self.files.entry(*file).or_default();
                let end = offset + data.len();
                bytes.resize(bytes.len().max(end), 0);
                bytes[*offset..end].copy_from_slice(data);
            }
            Change::Length { file, length } => {
                self.files.entry(*file).or_default().resize(*length, 0);
            }
        }
    }

    /// Everything that a name leads to. `model` knows what sort each node is.
    fn contents(&self, model: &Disk) -> Contents {
        let mut contents = Contents::new();
        let mut open = vec![(ROOT, String::new())];
        while let Some((folder, path)) = open.pop() {
            for (name, node) in self.folders.get(&folder).into_iter().flatten() {
                let path = format!("{path}{name}");
                let entry = if let Some(target) = model.links.get(node) {
                    Entry::Link(target.clone())
                } else if model.folders.contains_key(node) {
                    open.push((*node, format!("{path}/")));
                    Entry::Directory
                } else {
                    Entry::File(self.files.get(node).cloned().unwrap_or_default())
                };
                contents.insert(path, entry);
            }
        }
        contents
    }
}
