//! `run`: one workflow, or several at once.

use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use cabincrew_protocol::workflow::State;

use super::args::Run;
use super::{capabilities, out, people};
use crate::clock;
use crate::exit::Exit;
use crate::service::{Service, ServiceError};

/// One workflow to be created.
struct Job {
    id: String,
    workspace: PathBuf,
    workflow: PathBuf,
}

/// Creates the workflows and drives each until it rests. What has become of one is said as soon as
/// it is known. The exit is the worst: refused, usage, failed, waiting, done.
pub(super) fn run(service: &Service, run: Run, json: bool) -> Exit {
    let at_once = usize::from(run.jobs);
    let jobs = match jobs(run) {
        Ok(jobs) => jobs,
        Err((exit, text)) => {
            out::problem(&text);
            return exit;
        }
    };
    if !json {
        capabilities::lacking(service);
    }
    let next = AtomicUsize::new(0);
    let worst = Mutex::new(Exit::Done);
    let work = || {
        while let Some(job) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
            let outcome = service.run(&job.id, &job.workspace, &job.workflow);
            // Held while it is printed: lines of different workflows do not mix.
            if let Ok(mut worst) = worst.lock() {
                let exit = told(service, job, outcome, (jobs.len() > 1, json));
                *worst = worst.worse(exit);
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..at_once.min(jobs.len()) {
            scope.spawn(work);
        }
        work();
    });
    worst.into_inner().unwrap_or(Exit::Refused)
}

fn told(
    service: &Service,
    job: &Job,
    outcome: Result<State, ServiceError>,
    (several, json): (bool, bool),
) -> Exit {
    match outcome {
        Ok(state) => people::rest(service, &job.id, state, json),
        Err(error) if several => {
            out::problem(&format!("{}: not run:", job.workflow.display()));
            out::refused(&error)
        }
        Err(error) => out::refused(&error),
    }
}

/// Pairs files with workspaces and ids.
fn jobs(run: Run) -> Result<Vec<Job>, (Exit, String)> {
    let count = run.workflows.len();
    if run.workflow_id.is_some() && count > 1 {
        let text = "--workflow-id names one workflow, and there are several files";
        return Err((Exit::Usage, text.to_owned()));
    }
    if run.workspace.len() != 1 && run.workspace.len() != count {
        let text = format!(
            "{count} workflow files need one --workspace, or {count} of them, and there are {}",
            run.workspace.len()
        );
        return Err((Exit::Usage, text));
    }
    let workspaces = run.workspace.iter().cycle();
    let mut jobs = Vec::new();
    for (workflow, workspace) in run.workflows.iter().zip(workspaces) {
        let id = run.workflow_id.clone().map_or_else(made_up, Ok);
        let id = id.map_err(|error| {
            let text = format!("no workflow id can be made up: {error}");
            (Exit::Refused, text)
        })?;
        jobs.push(Job {
            id,
            workspace: workspace.clone(),
            workflow: workflow.clone(),
        });
    }
    Ok(jobs)
}

fn made_up() -> std::io::Result<String> {
    let day: String = clock::now().chars().take(10).collect();
    Ok(format!("wf-{day}-{}", clock::nonce()?))
}
