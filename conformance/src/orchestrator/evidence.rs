//! What a run leaves behind: the observation, and for each failure what was exported and seen.
//!
//! ```text
//! .cabincrew-conform/last/
//!   report.json         always, also when the run ended early
//!   observation.json    what `cabincrew-conform judge` repeats the verdicts from; -2, -3 for further passes
//!   CC-TKO-008.drift-refused/
//!     report.txt  steps.txt  programs.json
//!     stdout  stderr  state.json  wal.jsonl  audit.jsonl  plan-token.json  approvals.jsonl  artifacts.json
//!     repro.sh          the run's calls, one after the other
//! ```

use std::fmt::Write as _;

use super::observe::{Done, Run, StepSeen};
use super::report::Judged;
use crate::evidence::{EvidenceError, OutputFolder};
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
    folder.write_script(&format!("{name}/repro.sh"), &repro(run, step))
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

/// The calls of the run as a script. What only the kit can do, such as killing at a point that an
/// engine reaches, stands there as a comment.
fn repro(run: &Run, last: &StepSeen) -> String {
    let mut text = String::from(
        "#!/bin/sh\n\
         # Repeats the calls of this run. Usage: repro.sh STAGE PROGRAM [ARGUMENTS]\n\
         # STAGE is a folder of a run that was kept with --keep; it holds the workflow, the scripts of\n\
         # engines and policies, and a workspace.\n\
         set -u\n\
         stage=$1\n\
         shift\n",
    );
    for step in &run.steps {
        let _ = writeln!(text, "\n# {}", plain::safe(&step.name));
        if step.command.is_empty() {
            text.push_str("# (done by the kit)\n");
        } else {
            if let Some(point) = &step.reached {
                let _ = writeln!(
                    text,
                    "# the kit stops the program at {}",
                    plain::safe(point)
                );
            }
            let words: Vec<String> = step.command.iter().map(|word| in_stage(word)).collect();
            let _ = writeln!(text, "\"$@\" {}; echo \"status $?\"", words.join(" "));
        }
        if std::ptr::eq(step, last) {
            break;
        }
    }
    text
}

/// A word of a command line with the run's directories below the stage.
fn in_stage(word: &str) -> String {
    match word.strip_prefix('{').and_then(|rest| rest.split_once('}')) {
        Some((name, rest)) => format!("\"$stage/{}{}\"", plain::safe(name), plain::safe(rest)),
        None => plain::shell_word(&plain::safe(word)),
    }
}
