//! Runs the binary in a folder of its own and keeps what came of it.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use cabincrew_conform::report::json;
use cabincrew_conform::report::model::Report;

use crate::orchestrator::reference_program;

/// The binary under test.
pub(crate) const BINARY: &str = env!("CARGO_BIN_EXE_cabincrew-conform");

/// A folder to run in.
pub(crate) struct Conform {
    root: tempfile::TempDir,
}

/// What a run came to.
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Conform {
    pub(crate) fn new() -> Self {
        Self {
            root: tempfile::tempdir().expect("there is room for a folder"),
        }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        let folder = path.parent().expect("a file lies in a folder");
        std::fs::create_dir_all(folder).expect("the folder is ours");
        std::fs::write(path, text).expect("the folder is ours");
    }

    /// Writes a program.
    pub(crate) fn executable(&self, name: &str, text: &str) {
        self.write(name, text);
        let all = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(self.path(name), all).expect("its bits can be set");
    }

    /// Carries out a shell's command with our programs in PATH, and nothing else of the environment.
    pub(crate) fn shell(&self, command: &str) -> Output {
        let ours = [Path::new(BINARY), reference_program()];
        let ours = ours.map(|program| program.parent().expect("it lies in a folder").to_owned());
        let inherited = std::env::var_os("PATH").unwrap_or_default();
        let path = ours.into_iter().chain(std::env::split_paths(&inherited));
        let path = std::env::join_paths(path).expect("they come from a PATH");
        let mut shell = Command::new("sh");
        shell
            .args(["-c", command])
            .current_dir(self.root.path())
            .env_clear()
            .env("PATH", path)
            .stdin(Stdio::null());
        shell.output().expect("there is a shell")
    }

    pub(crate) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).expect("the file was written")
    }

    /// Runs the binary with nothing of the environment but PATH.
    pub(crate) fn run(&self, args: &[&str]) -> Ran {
        let mut command = Command::new(BINARY);
        command.args(args);
        self.output(command)
    }

    /// Runs `engine` on the scripted peer, with our options and the peer's script.
    pub(crate) fn engine(&self, options: &[&str], script: &str) -> Ran {
        self.write("script.toml", script);
        let mut command = Command::new(BINARY);
        command
            .arg("engine")
            .args(options)
            .args([BINARY, "peer", "script.toml"]);
        self.output(command)
    }

    pub(crate) fn output(&self, mut command: Command) -> Ran {
        let path = std::env::var_os("PATH").unwrap_or_default();
        command
            .current_dir(self.root.path())
            .env_clear()
            .env("PATH", path)
            .stdin(Stdio::null());
        let Output {
            status,
            stdout,
            stderr,
        } = command.output().expect("the program starts");
        Ran {
            code: status.code().expect("it ends by itself"),
            stdout: String::from_utf8(stdout).expect("output is UTF-8"),
            stderr: String::from_utf8(stderr).expect("messages are UTF-8"),
        }
    }

    /// The report of the last run.
    pub(crate) fn report(&self) -> Report {
        json::read(&self.read(".cabincrew-conform/last/report.json")).expect("it is a report")
    }
}

/// A deviation of the scripted peer from the fixtures, as the peer's script.
pub(crate) fn fault(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/faults");
    std::fs::read_to_string(path.join(format!("{name}.toml"))).expect("there is such a fault")
}
