//! What engines planned, as they left it: the bytes that everything else is compared with.

use std::collections::BTreeMap;

use cabincrew_protocol::artifact::{Role, descriptor_digest};
use cabincrew_protocol::digest;

use super::plan;
use super::view::{View, Views, items, parse, text};
use crate::observe::Bytes;
use crate::orchestrator::observe::ProgramSeen;

/// A planned artifact as the engine left it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Planned {
    pub(super) step: String,
    pub(super) name: String,
    pub(super) role: String,
    /// Its `artifact_type`.
    pub(super) kind: Option<String>,
    /// The descriptor digest (C-05).
    pub(super) descriptor: String,
    /// Digest of the file that a path beside it would name: the body, else the metadata.
    pub(super) file_sha256: String,
    /// Bytes of the body.
    pub(super) body_size: u64,
    /// Path to SHA-256, `body.data` only if there is one.
    pub(super) files: BTreeMap<String, String>,
}

impl Planned {
    /// Digest of the file that a path in a document names: `NAME/FILE`, or that in a folder of the
    /// store, where exported paths start as well (DESIGN 8.1).
    pub(super) fn file(&self, path: &str) -> Option<&str> {
        let names = |file: &str| {
            let folder = path.strip_suffix(file);
            folder.is_some_and(|folder| folder.is_empty() || folder.ends_with('/'))
        };
        let found = self.files.iter().find(|(file, _)| names(file));
        found.map(|(_, digest)| digest.as_str())
    }
}

/// The artifacts of the last good planning launch of each step up to here; none if one of them was
/// not seen as a whole.
pub(super) fn planned(view: &View<'_>, views: &Views<'_>) -> Option<Vec<Planned>> {
    let mut last: BTreeMap<String, &ProgramSeen> = BTreeMap::new();
    for program in views.launches(view, "flight-plan") {
        if program.ended {
            last.insert(plan::step_id(program)?, program);
        }
    }
    let mut all = Vec::new();
    for (step, program) in last {
        all.extend(of_launch(&step, program)?);
    }
    (!all.is_empty()).then_some(all)
}

/// The artifacts of one planning launch, in the order of their names' bytes.
pub(super) fn of_launch(step: &str, program: &ProgramSeen) -> Option<Vec<Planned>> {
    let receipt = parse(&program.stdout.kept).ok()?;
    let mut found = Vec::new();
    for listed in items(&receipt, "/artifacts") {
        let name = text(listed, "/name")?;
        let role = text(listed, "/role")?;
        let sha256 = |file: &str| -> Option<Option<(String, u64)>> {
            match program.artifacts_after.get(&format!("{name}/{file}")) {
                None => Some(None),
                Some(bytes) => whole(bytes).map(|it| Some((it, bytes.total))),
            }
        };
        let (metadata, _) = sha256("artifact.json")??;
        let body = sha256("body.data")?;
        let role_word = Role::from(role.to_owned());
        let digest_of = |hex: &str| hex.parse().ok();
        let body_digest = match &body {
            None => None,
            Some((hex, _)) => Some(digest_of(hex)?),
        };
        let metadata_digest = digest_of(&metadata)?;
        let descriptor =
            descriptor_digest(name, &role_word, &metadata_digest, body_digest.as_ref());
        let mut files = BTreeMap::from([(format!("{name}/artifact.json"), metadata.clone())]);
        if let Some((hex, _)) = &body {
            files.insert(format!("{name}/body.data"), hex.clone());
        }
        found.push(Planned {
            step: step.to_owned(),
            name: name.to_owned(),
            role: role.to_owned(),
            kind: kind(program, name),
            descriptor: descriptor.to_string(),
            file_sha256: body.as_ref().map_or(metadata, |(hex, _)| hex.clone()),
            body_size: body.map_or(0, |(_, size)| size),
            files,
        });
    }
    found.sort_by(|a, b| a.name.cmp(&b.name));
    Some(found)
}

fn kind(program: &ProgramSeen, name: &str) -> Option<String> {
    let bytes = program
        .artifacts_after
        .get(&format!("{name}/artifact.json"))?;
    let metadata = parse(&bytes.kept).ok()?;
    text(&metadata, "/artifact_type").map(str::to_owned)
}

fn whole(bytes: &Bytes) -> Option<String> {
    bytes
        .is_whole()
        .then(|| digest::sha256(&bytes.kept).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn note() -> Planned {
        let files = [("note/artifact.json", "m"), ("note/body.data", "b")];
        Planned {
            step: "edit".to_owned(),
            name: "note".to_owned(),
            role: "state".to_owned(),
            kind: None,
            descriptor: String::new(),
            file_sha256: "b".to_owned(),
            body_size: 1,
            files: files
                .map(|(path, digest)| (path.to_owned(), digest.to_owned()))
                .into(),
        }
    }

    #[test]
    fn a_path_may_start_at_a_folder_of_the_store() {
        assert_eq!(note().file("note/body.data"), Some("b"));
        assert_eq!(note().file("0-plan/note/artifact.json"), Some("m"));
    }

    #[test]
    fn a_path_of_another_artifact_names_nothing() {
        assert_eq!(note().file("keynote/body.data"), None);
        assert_eq!(note().file("body.data"), None);
        assert_eq!(note().file("note/body.data/"), None);
    }
}
