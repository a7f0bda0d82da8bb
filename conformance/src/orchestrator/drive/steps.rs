//! Takes one step and writes down what was seen of it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::call::Call;
use super::copies::Files;
use super::director::{Director, Given};
use super::leaks::{self, Kept, Needles};
use super::site::lossy;
use crate::drive::{clock, reap, snapshot, with_placeholders};
use crate::observe::{Bytes, End};
use crate::orchestrator::adapter::fill;
use crate::orchestrator::drill::{Act, Each, Respond, Step, Verb};
use crate::orchestrator::observe::{ActSeen, Done, Exports, ProgramSeen, StepSeen};
use crate::tree;

/// Most bytes of a call's output that are kept.
const OUTPUT_KEPT: usize = 64 << 10;

/// What a step was, before anything is looked at.
pub(super) struct Taken {
    act: ActSeen,
    pub(super) command: Vec<String>,
    pub(super) call: Option<Call>,
    done: Option<Done>,
    response: Option<String>,
    point: Option<String>,
    pub(super) started_s: i64,
}

impl Taken {
    fn new(act: ActSeen) -> Self {
        Self {
            act,
            command: Vec::new(),
            call: None,
            done: None,
            response: None,
            point: None,
            started_s: now_s(),
        }
    }
}

impl Director<'_> {
    /// Takes a step; what was seen is called `prefix` and its name.
    pub(super) fn step(&mut self, step: &Step, prefix: &str) {
        let name = format!("{prefix}{}", step.name);
        let label = step.act.workflow().to_owned();
        self.open.push((name.clone(), prefix.to_owned()));
        let taken = match &step.act {
            Act::Run(verb) => self.verb(ActSeen::Run, verb, &label, None),
            Act::Resume(verb) => self.verb(ActSeen::Resume, verb, &label, None),
            Act::Respond(respond) => self.respond(respond, &label, &name),
            Act::Edit(edit) => Taken {
                done: Some(self.edit(edit, &label)),
                ..Taken::new(ActSeen::Edit)
            },
            Act::Change(table) => Taken {
                done: Some(self.change(table)),
                ..Taken::new(ActSeen::Change)
            },
            Act::Tamper(tamper) => Taken {
                done: Some(self.tamper(tamper, &label)),
                ..Taken::new(ActSeen::Tamper)
            },
            Act::Fix(what) => Taken {
                done: Some(self.fix(*what)),
                ..Taken::new(ActSeen::Tamper)
            },
            Act::Wait(milliseconds) => {
                let taken = Taken::new(ActSeen::Wait);
                reap::pause(Duration::from_millis(*milliseconds));
                taken
            }
            Act::Each(each) => {
                self.open.pop();
                return self.each(each, &name, &label);
            }
        };
        self.open.pop();
        self.write_down(name, label, taken);
    }

    /// One file after the other is damaged, each time in the state as it is now.
    fn each(&mut self, each: &Each, name: &str, label: &str) {
        if self.everything(name, false).is_err() {
            return;
        }
        for (number, path) in self.each_file().into_iter().enumerate() {
            let taken = Taken {
                done: Some(self.tamper_one(path, &each.by)),
                ..Taken::new(ActSeen::Tamper)
            };
            self.write_down(format!("{name}.{number}"), label.to_owned(), taken);
            for step in &each.then {
                self.step(step, &format!("{name}.{number}."));
            }
            if self.everything(name, true).is_err() {
                return;
            }
            for (label, folder) in &self.site.workspaces {
                let tree = snapshot::look(folder, None).tree;
                self.trees.insert(label.clone(), tree);
            }
        }
    }

    fn respond(&mut self, respond: &Respond, label: &str, name: &str) -> Taken {
        let text = match self.response(respond, label) {
            Ok(text) => text,
            Err(why) => {
                return Taken {
                    done: Some(Done::NothingFound(why)),
                    ..Taken::new(ActSeen::Respond)
                };
            }
        };
        let path = self.site.side.join(format!("{name}.json"));
        if let Err(error) = std::fs::write(&path, &text) {
            return Taken {
                done: Some(Done::NothingFound(error.to_string())),
                ..Taken::new(ActSeen::Respond)
            };
        }
        let mut taken = self.verb(ActSeen::Respond, &respond.verb(), label, Some(path));
        taken.response = Some(text);
        taken
    }

    pub(super) fn verb(
        &mut self,
        act: ActSeen,
        verb: &Verb,
        label: &str,
        response: Option<PathBuf>,
    ) -> Taken {
        let mut taken = Taken::new(act);
        let verbs = &self.kit.adapter.verbs;
        let template = match act {
            ActSeen::Resume => &verbs.resume,
            ActSeen::Respond => &verbs.respond,
            ActSeen::Run | ActSeen::Edit | ActSeen::Change | ActSeen::Tamper | ActSeen::Wait => {
                &verbs.run
            }
        };
        let id = verb.id.clone().or_else(|| self.ids.get(label).cloned());
        let words = [
            ("state_dir", lossy(&self.site.state)),
            ("workspace", self.workspace_word(label)),
            ("workflow_id", id.unwrap_or_default()),
            ("workflow", lossy(&self.site.stage.join("workflow.json"))),
            (
                "response",
                response.as_deref().map(lossy).unwrap_or_default(),
            ),
        ];
        let values: Vec<(&str, &str)> = words
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        let arguments = fill(template, &values);
        let named = self.site.named(label);
        taken.command = arguments
            .iter()
            .map(|word| with_placeholders(word, &named))
            .collect();
        let point = verb.kill_at.as_ref().or(verb.hold_at.as_ref());
        taken.point = point.map(ToString::to_string);
        taken.call = Some(self.call(&arguments, verb));
        taken
    }

    fn write_down(&mut self, name: String, label: String, mut taken: Taken) {
        let ended = taken.call.as_mut().map(Call::ended);
        let mut programs = taken
            .call
            .as_mut()
            .map(|call| std::mem::take(&mut call.programs))
            .unwrap_or_default();
        let ended_s = now_s();
        self.learn(&label, &programs);
        let id = self.ids.get(&label).cloned().unwrap_or_default();
        let looks = taken.call.is_some() || taken.act == ActSeen::Tamper;
        let exports = looks.then(|| self.exports(&id)).map(|(exports, started)| {
            programs.extend(started);
            exports
        });
        // What is printed once the call that is held has gone on shows what became of that one.
        let waited = self.calls.iter().any(Call::has_gone_on);
        // Meanwhile documents may be kept back: that says nothing about them.
        let held = !self.calls.is_empty();
        let kept_back = |all: &Exports| held && all.state.end != End::Exited(0);
        let exports = exports.filter(|all| !waited && !kept_back(all));
        let (stdout, stderr) = ended
            .as_ref()
            .map(|ended| (shortened(&ended.stdout), shortened(&ended.stderr)))
            .unwrap_or_default();
        let (leaks, kept) = self.found_again(&label, &[&stdout, &stderr], exports.as_ref());
        let folder = self.site.workspace(&label).to_owned();
        let before = self.trees.remove(&label).unwrap_or_default();
        let after = snapshot::look(&folder, Some(&before)).tree;
        let workspace_changes = tree::changes(&before, &after);
        self.trees.insert(label.clone(), after.clone());
        let named = self.site.named(&label);
        for program in &mut programs {
            anonymise(program, &named);
        }
        let reached = taken.call.as_ref().and_then(|call| call.reached.as_ref());
        let seen = StepSeen {
            workflow: label,
            act: taken.act,
            command: taken.command,
            stdout,
            stderr,
            duration_ms: ended.as_ref().map_or(0, |ended| ended.duration_ms),
            started_s: taken.started_s,
            ended_s,
            programs,
            reached: reached.map(ToString::to_string),
            point: taken.point,
            within: self.open.last().map(|(step, _)| step.clone()),
            waited,
            left_alive: ended
                .as_ref()
                .map(|ended| ended.left.names.clone())
                .unwrap_or_default(),
            end: ended.map(|ended| ended.end),
            exports,
            workspace_after: after,
            workspace_changes,
            dirs_left: self.dirs_left(),
            leaks,
            stored: kept.as_files,
            stored_within: kept.within,
            done: taken.done,
            response: taken.response,
            name,
        };
        if self.kept.contains(&seen.name) {
            let _ = self.keep(&seen.name);
        }
        self.steps.push(seen);
    }

    /// Remembers what engines planned, and which directories they were given.
    fn learn(&mut self, label: &str, programs: &[ProgramSeen]) {
        for program in programs {
            for (word, variable) in [
                ("artifacts", "CABINCREW_ARTIFACTS_DIR"),
                ("temp", "CABINCREW_TEMP_DIR"),
            ] {
                if let Some(path) = program.env.get(variable) {
                    self.given.push(Given {
                        word,
                        pid: program.pid,
                        in_take_off: program.mode == "take-off",
                        path: path.into(),
                    });
                }
            }
            if let Some(files) = planned_by(program) {
                self.planned.insert(label.to_owned(), files);
            }
        }
    }

    /// What was planned in the call that is being held, if it was for this workflow.
    pub(super) fn planned_so_far(&self, label: &str) -> Option<Files> {
        let id = format!("\"{}\"", self.ids.get(label)?);
        let held = self.calls.iter().flat_map(|call| call.programs.iter());
        let own = held.filter(|program| String::from_utf8_lossy(&program.stdin.kept).contains(&id));
        own.filter_map(planned_by).next_back()
    }

    /// The artifacts directories that engines were given up to now, in the held calls as well.
    pub(super) fn given_directories(&self) -> Vec<PathBuf> {
        let ended = self.given.iter();
        let ended = ended.filter(|given| given.word == "artifacts");
        let held = self.calls.iter().flat_map(|call| call.programs.iter());
        let held = held.filter_map(|program| program.env.get("CABINCREW_ARTIFACTS_DIR"));
        ended
            .map(|given| given.path.clone())
            .chain(held.map(PathBuf::from))
            .collect()
    }

    /// Whether a directory was given to take-offs that have ended, and to no planning.
    pub(super) fn is_of_take_offs(&self, path: &Path) -> bool {
        let mut given = self
            .given
            .iter()
            .filter(|it| path.starts_with(&it.path))
            .peekable();
        given.peek().is_some() && given.all(|it| it.in_take_off)
    }

    fn dirs_left(&self) -> Vec<String> {
        let there = self.given.iter().filter(|given| given.path.is_dir());
        there
            .map(|given| format!("{} {}", given.word, given.pid))
            .collect()
    }

    fn found_again(
        &self,
        label: &str,
        output: &[&Bytes; 2],
        exports: Option<&Exports>,
    ) -> (Vec<crate::orchestrator::observe::Leak>, Kept) {
        let mut leaks = Vec::new();
        let needles = Needles::of(&self.canaries);
        for (place, bytes) in ["stdout", "stderr"].into_iter().zip(output) {
            needles.find(&bytes.kept, place, &mut leaks);
        }
        let Some(exports) = exports else {
            return (leaks, Kept::default());
        };
        for (place, document) in exports.named() {
            needles.find(&document.text.kept, &format!("export:{place}"), &mut leaks);
        }
        let nothing = Files::new();
        let planned = self.planned.get(label).unwrap_or(&nothing);
        let kept = leaks::search(&self.site.state, &needles, planned, &mut leaks);
        (leaks, kept)
    }
}

/// The files that a launch has planned.
fn planned_by(program: &ProgramSeen) -> Option<Files> {
    let files = program.artifacts_after.iter();
    let whole = files
        .filter(|(_, bytes)| bytes.is_whole())
        .map(|(path, bytes)| (path.clone(), bytes.kept.clone()));
    (program.mode == "flight-plan" && program.ended).then(|| whole.collect())
}

/// Paths of this run become names, so that observations of the same behaviour are the same.
pub(super) fn anonymise(program: &mut ProgramSeen, named: &BTreeMap<String, String>) {
    let texts = program
        .env
        .values_mut()
        .chain(program.descriptors.values_mut())
        .chain(program.argv.iter_mut())
        .chain([&mut program.cwd]);
    for text in texts {
        *text = with_placeholders(text, named);
    }
}

fn shortened(bytes: &Bytes) -> Bytes {
    Bytes {
        kept: bytes.kept[..bytes.kept.len().min(OUTPUT_KEPT)].to_vec(),
        total: bytes.total,
    }
}

fn now_s() -> i64 {
    i64::try_from(clock::wall().as_secs()).unwrap_or(i64::MAX)
}
