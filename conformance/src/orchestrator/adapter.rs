//! The adapter file of an orchestrator: how it is called, and what it offers.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use cabincrew_protocol::audit::{KeyError, VerifierKey};
use serde::{Deserialize, Deserializer};
use sha2::{Digest as _, Sha256};

use super::drill::Needs;
use crate::adapter::hex;

/// An orchestrator's adapter. Every member is optional: without any, the binary is called with the
/// command lines of the driver contract.
///
/// In templates stand `{state_dir}`, `{workspace}`, `{workflow_id}`, `{workflow}`, `{response}` and
/// `{document}`, where they mean something, and `{adapter}` anywhere: the folder of the adapter file.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OrchestratorAdapter {
    /// A name for reports.
    pub name: Option<String>,
    /// The arguments that make it print its version.
    pub version: Option<Vec<String>>,
    /// The arguments of each verb.
    pub verbs: Verbs,
    /// Optional capabilities: `true` is claimed, `false` is denied, absent is left to be seen.
    #[serde(deserialize_with = "capabilities")]
    pub capabilities: BTreeMap<Needs, bool>,
    /// Audit event types: ours to the orchestrator's own.
    pub events: BTreeMap<String, String>,
    /// The limit of one call, milliseconds; 30 s when absent.
    pub timeout_ms: Option<u64>,
    /// The public key of the audit log, `<name>+<id>+<base64>`, or the name of a file beside the
    /// adapter that holds one; always the key itself once it is loaded.
    pub audit_key: Option<String>,
    /// The folder of stored artifacts that exported paths start at.
    pub artifacts_dir: Option<String>,
    /// The arguments that make it print a checkpoint of the audit log.
    pub checkpoint: Option<Vec<String>>,
    /// SHA-256 of the file; absent without one.
    #[serde(skip)]
    pub digest: Option<String>,
}

/// The arguments of each verb, after the program's own.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Verbs {
    /// Creates a workflow and drives it.
    pub run: Vec<String>,
    /// Recovers, and goes on.
    pub resume: Vec<String>,
    /// Delivers a response, and goes on.
    pub respond: Vec<String>,
    /// Prints a document.
    pub export: Vec<String>,
}

impl Default for Verbs {
    fn default() -> Self {
        let words = |line: &str| line.split(' ').map(str::to_owned).collect();
        Self {
            run: words(
                "run --state-dir {state_dir} --workspace {workspace} --workflow-id {workflow_id} {workflow}",
            ),
            resume: words("resume --state-dir {state_dir} {workflow_id}"),
            respond: words("respond --state-dir {state_dir} {workflow_id} {response}"),
            export: words("export --state-dir {state_dir} {workflow_id} {document}"),
        }
    }
}

/// Why an adapter file cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OrchestratorAdapterError {
    /// The file cannot be read.
    #[error("cannot read the adapter file {path}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is not an adapter.
    #[error("the adapter file {path} is not valid")]
    Invalid {
        /// The file.
        path: PathBuf,
        /// Why.
        source: toml::de::Error,
    },
    /// The audit key is neither a key nor the name of a file that holds one.
    #[error(
        "audit_key of the adapter file {path} is no <name>+<id>+<base64>, and no file that holds one"
    )]
    AuditKey {
        /// The adapter file.
        path: PathBuf,
        /// Why the text is no key.
        source: KeyError,
    },
}

impl OrchestratorAdapter {
    /// Reads an adapter file (TOML).
    ///
    /// # Errors
    /// When it cannot be read, or has unknown or ill-typed members.
    pub fn load(path: &Path) -> Result<Self, OrchestratorAdapterError> {
        let text = std::fs::read_to_string(path).map_err(|source| {
            OrchestratorAdapterError::Unreadable {
                path: path.to_owned(),
                source,
            }
        })?;
        let mut adapter: Self =
            toml::from_str(&text).map_err(|source| OrchestratorAdapterError::Invalid {
                path: path.to_owned(),
                source,
            })?;
        adapter.digest = Some(hex(&Sha256::digest(text.as_bytes())));
        let folder = path.canonicalize().ok();
        adapter.place(folder.as_deref().and_then(Path::parent).unwrap_or(path));
        let key = adapter.audit_key.take().map(|key| vkey(&key, path));
        adapter.audit_key = key.transpose()?;
        Ok(adapter)
    }

    /// Has words of the adapter name files of its folder.
    fn place(&mut self, folder: &Path) {
        let folder = folder.to_string_lossy();
        let verbs = &mut self.verbs;
        let templates = [
            &mut verbs.run,
            &mut verbs.resume,
            &mut verbs.respond,
            &mut verbs.export,
        ];
        let more = self.checkpoint.iter_mut().chain(self.version.iter_mut());
        for template in templates.into_iter().chain(more) {
            *template = fill(template, &[("adapter", &folder)]);
        }
    }

    /// The adapter that was named, the one beside the program, or none.
    ///
    /// # Errors
    /// As for [`load`](Self::load).
    pub fn find(
        named: Option<&Path>,
        command: &[OsString],
    ) -> Result<Self, OrchestratorAdapterError> {
        if let Some(path) = named {
            return Self::load(path);
        }
        let beside = command
            .iter()
            .map(Path::new)
            .filter(|path| path.is_absolute())
            .filter_map(|path| Some(path.parent()?.join("conform.toml")))
            .find(|path| path.is_file());
        beside.map_or_else(|| Ok(Self::default()), |path| Self::load(&path))
    }

    /// What the adapter says that there is or is not: its capabilities, and what follows from them.
    pub fn claims(&self) -> BTreeMap<Needs, bool> {
        let mut claims = self.capabilities.clone();
        // Whoever gives a key says that there are signatures.
        if self.audit_key.is_some() {
            claims.insert(Needs::Signatures, true);
        }
        let parts = [Needs::PostExecution, Needs::SeveralSteps];
        let parts = parts.map(|needs| claims.get(&needs).copied());
        if parts.contains(&Some(false)) {
            claims.insert(Needs::ResultsOfSteps, false);
        } else if parts == [Some(true); 2] {
            claims.insert(Needs::ResultsOfSteps, true);
        }
        claims
    }

    /// The limit of one call.
    pub fn timeout(&self) -> Duration {
        Duration::from_millis(self.timeout_ms.unwrap_or(30_000))
    }
}

/// The key that an adapter gives, or that the file of that name beside it gives.
fn vkey(given: &str, adapter: &Path) -> Result<String, OrchestratorAdapterError> {
    let parsed = |text: &str| text.trim().parse::<VerifierKey>();
    let Err(source) = parsed(given) else {
        return Ok(given.trim().to_owned());
    };
    let beside = adapter.with_file_name(given);
    let held = std::fs::read_to_string(beside).ok();
    let held = held.filter(|text| parsed(text).is_ok());
    held.map(|text| text.trim().to_owned())
        .ok_or_else(|| OrchestratorAdapterError::AuditKey {
            path: adapter.to_owned(),
            source,
        })
}

/// Only what an orchestrator can offer; the others are the machine's.
fn capabilities<'de, D: Deserializer<'de>>(from: D) -> Result<BTreeMap<Needs, bool>, D::Error> {
    let claims = BTreeMap::<Needs, bool>::deserialize(from)?;
    for need in claims.keys() {
        match need {
            Needs::Opa
            | Needs::Onnx
            | Needs::Expiry
            | Needs::PostExecution
            | Needs::ConfiguredApproval
            | Needs::OfflinePlanning
            | Needs::SeveralSteps => {}
            Needs::ResultsOfSteps
            | Needs::Signatures
            | Needs::Mounts
            | Needs::Unprivileged
            | Needs::ImmutableFiles => {
                return Err(serde::de::Error::custom(
                    "that capability is not claimed here",
                ));
            }
        }
    }
    Ok(claims)
}

/// A template's words with their placeholders filled in.
pub(crate) fn fill(template: &[String], values: &[(&str, &str)]) -> Vec<String> {
    let word = |word: &String| {
        values.iter().fold(word.clone(), |text, (name, value)| {
            text.replace(&format!("{{{name}}}"), value)
        })
    };
    template.iter().map(word).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "a.example+8b4cb9e9+AYIFdaRgwcviyPNJg0akGzhsRFDdGzXrdBKFKnEnBxSY";

    /// What an adapter file of this text, beside a key file of that one, is loaded as.
    fn loaded(text: &str, key: &str) -> Result<OrchestratorAdapter, OrchestratorAdapterError> {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("audit.vkey"), key).unwrap();
        let path = folder.path().join("conform.toml");
        std::fs::write(&path, text).unwrap();
        OrchestratorAdapter::load(&path)
    }

    #[test]
    fn a_key_stands_there_or_in_the_file_that_is_named() {
        let key = VerifierKey::new("a.example", [7; 32]).unwrap().to_string();
        let inline = loaded(&format!("audit_key = {key:?}"), "").unwrap();
        assert_eq!(inline.audit_key.as_deref(), Some(&*key));
        let named = loaded("audit_key = 'audit.vkey'", &format!("{key}\n")).unwrap();
        assert_eq!(named.audit_key, inline.audit_key);
        for (text, held) in [
            ("audit_key = 'audit.vkey'", KEY),
            ("audit_key = 'no.vkey'", &*key),
        ] {
            let error = loaded(text, held).unwrap_err();
            assert!(matches!(error, OrchestratorAdapterError::AuditKey { .. }));
        }
    }

    #[test]
    fn words_name_files_beside_the_adapter() {
        let adapter = loaded("[verbs]\nrun = ['{adapter}/start', '{workflow}']", "").unwrap();
        let [start, workflow] = &adapter.verbs.run[..] else {
            panic!("{:?}", adapter.verbs.run);
        };
        assert!(Path::new(start).is_absolute() && start.ends_with("/start"));
        assert_eq!(workflow, "{workflow}");
    }
}
