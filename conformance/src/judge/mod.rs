//! From an observation to verdicts: pure, so that any verdict can be repeated from a record.
//!
//! A check passes only if its launches took place, its controls held, and nothing speaks against it.
//! What speaks against it counts even when a control did not hold.

mod artifacts;
mod content;
mod declared;
mod determinism;
mod effects;
mod ending;
mod other_plan;
mod plan;
mod receipt_rules;
mod refusal;
mod roles;
pub(crate) mod secrets;
mod takeoff;
pub(crate) mod words;

use std::collections::BTreeMap;

use crate::catalogue::Kit;
use crate::drill::{Check, Drill, Needs};
use crate::expect::Expect;
use crate::observe::{Capabilities, End, Launch, Observation};
use crate::receipt;
use crate::select::Plan;
use crate::verdict::{ControlResult, Finding, Outcome, Verdict};

/// Most findings of one check that are kept.
const FINDINGS_MAX: usize = 5;

/// What looking at a check's launches gave.
#[derive(Debug, Default)]
pub(crate) struct Look {
    /// What speaks against the subject.
    findings: Vec<Finding>,
    /// Launches that could not be judged, and why; each one makes the check unproven.
    unproven: Vec<String>,
    /// Launches that the check is not about, and why.
    inapplicable: Vec<String>,
    /// How many launches were really judged.
    judged: usize,
}

impl Look {
    /// Judges a launch: `problems` are expected/observed pairs.
    pub(crate) fn judged(&mut self, launch: &Launch, problems: Vec<(String, String)>) {
        self.judged += 1;
        self.findings
            .extend(problems.into_iter().map(|(expected, observed)| Finding {
                launch: launch.name.clone(),
                expected,
                observed: words::short(&observed),
            }));
    }

    /// Notes that the check says nothing about a launch of this subject.
    pub(crate) fn inapplicable(&mut self, launch: &Launch, why: &str) {
        self.inapplicable.push(format!("{}: {why}", launch.name));
    }

    /// Notes that a launch could not be judged.
    pub(crate) fn unproven(&mut self, launch: &Launch, why: &str) {
        self.unproven.push(format!("{}: {why}", launch.name));
    }
}

/// Judges every check of the kit: the selected ones by what was seen, the others as not run.
pub fn judge(plan: &Plan, kit: &Kit, seen: &Observation) -> Vec<Verdict> {
    let mut known = BTreeMap::new();
    kit.checks()
        .map(|check| {
            if plan.selected.contains(&check.id) {
                judge_with_controls(check, kit, seen, &mut known)
            } else {
                not_run(check, plan)
            }
        })
        .collect()
}

/// Judges a check after the checks that are its controls; the kit's validation rules out circles.
fn judge_with_controls(
    check: &Check,
    kit: &Kit,
    seen: &Observation,
    known: &mut BTreeMap<String, Verdict>,
) -> Verdict {
    if let Some(verdict) = known.get(&check.id) {
        return verdict.clone();
    }
    for id in check
        .control
        .iter()
        .filter_map(|name| name.strip_prefix("check:"))
    {
        if let Some(other) = kit.check(id) {
            judge_with_controls(other, kit, seen, known);
        }
    }
    let verdict = judge_check(check, kit, seen, known);
    known.insert(check.id.clone(), verdict.clone());
    verdict
}

fn not_run(check: &Check, plan: &Plan) -> Verdict {
    let reason = plan.not_run.get(&check.id).cloned();
    Verdict {
        check: check.id.clone(),
        outcome: Outcome::NotRun,
        reason: Some(reason.unwrap_or_else(|| "not selected".to_owned())),
        findings: Vec::new(),
        findings_total: 0,
        control: Vec::new(),
        launches: Vec::new(),
    }
}

fn judge_check(
    check: &Check,
    kit: &Kit,
    seen: &Observation,
    others: &BTreeMap<String, Verdict>,
) -> Verdict {
    let launches = launches_of(check, kit, seen);
    let control: Vec<ControlResult> = check
        .control
        .iter()
        .map(|name| control(name, seen, others))
        .collect();
    let mut verdict = Verdict {
        check: check.id.clone(),
        outcome: Outcome::Pass,
        reason: None,
        findings: Vec::new(),
        findings_total: 0,
        launches: launches
            .iter()
            .map(|launch| launch.name.clone())
            .take(24)
            .collect(),
        control,
    };
    if let Some((outcome, why)) = check.needs.and_then(|needs| missing(needs, seen)) {
        verdict.outcome = outcome;
        verdict.reason = Some(why);
        return verdict;
    }
    let look = look(&check.expect, &launches, seen);
    conclude(&mut verdict, look);
    verdict
}

/// The launches that a check looks at, each once.
fn launches_of<'a>(check: &Check, kit: &Kit, seen: &'a Observation) -> Vec<&'a Launch> {
    let is_extra = |launch: &Launch| {
        let drill = kit.drills.iter().find(|drill| drill.name == launch.drill);
        drill.is_some_and(Drill::is_extra)
    };
    let mut launches: Vec<&Launch> = Vec::new();
    for selector in &check.on {
        for launch in seen.select(selector) {
            // A launch that this machine could not have, or that only hardening asks for, matters
            // to the checks that name it.
            if selector.starts_with('@') && (!launch.was_launched() || is_extra(launch)) {
                continue;
            }
            if !launches.iter().any(|other| std::ptr::eq(*other, launch)) {
                launches.push(launch);
            }
        }
    }
    launches
}

/// What a check needs and is not there.
fn missing(needs: Needs, seen: &Observation) -> Option<(Outcome, String)> {
    let baseline = seen
        .named("baseline", 0)
        .filter(|launch| receipt::worked(launch).is_ok());
    let states = baseline.map(receipt::state_names).unwrap_or_default();
    let has_body = |name: &String| {
        baseline.is_some_and(|launch| launch.contents.contains_key(&format!("{name}/body.data")))
    };
    let nothing = |why: &str| Some((Outcome::NotApplicable, why.to_owned()));
    match needs {
        Needs::InvalidConfig if seen.scenario.invalid_configs == 0 => {
            nothing("the scenario lists no config that the engine refuses ([[invalid_config]])")
        }
        Needs::StateArtifact if baseline.is_some() && states.is_empty() => {
            nothing("the plan has no state artifact")
        }
        Needs::StateBody if baseline.is_some() && !states.iter().any(has_body) => {
            nothing("no state artifact of the plan has a body.data")
        }
        Needs::SystemWatch if !seen.capabilities.system_watch => Some((
            Outcome::Unproven,
            "this machine does not let the harness watch the system's directories".to_owned(),
        )),
        Needs::InvalidConfig | Needs::StateArtifact | Needs::StateBody | Needs::SystemWatch => None,
    }
}

fn control(name: &str, seen: &Observation, others: &BTreeMap<String, Verdict>) -> ControlResult {
    let result = match name.strip_prefix("check:") {
        Some(id) => match others.get(id) {
            Some(verdict) if verdict.outcome == Outcome::Pass => Ok(()),
            Some(verdict) => Err(format!("its outcome is {}", verdict.outcome.as_str())),
            None => Err("it was not judged".to_owned()),
        },
        None => match seen.select(name).first() {
            Some(launch) => receipt::worked(launch),
            None => Err("it was not launched".to_owned()),
        },
    };
    ControlResult {
        name: name.to_owned(),
        held: result.is_ok(),
        why: result.err(),
    }
}

fn conclude(verdict: &mut Verdict, look: Look) {
    let broken = |control: &&ControlResult| !control.held;
    // Without a stable plan to compare with, a difference says nothing about what was varied.
    let of_check = |control: &&ControlResult| control.name.starts_with("check:");
    let control = verdict.control.iter().find(broken);
    let blind = verdict.control.iter().filter(broken).find(of_check);
    let failed = !look.findings.is_empty() && blind.is_none();
    let reason = if failed {
        None
    } else if let Some(control) = blind.or(control) {
        let why = control.why.clone().unwrap_or_default();
        Some(format!("the control {} did not hold: {why}", control.name))
    } else if let Some(why) = look.unproven.first() {
        Some(why.clone())
    } else if let (0, Some(why)) = (look.judged, look.inapplicable.first()) {
        verdict.outcome = Outcome::NotApplicable;
        verdict.reason = Some(why.clone());
        return;
    } else if look.judged == 0 {
        Some("no launch could be looked at".to_owned())
    } else {
        return;
    };
    verdict.outcome = if failed {
        Outcome::Fail
    } else {
        Outcome::Unproven
    };
    verdict.reason = reason;
    if failed {
        verdict.findings_total = look.findings.len();
        verdict.findings = look.findings;
        verdict.findings.truncate(FINDINGS_MAX);
    }
}

/// Looks at the launches that a check selects.
fn look(expect: &Expect, launches: &[&Launch], seen: &Observation) -> Look {
    let mut look = Look::default();
    for launch in launches {
        match &launch.end {
            End::NotLaunched(why) => look.unproven(launch, why),
            End::NotStarted(why) => {
                look.unproven(launch, &format!("it could not be started: {why}"))
            }
            End::Exited(_) | End::Signalled(_) | End::TimedOut(_) | End::Exceeded(_) => {
                judge_launch(&mut look, expect, launch, seen);
            }
        }
    }
    match expect {
        Expect::EngineIdStable => receipt_rules::engine_id_stable(&mut look, launches),
        Expect::NoRawContent => content::no_raw_content(&mut look, launches),
        Expect::ReceiptIdsUnique => receipt_rules::ids_unique(&mut look, launches),
        Expect::SecretsStaySecret => secrets::stay_secret(&mut look, launches, seen),
        _ => {}
    }
    look
}

/// One arm for each expectation: the list of what can be expected, and where it is judged.
fn judge_launch(look: &mut Look, expect: &Expect, launch: &Launch, seen: &Observation) {
    use Expect as E;
    match expect {
        E::AppliesGivenPlan { of } => other_plan::applies_given(look, launch, of, seen),
        E::AppliesPlan => takeoff::applies_plan(look, launch, seen),
        E::ArtifactJsonParses => artifacts::json_parses(look, launch),
        E::ArtifactSchema => artifacts::schema(look, launch),
        E::ArtifactsKept => takeoff::artifacts_kept(look, launch),
        E::ArtifactsStay => artifacts::stay(look, launch),
        E::BodyReference => artifacts::body_reference(look, launch),
        E::DecoysUnused => effects::decoys_unused(look, launch, &seen.capabilities),
        // Looked at over all launches together, see [`look`].
        E::EngineIdStable | E::NoRawContent | E::ReceiptIdsUnique | E::SecretsStaySecret => {}
        E::ErrorIffFailure => receipt_rules::error_iff_failure(look, launch),
        E::ExitCodes => ending::exit_codes(look, launch),
        E::ExplainsBaseline { only_when } => {
            determinism::explains_baseline(look, launch, only_when, seen);
        }
        E::ExitFitsStatus => ending::exit_fits_status(look, launch),
        E::FailureListsWhatIs => artifacts::failure_lists_what_is(look, launch),
        E::HashMatches => artifacts::hash_matches(look, launch),
        E::Layout => artifacts::layout(look, launch),
        E::ModeEchoed => receipt_rules::mode_echoed(look, launch),
        E::Names => artifacts::names(look, launch),
        E::NoClockText => determinism::no_clock_text(look, launch, seen),
        E::NoConnections => effects::no_connections(look, launch),
        E::NoLeftoversNeeded { of } => takeoff::no_leftovers_needed(look, launch, of, seen),
        E::NoMarker => effects::no_marker(look, launch),
        E::NoPlanExplained => refusal::no_plan_explained(look, launch),
        E::NoPlanToken => receipt_rules::no_plan_token(look, launch),
        E::NoProcessLeft => ending::no_process_left(look, launch, &seen.capabilities),
        E::NoSignal => ending::no_signal(look, launch),
        E::NoWriteAndRestore => effects::no_write_and_restore(look, launch),
        E::NothingOutside => effects::nothing_outside(look, launch),
        E::OneReceipt => receipt_rules::one_receipt(look, launch),
        E::OnlyDeclaredEffects => takeoff::only_declared_effects(look, launch, seen),
        E::OwnFailure { or_success } => {
            refusal::own_failure(look, launch, *or_success, &seen.capabilities);
        }
        E::PathNamesFile => artifacts::path_names_file(look, launch),
        E::PlainFiles => artifacts::plain_files(look, launch),
        E::PlanSaysWhat => plan::says_what(look, launch),
        E::ReceiptMatchesDisk => artifacts::receipt_matches_disk(look, launch),
        E::ReceiptSchema { part } => receipt_rules::schema(look, launch, *part),
        E::RefusalStatus => refusal::is_2(look, launch),
        E::Refused { code } => refusal::refused(look, launch, *code),
        E::RepeatIsHarmless { of } => takeoff::repeat_is_harmless(look, launch, of, seen),
        E::RoleAgrees => roles::role_agrees(look, launch),
        E::Roles => roles::roles(look, launch),
        E::SamePlan { .. } => determinism::same_plan(look, expect, launch, seen),
        E::SameWorkspace { r#as, and_succeeds } => {
            takeoff::same_workspace(look, launch, (r#as, *and_succeeds), seen);
        }
        E::SizeMatches => artifacts::size_matches(look, launch),
        E::Succeeds => ending::succeeds(look, launch),
        E::TakeOffRefused => refusal::take_off_refused(look, launch),
        E::TakeOffRoles => roles::take_off_roles(look, launch),
        E::TokenEcho => receipt_rules::token_echo(look, launch),
        E::VersionEchoed => receipt_rules::version_echoed(look, launch),
        E::WholeOrRefused { r#as } => takeoff::whole_or_refused(look, launch, r#as, seen),
        E::WorkspaceUntouched => effects::workspace_untouched(look, launch),
    }
}

/// True if the harness could see processes.
pub(crate) const fn sees_processes(capabilities: &Capabilities) -> bool {
    capabilities.process_list
}
