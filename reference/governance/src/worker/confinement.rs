//! What a worker may reach: nothing but its pipes (CC-PRE-036).

use landlock::{
    ABI, Access as _, AccessFs, AccessNet, CompatLevel, Compatible as _, Ruleset, RulesetAttr as _,
    RulesetError, RulesetStatus, Scope,
};
use serde::{Deserialize, Serialize};

/// How far the kernel keeps a worker from files, network and other processes. The engines make no
/// use of any; this holds if one of them is made to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Confinement {
    /// From all that is asked for: files, TCP, signals and abstract sockets.
    Full,
    /// From some of it: an older kernel.
    Partial,
    /// Not at all: a kernel without Landlock.
    None,
}

/// The newest set of restrictions that is asked for; older kernels give what they have.
const RESTRICTIONS: ABI = ABI::V6;

/// Gives up, for this thread and what it starts, everything that is not open already.
pub(crate) fn confine() -> Confinement {
    // A kernel that refuses outright confines as little as one that knows nothing of it.
    restrict().map_or(Confinement::None, |status| match status {
        RulesetStatus::FullyEnforced => Confinement::Full,
        RulesetStatus::PartiallyEnforced => Confinement::Partial,
        RulesetStatus::NotEnforced => Confinement::None,
    })
}

fn restrict() -> Result<RulesetStatus, RulesetError> {
    let status = Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(RESTRICTIONS))?
        .handle_access(AccessNet::from_all(RESTRICTIONS))?
        .scope(Scope::from_all(RESTRICTIONS))?
        .create()?
        .restrict_self()?;
    Ok(status.ruleset)
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::net::TcpListener;
    use std::thread;

    use super::{Confinement, confine};

    #[test]
    fn a_confined_thread_opens_nothing() {
        let open = || {
            (
                File::open("/proc/version").is_ok(),
                TcpListener::bind("127.0.0.1:0").is_ok(),
            )
        };
        assert_eq!(open(), (true, true));
        // Restrictions are the thread's own: other tests go on without.
        let (level, opened) = thread::spawn(move || (confine(), open())).join().unwrap();
        match level {
            Confinement::Full => assert_eq!(opened, (false, false)),
            Confinement::Partial => assert!(!opened.0),
            Confinement::None => assert_eq!(opened, (true, true)),
        }
    }
}
