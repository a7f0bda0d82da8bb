//! What is found again below the state directory and in outputs: secrets, and copies of artifacts.

use std::collections::BTreeMap;
use std::path::Path;

use super::copies::{self, Files};
use crate::drive::snapshot;
use crate::judge::secrets;
use crate::observe::Canary;
use crate::orchestrator::observe::Leak;

/// Canaries in all their spellings.
#[derive(Debug)]
pub(super) struct Needles(Vec<(String, &'static str, String)>);

impl Needles {
    pub(super) fn of(canaries: &[Canary]) -> Self {
        let all = canaries.iter().flat_map(|canary| {
            let spellings = secrets::spellings(&canary.value).into_iter();
            spellings.map(|(spelling, needle)| (canary.name.clone(), spelling, needle))
        });
        Self(all.collect())
    }

    /// The canaries in a text, each once.
    pub(super) fn find(&self, bytes: &[u8], place: &str, leaks: &mut Vec<Leak>) {
        let decoded = secrets::percent_decoded(bytes);
        for (canary, spelling, needle) in &self.0 {
            let known = |leak: &Leak| leak.canary == *canary && leak.place == place;
            if leaks.iter().any(known) {
                continue;
            }
            let within = |bytes: &[u8]| memchr::memmem::find(bytes, needle.as_bytes()).is_some();
            let encoding = if within(bytes) {
                *spelling
            } else if within(&decoded) {
                "url"
            } else {
                continue;
            };
            leaks.push(Leak {
                canary: canary.clone(),
                encoding: encoding.to_owned(),
                place: place.to_owned(),
            });
        }
    }
}

/// Where planned files are kept: `NAME/FILE` to a number of files.
#[derive(Debug, Default)]
pub(super) struct Kept {
    /// Files with these very bytes.
    pub(super) as_files: BTreeMap<String, usize>,
    /// Those whose bytes stand among others in a file, to their length in bytes.
    pub(super) within: BTreeMap<String, usize>,
}

/// Looks through the files below `root`: canaries, and planned files.
pub(super) fn search(
    root: &Path,
    needles: &Needles,
    planned: &Files,
    leaks: &mut Vec<Leak>,
) -> Kept {
    let mut kept = Kept {
        as_files: planned.keys().map(|name| (name.clone(), 0)).collect(),
        within: BTreeMap::new(),
    };
    for (path, bytes) in &snapshot::look_with_contents(root).contents {
        needles.find(&bytes.kept, &format!("state-dir:{path}"), leaks);
        if !bytes.is_whole() {
            continue;
        }
        for (name, wanted) in planned {
            if bytes.kept == *wanted {
                *kept.as_files.entry(name.clone()).or_default() += 1;
            } else if copies::within(&bytes.kept, wanted).is_some() {
                kept.within.insert(name.clone(), wanted.len());
            }
        }
    }
    kept
}
