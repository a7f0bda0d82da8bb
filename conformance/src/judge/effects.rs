//! Effects where there must be none.

use super::{Look, words};
use crate::observe::{Capabilities, End, Launch};
use crate::receipt;
use crate::tree::{Change, What};

/// CC-ENG-018: names, contents, modes and links of the workspace are as they were.
pub(super) fn workspace_untouched(look: &mut Look, launch: &Launch) {
    let changed: Vec<&Change> = launch
        .workspace_changes
        .iter()
        .filter(|c| c.what != What::Touched)
        .collect();
    let problems = if changed.is_empty() {
        Vec::new()
    } else {
        vec![("an unchanged workspace".to_owned(), words::list(&changed))]
    };
    look.judged(launch, problems);
}

/// CC-ENG-018: nothing was written and put back. The change time of an inode cannot be put back.
pub(super) fn no_write_and_restore(look: &mut Look, launch: &Launch) {
    if launch
        .workspace_changes
        .iter()
        .any(|change| change.what != What::Touched)
    {
        // It is changed for good, which the check above says.
        return;
    }
    let touched: Vec<&Change> = launch.workspace_changes.iter().collect();
    let problems = if touched.is_empty() {
        Vec::new()
    } else {
        let expected = "no write at all (inode numbers and change times as before)".to_owned();
        vec![(
            expected,
            format!("written and restored: {}", words::list(&touched)),
        )]
    };
    look.judged(launch, problems);
}

/// What language runtimes leave by themselves, whatever the engine does: the first is Python's byte
/// code beside its modules, the second the Java virtual machine's performance data in `/tmp`.
const RUNTIME_TRACES: [&str; 2] = ["__pycache__", "hsperfdata_"];

fn is_runtime_trace(path: &str) -> bool {
    path.split('/')
        .any(|name| RUNTIME_TRACES.iter().any(|trace| name.starts_with(trace)))
}

/// CC-ENG-019, 033: nothing is left in watched places.
pub(super) fn nothing_outside(look: &mut Look, launch: &Launch) {
    let changes: Vec<&Change> = launch
        .outside
        .iter()
        .filter(|change| !is_runtime_trace(&change.path))
        .collect();
    if changes.is_empty() {
        if let Err(why) = receipt::worked(launch) {
            look.unproven(launch, &why);
            return;
        }
        look.judged(launch, Vec::new());
        return;
    }
    let expected = "nothing left outside the directories given to the engine".to_owned();
    look.judged(launch, vec![(expected, words::list(&changes))]);
}

/// CC-ENG-031: decoy credentials are neither opened nor repeated.
pub(super) fn decoys_unused(look: &mut Look, launch: &Launch, capabilities: &Capabilities) {
    let mut problems = Vec::new();
    if !launch.decoys_opened.is_empty() {
        let expected = "no credentials but those in the input".to_owned();
        problems.push((
            expected,
            format!("opened {}", launch.decoys_opened.join(", ")),
        ));
    }
    let decoy = launch
        .env
        .get("API_TOKEN")
        .filter(|value| !value.is_empty());
    if let Some(place) = decoy.and_then(|decoy| super::secrets::place_of(launch, decoy)) {
        let expected = "environment credentials unused".to_owned();
        problems.push((expected, format!("a decoy credential appears in {place}")));
    }
    if problems.is_empty() && !capabilities.open_watch {
        look.unproven(launch, "this machine does not show which files are opened");
    } else if let (true, Err(why)) = (problems.is_empty(), receipt::worked(launch)) {
        look.unproven(launch, &why);
    } else {
        look.judged(launch, problems);
    }
}

/// CC-ENG-029: no connection to the decoy gateway.
pub(super) fn no_connections(look: &mut Look, launch: &Launch) {
    if let (true, Err(why)) = (launch.connections.is_empty(), receipt::worked(launch)) {
        look.unproven(launch, &why);
        return;
    }
    let problems = launch
        .connections
        .iter()
        .map(|first| {
            let what = if first.is_empty() {
                "a connection without a request"
            } else {
                first
            };
            ("no connection to a gateway".to_owned(), words::short(what))
        })
        .collect();
    look.judged(launch, problems);
}

/// CC-ENG-041: no injected command ran. An engine may refuse strange names; it must not run them.
pub(super) fn no_marker(look: &mut Look, launch: &Launch) {
    let problems: Vec<_> = launch
        .markers
        .iter()
        .map(|place| {
            (
                "no command run from a name or a value".to_owned(),
                format!("{place} appeared"),
            )
        })
        .collect();
    if problems.is_empty() && !matches!(launch.end, End::Exited(0..=2)) {
        look.unproven(launch, &receipt::describe_end(&launch.end));
        return;
    }
    look.judged(launch, problems);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_names_are_runtime_traces() {
        assert!(is_runtime_trace(
            "/opt/engine/__pycache__/plan.cpython-311.pyc"
        ));
        assert!(is_runtime_trace("/tmp/hsperfdata_user/4711"));
        assert!(!is_runtime_trace("/home/user/.cache/engine/plan"));
        assert!(!is_runtime_trace("/tmp/my-hsperfdata_user"));
    }
}
