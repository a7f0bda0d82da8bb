//! The command line and the environment of a launch.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;

use super::launcher::{self, Circumstances};
use super::place::Dirs;
use crate::drill::{EnvOrder, LaunchPlan};

/// The arguments after the subject's own.
pub(crate) fn arguments(plan: &LaunchPlan) -> Vec<String> {
    plan.args
        .clone()
        .unwrap_or_else(|| vec!["--mode".to_owned(), plan.mode.as_str().to_owned()])
}

/// The protocol's variables (DESIGN 4) and what the drill adds; values may still hold placeholders.
pub(crate) fn variables(
    plan: &LaunchPlan,
    dirs: &Dirs,
    path: &OsString,
) -> BTreeMap<OsString, OsString> {
    let mut env: BTreeMap<OsString, OsString> = BTreeMap::new();
    env.insert("CABINCREW_WORKSPACE".into(), dirs.workspace.clone().into());
    env.insert(
        "CABINCREW_ARTIFACTS_DIR".into(),
        dirs.artifacts.clone().into(),
    );
    env.insert("CABINCREW_TEMP_DIR".into(), dirs.temp.clone().into());
    env.insert("CABINCREW_MODE".into(), plan.mode.as_str().into());
    env.insert("PATH".into(), path.clone());
    env.extend(
        plan.env
            .iter()
            .map(|(name, value)| (name.into(), value.into())),
    );
    env
}

/// Puts the launch's own values in the place of placeholders.
pub(crate) fn fill_in(value: &OsString, dirs: &Dirs, decoy: &str, gateway: &str) -> OsString {
    let Some(text) = value.to_str().filter(|text| text.contains('{')) else {
        return value.clone();
    };
    text.replace("{home}", &dirs.home.display().to_string())
        .replace("{tmpdir}", &dirs.tmpdir.display().to_string())
        .replace("{decoy}", decoy)
        .replace("{gateway}", gateway)
        .into()
}

/// The command line and the environment it is started with.
pub(crate) fn command(
    plan: &LaunchPlan,
    subject: &[OsString],
    env: BTreeMap<OsString, OsString>,
    circumstances: &Circumstances,
) -> (Vec<OsString>, Vec<(OsString, OsString)>) {
    let mut argv: Vec<OsString> = Vec::new();
    if !circumstances.is_plain() {
        let stage = serde_json::to_string(circumstances).unwrap_or_default();
        argv.extend([
            own_binary().into_os_string(),
            launcher::STAGE.into(),
            stage.into(),
        ]);
    }
    let mut env: Vec<(OsString, OsString)> = env.into_iter().collect();
    if plan.env_order == Some(EnvOrder::Reversed) {
        // `env` hands variables over in the order of its arguments; a process can be given an order
        // in no other portable way.
        argv.extend(["/usr/bin/env".into(), "-i".into()]);
        for (name, value) in env.drain(..).rev() {
            let mut assignment = name;
            assignment.push("=");
            assignment.push(value);
            argv.push(assignment);
        }
    }
    argv.extend(subject.iter().cloned());
    argv.extend(arguments(plan).into_iter().map(OsString::from));
    (argv, env)
}

/// The harness's own executable, for stages that it starts again.
pub(crate) fn own_binary() -> PathBuf {
    std::env::current_exe().unwrap_or_else(|_| PathBuf::from("cabincrew-conform"))
}
