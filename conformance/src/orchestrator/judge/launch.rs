//! How engines are started: arguments, environment, descriptors, working directory.

use super::look::{Problems, Told, problem, unless};
use super::plan::given;
use super::view::{View, text};
use crate::orchestrator::observe::ProgramSeen;

/// The variables of the engine contract, and those that C-84 allows beside them. `PWD` is set by the
/// shell that starts the kit's own program.
const VARIABLES: &[&str] = &[
    "CABINCREW_ARTIFACTS_DIR",
    "CABINCREW_INPUT_FILE",
    "CABINCREW_MODE",
    "CABINCREW_TEMP_DIR",
    "CABINCREW_WORKSPACE",
    "HOME",
    "LANG",
    "PATH",
    "PWD",
    "TMPDIR",
    "TZ",
];

/// All engines of a step; none if there is none to look at.
pub(super) fn engines(view: &View<'_>, problems_of: impl Fn(&ProgramSeen) -> Problems) -> Told {
    let mut any = false;
    let mut problems = Problems::new();
    for mode in ["flight-plan", "take-off"] {
        for program in view.engines(mode) {
            any = true;
            let named = |(expected, observed): (String, String)| {
                (
                    expected,
                    format!("{} for {mode}: {observed}", program.script),
                )
            };
            problems.extend(problems_of(program).into_iter().map(named));
        }
    }
    any.then_some(problems)
}

fn switched(program: &ProgramSeen) -> Option<&str> {
    let at = program.argv.iter().position(|word| word == "--mode")?;
    program.argv.get(at + 1).map(String::as_str)
}

/// `--mode` with the mode, once.
pub(super) fn switch(view: &View<'_>) -> Told {
    engines(view, |program| {
        let times = program.argv.iter().filter(|word| *word == "--mode").count();
        unless(
            times == 1 && matches!(switched(program), Some("flight-plan" | "take-off")),
            "the arguments --mode flight-plan or --mode take-off",
            format!("{:?}", program.argv),
        )
    })
}

/// Arguments, environment and input say the same.
pub(super) fn modes(view: &View<'_>) -> Told {
    engines(view, |program| {
        let input = given(program).ok();
        let said = [
            switched(program),
            program.env.get("CABINCREW_MODE").map(String::as_str),
            input.as_ref().and_then(|it| text(it, "/mode")),
        ];
        unless(
            said[0].is_some() && said.iter().all(|word| *word == said[0]),
            "the same mode in arguments, environment and input",
            format!("{said:?}"),
        )
    })
}

/// Only the variables of the contract.
pub(super) fn environment(view: &View<'_>) -> Told {
    engines(view, |program| {
        let mut problems = Problems::new();
        let strange: Vec<&str> = program
            .env
            .keys()
            .map(String::as_str)
            .filter(|name| !VARIABLES.contains(name))
            .collect();
        problems.extend(unless(
            strange.is_empty(),
            format!("only {}", VARIABLES.join(", ")),
            strange.join(", "),
        ));
        let needed = VARIABLES
            .iter()
            .filter(|name| name.starts_with("CABINCREW_") && **name != "CABINCREW_INPUT_FILE");
        for name in needed.filter(|name| !program.env.contains_key(**name)) {
            problems.extend(problem(format!("the variable {name}"), "it is not set"));
        }
        problems
    })
}

/// No value that was made up for this run is in an engine's environment.
pub(super) fn environment_clean(view: &View<'_>) -> Told {
    let canaries = &view.run.canaries;
    engines(view, |program| {
        let mut carried = program.env.iter().flat_map(|(name, value)| {
            canaries
                .iter()
                .filter(|canary| value.contains(&canary.value))
                .map(move |canary| format!("{name} carries {}", canary.name))
        });
        carried.next().map_or_else(Vec::new, |found| {
            problem("nothing of the orchestrator's own environment", found)
        })
    })
}

/// Nothing is open beside the three standard descriptors.
pub(super) fn descriptors(view: &View<'_>) -> Told {
    engines(view, |program| {
        let strange: Vec<String> = program
            .descriptors
            .iter()
            .filter(|(number, _)| !matches!(number.as_str(), "0" | "1" | "2"))
            .map(|(number, target)| format!("{number} -> {target}"))
            .collect();
        unless(
            strange.is_empty(),
            "descriptors 0, 1 and 2",
            strange.join(", "),
        )
    })
}

/// The working directory is the temp folder.
pub(super) fn cwd(view: &View<'_>) -> Told {
    engines(view, |program| {
        let temp = program.env.get("CABINCREW_TEMP_DIR");
        unless(
            temp.is_some_and(|temp| temp.trim_end_matches('/') == program.cwd),
            format!("the working directory {temp:?}"),
            format!("{:?}", program.cwd),
        )
    })
}
