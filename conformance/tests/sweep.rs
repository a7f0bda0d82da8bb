//! The crash sweep on the example in Python, as it is and made wrong in one way.

use std::path::Path;
use std::sync::LazyLock;

use cabincrew_conform::orchestrator::judge::{DAMAGE_INVARIANTS, INVARIANTS};

use crate::conform::{Conform, Ran};

const EXAMPLE: &str = "../fixtures/orchestrators/python/minimal";

/// The example, with texts in it replaced.
fn example(conform: &Conform, changes: &[(&str, &str)]) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(EXAMPLE);
    let mut text = std::fs::read_to_string(path).expect("the example is there");
    for (from, to) in changes {
        assert_eq!(text.matches(from).count(), 1, "{from}");
        text = text.replace(from, to);
    }
    conform.write("minimal", &text);
}

fn sweep(conform: &Conform, options: &[&str]) -> Ran {
    let mut args = vec!["sweep"];
    args.extend(options);
    args.extend(["python3", "./minimal"]);
    conform.run(&args)
}

/// Whether the machine lets a program be traced; some containers do not.
static TRACES: LazyLock<bool> = LazyLock::new(|| {
    let conform = Conform::new();
    example(&conform, &[]);
    let ran = sweep(&conform, &["--list"]);
    let refused = ran.code == 3 && ran.stdout.contains("be traced");
    if refused {
        // Then that is what is tested: nothing is proven, and it is said.
        assert!(ran.stdout.contains("UNPROVEN"), "{}", ran.stdout);
    }
    !refused
});

/// Right after the take-off, before the journal says so. Numbers of paths differ from run to run.
const AFTER_TAKE_OFF: &str = "answer/write:wf-#-a/journal.jsonl:6";

/// The engine has changed the workspace, and nothing was kept of it yet.
const TOOK_OFF: &str = "answer/openat:wf-#-a/logs/#-take-off-#.stderr:1";

/// The last moment before approval and end are told, if nothing unsynced is left then.
const BEFORE_TOLD: &str = "answer/write:@stdout:1 all-lost";

#[test]
fn a_correct_orchestrator_survives_a_kill() {
    let conform = Conform::new();
    if !*TRACES {
        return;
    }
    example(&conform, &[]);
    let ran = sweep(&conform, &["--point", AFTER_TAKE_OFF, "--mode", "torn"]);
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    assert!(
        ran.stdout.contains("1 of 1 faults driven, 1 made"),
        "{}",
        ran.stdout
    );
    assert!(ran.stdout.contains("SURVIVES"), "{}", ran.stdout);
}

#[test]
fn a_torn_log_that_cannot_be_recovered_is_found() {
    let conform = Conform::new();
    if !*TRACES {
        return;
    }
    let cut = "os.truncate(self.path(\"journal.jsonl\"), self.size)";
    example(&conform, &[(cut, "raise Refused(\"half a line\")")]);
    let ran = sweep(&conform, &["--point", AFTER_TAKE_OFF, "--mode", "torn"]);
    assert_eq!(ran.code, 1, "{}{}", ran.stdout, ran.stderr);
    let all = &ran.stdout;
    let line = all.lines().find(|it| it.starts_with("FAIL  recovery-ends"));
    let line = line.unwrap_or_else(|| panic!("{all}"));
    // The finding repeats itself.
    let repeat = format!("sweep --point '{AFTER_TAKE_OFF}' --mode torn python3 ./minimal");
    assert!(line.ends_with(&repeat), "{line}");
}

#[test]
fn a_take_off_that_is_repeated_after_a_crash_is_found_and_told_once() {
    let conform = Conform::new();
    if !*TRACES {
        return;
    }
    let guesses = [
        (
            "\"TAKEOFF_RUNNING\": self.unknown",
            "\"TAKEOFF_RUNNING\": self.take_off",
        ),
        ("        if drift:", "        if False:"),
    ];
    example(&conform, &guesses);
    let ran = sweep(&conform, &["--point", TOOK_OFF, "--mode", "before"]);
    assert_eq!(ran.code, 1, "{}{}", ran.stdout, ran.stderr);
    let twice = "expected at most one take-off of edit; observed 2";
    let found = ran.stdout.lines().filter(|line| line.contains(twice));
    assert_eq!(found.count(), 1, "{}", ran.stdout);
}

#[test]
fn a_missing_sync_is_found_by_a_power_loss_and_a_correct_one_survives_it() {
    let conform = Conform::new();
    if !*TRACES {
        return;
    }
    example(&conform, &[]);
    let ran = sweep(&conform, &["--image", BEFORE_TOLD]);
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    assert!(
        ran.stdout.contains("1 judged, 0 findings"),
        "{}",
        ran.stdout
    );
    let synced = "os.fsync(handle)\n            # Nothing";
    example(&conform, &[(synced, "# Nothing")]);
    let ran = sweep(&conform, &["--image", BEFORE_TOLD]);
    assert_eq!(ran.code, 1, "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stdout.contains("FAIL  "), "{}", ran.stdout);
}

#[test]
fn a_point_that_is_not_there_is_an_error() {
    let conform = Conform::new();
    if !*TRACES {
        return;
    }
    example(&conform, &[]);
    let ran = sweep(&conform, &["--point", "run/write:nowhere:1"]);
    assert_eq!(ran.code, 2, "{}{}", ran.stdout, ran.stderr);
}

/// In the chain value of the first event of a workflow that waits.
const ROTTEN: &str = "run/wf-#-a/journal.jsonl:60^01";

#[test]
fn a_rotten_byte_halts_and_is_found_where_it_does_not() {
    let rotten = ["--part", "corruption", "--point", ROTTEN];
    let conform = Conform::new();
    example(&conform, &[]);
    let ran = sweep(&conform, &rotten);
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stdout.contains("1 flips"), "{}", ran.stdout);
    assert!(ran.stdout.contains("1 halted"), "{}", ran.stdout);
    let compared = "given != sha(before.encode() + canonical(document))";
    example(&conform, &[(compared, "not given")]);
    let ran = sweep(&conform, &rotten);
    assert_eq!(ran.code, 1, "{}{}", ran.stdout, ran.stderr);
    let all = &ran.stdout;
    let line = all.lines().find(|it| it.starts_with("FAIL  exports-stay"));
    let line = line.unwrap_or_else(|| panic!("{all}"));
    // The finding says what was done, and repeats itself.
    assert!(line.contains("journal.jsonl:60^01 (byte 60 of "), "{line}");
    assert!(
        line.contains("--part corruption --point 'run/wf-"),
        "{line}"
    );
}

#[test]
fn a_damage_that_fits_nothing_is_an_error() {
    let conform = Conform::new();
    example(&conform, &[]);
    let damage = "nowhere/journal.jsonl:60^01";
    let ran = sweep(&conform, &["--part", "corruption", "--point", damage]);
    assert_eq!(ran.code, 2, "{}{}", ran.stdout, ran.stderr);
}

#[test]
fn every_invariant_is_explained() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/crash-sweep.md");
    let page = std::fs::read_to_string(page).expect("the page is there");
    for (name, _) in INVARIANTS.into_iter().chain(DAMAGE_INVARIANTS) {
        assert!(
            page.contains(&format!("`{name}`")),
            "{name} is not explained"
        );
    }
}
