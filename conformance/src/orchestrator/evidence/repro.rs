//! The calls of a run as a script that needs nothing but the evidence folder it lies in.

use std::fmt::Write as _;

use super::scene::ROOT;
use crate::orchestrator::observe::{Run, StepSeen};
use crate::report::plain;

/// What every script begins with.
const HEAD: &str = r#"#!/bin/sh
# Repeats the calls of this run on a copy of what it began with, and leaves the copy behind to look at.
# Usage: sh repro.sh PROGRAM [ARGUMENTS]
# The engines and policies are played by the kit's program; CONFORM names it if it is not on the PATH.
# What the kit did beside the calls (killing at a point, damaging files, edits) stands here as a comment.
set -u
if [ "$#" -eq 0 ]; then
  echo "usage: sh repro.sh PROGRAM [ARGUMENTS]" >&2
  exit 2
fi
conform=$(command -v "${CONFORM:-cabincrew-conform}") || {
  echo "repro.sh: set CONFORM to the path of cabincrew-conform" >&2
  exit 2
}
case $conform in /*) ;; *) conform=$PWD/$conform ;; esac
for word do
  shift
  case $word in /*) ;; *) [ -e "$word" ] && word=$PWD/$word ;; esac
  set -- "$@" "$word"
done
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
root=$(mktemp -d)
echo "in $root"
mkdir -p "$root/state" "$root/elsewhere" "$root/home" "$root/tmp" "$root/cwd" "$root/side"
for folder in "$here"/stage "$here"/workspace-* "$here"/side; do
  [ -d "$folder" ] && cp -R "$folder" "$root/"
done
fill() {
  sed -e "s|@ROOT@|$root|g" -e "s|@CONFORM@|$conform|g" "$here/$1" > "$root/$1"
}
call() {
  echo "+ $*"
  "$@"
  echo "exit status $?"
}
"#;

/// The script. `env` and `filled` are those of the scene.
pub(super) fn repro(
    run: &Run,
    last: &StepSeen,
    env: &[(String, Option<String>)],
    filled: &[String],
) -> String {
    let mut text = HEAD.to_owned();
    for file in filled {
        let _ = writeln!(text, "fill {}", plain::shell_word(file));
    }
    text.push_str("export HOME=\"$root/home\" TMPDIR=\"$root/tmp\" LANG=C.UTF-8\n");
    for (name, value) in env {
        let _ = match value {
            Some(value) => writeln!(text, "export {name}={}", filled_in(value)),
            None => writeln!(text, "unset {name}"),
        };
    }
    text.push_str("cd \"$root/cwd\" || exit 2\n");
    for step in &run.steps {
        one(&mut text, step);
        if std::ptr::eq(step, last) {
            break;
        }
    }
    text
}

fn one(text: &mut String, step: &StepSeen) {
    let _ = writeln!(text, "\n# {}", plain::safe(&step.name));
    if step.command.is_empty() {
        text.push_str("# (done by the kit, see steps.txt)\n");
        return;
    }
    if let Some(point) = &step.reached {
        let _ = writeln!(text, "# the kit acted at {}", plain::safe(point));
    }
    if step.response.is_some() {
        text.push_str(
            "# The response names the request of the recorded run: put the new approval id into it first.\n",
        );
    }
    let words: Vec<String> = step
        .command
        .iter()
        .map(|word| in_copy(word, &step.workflow))
        .collect();
    let _ = writeln!(text, "call \"$@\" {}", words.join(" "));
}

/// A word of a command line, with the run's directories in the copy.
fn in_copy(word: &str, label: &str) -> String {
    let Some((name, rest)) = word.strip_prefix('{').and_then(|rest| rest.split_once('}')) else {
        return plain::shell_word(&plain::safe(word));
    };
    let folder = match name.split_once(':') {
        Some(("workspace", other)) => format!("workspace-{other}"),
        _ if name == "workspace" => format!("workspace-{label}"),
        _ if name == "state_dir" => "state".to_owned(),
        _ => name.to_owned(),
    };
    let path = plain::shell_word(&plain::safe(&format!("{folder}{rest}")));
    format!("\"$root\"/{path}")
}

/// A value of the environment, with the copy's folder in it.
fn filled_in(value: &str) -> String {
    let parts: Vec<String> = value.split(ROOT).map(plain::shell_word).collect();
    parts.join("\"$root\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directories_are_those_of_the_copy() {
        assert_eq!(in_copy("--state-dir", "a"), "--state-dir");
        assert_eq!(in_copy("{state_dir}", "a"), "\"$root\"/state");
        assert_eq!(in_copy("{workspace}", "b"), "\"$root\"/workspace-b");
        assert_eq!(in_copy("{workspace:b}", "a"), "\"$root\"/workspace-b");
        assert_eq!(in_copy("{side}/ok.json", "a"), "\"$root\"/side/ok.json");
        assert_eq!(in_copy("it's", "a"), "'it'\\''s'");
    }

    #[test]
    fn values_of_the_environment_are_quoted_around_the_folder() {
        assert_eq!(filled_in("@ROOT@/x y"), "''\"$root\"'/x y'");
        assert_eq!(filled_in("plain"), "plain");
    }
}
