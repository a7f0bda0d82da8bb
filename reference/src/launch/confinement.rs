//! What an engine is kept from (CC-SEC-005, CC-SEC-006, CC-SEC-007): the stage gives it up for
//! itself before it starts the engine, so everything that the engine starts is kept from it too.
//! Reading and executing stay free.

use std::path::PathBuf;

use landlock::{
    ABI, Access as _, AccessFs, AccessNet, CompatLevel, Compatible as _, PathBeneath, PathFd,
    PathFdError, Ruleset, RulesetAttr as _, RulesetCreatedAttr as _, RulesetError, Scope,
};
use rustix::thread::UnshareFlags;
use serde::{Deserialize, Serialize};

/// The least that counts as keeping an engine from files: with truncation.
const FILES: ABI = ABI::V3;
/// The least that keeps it from TCP.
const TCP: ABI = ABI::V4;
/// The least that keeps it from signals and abstract sockets of others.
const SCOPES: ABI = ABI::V6;

/// Devices that programs write to and that keep nothing.
const DEVICES: [&str; 3] = ["/dev/null", "/dev/zero", "/dev/full"];

/// What a machine offers, or what is made use of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Means {
    /// Landlock keeps from writing files outside given folders.
    pub files: bool,
    /// Landlock keeps from TCP.
    pub tcp: bool,
    /// Landlock keeps from signals and abstract sockets of other processes.
    pub scopes: bool,
    /// A network of its own, without any interface, keeps from all others.
    pub network: Option<Space>,
}

/// How a process gets a network of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Space {
    /// It may make one as it is.
    Plain,
    /// Only within a user namespace.
    WithUsers,
}

/// What one launch is kept from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Confinement {
    /// What is made use of; no more and no less.
    pub means: Means,
    /// Folders that can be written.
    pub writable: Vec<PathBuf>,
}

/// Why a confinement is not there.
#[derive(Debug, thiserror::Error)]
pub(super) enum ConfinementError {
    /// Landlock refuses.
    #[error("no confinement by Landlock")]
    Landlock(#[from] RulesetError),
    /// A folder cannot be opened.
    #[error("a writable folder cannot be named")]
    Folder(#[from] PathFdError),
    /// The system refuses a namespace, or that privileges are given up.
    #[error("no namespace")]
    System(#[from] rustix::io::Errno),
    /// The user of a new namespace cannot be set.
    #[error("no users in the namespace")]
    Users(#[from] std::io::Error),
}

/// Finds out what this machine offers. The process is not fit for anything else afterwards, so one
/// of its own does this.
#[must_use]
pub(super) fn probe() -> Means {
    let rules = |files, tcp, scopes| {
        let means = Means {
            files,
            tcp,
            scopes,
            network: None,
        };
        rules(means).and_then(Ruleset::create).is_ok()
    };
    let files = rules(true, false, false);
    let tcp = rules(false, true, false);
    let scopes = rules(false, false, true);
    let network = [Space::Plain, Space::WithUsers];
    Means {
        files,
        tcp,
        scopes,
        network: network.into_iter().find(|space| enter(*space).is_ok()),
    }
}

/// Gives up everything that a confinement names, for good.
pub(super) fn confine(confinement: &Confinement) -> Result<(), ConfinementError> {
    let means = confinement.means;
    rustix::thread::set_no_new_privs(true)?;
    if let Some(space) = means.network {
        enter(space)?;
    }
    if !(means.files || means.tcp || means.scopes) {
        return Ok(());
    }
    let mut rules = rules(means)?.create()?;
    if means.files {
        let folders = AccessFs::from_write(FILES);
        for folder in &confinement.writable {
            rules = rules.add_rule(PathBeneath::new(PathFd::new(folder)?, folders))?;
        }
        let device = AccessFs::WriteFile | AccessFs::Truncate;
        for opened in DEVICES.iter().filter_map(|path| PathFd::new(path).ok()) {
            rules = rules.add_rule(PathBeneath::new(opened, device))?;
        }
    }
    rules.restrict_self()?;
    Ok(())
}

/// The accesses that are handled: refused, unless a rule names them.
fn rules(means: Means) -> Result<Ruleset, RulesetError> {
    let mut rules = Ruleset::default().set_compatibility(CompatLevel::HardRequirement);
    if means.files {
        rules = rules.handle_access(AccessFs::from_write(FILES))?;
    }
    if means.tcp {
        rules = rules.handle_access(AccessNet::from_all(TCP))?;
    }
    if means.scopes {
        rules = rules.scope(Scope::from_all(SCOPES))?;
    }
    Ok(rules)
}

/// Enters a network of its own.
fn enter(space: Space) -> Result<(), ConfinementError> {
    let (user, group) = (rustix::process::getuid(), rustix::process::getgid());
    #[expect(
        deprecated,
        reason = "the replacement is unsafe for CLONE_FILES, which is not used here"
    )]
    let unshare = |flags| rustix::thread::unshare(flags);
    match space {
        Space::Plain => unshare(UnshareFlags::NEWNET)?,
        Space::WithUsers => {
            unshare(UnshareFlags::NEWUSER | UnshareFlags::NEWNET)?;
            // The engine is who it was, so its files are whose they would be.
            std::fs::write("/proc/self/setgroups", "deny")?;
            let own = |id: u32| format!("{id} {id} 1");
            std::fs::write("/proc/self/uid_map", own(user.as_raw()))?;
            std::fs::write("/proc/self/gid_map", own(group.as_raw()))?;
        }
    }
    Ok(())
}
