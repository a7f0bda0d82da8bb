//! Subjects: a directory of their own, and a program that works in it.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::LazyLock;

use cabincrew_crashpoint::{Fault, Finish, Mode, Point, Request, Trace, TraceError, trace};

/// Ends a test where the kernel lets nobody trace, as in some containers.
macro_rules! needs_tracer {
    () => {
        if !*crate::subject::TRACES {
            return;
        }
    };
}

/// Whether this machine lets a program be traced.
pub(crate) static TRACES: LazyLock<bool> = LazyLock::new(|| {
    let site = Site::new();
    let traced = trace(site.command(&["true"]), &site.request());
    !matches!(traced, Err(TraceError::Refused { .. }))
});

/// A watched directory, and one beside it.
pub(crate) struct Site {
    root: tempfile::TempDir,
}

impl Site {
    pub(crate) fn new() -> Self {
        let root = tempfile::tempdir().expect("there is room");
        for folder in ["watched", "beside"] {
            std::fs::create_dir(root.path().join(folder)).expect("it is new");
        }
        Self { root }
    }

    pub(crate) fn watched(&self) -> PathBuf {
        self.root.path().join("watched")
    }

    pub(crate) fn beside(&self) -> PathBuf {
        self.root.path().join("beside")
    }

    /// What a file of the watched directory holds.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        std::fs::read_to_string(self.watched().join(name)).ok()
    }

    pub(crate) fn request(&self) -> Request {
        Request {
            watched: self.watched(),
            ..Request::default()
        }
    }

    /// A command that works in the watched directory.
    pub(crate) fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(words[0]);
        command
            .args(&words[1..])
            .current_dir(self.watched())
            .stdin(Stdio::null())
            .stdout(std::fs::File::create(self.beside().join("stdout")).expect("it can be made"))
            .stderr(Stdio::null());
        command
    }

    /// What was printed.
    pub(crate) fn stdout(&self) -> String {
        std::fs::read_to_string(self.beside().join("stdout")).expect("it is there")
    }

    /// Compiles one of the C subjects.
    pub(crate) fn compiled(&self, name: &str, options: &[&str]) -> PathBuf {
        let source = format!("{}/tests/subjects/{name}.c", env!("CARGO_MANIFEST_DIR"));
        let program = self.beside().join(name);
        let mut compiler = Command::new("cc");
        compiler.args(options).arg("-o").arg(&program).arg(source);
        assert!(compiler.status().expect("there is a C compiler").success());
        program
    }
}

/// Traces a script of the shell in a site of its own.
pub(crate) fn shell(script: &str, change: impl FnOnce(&mut Request)) -> (Site, Trace) {
    let site = Site::new();
    let mut request = site.request();
    change(&mut request);
    let traced = trace(site.command(&["sh", "-c", script]), &request).expect("it is traced");
    (site, traced)
}

/// The names of all points, in order.
pub(crate) fn points(trace: &Trace) -> Vec<String> {
    let named = trace.events.iter().filter_map(|event| event.point.as_ref());
    named.map(ToString::to_string).collect()
}

/// A fault at a point.
pub(crate) fn fault(point: &str, mode: Mode) -> Option<Fault> {
    let point: Point = point.parse().expect("it is a point");
    Some(Fault { point, mode })
}

/// Asserts that the tracer killed it.
pub(crate) fn assert_killed(trace: &Trace) {
    assert!(trace.fired, "{trace:?}");
    assert_eq!(trace.finish, Finish::Signalled(9));
}

/// Whether a process still runs; its parent may not have heard of its end yet.
pub(crate) fn is_alive(pid: &str) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", pid.trim()));
    stat.is_ok_and(|stat| !stat.contains(") Z "))
}
