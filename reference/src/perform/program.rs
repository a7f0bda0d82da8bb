//! The engine's program: where it is, and whether it is the one that is meant (CC-SEC-011).

use std::path::{Path, PathBuf};

use cabincrew_protocol::digest::{Hasher, Sha256Hex};
use cabincrew_protocol::governance::Pinned;

use crate::decide::Failure;
use crate::fault::{self, Fault};
use crate::workflow::Engine;

/// Where programs without a slash are searched, and the engine's own `PATH`.
pub(super) const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// A program with its arguments, ready to be started.
#[derive(Debug, Clone)]
pub(super) struct Program {
    pub(super) path: PathBuf,
    pub(super) args: Vec<String>,
    /// The program and every file among the arguments.
    pub(super) pins: Vec<Pinned>,
}

/// Finds the program, and computes the digests of what will run.
pub(super) fn find(engine: &Engine, base: &Path) -> Result<Program, Failure> {
    let word = engine.command.first().map_or("", String::as_str);
    let path = locate(word, base)
        .ok_or_else(|| Failure::new(format!("the engine's program {word:?} is not there")))?;
    let sha256 = digest(&path)
        .map_err(|error| Failure::new(format!("the engine's program {word:?}: {error}")))?;
    let later = !fault::is_first_run();
    let differs =
        |pin: &Sha256Hex| *pin != sha256 || (later && fault::on(Fault::PinsRefusedOnRestart));
    let unseen = fault::on(Fault::PinnedDigestIgnored)
        || (later && fault::on(Fault::PinComparedBeforePlanningOnly));
    if engine.sha256.as_ref().is_some_and(differs) && !unseen {
        return Err(Failure::new(format!(
            "the engine's program {word:?} is not the pinned one"
        )));
    }
    let mut pins = vec![Pinned {
        path: word.to_owned(),
        sha256,
    }];
    let mut args = Vec::new();
    for arg in engine.command.iter().skip(1) {
        let relative = arg.starts_with("./") || arg.starts_with("../");
        let file = base.join(arg);
        if file.is_file()
            && let Ok(sha256) = digest(&file)
        {
            let path = arg.clone();
            pins.push(Pinned { path, sha256 });
        }
        args.push(if relative {
            file.to_string_lossy().into_owned()
        } else {
            arg.clone()
        });
    }
    Ok(Program { path, args, pins })
}

fn locate(word: &str, base: &Path) -> Option<PathBuf> {
    if word.contains('/') {
        let path = base.join(word);
        return path.is_file().then_some(path);
    }
    let mut folders = PATH.split(':').map(|folder| Path::new(folder).join(word));
    folders.find(|path| path.is_file())
}

/// SHA-256 of a file's bytes.
pub(super) fn digest(path: &Path) -> std::io::Result<Sha256Hex> {
    let mut file = std::fs::File::open(path)?;
    let mut hasher = Hasher::new();
    let mut buffer = vec![0; crate::artifacts::chunk(&file)];
    loop {
        let length = std::io::Read::read(&mut file, &mut buffer)?;
        if length == 0 {
            return Ok(hasher.finish());
        }
        hasher.update(&buffer[..length]);
    }
}
