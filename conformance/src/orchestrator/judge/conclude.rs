//! From drills and an observation to verdicts.

use std::collections::BTreeMap;

use super::effects;
use super::look::Look;
use super::outcome;
use super::rules;
use super::select::{self, is_everywhere};
use super::view::{View, Views};
use crate::orchestrator::drill::{Check, Drill, Needs};
use crate::orchestrator::expect::Expect;
use crate::orchestrator::observe::Observation;
use crate::orchestrator::rule::Rule;
use crate::receipt;
use crate::report::{merge, said};
use crate::verdict::{ControlResult, Outcome, Verdict};

/// Most findings of one check that are kept.
const FINDINGS_MAX: usize = 5;
/// Why a check is unproven when nothing that was driven has anything to do with it.
const NOTHING_SHOWN: &str = "no step showed anything that could be looked at";
/// Most steps of one check that are named.
const STEPS_MAX: usize = 24;

/// Judges every check of the drills: those in `not_run` (check id to reason) are not run, the
/// others are judged by what was seen. The drills' validation rules out controls in a circle.
pub fn judge(
    drills: &[Drill],
    not_run: &BTreeMap<String, String>,
    seen: &Observation,
) -> Vec<Verdict> {
    let mut court = Court {
        drills,
        not_run,
        views: Views::new(seen),
        known: BTreeMap::new(),
    };
    let mut verdicts: Vec<Verdict> = drills
        .iter()
        .flat_map(|drill| drill.checks.iter().map(move |check| (drill, check)))
        .map(|(drill, check)| court.verdict(drill, check))
        .collect();
    if let Some(why) = nothing_heard(seen) {
        prove_nothing(&mut verdicts, &why);
    }
    verdicts
}

/// Says so when an orchestrator was started and never started anything itself: no engine, no policy,
/// no probe of the kit.
fn nothing_heard(seen: &Observation) -> Option<String> {
    let steps = || seen.runs.iter().flat_map(|run| &run.steps);
    if steps().any(|step| !step.programs.is_empty()) {
        return None;
    }
    let first = steps().find(|step| step.end.is_some())?;
    let ended = receipt::describe_end(first.end.as_ref()?);
    let said = said::few_words(&first.stderr, &[]);
    let said = said.map(|said| format!(", {said}")).unwrap_or_default();
    Some(format!(
        "it started no engine in any of {} runs, so nothing it did can be judged; its first call: {ended}{said}",
        seen.runs.len(),
    ))
}

/// What such a subject breaks, it breaks by doing nothing: one reason for all says more than a failure
/// for each.
fn prove_nothing(verdicts: &mut [Verdict], why: &str) {
    let open =
        |verdict: &&mut Verdict| matches!(verdict.outcome, Outcome::Fail | Outcome::Unproven);
    for verdict in verdicts.iter_mut().filter(open) {
        verdict.outcome = Outcome::Unproven;
        verdict.reason = Some(why.to_owned());
        verdict.findings.clear();
        verdict.findings_total = 0;
    }
}

/// What a part of the drills cannot show is left to the other parts: such checks are not run. `merge`
/// finds out when no part has shown it.
pub fn leave_to_other_parts(verdicts: &mut [Verdict]) {
    for verdict in verdicts {
        let nothing = verdict.reason.as_deref() == Some(NOTHING_SHOWN);
        if nothing && verdict.outcome == Outcome::Unproven {
            verdict.outcome = Outcome::NotRun;
            verdict.reason = Some(merge::LEFT_TO_OTHERS.to_owned());
        }
    }
}

struct Court<'a> {
    drills: &'a [Drill],
    not_run: &'a BTreeMap<String, String>,
    views: Views<'a>,
    known: BTreeMap<String, Verdict>,
}

impl<'a> Court<'a> {
    fn verdict(&mut self, drill: &Drill, check: &Check) -> Verdict {
        match self.not_run.get(&check.id) {
            Some(reason) => blank(check, Outcome::NotRun, Some(reason.clone())),
            None => self.judged_once(drill, check),
        }
    }

    /// The verdict on a check, after those of the checks that are its controls. A control is judged
    /// even where it was not selected: its drill was driven for the checks that rest on it.
    fn judged_once(&mut self, drill: &Drill, check: &Check) -> Verdict {
        if let Some(verdict) = self.known.get(&check.id) {
            return verdict.clone();
        }
        let verdict = self.judged(drill, check);
        self.known.insert(check.id.clone(), verdict.clone());
        verdict
    }

    fn judged(&mut self, drill: &Drill, check: &Check) -> Verdict {
        if let Some((outcome, why)) = check.needs.and_then(|needs| self.missing(needs)) {
            return blank(check, outcome, Some(why));
        }
        let mut verdict = blank(check, Outcome::Pass, None);
        for control in check.control.iter().filter(|control| !is_premise(control)) {
            if *control != format!("check:{}", check.id) {
                verdict.control.push(self.control(drill, control));
            }
        }
        let look = self.look(drill, check);
        if look.findings.is_empty()
            && let Some(name) = self.inapplicable_control(&verdict)
        {
            let why = format!("the control {name} is not applicable");
            return blank(check, Outcome::NotApplicable, Some(why));
        }
        verdict.launches = look.steps.iter().take(STEPS_MAX).cloned().collect();
        let open = check
            .needs
            .filter(|needs| !self.views.seen.claims.contains_key(needs));
        conclude(&mut verdict, look);
        if let (Some(needs), true) = (open, verdict.outcome != Outcome::Pass)
            && offers(needs).is_some()
            && !self.shown(check, needs)
        {
            verdict.findings.clear();
            verdict.findings_total = 0;
            verdict.outcome = Outcome::NotApplicable;
            let why = if needs == Needs::Signatures {
                "the adapter names no audit_key"
            } else {
                "the adapter says nothing about it, and what would show it did not succeed"
            };
            verdict.reason = Some(why.to_owned());
        }
        verdict
    }

    /// The first control that did not hold, if there is nothing in this subject that it could be applied to.
    fn inapplicable_control(&self, verdict: &Verdict) -> Option<String> {
        let control = verdict.control.iter().find(|control| !control.held)?;
        let known = self.known.get(control.name.strip_prefix("check:")?)?;
        (known.outcome == Outcome::NotApplicable).then(|| control.name.clone())
    }

    /// Whether another check, a control of this one, has shown that the subject offers something.
    fn shown(&self, check: &Check, needs: Needs) -> bool {
        let all = self.drills.iter().flat_map(|drill| &drill.checks);
        let same = |id: &str| {
            let mut all = all.clone();
            all.any(|other| other.id == id && other.needs == Some(needs))
        };
        let ids = check
            .control
            .iter()
            .filter_map(|name| name.strip_prefix("check:"));
        ids.filter(|id| *id != check.id && same(id)).any(|id| {
            self.known
                .get(id)
                .is_some_and(|it| it.outcome == Outcome::Pass)
        })
    }

    /// What a check needs and is not there.
    fn missing(&self, needs: Needs) -> Option<(Outcome, String)> {
        let seen = self.views.seen;
        match (offers(needs), seen.claims.get(&needs)) {
            (Some(what), Some(false)) => Some((
                Outcome::NotApplicable,
                format!("the adapter says that there is no {what}"),
            )),
            (Some(_), _) => None,
            (None, _) if seen.machine.contains(&needs) => None,
            (None, _) => Some((
                Outcome::Unproven,
                "this machine does not let the harness do it".to_owned(),
            )),
        }
    }

    fn control(&mut self, drill: &Drill, name: &str) -> ControlResult {
        let result = if let Some(id) = name.strip_prefix("check:") {
            let drills = self.drills;
            let mut all = drills
                .iter()
                .flat_map(|drill| drill.checks.iter().map(move |check| (drill, check)));
            match all.find(|(_, check)| check.id == id) {
                Some((of, check)) => match self.judged_once(of, check).outcome {
                    Outcome::Pass => Ok(()),
                    other => Err(format!("its outcome is {}", other.as_str())),
                },
                None => Err("there is no such check".to_owned()),
            }
        } else {
            self.ended_so(drill, name)
        };
        ControlResult {
            name: name.to_owned(),
            held: result.is_ok(),
            why: result.err(),
        }
    }

    /// `DRILL:STEP is WORD`: all such steps ended so, and there is one.
    fn ended_so(&self, drill: &Drill, control: &str) -> Result<(), String> {
        let (selector, word) = control.split_once(" is ").unwrap_or((control, "completed"));
        let found = select::select(&self.views, &drill.name, selector);
        if found.is_empty() {
            return Err("it was not taken".to_owned());
        }
        found
            .into_iter()
            .try_for_each(|view| select::is(view, word))
    }

    fn look(&self, drill: &Drill, check: &Check) -> Look {
        let mut look = Look::default();
        let premises: Vec<&str> = check
            .control
            .iter()
            .filter(is_premise)
            .map(String::as_str)
            .collect();
        let mut looked_at: Vec<(usize, usize)> = Vec::new();
        for selector in &check.on {
            let found = select::select(&self.views, &drill.name, selector);
            if found.is_empty() {
                look.unproven(selector, "it was not taken");
            }
            for view in found {
                if looked_at.contains(&(view.run_at, view.at)) {
                    continue;
                }
                looked_at.push((view.run_at, view.at));
                // A selector with a star means calls of the orchestrator, not the kit's own steps.
                if selector.contains('*') && view.step.end.is_none() {
                    continue;
                }
                look.steps.push(view.name());
                if !is_everywhere(selector)
                    && let Some(why) = select::inapplicable(&self.views, view)
                {
                    look.inapplicable.push(format!("{}: {why}", view.name()));
                    continue;
                }
                if !is_everywhere(selector)
                    && let Some(why) = select::unfounded(&self.views, view, &premises)
                {
                    look.unproven(&view.name(), &why);
                    continue;
                }
                self.judge_step(&mut look, drill, check, view);
            }
        }
        look
    }

    fn judge_step(&self, look: &mut Look, drill: &Drill, check: &Check, view: &View<'a>) {
        if let Expect::Always { rule } = &check.expect {
            if *rule == Rule::StoreKept && !effects::is_legible(&self.views) {
                let why = "no planned file is found as it is, so the store is packed or elsewhere";
                look.inapplicable.push(format!("{}: {why}", view.name()));
                return;
            }
            look.take(view, rules::apply(*rule, view, &self.views));
            return;
        }
        if let Some(why) = not_started(view) {
            look.unproven(&view.name(), &why);
            return;
        }
        // An orchestrator may keep its documents to itself while it works.
        if matches!(check.expect, Expect::NotYet { .. }) && view.state().is_none() {
            let why = format!("{}: no state is shown meanwhile", view.name());
            look.inapplicable.push(why);
            return;
        }
        match outcome::judge(&check.expect, view, &self.views, &drill.name) {
            Ok(told) if !told.is_empty() && self.is_hidden(&check.expect, view) => {
                let why = "what is kept cannot be read by others";
                look.inapplicable.push(format!("{}: {why}", view.name()));
            }
            Ok(told) => look.take(view, Some(told)),
            Err(why) => look.unproven(&view.name(), &why),
        }
    }

    /// Whether what a check looks for may be there all the same: packed, or in a database that answers from
    /// its own memory.
    fn is_hidden(&self, expect: &Expect, view: &View<'_>) -> bool {
        match expect {
            Expect::Found { absent: false, .. } => !effects::is_legible(&self.views),
            Expect::Stopped { .. } => effects::is_held_open(view, &self.views),
            _ => false,
        }
    }
}

fn not_started(view: &View<'_>) -> Option<String> {
    use crate::observe::End;
    match &view.step.end {
        Some(End::NotStarted(why)) => Some(format!("it could not be started: {why}")),
        Some(End::NotLaunched(why)) => Some(why.clone()),
        _ => None,
    }
}

/// A control that is about the run of the judged step: `STEP is WORD`.
fn is_premise(control: &&String) -> bool {
    control
        .split_once(" is ")
        .is_some_and(|(step, _)| !step.contains(':'))
}

/// What the subject may or may not offer, in words; none if it is the machine that does.
const fn offers(needs: Needs) -> Option<&'static str> {
    match needs {
        Needs::Opa => Some("evaluator for Rego policies"),
        Needs::Onnx => Some("evaluator for ONNX models"),
        Needs::Expiry => Some("expiry of approvals"),
        Needs::PostExecution => Some("governance after execution"),
        Needs::SeveralSteps => Some("workflow of several steps"),
        Needs::ResultsOfSteps => Some("governance after execution of several steps"),
        Needs::ConfiguredApproval => Some("setting that asks for approval in any case"),
        Needs::OfflinePlanning => Some("network that is kept from engines while they plan"),
        Needs::Signatures => Some("signature of audit events"),
        Needs::Mounts | Needs::Unprivileged | Needs::ImmutableFiles => None,
    }
}

fn blank(check: &Check, outcome: Outcome, reason: Option<String>) -> Verdict {
    Verdict {
        check: check.id.clone(),
        outcome,
        reason,
        findings: Vec::new(),
        findings_total: 0,
        control: Vec::new(),
        launches: Vec::new(),
    }
}

fn conclude(verdict: &mut Verdict, look: Look) {
    let control = verdict.control.iter().find(|control| !control.held);
    if !look.findings.is_empty() {
        verdict.outcome = Outcome::Fail;
        verdict.findings_total = look.findings.len();
        verdict.findings = look.findings;
        verdict.findings.truncate(FINDINGS_MAX);
        return;
    }
    let reason = if let Some(control) = control {
        let why = control.why.clone().unwrap_or_default();
        format!("the control {} did not hold: {why}", control.name)
    } else if let Some(why) = look.unproven.first() {
        why.clone()
    } else if let (0, Some(why)) = (look.judged, look.inapplicable.first()) {
        verdict.outcome = Outcome::NotApplicable;
        verdict.reason = Some(why.clone());
        return;
    } else if look.judged == 0 {
        NOTHING_SHOWN.to_owned()
    } else {
        return;
    };
    verdict.outcome = Outcome::Unproven;
    verdict.reason = Some(reason);
}
