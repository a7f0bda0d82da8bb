//! Deviations in carrying out the plan.

use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::path::Path;

use serde::Deserialize;

use super::Source;
use crate::engine::{self, Artifact, Edit, Extensions, Failure, Launch, Mode};

/// A deviation in carrying out the plan: `take-off/...`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum TakeOffFault {
    /// Appends a block to each planned file, whether it is there already or not.
    Appends {},
    /// Applies the change in its temp directory.
    AppliesElsewhere {},
    /// Writes something that changes into the planned files.
    AppliesWith {
        /// What.
        source: Source,
    },
    /// Changes something besides the plan.
    Besides {
        /// What.
        how: Besides,
        /// The path, relative to the workspace.
        path: String,
    },
    /// Succeeds and changes nothing.
    DoesNothing {},
    /// Goes on although the restored plan is not as it should be.
    GoesOn {
        /// What is wrong with it.
        problem: Problem,
        /// What it does instead.
        then: Instead,
    },
    /// Goes on as if a file was written that could not be.
    IgnoresWriteErrors {},
    /// Keeps the plan where take-off is not promised to find it.
    KeepsPlan {
        /// Where.
        place: Keep,
    },
    /// Changes nothing when the context says that it was not approved.
    ObeysContext {},
    /// Verifies the restored plan, and then plans again and applies that.
    PlansAgain {},
    /// Meddles with the restored artifacts after the work.
    Restored {
        /// In which way.
        how: Meddling,
    },
}

/// A change besides the plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Besides {
    /// Adds an empty line to a file that does not end with one.
    AppendsLine,
    /// Leaves a copy of a planned file with this path added to its name.
    Backup,
    /// Removes a file.
    Removes,
    /// Makes a file executable, and closes a folder to others.
    SetsMode,
}

/// What is wrong with the restored plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Problem {
    /// Its hash is another one.
    Altered,
    /// A line end was appended.
    Appended,
    /// Its body is gone.
    BodyMissing,
    /// It is gone.
    Missing,
    /// It is shorter than it was.
    Truncated,
    /// The input does not say what was restored.
    Unannounced,
}

/// What is done without a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Instead {
    /// It acts, and then fails.
    ActsThenFails,
    /// Nothing, with success.
    EmptyPlan,
    /// It plans again and acts on that.
    PlansAgain,
}

/// Where a plan is kept although take-off is not promised to find it there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Keep {
    /// An artifact in the role evidence.
    Evidence,
    /// The temp directory.
    Temp,
}

/// A way of meddling with restored artifacts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Meddling {
    /// `artifact.json` is written again with another layout.
    Overwrites,
    /// The body is removed once it was used.
    RemovesBody,
    /// The body is replaced by an equal file.
    ReplacesEqual,
}

/// The block that careless take-offs append.
const BLOCK: &str = "-- applied --\n";
/// File of a plan that is kept in the temp directory.
const KEPT: &str = "kept-plan.json";

impl TakeOffFault {
    pub(super) fn reshape(&self, launch: &Launch<'_>, list: &mut [Artifact]) {
        let Self::KeepsPlan { place } = self else {
            return;
        };
        if launch.mode != Mode::FlightPlan {
            return;
        }
        for artifact in list
            .iter_mut()
            .filter(|artifact| artifact.name == engine::PLAN)
        {
            match place {
                Keep::Evidence => {
                    artifact.role = "evidence".into();
                    engine::remove(&mut artifact.descriptor, "/metadata/role");
                }
                Keep::Temp => {
                    if let engine::Body::File(body) = &artifact.body {
                        let _ = std::fs::write(launch.dirs.temp.join(KEPT), body);
                    }
                }
            }
        }
    }

    pub(super) fn find(&self, launch: &Launch<'_>) -> Option<Result<Vec<Edit>, Failure>> {
        let Self::KeepsPlan { place } = self else {
            return None;
        };
        let path = match place {
            Keep::Evidence => launch.dirs.artifacts.join(engine::PLAN).join(engine::BODY),
            Keep::Temp => launch.dirs.temp.join(KEPT),
        };
        let bytes = std::fs::read(path).map_err(Failure::io("find the plan"));
        Some(bytes.and_then(|bytes| engine::parse_plan(&bytes)))
    }

    pub(super) fn go_on(
        &self,
        launch: &Launch<'_>,
        failure: Failure,
    ) -> Result<Vec<Edit>, Failure> {
        match self {
            Self::GoesOn { problem, then } if problem.is(&failure) => match then {
                Instead::ActsThenFails => {
                    engine::apply(&launch.dirs.workspace, &plan_again(launch)?)?;
                    Err(failure)
                }
                Instead::EmptyPlan => Ok(Vec::new()),
                Instead::PlansAgain => plan_again(launch),
            },
            _ => Err(failure),
        }
    }

    pub(super) fn apply(
        &self,
        launch: &Launch<'_>,
        edits: &[Edit],
    ) -> Option<Result<usize, Failure>> {
        let failed = || Failure::io("apply the plan");
        let workspace = &launch.dirs.workspace;
        match self {
            Self::Appends {} => Some(append(workspace, edits, BLOCK).map_err(failed())),
            Self::AppliesElsewhere {} => {
                Some(apply_elsewhere(workspace, &launch.dirs.temp, edits).map_err(failed()))
            }
            Self::AppliesWith { source } => {
                Some(engine::apply(workspace, edits).and_then(|changed| {
                    let line = format!("{}\n", source.value(launch));
                    let files = if changed == 0 { &[] } else { edits };
                    append(workspace, files, &line).map_err(failed())
                }))
            }
            Self::DoesNothing {} => Some(Ok(0)),
            Self::PlansAgain {} => {
                let found = engine::extensions(launch)
                    .and_then(|of| engine::scan(workspace, &of, &launch.start.deviation));
                Some(found.and_then(|edits| engine::apply(workspace, &edits)))
            }
            Self::IgnoresWriteErrors {} => Some(match engine::apply(workspace, edits) {
                Err(Failure::Io { .. }) => Ok(edits.len()),
                applied => applied,
            }),
            Self::ObeysContext {} => {
                let approved = launch.input.context.get("approved");
                (approved == Some(&serde_json::Value::Bool(false))).then_some(Ok(0))
            }
            _ => None,
        }
    }

    pub(super) fn act(&self, launch: &Launch<'_>, edits: &[Edit]) -> Result<(), Failure> {
        let failed = || Failure::io("meddle");
        match self {
            Self::Besides { how, path } => how
                .change(&launch.dirs.workspace, path, edits)
                .map_err(failed()),
            Self::Restored { how } => how
                .meddle(&launch.dirs.artifacts.join(engine::PLAN))
                .map_err(failed()),
            _ => Ok(()),
        }
    }
}

impl Problem {
    const fn is(self, failure: &Failure) -> bool {
        matches!(
            (self, failure),
            (Self::Altered, Failure::StateAltered(_))
                | (Self::Appended, Failure::StateAppended(_))
                | (Self::BodyMissing, Failure::StateBodyMissing(_))
                | (Self::Missing, Failure::StateMissing(_))
                | (Self::Truncated, Failure::StateTruncated(_))
                | (Self::Unannounced, Failure::StateUnannounced)
        )
    }
}

impl Besides {
    fn change(self, workspace: &Path, path: &str, edits: &[Edit]) -> io::Result<()> {
        use std::os::unix::fs::PermissionsExt as _;
        let full = workspace.join(path);
        match self {
            Self::AppendsLine if std::fs::read(&full)?.ends_with(b"\n\n") => Ok(()),
            Self::AppendsLine => OpenOptions::new().append(true).open(full)?.write_all(b"\n"),
            Self::Backup => {
                let planned = edits
                    .first()
                    .map(|edit| edit.path.as_str())
                    .unwrap_or_default();
                let from = workspace.join(planned);
                std::fs::copy(&from, workspace.join(format!("{planned}{path}"))).map(drop)
            }
            Self::Removes => std::fs::remove_file(full),
            Self::SetsMode => {
                std::fs::set_permissions(full, std::fs::Permissions::from_mode(0o711))
            }
        }
    }
}

impl Meddling {
    fn meddle(self, folder: &Path) -> io::Result<()> {
        let body = folder.join(engine::BODY);
        match self {
            Self::Overwrites => {
                let path = folder.join("artifact.json");
                let value: serde_json::Value = serde_json::from_slice(&std::fs::read(&path)?)?;
                std::fs::write(path, serde_json::to_vec_pretty(&value)?)
            }
            Self::RemovesBody => std::fs::remove_file(body),
            Self::ReplacesEqual => engine::replace(&body, &std::fs::read(&body)?),
        }
    }
}

fn plan_again(launch: &Launch<'_>) -> Result<Vec<Edit>, Failure> {
    engine::scan(
        &launch.dirs.workspace,
        &Extensions::default(),
        &launch.start.deviation,
    )
}

fn append(workspace: &Path, edits: &[Edit], text: &str) -> io::Result<usize> {
    for edit in edits {
        let mut file = OpenOptions::new()
            .append(true)
            .open(workspace.join(&edit.path))?;
        file.write_all(text.as_bytes())?;
    }
    Ok(edits.len())
}

fn apply_elsewhere(workspace: &Path, temp: &Path, edits: &[Edit]) -> io::Result<usize> {
    for (index, edit) in edits.iter().enumerate() {
        let text = std::fs::read_to_string(workspace.join(&edit.path))?;
        let after = edit.carry_out(&text).unwrap_or(text);
        std::fs::write(temp.join(format!("{index}.txt")), after)?;
    }
    Ok(edits.len())
}
