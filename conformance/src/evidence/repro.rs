//! `repro.sh`: runs the subject as a failing launch did, without the kit.

use std::fmt::Write as _;

use super::Run;
use super::launch::plan_of;
use crate::drill::{
    ArtifactsPlan, Cwd, Decoys, Delivery, FileOrder, FileTimes, LaunchPlan, System, WorkspacePlan,
};
use crate::observe::{Launch, Observation};
use crate::report::model::CheckResult;
use crate::report::plain::{safe, shell_word};

/// From the subject's words to directories like the launch's.
const SETUP: &str = r#"set -eu
here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd)

# The launch has directories of its own, so arguments that name files here are made absolute.
case $1 in
    /*) first=$1 ;;
    */*) first=$PWD/$1 ;;
    *) first=$1 ;;
esac
shift
count=$#
set -- "$@" "$first"
while [ "$count" -gt 0 ]; do
    word=$1
    shift
    count=$((count - 1))
    case $word in
        /* | -*) ;;
        *) if [ -e "$word" ]; then word=$PWD/$word; fi ;;
    esac
    set -- "$@" "$word"
done

root=$(mktemp -d)
for name in artifacts temp home tmp elsewhere side; do mkdir "$root/$name"; done
cp -RPp "$here/workspace" "$root/workspace"
cp -RPp "$here/workspace" "$root/before"
if [ -d "$here/artifacts" ]; then cp -RPp "$here/artifacts/." "$root/artifacts"; fi
cp "$here/input.json" "$root/side/input.json"

# Kinds, modes and names.
modes() { (cd "$1" && find . -exec ls -ldn {} + | awk '{ print $1, $9, $10, $11, $12 }' | sort -k 2); }
"#;

/// What came of it.
const ENDING: &str = r#"umask 022
echo "exit status: $status"
echo "---- standard output"
cat "$root/stdout"
echo
echo "---- standard error"
cat "$root/stderr"
echo "---- what changed in the workspace"
if diff -r "$root/before" "$root/workspace" && diff "$root/modes" - <<EOF
$(modes "$root/workspace")
EOF
then echo "nothing"; fi
echo "---- files in the artifacts directory"
(cd "$root/artifacts" && find . ! -name .)
echo "---- everything is left in $root"
"#;

/// The script for a launch.
pub(super) fn script(
    run: &Run<'_>,
    seen: &Observation,
    launch: &Launch,
    check: &CheckResult,
) -> String {
    let plan = plan_of(run, launch);
    let mut text = format!(
        "#!/bin/sh\n# {}: the launch {} in the scenario {}.\n\
         # Runs the subject as that launch did, without cabincrew-conform:\n\
         #   sh repro.sh [SUBJECT [ARGS...]]\n\
         # from the directory that the subject's command is relative to.\n",
        check.id,
        safe(&launch.name),
        safe(&seen.scenario.name)
    );
    for note in plan.map(notes).unwrap_or_default() {
        let _ = writeln!(text, "# Not repeated here: {note}.");
    }
    let words: Vec<String> = run.command.iter().map(|word| shell_word(word)).collect();
    let _ = writeln!(text, "if [ $# -eq 0 ]; then set -- {}; fi", words.join(" "));
    text.push_str(SETUP);
    text.push_str(plan.map(circumstances).unwrap_or_default().as_str());
    let place = match plan.map(|plan| plan.cwd).unwrap_or_default() {
        Cwd::Temp => "temp",
        Cwd::Workspace => "workspace",
        Cwd::Elsewhere => "elsewhere",
    };
    text.push_str("modes \"$root/workspace\" >\"$root/modes\"\n");
    let _ = writeln!(text, "cd \"$root/{place}\"");
    text.push_str(&invocation(launch, plan));
    text.push_str(ENDING);
    text
}

/// Circumstances that a script can make.
fn circumstances(plan: &LaunchPlan) -> String {
    let mut text = String::new();
    match plan.workspace {
        WorkspacePlan::ReadOnly => text.push_str("chmod -R a-w \"$root/workspace\"\n"),
        WorkspacePlan::Unreadable => {
            text.push_str("find \"$root/workspace\" -type f -exec chmod 000 {} +\n");
        }
        WorkspacePlan::Scenario
        | WorkspacePlan::Hostile
        | WorkspacePlan::Grown
        | WorkspacePlan::AsLeft => {}
    }
    if plan.file_times == FileTimes::Old {
        text.push_str("find \"$root/workspace\" -type f -exec touch -t 200411090000 {} +\n");
    }
    if let Some(mask) = &plan.umask {
        let _ = writeln!(text, "umask {}", shell_word(mask));
    }
    text
}

/// Circumstances that a script cannot make.
fn notes(plan: &LaunchPlan) -> Vec<&'static str> {
    let all = [
        (plan.twins, "the second launch at the same time"),
        (
            plan.cpus.is_some(),
            "the limit on processors (try `taskset -c 0`)",
        ),
        (plan.junk, "the files of others in TMPDIR"),
        (plan.leftovers, "what planning left in the temp directory"),
        (
            plan.file_order == FileOrder::Reversed,
            "the order in which files were created",
        ),
        (
            plan.system == System::Watched,
            "watching the system's directories",
        ),
        (
            plan.decoys == Some(Decoys::Credentials),
            "the decoy credentials in the home directory",
        ),
        (
            plan.decoys == Some(Decoys::Gateways),
            "the decoy gateway that listens",
        ),
        (
            plan.artifacts != ArtifactsPlan::Fresh,
            "the artifacts directory without room",
        ),
        (
            plan.workspace == WorkspacePlan::AsLeft,
            "the workspace as the launch before left it",
        ),
        (
            matches!(
                plan.workspace,
                WorkspacePlan::ReadOnly | WorkspacePlan::Unreadable
            ),
            "binding root by mode bits (run this as an ordinary user)",
        ),
    ];
    all.into_iter()
        .filter(|(applies, _)| *applies)
        .map(|(_, note)| note)
        .collect()
}

fn invocation(launch: &Launch, plan: Option<&LaunchPlan>) -> String {
    let delivery = plan.map(|plan| plan.delivery).unwrap_or_default();
    let (before, after) = match delivery {
        Delivery::Whole => ("", " <\"$here/input.json\""),
        Delivery::Pieces => ("dd bs=1 if=\"$here/input.json\" 2>/dev/null | ", ""),
        Delivery::File => ("", " </dev/null"),
        // Open for reading and writing, so that it neither blocks here nor ends there.
        Delivery::FileOpenStdin => ("mkfifo \"$root/silent\"; ", " <>\"$root/silent\""),
        Delivery::FileOtherStdin => ("echo '{\"mode\": 1}' | ", ""),
    };
    let mut text = String::from("status=0\n");
    text.push_str(before);
    text.push_str("env -i");
    for (name, value) in &launch.env {
        let _ = write!(
            text,
            " \\\n    {}={}",
            shell_word(name),
            with_directories(value)
        );
    }
    text.push_str(" \\\n    \"$@\"");
    for argument in &launch.args {
        let _ = write!(text, " {}", shell_word(argument));
    }
    let _ = writeln!(
        text,
        "{after} >\"$root/stdout\" 2>\"$root/stderr\" || status=$?"
    );
    text
}

/// A recorded value as a shell word, with the script's directories in the place of the launch's.
fn with_directories(value: &str) -> String {
    let places = [
        ("{workspace}", "\"$root/workspace\""),
        ("{artifacts}", "\"$root/artifacts\""),
        ("{temp}", "\"$root/temp\""),
        ("{home}", "\"$root/home\""),
        ("{tmpdir}", "\"$root/tmp\""),
        ("{elsewhere}", "\"$root/elsewhere\""),
        ("{side}", "\"$root/side\""),
        ("{base}", "\"$root\""),
    ];
    let next = places
        .iter()
        .filter_map(|(name, place)| Some((value.find(name)?, *name, *place)))
        .min();
    match next {
        None if value.is_empty() => String::new(),
        None => shell_word(value),
        Some((at, name, place)) => {
            let (before, rest) = value.split_at(at);
            let before = if before.is_empty() {
                String::new()
            } else {
                shell_word(before)
            };
            format!("{before}{place}{}", with_directories(&rest[name.len()..]))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recorded_values_become_shell_words() {
        assert_eq!(with_directories("{workspace}"), "\"$root/workspace\"");
        assert_eq!(
            with_directories("{home}/a b:{temp}"),
            "\"$root/home\"'/a b:'\"$root/temp\""
        );
        assert_eq!(with_directories("plain"), "plain");
        assert_eq!(with_directories("$(x)"), "'$(x)'");
    }
}
