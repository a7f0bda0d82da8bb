//! What a process is started with: arguments, environment, and the mode they agree on (C-47).

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

use super::failure::Failure;
use crate::conduct::Conduct;
use crate::fault::Deviation;
use crate::fault::input::Leniency;
use crate::hub::{Hub, HubAt};
use crate::scene;
use crate::script::Script;

/// What this process was started with.
#[derive(Debug)]
pub(crate) struct Start {
    /// The engine's own arguments.
    pub(crate) args: Vec<OsString>,
    /// The environment, in the order it was handed over.
    pub(crate) env: Vec<(OsString, OsString)>,
    /// In which way this engine is wrong.
    pub(crate) deviation: Deviation,
    /// Who is told of this launch.
    pub(crate) hub: Hub,
    /// What the script says of the hub.
    pub(crate) hub_at: Option<HubAt>,
    /// What planning does beside its work.
    pub(crate) flight_plan: Conduct,
    /// What take-off does beside its work.
    pub(crate) take_off: Conduct,
    /// A folder outside all given ones.
    pub(crate) elsewhere: PathBuf,
}

/// The two modes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    FlightPlan,
    TakeOff,
}

impl Mode {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::FlightPlan => "flight-plan",
            Self::TakeOff => "take-off",
        }
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        [Self::FlightPlan, Self::TakeOff]
            .into_iter()
            .find(|mode| mode.as_str() == text)
    }
}

/// The directories that the orchestrator hands over.
#[derive(Debug, Clone)]
pub(crate) struct Dirs {
    pub(crate) workspace: PathBuf,
    pub(crate) artifacts: PathBuf,
    pub(crate) temp: PathBuf,
}

impl Start {
    /// Collects everything from this process; the only place that reads the environment.
    pub(crate) fn collect(args: Vec<OsString>, script: Script) -> Self {
        let mut flight_plan = script.flight_plan;
        flight_plan.artifact.splice(0..0, script.artifact);
        Self {
            args,
            env: std::env::vars_os().collect(),
            deviation: Deviation::new(script.fault),
            hub: Hub::connect(script.hub.as_ref()),
            elsewhere: script
                .hub
                .as_ref()
                .map(|at| at.elsewhere.clone())
                .unwrap_or_default(),
            hub_at: script.hub,
            flight_plan,
            take_off: script.take_off,
        }
    }

    /// Tells the hub of the start and waits for its word.
    pub(crate) fn tell_begin(&self, stdin: Option<&[u8]>) {
        if let Some(at) = self.hub_at.as_ref().filter(|_| self.hub.is_there()) {
            let mode = self.apparent_mode().as_str();
            self.hub
                .tell(&scene::begin((at, &self.hub), mode, &self.args, stdin));
        }
    }

    /// What the script has a mode do beside its work.
    pub(crate) const fn conduct(&self, mode: Mode) -> &Conduct {
        match mode {
            Mode::FlightPlan => &self.flight_plan,
            Mode::TakeOff => &self.take_off,
        }
    }

    /// A variable of the environment, if it is set and not empty.
    pub(crate) fn variable(&self, name: &str) -> Option<&OsStr> {
        let found = self.env.iter().find(|(key, _)| key == name);
        found
            .map(|(_, value)| value.as_os_str())
            .filter(|value| !value.is_empty())
    }

    /// The directories of this launch.
    pub(crate) fn dirs(&self) -> Result<Dirs, Failure> {
        let dir = |name: &'static str| {
            let path = self.variable(name).map(PathBuf::from);
            path.filter(|path| path.is_absolute())
                .ok_or(Failure::Variable(name))
        };
        Ok(Dirs {
            workspace: dir("CABINCREW_WORKSPACE")?,
            artifacts: dir("CABINCREW_ARTIFACTS_DIR")?,
            temp: dir("CABINCREW_TEMP_DIR")?,
        })
    }

    /// The mode that flag and variable name, for receipts of launches that cannot even be understood.
    pub(crate) fn apparent_mode(&self) -> Mode {
        let flag = self.flag().ok().flatten();
        let variable = self.variable("CABINCREW_MODE").and_then(OsStr::to_str);
        [flag.as_deref(), variable]
            .into_iter()
            .flatten()
            .find_map(Mode::parse)
            .unwrap_or(Mode::FlightPlan)
    }

    /// The mode that flag, variable and input agree on.
    pub(crate) fn mode(&self, input: Option<&str>) -> Result<Mode, Failure> {
        let lenient = |leniency| self.deviation.lets_pass(leniency);
        let variable = self.variable("CABINCREW_MODE").map(OsStr::to_string_lossy);
        let mut flag = known(
            "--mode",
            self.flag()?.as_deref(),
            lenient(Leniency::UnknownFlag),
        )?;
        let mut variable = known("CABINCREW_MODE", variable.as_deref(), false)?;
        let mut input = known("the input", input, lenient(Leniency::UnknownModes))?;
        if variable.is_some() && flag != variable && lenient(Leniency::FlagDiffers) {
            flag = None;
        }
        if flag.is_some() && flag != variable && lenient(Leniency::VariableDiffers) {
            variable = None;
        }
        if flag.is_some() && flag != input && lenient(Leniency::InputDiffers) {
            input = None;
        }
        let mut given = [flag, variable, input].into_iter().flatten();
        let Some(mode) = given.next() else {
            return Err(Failure::ModeUnknown("the input"));
        };
        if given.any(|other| other != mode) {
            return Err(Failure::ModesDiffer);
        }
        Ok(mode)
    }

    /// The value of `--mode`; any other argument is refused.
    fn flag(&self) -> Result<Option<String>, Failure> {
        let mut flag = None;
        let mut args = self.args.iter().enumerate();
        while let Some((index, arg)) = args.next() {
            let value = match arg.to_str() {
                Some("--mode") => args.next().and_then(|(_, value)| value.to_str()),
                Some(text) => text.strip_prefix("--mode="),
                None => None,
            };
            match value {
                Some(value) if flag.is_none() => flag = Some(value.to_owned()),
                _ => return Err(Failure::Argument(index + 1)),
            }
        }
        Ok(flag)
    }
}

fn known(from: &'static str, text: Option<&str>, lenient: bool) -> Result<Option<Mode>, Failure> {
    match text.map(Mode::parse) {
        None => Ok(None),
        Some(None) if lenient => Ok(None),
        Some(None) => Err(Failure::ModeUnknown(from)),
        Some(mode) => Ok(mode),
    }
}
