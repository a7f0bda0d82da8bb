//! Deviations in what is written as the plan.

use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::Json;
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
    /// A symbolic link to a file in the temp directory.
    Symlink,
}

/// A wrong statement about an artifact in the receipt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Misstatement {
    /// The hash has its first 32 digits only.
    HashCut,
    /// The hash is of the text before its line ends were converted.
    HashBeforeConversion,
    /// The hash is of `artifact.json`, the path names the body.
    HashOfDescriptor,
    /// The hash is prefixed with its algorithm.
    HashPrefixed,
    /// The hash is in upper case.
    HashUpperCase,
    /// The path is absolute.
    PathAbsolute,
    /// The path names `artifact.json` although there is a body; hash and size fit it.
    PathOfDescriptor,
    /// The path names the artifact's folder.
    PathOfFolder,
    /// The size counts characters.
    SizeInCharacters,
    /// The size counts `artifact.json` as well.
    SizeOfFolder,
    /// The size is not a whole number.
    SizeFraction,
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
                        "body": "to be decided",
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
            Self::Set { of, at, json } => each(list, of, |artifact| {
                engine::set(&mut artifact.descriptor, at, json.0.clone());
            }),
            Self::Unlisted { of } => each(list, of, |artifact| artifact.listed = false),
            _ => {}
        }
    }

    /// What take-off does when the plan says nothing.
    pub(super) fn decide(&self, launch: &Launch<'_>) -> Option<Result<Vec<Edit>, Failure>> {
        (*self == Self::Placeholder {}).then(|| {
            engine::scan(
                &launch.dirs.workspace,
                &Extensions::default(),
                &launch.start.deviation,
            )
        })
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
        let how = match self {
            Self::Entry { of, how } if artifact.name == *of => *how,
            Self::BodyPlace {
                of,
                how: BodyPlace::Missing,
            } if artifact.name == *of => Misstatement::PathOfDescriptor,
            _ => return,
        };
        let text = |name: &str| {
            entry
                .get(name)
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned()
        };
        let (path, hash) = (text("path"), text("hash"));
        let size = entry.get("size").and_then(Value::as_u64).unwrap_or(0);
        let mut set = |name: &str, value: Value| entry.insert(name.to_owned(), value);
        match how {
            Misstatement::HashCut => set("hash", json!(hash[..32])),
            Misstatement::HashBeforeConversion => set("hash", json!(before_conversion(artifact))),
            Misstatement::HashOfDescriptor => set("hash", json!(engine::sha256(descriptor))),
            Misstatement::HashPrefixed => set("hash", json!(format!("sha256:{hash}"))),
            Misstatement::HashUpperCase => set("hash", json!(hash.to_uppercase())),
            Misstatement::PathAbsolute => set(
                "path",
                json!(launch.dirs.artifacts.join(path).to_string_lossy()),
            ),
            Misstatement::PathOfDescriptor => {
                set("hash", json!(engine::sha256(descriptor)));
                set("size", json!(descriptor.len()));
                set("path", json!(format!("{}/artifact.json", artifact.name)))
            }
            Misstatement::PathOfFolder => set("path", json!(artifact.name)),
            Misstatement::SizeInCharacters => set("size", json!(characters(artifact))),
            Misstatement::SizeOfFolder => set("size", json!(size + descriptor.len() as u64)),
            Misstatement::SizeFraction => set("size", json!(-1.5)),
        };
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

/// The length of the body in characters.
fn characters(artifact: &Artifact) -> usize {
    match &artifact.body {
        Body::File(body) => String::from_utf8_lossy(body).chars().count(),
        Body::Inline => 0,
    }
}

/// The hash of the body with the line ends of another system, as it was before it was written.
fn before_conversion(artifact: &Artifact) -> String {
    match &artifact.body {
        Body::File(body) => {
            let text = String::from_utf8_lossy(body).replace('\n', "\r\n");
            engine::sha256(text.as_bytes())
        }
        Body::Inline => String::new(),
    }
}
