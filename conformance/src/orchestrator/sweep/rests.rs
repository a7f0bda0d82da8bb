//! The places of a scenario at which the orchestrator does not run: after each step, and killed while an
//! engine plans or takes off.

use crate::orchestrator::damage::Rest;
use crate::orchestrator::drill::{Act, Point, Step, Verb};
use crate::orchestrator::observe::Run;
use crate::orchestrator::plan::RunPlan;

/// In which modes an engine is killed with its orchestrator.
const MODES: [&str; 2] = ["flight-plan", "take-off"];

/// The rests of a scenario, given what was seen of an undisturbed run of it.
pub(super) fn rests(scenario: &RunPlan, undisturbed: &Run) -> Vec<Rest> {
    let mut rests = Vec::new();
    for (at, step) in scenario.steps.iter().enumerate() {
        let before = &scenario.steps[..at];
        let seen = undisturbed.steps.iter().find(|it| it.name == step.name);
        let programs = seen.map_or(&[][..], |it| &it.programs);
        for mode in MODES {
            let engine = programs.iter().find(|program| program.mode == mode);
            let Some(killed) = engine.and_then(|it| killed(step, &it.script, mode)) else {
                continue;
            };
            rests.push(Rest {
                name: format!("{}@{mode}", step.name),
                steps: [before, &[killed]].concat(),
                next: resumed(),
            });
        }
        rests.push(Rest {
            name: step.name.clone(),
            steps: scenario.steps[..=at].to_vec(),
            next: scenario.steps.get(at + 1).cloned().unwrap_or_else(resumed),
        });
    }
    rests
}

fn resumed() -> Step {
    Step {
        name: "resume".to_owned(),
        act: Act::Resume(Verb::default()),
    }
}

/// The step, killed when an engine has done everything but answer: what it did is then in doubt.
fn killed(step: &Step, script: &str, mode: &str) -> Option<Step> {
    let point = Point::try_from(format!("{script}:{mode}:end")).ok();
    let act = match &step.act {
        Act::Run(verb) => Act::Run(Verb {
            kill_at: point,
            ..verb.clone()
        }),
        Act::Respond(respond) => {
            let mut respond = respond.clone();
            respond.kill_at = point;
            Act::Respond(respond)
        }
        Act::Resume(_)
        | Act::Edit(_)
        | Act::Fix(_)
        | Act::Change(_)
        | Act::Tamper(_)
        | Act::Each(_)
        | Act::Wait(_) => return None,
    };
    let name = step.name.clone();
    Some(Step { name, act })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::orchestrator::judge::sample_run;
    use crate::orchestrator::sweep::usual;

    #[test]
    fn there_is_a_rest_after_each_step_and_within_each_launch() {
        let run = sample_run().runs.remove(0);
        let rests = rests(&usual(), &run);
        let names: Vec<&str> = rests.iter().map(|rest| rest.name.as_str()).collect();
        assert_eq!(
            names,
            ["run@flight-plan", "run", "answer@take-off", "answer"]
        );
        assert!(matches!(rests[1].next.act, Act::Respond(_)));
        assert!(matches!(rests[2].next.act, Act::Resume(_)));
    }
}
