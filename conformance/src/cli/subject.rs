//! The subject and its surroundings: shared by all subcommands that start an engine.

use std::ffi::OsString;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use sha2::{Digest as _, Sha256};

use super::edge::Edge;
use super::error::CliError;
use crate::adapter::{Adapter, hex};
use crate::drive::engine::{DriveOptions, Subject};
use crate::report::model;
use crate::report::view::Typed;
use crate::scenario::Scenario;

/// The limit of one launch when nobody sets another.
const TIMEOUT: Duration = Duration::from_secs(20);

/// Which engine, in which scenarios, and how to start it.
#[derive(Debug, clap::Args)]
pub(crate) struct SubjectArgs {
    /// A scenario folder; may be repeated [default: the built-in small text project]
    #[arg(long, value_name = "DIR")]
    pub(crate) scenario: Vec<PathBuf>,
    /// An adapter file; most engines need none
    #[arg(long, value_name = "FILE")]
    pub(crate) adapter: Option<PathBuf>,
    /// How many launches at the same time [default: one for each processor]
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    pub(crate) jobs: usize,
    /// The seed of everything that is made up, such as secrets
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) seed: u64,
    /// The limit of one launch in seconds [default: the adapter's, else 10]
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub(crate) timeout: Option<u64>,
    /// The engine and its own leading arguments; options of this command come before it
    #[arg(
        value_name = "BIN",
        required = true,
        num_args = 1..,
        trailing_var_arg = true,
        allow_hyphen_values = true
    )]
    pub(crate) command: Vec<OsString>,
}

/// An engine that is ready to be driven.
#[derive(Debug)]
pub(crate) struct Target {
    pub(crate) subject: Subject,
    pub(crate) adapter: Adapter,
    pub(crate) scenarios: Vec<Scenario>,
    pub(crate) options: DriveOptions,
}

impl SubjectArgs {
    /// Finds the program and reads scenarios and adapter.
    ///
    /// # Errors
    /// When any of them cannot be used.
    pub(crate) fn prepare(&self, edge: &Edge) -> Result<Target, CliError> {
        self.refuse_options()?;
        let adapter = self.adapter()?;
        Ok(Target {
            scenarios: self.scenarios()?,
            subject: Subject::resolve(&self.command, &edge.path)?,
            options: self.options(&adapter, edge),
            adapter,
        })
    }

    /// A misspelt option before BIN would be taken for the program.
    pub(crate) fn refuse_options(&self) -> Result<(), CliError> {
        refuse_options(&self.command)
    }

    /// The adapter file, or the default.
    pub(crate) fn adapter(&self) -> Result<Adapter, CliError> {
        let load = |path: &PathBuf| Adapter::load(path);
        Ok(self
            .adapter
            .as_ref()
            .map(load)
            .transpose()?
            .unwrap_or_default())
    }

    /// The scenarios, or the built-in one.
    pub(crate) fn scenarios(&self) -> Result<Vec<Scenario>, CliError> {
        if self.scenario.is_empty() {
            return Ok(vec![Scenario::embedded_default()?]);
        }
        let mut scenarios: Vec<Scenario> = Vec::new();
        for folder in &self.scenario {
            let scenario = Scenario::load(folder)?;
            if scenarios.iter().any(|other| other.name == scenario.name) {
                return Err(CliError::TwoScenarios {
                    name: scenario.name,
                });
            }
            scenarios.push(scenario);
        }
        Ok(scenarios)
    }

    fn options(&self, adapter: &Adapter, edge: &Edge) -> DriveOptions {
        let adapters = adapter.timeout_ms.map(Duration::from_millis);
        let given = self.timeout.map(Duration::from_secs);
        let system = [
            "/tmp",
            "/var/tmp",
            "/dev/shm",
            "/etc",
            "/opt",
            "/srv",
            "/usr/local",
            "/var/cache",
            "/var/lib",
            "/var/log",
            "/var/spool",
            "/run",
            "/mnt",
        ];
        let mut watch: Vec<PathBuf> = system.iter().map(PathBuf::from).collect();
        watch.extend(edge.home.clone());
        DriveOptions {
            jobs: self.jobs,
            timeout: given.or(adapters).unwrap_or(TIMEOUT),
            seed: self.seed,
            keep: None,
            path: edge.path.clone(),
            watch,
        }
    }

    /// The command as given, for scripts that repeat a launch here.
    pub(crate) fn words(&self) -> Vec<String> {
        let words = self.command.iter();
        words
            .map(|word| word.to_string_lossy().into_owned())
            .collect()
    }

    /// The command as reports hold it.
    pub(crate) fn told(&self, edge: &Edge) -> Vec<String> {
        told(&self.command, edge)
    }

    /// The words that repeat a run, before `--filter ID` and after it, as reports hold them.
    pub(crate) fn rerun(&self, edge: &Edge) -> (Vec<String>, Vec<String>) {
        self.repeated("cabincrew-conform", &|path| edge.placeheld(path))
    }

    /// The same words as they can be pasted into the shell that this was called from.
    pub(crate) fn typed(&self, edge: &Edge) -> Typed {
        let (before, after) =
            self.repeated(&edge.called, &|path| path.to_string_lossy().into_owned());
        Typed {
            program: edge.called.clone(),
            before,
            after,
        }
    }

    fn repeated(
        &self,
        program: &str,
        written: &dyn Fn(&Path) -> String,
    ) -> (Vec<String>, Vec<String>) {
        let mut before = vec![program.to_owned(), "engine".to_owned()];
        for folder in &self.scenario {
            before.extend(["--scenario".to_owned(), written(folder)]);
        }
        if let Some(file) = &self.adapter {
            before.extend(["--adapter".to_owned(), written(file)]);
        }
        if self.seed != 1 {
            before.extend(["--seed".to_owned(), self.seed.to_string()]);
        }
        if let Some(seconds) = self.timeout {
            before.extend(["--timeout".to_owned(), seconds.to_string()]);
        }
        let command = self.command.iter();
        (
            before,
            command.map(|word| written(Path::new(word))).collect(),
        )
    }

    /// The subject as reports describe it.
    pub(crate) fn described(&self, target: &Target, edge: &Edge) -> model::Subject {
        model::Subject {
            kind: "engine".to_owned(),
            command: self.told(edge),
            sha256: target
                .subject
                .command
                .first()
                .and_then(|program| digest(Path::new(program))),
            engine_id: None,
            adapter: target.adapter.digest.clone(),
        }
    }
}

/// A misspelt option before BIN would be taken for the program.
///
/// # Errors
/// When the first word looks like an option.
pub(crate) fn refuse_options(command: &[OsString]) -> Result<(), CliError> {
    match command.first().map(|word| word.to_string_lossy()) {
        Some(word) if word.starts_with('-') => Err(CliError::UnknownOption {
            option: word.into_owned(),
        }),
        Some(_) | None => Ok(()),
    }
}

/// A command as reports hold it.
pub(crate) fn told(command: &[OsString], edge: &Edge) -> Vec<String> {
    let words = command.iter();
    words.map(|word| edge.told(Path::new(word))).collect()
}

/// SHA-256 of a regular file.
pub(crate) fn digest(path: &Path) -> Option<String> {
    let mut file = std::fs::File::open(path).ok()?;
    if !file.metadata().ok()?.is_file() {
        return None;
    }
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        match file.read(&mut buffer).ok()? {
            0 => return Some(hex(&hasher.finalize())),
            count => hasher.update(&buffer[..count]),
        }
    }
}
