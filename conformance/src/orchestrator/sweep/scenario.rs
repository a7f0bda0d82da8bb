//! The scenario of a sweep: steps that can be taken again and again.

use super::error::SweepError;
use crate::orchestrator::drill::{Act, Drill, Step};
use crate::orchestrator::plan::RunPlan;

/// A plan that a person has to approve, and does.
const USUAL: &str = r#"
summary = "A plan waits for approval, is approved, taken off and completed."

[stage.policy.rule]
decision = "require_approval"
requires = { role = "approver", reason = "a person has to look" }

[[step]]
name = "run"
run = {}

[[step]]
name = "answer"
respond = {}
"#;

/// The scenario that is swept unless another one is named.
pub fn usual() -> RunPlan {
    let mut drill: Drill = toml::from_str(USUAL).expect("the text above is a drill");
    drill.name = "approved".to_owned();
    drill.runs().remove(0)
}

/// The scenarios of a drill, one for each case.
///
/// # Errors
/// When there is no such drill, or it does what cannot be repeated around a crash.
pub fn of_drill(drills: &[Drill], name: &str) -> Result<Vec<RunPlan>, SweepError> {
    let drill = drills.iter().find(|drill| drill.name == name);
    let drill = drill.ok_or_else(|| SweepError::NoDrill {
        name: name.to_owned(),
    })?;
    let runs = drill.runs();
    let steps = runs.iter().flat_map(|run| &run.steps);
    if let Some(step) = steps.clone().find(|step| !is_repeatable(step)) {
        return Err(SweepError::NotRepeatable {
            name: name.to_owned(),
            step: step.name.clone(),
        });
    }
    Ok(runs)
}

fn is_repeatable(step: &Step) -> bool {
    match &step.act {
        Act::Run(verb) => is_plain(verb),
        Act::Respond(respond) => respond.again.is_none() && is_plain(&respond.verb()),
        Act::Resume(_)
        | Act::Edit(_)
        | Act::Fix(_)
        | Act::Change(_)
        | Act::Tamper(_)
        | Act::Each(_)
        | Act::Wait(_) => false,
    }
}

/// Neither killed nor held by the drill itself, and about its only workflow.
fn is_plain(verb: &crate::orchestrator::drill::Verb) -> bool {
    verb.kill_at.is_none() && verb.hold_at.is_none() && verb.workflow.is_none() && verb.id.is_none()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::orchestrator::catalogue::Kit;

    #[test]
    fn the_usual_scenario_has_two_steps() {
        assert_eq!(usual().step_names(), ["run", "answer"]);
    }

    #[test]
    fn only_plain_drills_are_swept() {
        let kit = Kit::embedded().unwrap();
        assert_eq!(of_drill(&kit.drills, "allow").unwrap().len(), 1);
        let killed = of_drill(&kit.drills, "killed");
        assert!(matches!(killed, Err(SweepError::NotRepeatable { .. })));
        let none = of_drill(&kit.drills, "no-such");
        assert!(matches!(none, Err(SweepError::NoDrill { .. })));
    }
}
