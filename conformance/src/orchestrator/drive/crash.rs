//! One run with a fault at a point: the steps before it, the fault, and what a restart makes of it.

use std::ffi::OsString;
use std::sync::atomic::{AtomicUsize, Ordering};

use cabincrew_crashpoint::{Fault, Request};
use serde_json::Value;

use super::director::{Director, Kit, direct_by};
use super::error::OrchestratorDriveError;
use super::schedule::{Options, in_parallel, machine, observation, temporary};
use crate::drive::engine::{Progress, Subject};
use crate::drive::trace::{self, Report};
use crate::drive::{place, reap};
use crate::orchestrator::adapter::OrchestratorAdapter;
use crate::orchestrator::drill::{Act, Respond, Step, Verb};
use crate::orchestrator::observe::{Done, Observation};
use crate::orchestrator::plan::RunPlan;
use crate::receipt;

/// One run.
#[derive(Debug, Clone)]
pub struct CrashPlan {
    /// The steps of an undisturbed run: `run` and `respond` alone.
    pub run: RunPlan,
    /// In which step (counted from 0) which fault is made. Without one, every step is traced and no
    /// restart follows.
    pub fault: Option<(usize, Fault)>,
    /// What happens in the first restart after it.
    pub second: Second,
    /// Whether what is written is kept.
    pub record: bool,
    /// Whether the names of points leave out what differs from run to run.
    pub blur: bool,
}

/// What happens in the first restart after a fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Second {
    /// Nothing.
    Nothing,
    /// Its points are counted.
    Counted,
    /// Another fault is made; one more restart follows.
    At(Fault),
}

/// The step that restarts, where something happens in it.
pub const RECOVERY: &str = "recovery";

/// What one traced call came to.
#[derive(Debug)]
pub struct Traced {
    /// The step.
    pub step: String,
    /// The trace, or why there is none.
    pub report: Report,
}

/// What one run came to.
#[derive(Debug)]
pub struct Crashed {
    /// With one run.
    pub seen: Observation,
    /// The calls that were traced.
    pub traces: Vec<Traced>,
}

/// Who is crashed, and how it is driven.
#[derive(Debug)]
pub struct Target<'a> {
    /// The orchestrator.
    pub subject: &'a Subject,
    /// How it is called.
    pub adapter: &'a OrchestratorAdapter,
    /// How to drive.
    pub options: &'a Options,
}

/// Drives a subject through `plans`, several at the same time, as long as there is `more`, and hands
/// each over as soon as it has ended; gives what `take` made of them, in the order of the plans.
///
/// # Errors
/// When the harness itself cannot work. Whatever the subject does is an observation, not an error.
pub fn crash_all<T: Send>(
    target: &Target<'_>,
    plans: &[CrashPlan],
    progress: &(dyn Progress + Sync),
    (more, take): (
        &(dyn Fn() -> bool + Sync),
        &(dyn Fn(usize, Crashed) -> T + Sync),
    ),
) -> Result<Vec<T>, OrchestratorDriveError> {
    reap::become_subreaper();
    let own = temporary()?;
    let root = own.path().canonicalize()?;
    let offers = machine(&root);
    let kit = Kit::new(target.subject, target.adapter, target.options);
    let done = AtomicUsize::new(0);
    let work = |index: usize| {
        let plan = &plans[index];
        let folder = root.join(index.to_string());
        let driven = direct_by(&kit, &plan.run, folder.clone(), |director| {
            director.crash(plan)
        });
        let _ = place::remove(&folder);
        let count = done.fetch_add(1, Ordering::Relaxed) + 1;
        progress.launched(count, plans.len(), &plan.run.name());
        driven.map(|(run, traces)| {
            let seen = observation(target.adapter, offers.clone(), vec![run]);
            take(index, Crashed { seen, traces })
        })
    };
    let more = || more() && !progress.interrupted();
    let results = in_parallel(target.options, plans.len(), &more, &work);
    let _ = place::remove(&root);
    results.into_iter().collect()
}

fn resume(name: &str) -> Step {
    Step {
        name: name.to_owned(),
        act: Act::Resume(Verb::default()),
    }
}

impl Director<'_> {
    pub(super) fn crash(&mut self, plan: &CrashPlan) -> Vec<Traced> {
        let steps = &plan.run.steps;
        let Some((at, fault)) = &plan.fault else {
            return steps
                .iter()
                .map(|step| self.traced(step, None, plan))
                .collect();
        };
        for step in steps.iter().take(*at) {
            self.step(step, "");
        }
        let Some(step) = steps.get(*at) else {
            return Vec::new();
        };
        let mut traces = vec![self.traced(step, Some(fault.clone()), plan)];
        let recovery = resume(RECOVERY);
        match &plan.second {
            Second::Nothing => {}
            Second::Counted => {
                traces.push(self.traced(&recovery, None, plan));
                return traces;
            }
            Second::At(second) => {
                traces.push(self.traced(&recovery, Some(second.clone()), plan));
            }
        }
        self.recover(step, &steps[*at + 1..]);
        traces
    }

    /// Takes the steps up to one in which a call fails.
    pub(super) fn failing(&mut self, plan: &CrashPlan, at: usize, fault: &Fault) -> Vec<Traced> {
        let steps = plan.run.steps.iter().enumerate().take(at + 1);
        steps
            .map(|(number, step)| {
                let fault = (number == at).then(|| fault.clone());
                self.traced(step, fault, plan)
            })
            .collect()
    }

    /// Takes a step whose call is traced.
    fn traced(&mut self, step: &Step, fault: Option<Fault>, plan: &CrashPlan) -> Traced {
        let (request, report) = (
            self.site.side.join("request.json"),
            self.site.side.join("trace.json"),
        );
        let wanted = Request {
            watched: self.site.state.clone(),
            foreign: vec![self.kit.options.program.clone(), self.site.stage.clone()],
            fault,
            record: plan.record,
            blur: plan.blur,
        };
        let text = serde_json::to_vec(&wanted).unwrap_or_default();
        let _ = std::fs::remove_file(&report);
        if let Err(error) = std::fs::write(&request, text) {
            let report = Err(format!("the request cannot be written: {error}"));
            return Traced {
                step: step.name.clone(),
                report,
            };
        }
        self.before_command = vec![
            self.kit.options.program.clone().into(),
            OsString::from(trace::STAGE),
            request.into(),
            report.clone().into(),
        ];
        self.step(step, "");
        self.before_command.clear();
        let report = match std::fs::read(&report) {
            Ok(text) => serde_json::from_slice(&text)
                .unwrap_or_else(|error| Err(format!("the trace cannot be read: {error}"))),
            Err(_) => Err(self.last_words()),
        };
        Traced {
            step: step.name.clone(),
            report,
        }
    }

    /// What is known of a call that left no trace.
    fn last_words(&self) -> String {
        let Some(seen) = self.steps.last() else {
            return "the step was not taken".to_owned();
        };
        if let Some(Done::NothingFound(why)) = &seen.done {
            return format!("the step was not taken: {why}");
        }
        let said = String::from_utf8_lossy(&seen.stderr.kept);
        format!(
            "the call left no trace: {}, {}",
            seen.end
                .as_ref()
                .map_or_else(String::new, receipt::describe_end),
            said.trim()
        )
    }

    /// What people do after a crash: they start it again, and repeat what was not acknowledged; then go
    /// on as if nothing had happened, and, when all is over, try to disturb it.
    pub(super) fn recover(&mut self, broken: &Step, rest: &[Step]) {
        let again = |name: &str, of: &str| Step {
            name: name.to_owned(),
            act: Act::Respond(Respond {
                again: Some(of.to_owned()),
                ..Respond::default()
            }),
        };
        self.step(&resume("resume"), "");
        match &broken.act {
            // It was never heard of: the wish is made once more.
            Act::Run(_) if self.current_state().is_none() => {
                let repeat = Step {
                    name: "repeat".to_owned(),
                    act: broken.act.clone(),
                };
                self.step(&repeat, "");
            }
            Act::Respond(_) if self.current_state().as_deref() == Some("AWAITING_APPROVAL") => {
                self.step(&again("repeat", &broken.name), "");
            }
            _ => {}
        }
        for step in rest {
            if self.current_state().as_deref() == Some("AWAITING_APPROVAL") {
                self.step(step, "");
            }
        }
        self.step(&resume("again"), "");
        let answered = self.steps.iter().rfind(|step| step.response.is_some());
        if let Some(name) = answered.map(|step| step.name.clone()) {
            self.step(&again("late", &name), "");
        }
    }

    /// `current_state` as it was exported last.
    fn current_state(&self) -> Option<String> {
        let state = &self.steps.last()?.exports.as_ref()?.state;
        let value: Value = serde_json::from_slice(&state.text.kept).ok()?;
        Some(value.get("current_state")?.as_str()?.to_owned())
    }
}
