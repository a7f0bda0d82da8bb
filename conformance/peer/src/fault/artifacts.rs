//! Deviations in what is written as the plan.

use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{Json, Misstatement};
use crate::engine::{self, Artifact, Body, Edit, Extensions, Failure, Launch, Mode};

/// A deviation in what is written as the plan: `artifacts/...`. `of` names one of the peer's
/// artifacts: `diff` (evidence), `edits` (state), `log` (log) or `take-off-log`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum ArtifactFault {
    /// Keeps `body.data` in a wrong way.
    BodyPlace {
        /// The artifact.
        of: String,
        /// In which.
        how: BodyPlace,
    },
    /// Writes an artifact a second time under another name.
    Copy {
        /// The artifact.
        of: String,
        /// The other name.
        name: String,
        /// Whether the receipt lists the copy.
        listed: bool,
    },
    /// Writes `artifact.json` with wrong text around its JSON.
    DescriptorText {
        /// The artifact.
        of: String,
        /// In front of the document.
        #[serde(default)]
        before: String,
        /// In place of the final brace.
        #[serde(default = "brace")]
        end: String,
    },
    /// Leaves out `artifact.json` once everything else is written.
    DropsDescriptor {
        /// The artifact.
        of: String,
    },
    /// Misstates a member of the receipt entry.
    Entry {
        /// The artifact.
        of: String,
        /// In which way.
        how: Misstatement,
    },
    /// Puts something into the artifacts directory that does not belong there.
    Extra {
        /// What.
        what: Extra,
        /// Where, relative to the artifacts directory.
        at: String,
    },
    /// Uses the member names of the draft's guide instead of the schema's.
    GuideNames {},
    /// Goes on when the bytes of a file cannot be written.
    OverlooksFailedWrites {},
    /// Writes a constant placeholder in place of the plan; take-off then decides everything.
    Placeholder {},
    /// Leaves a member of `artifact.json` out.
    Remove {
        /// The artifact.
        of: String,
        /// JSON pointer of the member.
        at: String,
    },
    /// Calls an artifact by another name.
    Rename {
        /// The artifact.
        of: String,
        /// The other name.
        name: String,
    },
    /// Lists an artifact with another role; `artifact.json` says none.
    Role {
        /// The artifact.
        of: String,
        /// The role.
        role: String,
    },
    /// Gives a member of `artifact.json` another value, or adds one.
    Set {
        /// The artifact.
        of: String,
        /// JSON pointer of the member.
        at: String,
        /// The value.
        json: Json,
    },
    /// Writes a plan token file.
    TokenFile {
        /// Whether into the temp directory instead of the artifacts directory.
        in_temp: bool,
    },
    /// Writes an artifact and does not list it.
    Unlisted {
        /// The artifact.
        of: String,
    },
}

/// A wrong way of keeping `body.data`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BodyPlace {
    /// A second name of a file in the temp directory.
    HardLink,
    /// It is referenced and not written; the receipt names `artifact.json`.
    Missing,
    /// A named pipe.
    Pipe,
    /// A symbolic link to a file in the temp directory.
    Symlink,
}

/// Something that does not belong into the artifacts directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Extra {
    /// A plain file.
    File,
    /// A folder.
    Folder,
    /// A named pipe.
    Pipe,
    /// A socket.
    Socket,
    /// A symbolic link to `/etc/hostname`.
    Symlink,
}

fn brace() -> String {
    "}".to_owned()
}

impl ArtifactFault {
    pub(super) fn reshape(&self, launch: &Launch<'_>, list: &mut Vec<Artifact>) {
        match self {
            Self::Copy { of, name, listed } => {
                let copy = list.iter().find(|artifact| artifact.name == *of).cloned();
                list.extend(copy.map(|copy| Artifact {
                    name: name.clone(),
                    listed: *listed,
                    ..copy
                }));
            }
            Self::GuideNames {} => {
                for artifact in list {
                    artifact.descriptor = guide_names(artifact);
                }
            }
            Self::Placeholder {} if launch.mode == Mode::FlightPlan => {
                for artifact in list {
                    artifact.descriptor = json!({
                        "artifact_type": "plan", "action": "update", "mime": "text/plain",
                    });
                    artifact.body = Body::Inline;
                }
            }
            Self::Remove { of, at } => {
                each(list, of, |artifact| {
                    engine::remove(&mut artifact.descriptor, at)
                });
            }
            Self::Rename { of, name } => each(list, of, |artifact| artifact.name.clone_from(name)),
            Self::Role { of, .. } => each(list, of, |artifact| {
                engine::remove(&mut artifact.descriptor, "/metadata/role");
            }),
            Self::Set { of, at, json } => each(list, of, |artifact| {
                engine::set(&mut artifact.descriptor, at, json.0.clone());
            }),
            Self::Unlisted { of } => each(list, of, |artifact| artifact.listed = false),
            _ => {}
        }
    }

    /// What take-off does when the plan says nothing.
    pub(super) fn go_on(
        &self,
        launch: &Launch<'_>,
        failure: Failure,
    ) -> Result<Vec<Edit>, Failure> {
        match (self, &failure) {
            (Self::Placeholder {}, Failure::StateInvalid(_)) => engine::scan(
                &launch.dirs.workspace,
                &Extensions::default(),
                &launch.start.deviation,
            ),
            _ => Err(failure),
        }
    }

    pub(super) fn descriptor(&self, artifact: &Artifact, text: Vec<u8>) -> Vec<u8> {
        match self {
            Self::DescriptorText { of, before, end } if artifact.name == *of => {
                let members = text.len().saturating_sub(2);
                [before.as_bytes(), &text[..members], end.as_bytes(), b"\n"].concat()
            }
            _ => text,
        }
    }

    /// True if the body's place has been seen to.
    pub(super) fn place(
        &self,
        launch: &Launch<'_>,
        artifact: &Artifact,
        body: &[u8],
    ) -> io::Result<bool> {
        let Self::BodyPlace { of, how } = self else {
            return Ok(false);
        };
        if artifact.name != *of {
            return Ok(false);
        }
        let outside = launch.dirs.temp.join(format!("{of}.body"));
        let inside = launch.dirs.artifacts.join(of).join(engine::BODY);
        match how {
            BodyPlace::HardLink => {
                std::fs::write(&outside, body)?;
                std::fs::hard_link(&outside, &inside)?;
            }
            BodyPlace::Missing => {}
            BodyPlace::Pipe => Extra::Pipe.make(&launch.dirs.temp, &inside)?,
            BodyPlace::Symlink => {
                std::fs::write(&outside, body)?;
                std::os::unix::fs::symlink(&outside, &inside)?;
            }
        }
        Ok(true)
    }

    pub(super) fn entry(
        &self,
        launch: &Launch<'_>,
        artifact: &Artifact,
        descriptor: &[u8],
        entry: &mut Map<String, Value>,
    ) {
        match self {
            Self::BodyPlace {
                of,
                how: BodyPlace::Missing,
            } if artifact.name == *of => {
                Misstatement::PathOfDescriptor.make(launch, artifact, descriptor, entry);
            }
            Self::Entry { of, how } if artifact.name == *of => {
                how.make(launch, artifact, descriptor, entry);
            }
            Self::Role { of, role } if artifact.name == *of => {
                entry.insert("role".to_owned(), json!(role));
            }
            _ => {}
        }
    }

    pub(super) fn add(&self, launch: &Launch<'_>) -> io::Result<()> {
        let artifacts = &launch.dirs.artifacts;
        match self {
            Self::DropsDescriptor { of } if artifacts.join(of).is_dir() => {
                std::fs::remove_file(artifacts.join(of).join("artifact.json"))
            }
            Self::Extra { what, at } if launch.mode == Mode::FlightPlan => {
                what.make(&launch.dirs.temp, &artifacts.join(at))
            }
            Self::TokenFile { in_temp } if launch.mode == Mode::FlightPlan => {
                let dir = if *in_temp {
                    &launch.dirs.temp
                } else {
                    artifacts
                };
                let token = json!({ "token": "0".repeat(64), "version": "1" }).to_string();
                std::fs::write(dir.join("plan-token.json"), token)
            }
            _ => Ok(()),
        }
    }
}

impl Extra {
    fn make(self, temp: &Path, at: &Path) -> io::Result<()> {
        match self {
            Self::File => std::fs::write(at, "left over\n"),
            Self::Folder => std::fs::create_dir(at),
            Self::Pipe => {
                let status = Command::new("mkfifo")
                    .arg(at)
                    .stdout(Stdio::null())
                    .status()?;
                if status.success() {
                    Ok(())
                } else {
                    Err(io::ErrorKind::Other.into())
                }
            }
            Self::Socket => {
                // The name of a socket is short; it is moved to where it is wanted.
                let name: PathBuf = temp.join("s");
                std::os::unix::net::UnixListener::bind(&name)?;
                std::fs::rename(name, at)
            }
            Self::Symlink => std::os::unix::fs::symlink("/etc/hostname", at),
        }
    }
}

fn each(list: &mut [Artifact], of: &str, change: impl Fn(&mut Artifact)) {
    list.iter_mut()
        .filter(|artifact| artifact.name == of)
        .for_each(change);
}

/// The descriptor as the guide would have it (C-10).
fn guide_names(artifact: &Artifact) -> Value {
    json!({
        "name": artifact.name,
        "type": artifact.descriptor["artifact_type"],
        "action": artifact.descriptor["action"],
        "parameters": artifact.descriptor["metadata"],
        "hashes": {},
        "body_file": artifact.descriptor["body_file"],
    })
}
