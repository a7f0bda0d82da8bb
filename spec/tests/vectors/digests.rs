//! Descriptor digest, plan token, workspace and governance hashes, receipt hash.

use std::collections::BTreeMap;

use cabincrew_protocol::artifact::{self, Role};
use cabincrew_protocol::canonical;
use cabincrew_protocol::digest::sha256;
use cabincrew_protocol::governance::{self, Governance, Pinned};
use cabincrew_protocol::plan_token::{self, PlanToken};
use cabincrew_protocol::rules;
use cabincrew_protocol::workspace::{self, Entry, EntryKind};
use serde::Deserialize;
use serde_json::Value;

use super::{Carried, cases};

fn text(value: &Value) -> String {
    String::from_utf8(canonical::to_vec(value).unwrap()).unwrap()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DescriptorCase {
    name: String,
    artifact_name: String,
    role: Role,
    metadata: Carried,
    body: Option<Carried>,
    metadata_sha256: String,
    body_sha256: Option<String>,
    preimage: String,
    digest: String,
}

#[test]
fn descriptor_digest() {
    for case in cases::<DescriptorCase>("descriptor-digest.json") {
        let metadata = sha256(&case.metadata.bytes());
        let body = case.body.map(|body| sha256(&body.bytes()));
        assert_eq!(metadata.as_str(), case.metadata_sha256, "{}", case.name);
        assert_eq!(
            body.as_ref().map(|body| body.as_str()),
            case.body_sha256.as_deref()
        );
        let (name, role, body) = (&case.artifact_name, &case.role, body.as_ref());
        let preimage = artifact::descriptor(name, role, &metadata, body);
        assert_eq!(text(&preimage), case.preimage, "{}", case.name);
        let digest = artifact::descriptor_digest(name, role, &metadata, body);
        assert_eq!(digest.as_str(), case.digest, "{}", case.name);
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TokenCase {
    name: String,
    plan_token: PlanToken,
    workflow_id: String,
    step_id: String,
    preimage: String,
    token: String,
}

#[test]
fn plan_token() {
    for case in cases::<TokenCase>("plan-token.json") {
        let (workflow_id, step_id) = (&case.workflow_id, &case.step_id);
        let preimage = plan_token::preimage(&case.plan_token, workflow_id, step_id);
        assert_eq!(text(&preimage), case.preimage, "{}", case.name);
        let token = plan_token::compute(&case.plan_token, workflow_id, step_id).unwrap();
        assert_eq!(token.as_str(), case.token, "{}", case.name);
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WorkspaceCase {
    name: String,
    entries: Vec<CarriedEntry>,
    excludes: Vec<String>,
    preimage: String,
    hash: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CarriedEntry {
    path: String,
    kind: String,
    executable: bool,
    content: Option<Carried>,
    target: Option<String>,
}

impl CarriedEntry {
    fn entry(&self) -> Entry {
        let kind = match self.kind.as_str() {
            "file" => EntryKind::File {
                executable: self.executable,
                sha256: sha256(&self.content.as_ref().unwrap().bytes()),
            },
            "directory" => EntryKind::Directory,
            "symlink" => EntryKind::Symlink {
                target: self.target.clone().unwrap(),
            },
            other => panic!("unknown kind {other}"),
        };
        Entry {
            path: self.path.clone(),
            kind,
        }
    }
}

#[test]
fn workspace_hash() {
    for case in cases::<WorkspaceCase>("workspace-hash.json") {
        let entries: Vec<Entry> = case.entries.iter().map(CarriedEntry::entry).collect();
        let preimage = workspace::preimage(&entries, &case.excludes).unwrap();
        assert_eq!(text(&preimage), case.preimage, "{}", case.name);
        let hash = workspace::hash(&entries, &case.excludes).unwrap();
        assert_eq!(hash.as_str(), case.hash, "{}", case.name);
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GovernanceCase {
    name: String,
    kind: String,
    input: Value,
    preimage: String,
    digest: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Policies {
    policies: Vec<Pinned>,
}

#[test]
fn governance_digests() {
    for case in cases::<GovernanceCase>("governance-digests.json") {
        let (preimage, digest) = match case.kind.as_str() {
            "policy_digest" => {
                let input: Policies = serde_json::from_value(case.input).unwrap();
                let policies = &input.policies;
                (
                    governance::policy_preimage(policies),
                    governance::policy_digest(policies),
                )
            }
            "governance_hash" => {
                let input: Governance = serde_json::from_value(case.input).unwrap();
                let digest = governance::governance_hash(&input).unwrap();
                (governance::governance_preimage(&input), digest)
            }
            other => panic!("unknown kind {other}"),
        };
        assert_eq!(text(&preimage), case.preimage, "{}", case.name);
        assert_eq!(digest.as_str(), case.digest, "{}", case.name);
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ReceiptCase {
    name: String,
    artifact_name: String,
    files: BTreeMap<String, Carried>,
    path: String,
    hash: String,
    size: usize,
}

#[test]
fn receipt_hash() {
    for case in cases::<ReceiptCase>("receipt-hash.json") {
        let has_body = case.files.contains_key(artifact::BODY_FILE);
        let path = rules::expected_path(&case.artifact_name, has_body);
        assert_eq!(path, case.path, "{}", case.name);
        let file = path
            .strip_prefix(&format!("{}/", case.artifact_name))
            .unwrap();
        let bytes = case.files[file].bytes();
        assert_eq!(sha256(&bytes).as_str(), case.hash, "{}", case.name);
        assert_eq!(bytes.len(), case.size, "{}", case.name);
    }
}
