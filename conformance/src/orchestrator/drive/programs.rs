//! What the programs of a stage say of themselves.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::observe::Bytes;
use crate::orchestrator::drill::Point;
use crate::orchestrator::observe::ProgramSeen;

/// A line of a program.
#[derive(Debug, Deserialize)]
#[serde(tag = "at", rename_all = "kebab-case")]
pub(super) enum Line {
    /// It has started.
    Begin(Box<Begin>),
    /// It is about to print and to end.
    End(End),
}

/// First words.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Begin {
    script: String,
    mode: String,
    pid: u32,
    ppid: u32,
    pgid: u32,
    sid: u32,
    argv: Vec<String>,
    env: BTreeMap<String, String>,
    cwd: String,
    stdin: Option<Bytes>,
    descriptors: BTreeMap<String, String>,
    artifacts_before: BTreeMap<String, String>,
    temp_before: Vec<String>,
    writable: BTreeMap<String, bool>,
    connected: Option<bool>,
    workspace_before: BTreeMap<String, String>,
    workspace_forms: BTreeMap<String, String>,
}

/// Last words.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct End {
    artifacts_after: BTreeMap<String, Bytes>,
    stdout: Bytes,
}

impl Begin {
    /// The program, as seen so far.
    pub(super) fn seen(self, of_subject: bool) -> ProgramSeen {
        ProgramSeen {
            script: self.script,
            mode: self.mode,
            pid: self.pid,
            ppid: self.ppid,
            pgid: self.pgid,
            sid: self.sid,
            of_subject,
            argv: self.argv,
            env: self.env,
            cwd: self.cwd,
            stdin: self.stdin.unwrap_or_default(),
            descriptors: not_inherited(self.descriptors),
            artifacts_before: self.artifacts_before,
            temp_before: self.temp_before,
            writable: self.writable,
            connected: self.connected,
            workspace_before: self.workspace_before,
            workspace_forms: self.workspace_forms,
            artifacts_after: BTreeMap::new(),
            stdout: Bytes::default(),
            ended: false,
        }
    }
}

/// What is left without those that stand open under the same number, with the same target, in this
/// very process: whoever called the toolkit left them open, and the orchestrator has not opened them.
fn not_inherited(mut descriptors: BTreeMap<String, String>) -> BTreeMap<String, String> {
    descriptors.retain(|number, target| {
        let own = std::fs::read_link(format!("/proc/self/fd/{number}"));
        matches!(number.as_str(), "0" | "1" | "2")
            || own.map_or(true, |own| own.as_os_str() != target.as_str())
    });
    descriptors
}

impl End {
    /// Adds the last words.
    pub(super) fn complete(self, program: &mut ProgramSeen) {
        program.artifacts_after = self.artifacts_after;
        program.stdout = self.stdout;
        program.ended = true;
    }
}

/// Counts how often points are reached.
#[derive(Debug, Default)]
pub(super) struct Passed(BTreeMap<(String, String, bool), usize>);

impl Passed {
    /// Notes that a program is at its begin or end, and tells which point that is.
    pub(super) fn reach(&mut self, script: &str, mode: &str, at_end: bool) -> Point {
        let key = (script.to_owned(), mode.to_owned(), at_end);
        let count = self.0.entry(key).or_default();
        *count += 1;
        Point {
            script: script.to_owned(),
            mode: mode.to_owned(),
            at_end,
            number: *count,
        }
    }
}
