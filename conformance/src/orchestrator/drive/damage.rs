//! Damage while nothing runs: the steps that lead to a rest once, then each damage done to what was kept
//! there, and what the next step makes of it.

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;

use super::crash::Target;
use super::director::{Director, Kit, direct_by};
use super::error::OrchestratorDriveError;
use super::power::Share;
use super::schedule::{in_parallel, jobs, machine, observation, temporary};
use super::steps::anonymise;
use super::tamper::write_over;
use crate::drive::engine::Progress;
use crate::drive::{place, reap, snapshot};
use crate::observe::{Bytes, End};
use crate::orchestrator::damage::{Aftermath, Damage, Files, Rest, Resting};
use crate::orchestrator::drill::Act;
use crate::orchestrator::observe::{ActSeen, Document, Exports, Run, StepSeen};
use crate::orchestrator::plan::RunPlan;
use crate::tree::{self, Kind, Tree};

/// How often the next step is taken undamaged: what differs then is made up anew each time.
const UNDAMAGED: usize = 3;
/// The name of what is kept of a rest.
const KEPT: &str = "rest";

/// What is chosen at a rest.
#[derive(Debug)]
pub struct Chosen<C> {
    /// What to judge by.
    pub by: C,
    /// The damages, in order.
    pub damages: Vec<Damage>,
}

/// One of several workers.
#[derive(Debug, Clone, Copy)]
pub struct Part {
    /// Its number, from 0.
    pub number: usize,
    /// How many there are.
    pub of: usize,
}

/// A damage that was done.
#[derive(Debug)]
pub struct Inflicted<'a, C> {
    /// What it is judged by.
    pub by: &'a C,
    /// The damage.
    pub damage: &'a Damage,
    /// What was seen of it.
    pub seen: &'a Aftermath,
    /// Whether this is the second look.
    pub again: bool,
}

/// Chooses damages, or says why there are none.
pub type Choose<'a, C> = dyn Fn(&Resting, Part) -> Result<Chosen<C>, String> + Sync + 'a;

/// What is done with a rest.
pub struct Inflictions<'a, C, T> {
    /// Chooses the damages of one worker.
    pub choose: &'a Choose<'a, C>,
    /// What to make of one; none asks for a second look at it.
    pub take: &'a (dyn Fn(&Inflicted<'_, C>) -> Option<T> + Sync),
    /// Whether there is time for more.
    pub more: &'a (dyn Fn() -> bool + Sync),
    /// Whether one worker is enough.
    pub one: bool,
}

/// Brings a run of `plan` to `rest` in each worker, and has each inflict its share of the damages, since
/// what is kept holds paths of the run that it comes from.
///
/// # Errors
/// When the harness itself cannot work. Whatever the subject does is an observation, not an error.
pub fn damage_all<C, T: Send>(
    target: &Target<'_>,
    (plan, rest): (&RunPlan, &Rest),
    progress: &(dyn Progress + Sync),
    inflictions: &Inflictions<'_, C, T>,
) -> Result<Vec<Result<Share<T>, String>>, OrchestratorDriveError> {
    reap::become_subreaper();
    let own = temporary()?;
    let root = own.path().canonicalize()?;
    let kit = Kit::new(target.subject, target.adapter, target.options);
    let of = if inflictions.one {
        1
    } else {
        jobs(target.options)
    };
    let work = |number: usize| {
        let folder = root.join(number.to_string());
        let damaged = direct_by(&kit, plan, folder.clone(), |director| {
            director.damage_at(rest, Part { number, of }, progress, inflictions)
        });
        let _ = place::remove(&folder);
        damaged.map(|(_, share)| share)
    };
    let results = in_parallel(target.options, of, &|| true, &work);
    let _ = place::remove(&root);
    results.into_iter().collect()
}

/// Takes all steps of a run, undisturbed.
///
/// # Errors
/// When the harness itself cannot work.
pub fn undisturbed(target: &Target<'_>, plan: &RunPlan) -> Result<Run, OrchestratorDriveError> {
    reap::become_subreaper();
    let own = temporary()?;
    let root = own.path().canonicalize()?;
    let kit = Kit::new(target.subject, target.adapter, target.options);
    let run = super::director::direct(&kit, plan, root.join("0"));
    let _ = place::remove(&root);
    run
}

/// The next step, ready to be taken again and again.
struct Next {
    step: crate::orchestrator::drill::Step,
    response: Option<(PathBuf, String)>,
}

impl Director<'_> {
    fn damage_at<C, T>(
        &mut self,
        rest: &Rest,
        part: Part,
        progress: &(dyn Progress + Sync),
        inflictions: &Inflictions<'_, C, T>,
    ) -> Result<Share<T>, String> {
        let told = |error: io::Error| format!("the directories cannot be kept: {error}");
        let workspace = self.trees.clone();
        for step in &rest.steps {
            self.step(step, "");
        }
        self.has_come_to(rest)?;
        self.everything(KEPT, false).map_err(told)?;
        let next = self.prepared(rest)?;
        let mut resting = self.resting(rest, workspace);
        for _ in 0..UNDAMAGED {
            let undamaged = self.aftermath(&next, &resting, None).map_err(told)?;
            resting.undamaged.push(undamaged);
        }
        let Chosen { by, damages } = (inflictions.choose)(&resting, part)?;
        let mut share = Share {
            there: damages.len(),
            taken: Vec::new(),
        };
        for (number, damage) in damages.iter().enumerate() {
            if !(inflictions.more)() || progress.interrupted() {
                break;
            }
            let Some(bytes) = resting.files.get(&damage.path).and_then(|it| damage.of(it)) else {
                continue;
            };
            let hurt = Some((damage.path.as_str(), bytes.as_slice()));
            let mut taken = None;
            for again in [false, true] {
                if taken.is_none() {
                    let seen = self.aftermath(&next, &resting, hurt).map_err(told)?;
                    taken = (inflictions.take)(&Inflicted {
                        by: &by,
                        damage,
                        seen: &seen,
                        again,
                    });
                }
            }
            share.taken.extend(taken);
            progress.launched(number + 1, damages.len(), &damage.path);
        }
        Ok(share)
    }

    /// Whether every step that was to be broken off was.
    fn has_come_to(&self, rest: &Rest) -> Result<(), String> {
        let off = self
            .steps
            .iter()
            .find(|step| step.point != step.reached || step.end.is_none());
        off.map_or(Ok(()), |step| {
            Err(format!(
                "the rest {} was not come to: {} did not reach its end",
                rest.name, step.name
            ))
        })
    }

    fn prepared(&self, rest: &Rest) -> Result<Next, String> {
        let response = match &rest.next.act {
            Act::Respond(respond) => {
                let text = self.response(respond, "a")?;
                let path = self.site.side.join("next.json");
                std::fs::write(&path, &text).map_err(|error| error.to_string())?;
                Some((path, text))
            }
            _ => None,
        };
        Ok(Next {
            step: rest.next.clone(),
            response,
        })
    }

    fn resting(&mut self, rest: &Rest, workspace: BTreeMap<String, Tree>) -> Resting {
        let look = snapshot::look_with_contents(&self.site.state);
        let stamps = look.tree.iter().filter(|(_, it)| it.kind == Kind::File);
        let newest = stamps.max_by_key(|(_, it)| (it.stamp.changed_ns, it.size));
        let newest = newest.map(|(path, _)| path.clone()).unwrap_or_default();
        let steps = self.steps.clone();
        let run = self.seen_so_far(workspace);
        self.steps = steps;
        let root = self.site.root.clone();
        Resting {
            name: rest.name.clone(),
            seen: observation(self.kit.adapter, machine(&root), vec![run]),
            workspace: self.trees.get("a").cloned().unwrap_or_default(),
            files: whole(look.contents),
            newest,
            undamaged: Vec::new(),
        }
    }

    /// Puts everything back, does the damage, and takes the next step.
    fn aftermath(
        &mut self,
        next: &Next,
        resting: &Resting,
        hurt: Option<(&str, &[u8])>,
    ) -> io::Result<Aftermath> {
        self.everything(KEPT, true)?;
        self.exportable = true;
        if let Some((path, bytes)) = hurt {
            write_over(&self.site.state.join(path), bytes)?;
        }
        let before = self.printed_before();
        let mut step = self.taken(next);
        // Refused twice: nobody expects to see more than why.
        let refused = [Some(&before.state.end), step.end.as_ref()]
            .iter()
            .all(|end| *end == Some(&End::Exited(4)));
        step.exports = Some(self.printed_after(refused));
        let folder = self.site.workspace("a").to_owned();
        let after = snapshot::look(&folder, Some(&resting.workspace)).tree;
        step.workspace_changes = tree::changes(&resting.workspace, &after);
        step.workspace_after = after;
        let files = snapshot::look_with_contents(&self.site.state).contents;
        Ok(Aftermath {
            before,
            step,
            files: whole(files),
        })
    }

    /// The documents that show the damage, if any does. A plan token and a list of artifacts show in the
    /// state and in what a take-off is given.
    fn printed_before(&mut self) -> Exports {
        let state = self.print("state", true);
        let readable = state.end == End::Exited(0);
        Exports {
            wal: self.print("wal", readable),
            audit: self.print("audit", readable),
            plan_token: self.print("plan-token", false),
            approvals: self.print("approvals", readable),
            artifacts: self.print("artifacts", false),
            state,
        }
    }

    /// The documents that show what a step has done. Where there is no state to be seen, the audit log
    /// may still say why.
    fn printed_after(&mut self, refused: bool) -> Exports {
        let state = self.print("state", !refused);
        let readable = state.end == End::Exited(0);
        Exports {
            wal: self.print("wal", readable),
            audit: self.print("audit", true),
            plan_token: self.print("plan-token", false),
            approvals: self.print("approvals", false),
            artifacts: self.print("artifacts", false),
            state,
        }
    }

    fn print(&mut self, document: &str, wanted: bool) -> Document {
        if !wanted {
            return Document {
                end: End::NotLaunched("it was not asked for".to_owned()),
                text: Bytes::default(),
            };
        }
        let id = self.ids.get("a").cloned().unwrap_or_default();
        self.export(&id, document).0
    }

    /// Takes the step, without looking for anything but what it did.
    fn taken(&mut self, next: &Next) -> StepSeen {
        let path = next.response.as_ref().map(|(path, _)| path.clone());
        let (act, verb) = match &next.step.act {
            Act::Run(verb) => (ActSeen::Run, verb.clone()),
            Act::Respond(respond) => (ActSeen::Respond, respond.verb()),
            Act::Resume(verb) => (ActSeen::Resume, verb.clone()),
            Act::Edit(_)
            | Act::Change(_)
            | Act::Tamper(_)
            | Act::Fix(_)
            | Act::Each(_)
            | Act::Wait(_) => (ActSeen::Resume, crate::orchestrator::drill::Verb::default()),
        };
        let mut taken = self.verb(act, &verb, "a", path);
        let mut call = taken.call.take().unwrap_or_default();
        let ended = call.ended();
        let named = self.site.named("a");
        for program in &mut call.programs {
            anonymise(program, &named);
        }
        StepSeen {
            name: next.step.name.clone(),
            workflow: "a".to_owned(),
            act,
            command: taken.command,
            end: Some(ended.end),
            stdout: ended.stdout,
            stderr: ended.stderr,
            duration_ms: ended.duration_ms,
            started_s: taken.started_s,
            ended_s: taken.started_s,
            programs: call.programs,
            point: None,
            within: None,
            waited: false,
            reached: None,
            left_alive: ended.left.names,
            exports: None,
            workspace_after: Tree::new(),
            workspace_changes: Vec::new(),
            dirs_left: Vec::new(),
            leaks: Vec::new(),
            stored: BTreeMap::new(),
            stored_within: BTreeMap::new(),
            done: None,
            response: next.response.as_ref().map(|(_, text)| text.clone()),
        }
    }
}

/// Files that were kept whole.
fn whole(contents: BTreeMap<String, Bytes>) -> Files {
    contents
        .into_iter()
        .filter(|(_, bytes)| bytes.is_whole())
        .map(|(path, bytes)| (path, bytes.kept))
        .collect()
}
