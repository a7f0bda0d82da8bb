//! The files of a run's output folder.
//!
//! ```text
//! .cabincrew-conform/last/
//!   report.json         always, also when the run ended early
//!   observation.json    what `cabincrew-conform judge` repeats the verdicts from; -2, -3 for further passes
//!   CC-TKO-008.drift-refused/
//!     report.txt  steps.txt  programs.json
//!     stdout  stderr  state.json  wal.jsonl  audit.jsonl  plan-token.json  approvals.jsonl  artifacts.json
//!     stage/  workspace-a/  what the run began with
//!     repro.sh          the run's calls, one after the other, on a copy of that
//! ```

use std::fmt::Write as _;

use super::repro::repro;
use super::scene::{self, Scene};
use crate::evidence::{EvidenceError, OutputFolder};
use crate::orchestrator::observe::{Done, Run, StepSeen};
use crate::orchestrator::plan::RunPlan;
use crate::orchestrator::report::Judged;
use crate::receipt;
use crate::report::failure;
use crate::report::model::{CheckResult, Report};
use crate::report::plain;
use crate::verdict::Outcome;

/// Writes `observation.json` and a folder for each failure, and names the folders in the report.
///
/// # Errors
/// When the output folder cannot be written.
pub fn write(
    judged: &[Judged],
    report: &mut Report,
    plans: &[RunPlan],
    folder: &OutputFolder,
) -> Result<(), EvidenceError> {
    for (index, judged) in judged.iter().enumerate() {
        let name = match index {
            0 => "observation.json".to_owned(),
            _ => format!("observation-{}.json", index + 1),
        };
        folder.write(&name, &json(&judged.observation, "the observation")?)?;
    }
    for check in &mut report.checks {
        if !matches!(check.outcome, Outcome::Fail | Outcome::Known) {
            continue;
        }
        let Some((run, step)) = seen_in(judged, check) else {
            continue;
        };
        let name = check.id.replace('/', ".");
        check.evidence = Some(name.clone());
        write_one(folder, &name, run, step)?;
        write_again(folder, &name, plans, run, step)?;
        let text = failure::one(check);
        folder.write(&format!("{name}/report.txt"), text.as_bytes())?;
    }
    Ok(())
}

/// The step that a result is about, in a pass that shows it.
fn seen_in<'a>(judged: &'a [Judged], check: &CheckResult) -> Option<(&'a Run, &'a StepSeen)> {
    let finding = check.findings.first()?;
    let shows = |judged: &&Judged| {
        let mut verdicts = judged.verdicts.iter();
        verdicts
            .any(|verdict| verdict.check == check.id && verdict.findings.first() == Some(finding))
    };
    let observation = &judged.iter().find(shows)?.observation;
    let step = observation.step(&finding.launch)?;
    let run = observation
        .runs
        .iter()
        .find(|run| run.steps.iter().any(|other| std::ptr::eq(other, step)))?;
    Some((run, step))
}

fn write_one(
    folder: &OutputFolder,
    name: &str,
    run: &Run,
    step: &StepSeen,
) -> Result<(), EvidenceError> {
    let file = |file: &str, bytes: &[u8]| folder.write(&format!("{name}/{file}"), bytes);
    file("steps.txt", steps(run, step).as_bytes())?;
    file("workflow.json", &json(&run.workflow, "the workflow")?)?;
    file("programs.json", &json(&step.programs, "what programs saw")?)?;
    file("stdout", &step.stdout.kept)?;
    file("stderr", &step.stderr.kept)?;
    if let Some(response) = &step.response {
        file("response.json", response.as_bytes())?;
    }
    if let Some(exports) = &step.exports {
        for (word, document) in exports.named() {
            let ending = match word {
                "wal" | "audit" | "approvals" => "jsonl",
                _ => "json",
            };
            file(&format!("{word}.{ending}"), &document.text.kept)?;
        }
    }
    Ok(())
}

/// What the run began with, and a script that makes its calls on a copy of that.
fn write_again(
    folder: &OutputFolder,
    name: &str,
    plans: &[RunPlan],
    run: &Run,
    last: &StepSeen,
) -> Result<(), EvidenceError> {
    let of_run = |plan: &&RunPlan| plan.drill == run.drill && plan.case == run.case;
    let Some(plan) = plans.iter().find(of_run) else {
        return Ok(());
    };
    let Scene { files, env, filled } = scene::of(plan, run)?;
    for file in &files {
        let path = format!("{name}/{}", file.path);
        if file.executable {
            folder.write_script(&path, &String::from_utf8_lossy(&file.content))?;
        } else {
            folder.write(&path, &file.content)?;
        }
    }
    let responses = run
        .steps
        .iter()
        .filter_map(|step| Some((step, step.response.as_ref()?)));
    for (step, response) in responses {
        let path = format!("{name}/side/{}.json", step.name);
        folder.write(&path, response.as_bytes())?;
    }
    folder.write_script(
        &format!("{name}/repro.sh"),
        &repro(run, last, &env, &filled),
    )
}

fn json(value: &impl serde::Serialize, what: &'static str) -> Result<Vec<u8>, EvidenceError> {
    serde_json::to_vec_pretty(value).map_err(|source| EvidenceError::Serialise { what, source })
}

/// What was done, step by step, up to the one that the failure was seen in.
fn steps(run: &Run, last: &StepSeen) -> String {
    let mut text = String::new();
    for step in &run.steps {
        let words: Vec<String> = step.command.iter().map(|word| plain::safe(word)).collect();
        let _ = write!(text, "{}  {}", step.name, words.join(" "));
        if let Some(end) = &step.end {
            let _ = write!(text, "  {}", receipt::describe_end(end));
        }
        if let Some(reached) = &step.reached {
            let _ = write!(text, "  at {}", plain::safe(reached));
        }
        match &step.done {
            Some(Done::Changed(paths)) => {
                let paths: Vec<String> = paths.iter().map(|path| plain::safe(path)).collect();
                let _ = write!(text, "  changed {}", paths.join(", "));
            }
            Some(Done::NothingFound(why)) => {
                let _ = write!(text, "  not done: {}", plain::safe(why));
            }
            None => {}
        }
        text.push('\n');
        for program in &step.programs {
            let _ = writeln!(
                text,
                "    started {} {}",
                plain::safe(&program.script),
                plain::safe(&program.mode)
            );
        }
        if std::ptr::eq(step, last) {
            break;
        }
    }
    text
}
