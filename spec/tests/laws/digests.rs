//! What a digest covers changes it, and nothing else does.

use cabincrew_protocol::approval::Id;
use cabincrew_protocol::artifact::{Role, descriptor_digest};
use cabincrew_protocol::digest::{Hasher, Sha256Hex, sha256};
use cabincrew_protocol::governance::{Governance, Pinned, governance_hash, policy_digest};
use cabincrew_protocol::plan_token::{self, PlanArtifactHash, PlanToken};
use cabincrew_protocol::workspace::{self, Entry, EntryKind, WorkspaceError, name_from_bytes};
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use serde_json::Number;

prop_compose! {
    fn digest()(bytes: [u8; 32]) -> Sha256Hex {
        Sha256Hex::from_bytes(bytes)
    }
}

prop_compose! {
    fn plan_artifact()(name: String, hash in digest(), size in 0_u64..1 << 53) -> PlanArtifactHash {
        PlanArtifactHash { name, hash: hash.into(), size: Some(Number::from(size)) }
    }
}

prop_compose! {
    fn token()(
        artifacts in vec(plan_artifact(), 0..4),
        texts in vec(any::<String>(), 6),
        digests in vec(digest(), 3),
        governed: bool,
    ) -> PlanToken {
        let [model, engine_id, protocol_version, created_at, version, token] =
            <[String; 6]>::try_from(texts).unwrap();
        let [workspace_hash, policies, governance] = <[Sha256Hex; 3]>::try_from(digests).unwrap();
        PlanToken {
            token,
            version,
            artifacts,
            model,
            engine_id,
            protocol_version,
            workspace_hash: workspace_hash.into(),
            created_at,
            policy_digest: governed.then(|| policies.into()),
            governance_hash: governed.then(|| governance.into()),
        }
    }
}

/// Every change of one bound thing.
const BOUND: &[fn(&mut PlanToken)] = &[
    |token| token.version.push('x'),
    |token| token.model.push('x'),
    |token| token.engine_id.push('x'),
    |token| token.protocol_version.push('x'),
    |token| token.workspace_hash.push('x'),
    |token| toggle(&mut token.policy_digest),
    |token| toggle(&mut token.governance_hash),
    |token| {
        token.artifacts.push(PlanArtifactHash {
            name: String::new(),
            hash: String::new(),
            size: None,
        })
    },
    |token| match token.artifacts.first_mut() {
        Some(artifact) => artifact.name.push('x'),
        None => token.model.push('y'),
    },
    |token| match token.artifacts.first_mut() {
        Some(artifact) => artifact.hash.push('x'),
        None => token.model.push('y'),
    },
    |token| match token.artifacts.first_mut() {
        Some(artifact) => artifact.size = None,
        None => token.model.push('y'),
    },
];

/// Absent becomes empty, present becomes absent.
fn toggle(member: &mut Option<String>) {
    *member = if member.is_none() {
        Some(String::new())
    } else {
        None
    };
}

fn pinned() -> impl Strategy<Value = Vec<Pinned>> {
    btree_map(any::<String>(), digest(), 0..5).prop_map(|files| {
        files
            .into_iter()
            .map(|(path, sha256)| Pinned { path, sha256 })
            .collect()
    })
}

fn entries() -> impl Strategy<Value = Vec<Entry>> {
    let kind = prop_oneof![
        Just(EntryKind::Directory),
        (any::<bool>(), digest())
            .prop_map(|(executable, sha256)| EntryKind::File { executable, sha256 }),
        any::<String>().prop_map(|target| EntryKind::Symlink { target }),
    ];
    btree_map("[a-z\u{e9}\u{1f600}]{1,3}(/[a-z ]{1,3}){0,2}", kind, 1..6).prop_map(|entries| {
        entries
            .into_iter()
            .map(|(path, kind)| Entry { path, kind })
            .collect()
    })
}

proptest! {
    #[test]
    fn digests_round_trip(bytes: [u8; 32]) {
        let digest = Sha256Hex::from_bytes(bytes);
        prop_assert_eq!(digest.to_bytes(), bytes);
        prop_assert_eq!(digest.to_string().parse(), Ok(digest.clone()));
        let upper = digest.as_str().to_uppercase();
        prop_assert_eq!(upper.parse::<Sha256Hex>().is_ok(), upper == digest.as_str());
    }

    #[test]
    fn pieces_hash_like_the_whole(pieces in vec(vec(any::<u8>(), 0..40), 0..6)) {
        let mut hasher = Hasher::new();
        for piece in &pieces {
            hasher.update(piece);
        }
        prop_assert_eq!(hasher.finish(), sha256(&pieces.concat()));
    }

    #[test]
    fn the_token_covers_every_bound_member_and_no_other(token in token(), ids: (String, String)) {
        let (workflow_id, step_id) = ids;
        let compute = |token: &PlanToken| plan_token::compute(token, &workflow_id, &step_id).unwrap();
        let original = compute(&token);
        let free = PlanToken { token: String::new(), created_at: "later".to_owned(), ..token.clone() };
        prop_assert_eq!(&compute(&free), &original);
        for (index, change) in BOUND.iter().enumerate() {
            let mut changed = token.clone();
            change(&mut changed);
            prop_assert_ne!(compute(&changed), original.clone(), "change {}", index);
        }
        let other_step = plan_token::compute(&token, &workflow_id, &format!("{step_id}x")).unwrap();
        let other_workflow = plan_token::compute(&token, &format!("{workflow_id}x"), &step_id).unwrap();
        prop_assert_ne!(&other_step, &original);
        prop_assert_ne!(&other_workflow, &original);
        prop_assert_ne!(other_step, other_workflow);
    }

    #[test]
    fn the_order_of_artifacts_is_covered(token in token(), a in plan_artifact(), b in plan_artifact()) {
        prop_assume!(a != b);
        let forward = PlanToken { artifacts: vec![a.clone(), b.clone()], ..token.clone() };
        let backward = PlanToken { artifacts: vec![b, a], ..token };
        let compute = |token| plan_token::compute(token, "wf", "step").unwrap();
        prop_assert_ne!(compute(&forward), compute(&backward));
    }

    #[test]
    fn the_descriptor_covers_name_role_metadata_and_body(
        name: String, metadata in digest(), body in prop::option::of(digest()), other in digest()
    ) {
        prop_assume!(metadata != other && body.as_ref() != Some(&other));
        let of = |name: &str, role, metadata, body| descriptor_digest(name, role, metadata, body);
        let original = of(&name, &Role::State, &metadata, body.as_ref());
        prop_assert_ne!(&of(&format!("{name}x"), &Role::State, &metadata, body.as_ref()), &original);
        prop_assert_ne!(&of(&name, &Role::Log, &metadata, body.as_ref()), &original);
        prop_assert_ne!(&of(&name, &Role::State, &other, body.as_ref()), &original);
        prop_assert_ne!(&of(&name, &Role::State, &metadata, Some(&other)), &original);
        let absent = of(&name, &Role::State, &metadata, None);
        prop_assert_eq!(absent == original, body.is_none());
    }

    #[test]
    fn approval_ids_round_trip(nonce in "[A-Za-z0-9]{8,64}", token in digest()) {
        let id = Id::new(&nonce, token.clone()).unwrap();
        prop_assert_eq!(id.to_string().parse(), Ok(id.clone()));
        prop_assert_eq!(id.plan_token_hash(), &token);
    }

    #[test]
    fn the_workspace_hash_ignores_order_and_nothing_else(entries in entries(), other in digest()) {
        let original = workspace::hash(&entries, &[]).unwrap();
        let reversed: Vec<Entry> = entries.iter().rev().cloned().collect();
        prop_assert_eq!(&workspace::hash(&reversed, &[]).unwrap(), &original);
        prop_assert_ne!(&workspace::hash(&entries[1..], &[]).unwrap(), &original);
        prop_assert_ne!(&workspace::hash(&entries, &[".git".to_owned()]).unwrap(), &original);
        for index in 0..entries.len() {
            let mut changed = entries.clone();
            changed[index].kind = match &entries[index].kind {
                EntryKind::File { executable, sha256 } => {
                    EntryKind::File { executable: !executable, sha256: sha256.clone() }
                }
                _ => EntryKind::File { executable: false, sha256: other.clone() },
            };
            prop_assert_ne!(&workspace::hash(&changed, &[]).unwrap(), &original);
            changed = entries.clone();
            changed[index].path.push_str("/deeper");
            prop_assert_ne!(&workspace::hash(&changed, &[]).unwrap(), &original);
        }
        let twice = [entries.as_slice(), &entries[..1]].concat();
        let path = entries[0].path.clone();
        prop_assert_eq!(workspace::hash(&twice, &[]), Err(WorkspaceError::DuplicatePath { path }));
    }

    #[test]
    fn the_policy_digest_ignores_order_only(policies in pinned(), other in digest()) {
        let original = policy_digest(&policies);
        let reversed: Vec<Pinned> = policies.iter().rev().cloned().collect();
        prop_assert_eq!(&policy_digest(&reversed), &original);
        let more = [policies.as_slice(), &[Pinned { path: "\u{10ffff}new".to_owned(), sha256: other }]];
        prop_assert_ne!(policy_digest(&more.concat()), original);
    }

    #[test]
    fn policies_and_models_are_not_interchangeable(files in pinned()) {
        prop_assume!(!files.is_empty());
        let policies = Governance { policies: files.clone(), ..Governance::default() };
        let models = Governance { models: files, ..Governance::default() };
        prop_assert_ne!(governance_hash(&policies).unwrap(), governance_hash(&models).unwrap());
    }
}

#[test]
fn odd_paths_have_no_digest() {
    for path in ["", "/", "/etc", "a//b", "a/", "./a", "a/.", "..", "a/../b"] {
        let entry = Entry {
            path: path.to_owned(),
            kind: EntryKind::Directory,
        };
        let found = workspace::hash(&[entry], &[]);
        assert!(
            matches!(found, Err(WorkspaceError::NotRelative { .. })),
            "{path:?}: {found:?}"
        );
    }
    let valid = "ab".to_owned();
    assert_eq!(
        name_from_bytes(b"ab\xffc"),
        Err(WorkspaceError::NotUtf8 { valid })
    );
    assert_eq!(
        name_from_bytes("\u{e9}".as_bytes()).as_deref(),
        Ok("\u{e9}")
    );
}
