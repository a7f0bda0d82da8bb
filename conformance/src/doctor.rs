//! What `doctor` has to say: a pure function of what was read and seen.

use crate::adapter::Adapter;
use crate::observe::{End, Launch, Observation};
use crate::receipt;
use crate::report::page::{BAD, GOOD, OPEN, Page};
use crate::scenario::Scenario;

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remark {
    grade: Grade,
    what: &'static str,
    text: String,
    advice: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Grade {
    Good,
    /// Fewer checks can be exercised.
    Note,
    /// The subject cannot be exercised.
    Bad,
}

impl Remark {
    /// All is well.
    pub fn good(what: &'static str, text: String) -> Self {
        Self {
            grade: Grade::Good,
            what,
            text,
            advice: None,
        }
    }

    /// It will do, and could be better.
    pub fn note(what: &'static str, text: &str, advice: &str) -> Self {
        Self {
            grade: Grade::Note,
            what,
            text: text.to_owned(),
            advice: Some(advice.to_owned()),
        }
    }

    /// It has to change first.
    pub fn bad(what: &'static str, text: String, advice: &str) -> Self {
        Self {
            grade: Grade::Bad,
            what,
            text,
            advice: Some(advice.to_owned()),
        }
    }
}

/// Everything that was looked at, in order.
#[derive(Debug, Default)]
pub struct Remarks {
    all: Vec<Remark>,
    machine: bool,
}

impl Remarks {
    /// Adds a remark.
    pub fn add(&mut self, remark: Remark) {
        self.all.push(remark);
    }

    /// True if the subject can be exercised.
    pub fn is_fit(&self) -> bool {
        self.all.iter().all(|remark| remark.grade != Grade::Bad)
    }

    /// Looks at an adapter that could be read.
    pub fn adapter(&mut self, adapter: &Adapter, given: bool) {
        let name = adapter.name.as_deref().unwrap_or("without a name");
        let text = if given {
            format!("valid, {name}")
        } else {
            "none; an engine needs none".to_owned()
        };
        self.add(Remark::good("adapter", text));
    }

    /// Looks at a scenario that could be read.
    pub fn scenario(&mut self, scenario: &Scenario) {
        let text = format!(
            "{}: {} ({} files)",
            scenario.name,
            scenario.summary,
            scenario.workspace.len()
        );
        self.add(Remark::good("scenario", text));
        if scenario.invalid_configs.is_empty() {
            self.add(Remark::note(
                "scenario",
                "It lists no config that the engine refuses, so CC-ENG-008/config-refused does not apply.",
                "Add an [[invalid_config]] with `why` and `config` to scenario.toml.",
            ));
        }
        if scenario.takeoff_changes && scenario.after.is_none() {
            self.add(Remark::note(
                "scenario",
                "It does not say how the workspace looks after take-off, so any planned change will do.",
                "Add a folder after/ beside workspace/ with exactly the files that should be there.",
            ));
        }
    }

    /// Looks at what the engine did and what the machine allowed.
    pub fn observation(&mut self, seen: &Observation) {
        if !std::mem::replace(&mut self.machine, true) {
            self.machine(seen);
        }
        let scenario = &seen.scenario.name;
        for (name, what) in [("baseline", "planning"), ("takeoff", "take-off")] {
            let Some(launch) = seen.named(name, 0) else {
                self.add(Remark::bad(
                    what,
                    format!("was not tried in the scenario {scenario}"),
                    "Planning has to work first.",
                ));
                continue;
            };
            match receipt::worked(launch) {
                Ok(()) => self.add(Remark::good(
                    what,
                    format!(
                        "works in the scenario {scenario}, {} ms",
                        launch.duration_ms
                    ),
                )),
                Err(why) => {
                    let text = format!("in the scenario {scenario}: {why}");
                    self.add(Remark::bad(what, text, advice(launch)));
                    self.standard_error(launch);
                }
            }
        }
    }

    fn machine(&mut self, seen: &Observation) {
        let has = &seen.capabilities;
        for (there, text, advice) in [
            (
                has.mounts,
                "no private mounts: read-only and full directories are made by mode bits only",
                "Allow unprivileged user namespaces, or run as root in a container of its own.",
            ),
            (
                has.system_watch,
                "writes to the system's directories cannot be watched, so those checks stay unproven",
                "Allow overlay mounts in user namespaces, or run as root on Linux 5.11 or later.",
            ),
            (
                has.open_watch,
                "opened decoy files cannot be seen",
                "Run on Linux.",
            ),
            (
                has.process_list,
                "processes that stay behind cannot be listed",
                "Mount /proc.",
            ),
        ] {
            if !there {
                self.add(Remark::note("machine", text, advice));
            }
        }
        if has.mounts && has.system_watch && has.open_watch && has.process_list {
            let text = "everything that the kit watches with is there";
            self.add(Remark::good("machine", text.to_owned()));
        }
    }

    /// The last lines that the engine wrote for people.
    fn standard_error(&mut self, launch: &Launch) {
        let text = String::from_utf8_lossy(&launch.stderr.kept);
        let mut lines: Vec<&str> = text
            .lines()
            .filter(|line| !line.trim().is_empty())
            .collect();
        for line in lines.split_off(lines.len().saturating_sub(3)) {
            self.add(Remark {
                grade: Grade::Note,
                what: "it said",
                text: line.chars().take(300).collect(),
                advice: None,
            });
        }
    }

    /// All remarks as text with colours, and what to do next; `subject` is `engine` or `orchestrator`.
    pub fn render(&self, subject: &str) -> String {
        let mut page = Page::default();
        for remark in &self.all {
            let (style, word) = match remark.grade {
                Grade::Good => (GOOD, "ok  "),
                Grade::Note => (OPEN, "note"),
                Grade::Bad => (BAD, "BAD "),
            };
            page.headline(style, word, &format!("{}: {}", remark.what, remark.text));
            if let Some(advice) = &remark.advice {
                page.paragraph(6, advice);
            }
        }
        page.gap();
        page.paragraph(
            0,
            &if self.is_fit() {
                format!("The {subject} can be exercised: run `cabincrew-conform {subject}` with the same arguments.")
            } else {
                format!("The {subject} cannot be exercised yet.")
            },
        );
        page.finish()
    }
}

/// What usually helps with a launch that did not do its work.
fn advice(launch: &Launch) -> &'static str {
    match &launch.end {
        End::NotStarted(_) => {
            "Is it executable, and is the interpreter of its first line there? Try it in a shell."
        }
        End::NotLaunched(_) => "Planning has to work first.",
        End::TimedOut(_) => {
            "Does it wait for something other than the end of standard input? A slow engine needs --timeout."
        }
        End::Signalled(_) => {
            "It crashed: run it by hand with the input that the report's evidence holds."
        }
        End::Exceeded(_) => "It ran into a limit of the kit on output, files, memory or processes.",
        End::Exited(0) => {
            "It must print one JSON receipt with status \"success\" on standard output, and while planning write NAME/artifact.json into CABINCREW_ARTIFACTS_DIR."
        }
        End::Exited(2) => {
            "It refuses the input. If it needs a config or other files, describe them in a scenario: cabincrew-conform init engine my-scenario"
        }
        End::Exited(126 | 127) => {
            "A program that it needs is not in PATH; nothing else of the environment is passed on."
        }
        End::Exited(_) => {
            "It gets only PATH and the protocol's CABINCREW_ variables: no HOME, no locale, no credentials."
        }
    }
}
