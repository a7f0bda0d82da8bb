//! Laws of the judge: whatever an engine writes, it is judged, completely and in safe words.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use cabincrew_conform::catalogue::Kit;
use cabincrew_conform::drill::{Class, LaunchMode};
use cabincrew_conform::judge::judge;
use cabincrew_conform::observe::{
    Bytes, Canary, Capabilities, End, Launch, OBSERVATION_FORMAT, Observation, ScenarioSeen,
};
use cabincrew_conform::select::{Plan, Selection, select};
use cabincrew_conform::tree::{Entry, Kind, Stamp, Tree};
use cabincrew_conform::verdict::Verdict;

/// Stands between the parts of an input: standard output, `artifact.json`, `body.data`.
const SEPARATOR: u8 = 0x1e;

static KIT: LazyLock<Kit> = LazyLock::new(|| Kit::embedded().expect("tests rule errors out"));

static PLAN: LazyLock<Plan> = LazyLock::new(|| {
    let selection = Selection {
        classes: vec![Class::Draft, Class::Profile, Class::Hardening],
        filters: Vec::new(),
    };
    select(&KIT, &selection).expect("all classes together select something")
});

/// Every check gets a verdict whose words are safe to print, and the recorded observation gives the
/// same verdicts.
pub fn receipt(bytes: &[u8]) {
    let mut parts = bytes.splitn(3, |byte| *byte == SEPARATOR);
    let mut next = || parts.next().unwrap_or_default().to_vec();
    let (stdout, descriptor, body) = (next(), next(), next());
    let seen = observation(&stdout, &descriptor, &body);
    let verdicts = judge(&PLAN, &KIT, &seen);
    assert_eq!(verdicts.len(), KIT.checks().count(), "a check was lost");
    verdicts.iter().for_each(safe);
    let recorded = serde_json::to_vec(&seen).expect("an observation can be recorded");
    let again: Observation = serde_json::from_slice(&recorded).expect("a record can be read");
    assert_eq!(verdicts, judge(&PLAN, &KIT, &again), "the record differs");
}

/// A subject's output cannot move the cursor, start a line or flood the report.
fn safe(verdict: &Verdict) {
    for finding in &verdict.findings {
        assert!(
            !finding.observed.chars().any(char::is_control),
            "control characters in the verdict on {}: {:?}",
            verdict.check,
            finding.observed
        );
        assert!(
            finding.observed.len() < 4096,
            "{} floods the report",
            verdict.check
        );
    }
}

/// One launch of each kind that checks look at, all with the same outputs.
fn observation(stdout: &[u8], descriptor: &[u8], body: &[u8]) -> Observation {
    let launches = [
        ("baseline", LaunchMode::FlightPlan, End::Exited(0)),
        ("repeat.1", LaunchMode::FlightPlan, End::Exited(0)),
        ("not-json.empty", LaunchMode::FlightPlan, End::Exited(2)),
        ("artifacts-full", LaunchMode::FlightPlan, End::Exited(1)),
        ("takeoff", LaunchMode::TakeOff, End::Exited(0)),
        ("state-flipped", LaunchMode::TakeOff, End::Exited(1)),
    ];
    let launches = launches.map(|(name, mode, end)| Launch {
        refuse: name == "not-json.empty",
        spoiled: name == "state-flipped",
        stdout: Bytes::whole(stdout.to_vec()),
        contents: contents(descriptor, body),
        artifacts: artifacts(descriptor, body),
        ..launch(name, mode, end)
    });
    Observation {
        format: OBSERVATION_FORMAT,
        scenario: ScenarioSeen {
            name: "made-up".to_owned(),
            digest: String::new(),
            takeoff_changes: true,
            after: None,
            workspace: Tree::new(),
            invalid_configs: 0,
            numbers: BTreeSet::new(),
        },
        capabilities: Capabilities {
            mounts: true,
            system_watch: true,
            open_watch: true,
            process_list: true,
        },
        canaries: vec![Canary {
            name: "secrets.API_TOKEN".to_owned(),
            value: "Cc0123456789abcd+0123456789ab/0123456789=".to_owned(),
        }],
        launches: launches.into(),
    }
}

fn contents(descriptor: &[u8], body: &[u8]) -> BTreeMap<String, Bytes> {
    let mut contents = BTreeMap::new();
    let whole = |bytes: &[u8]| Bytes::whole(bytes.to_vec());
    contents.insert("plan/artifact.json".to_owned(), whole(descriptor));
    if !body.is_empty() {
        contents.insert("plan/body.data".to_owned(), whole(body));
    }
    contents
}

fn artifacts(descriptor: &[u8], body: &[u8]) -> Tree {
    let entry = |kind, size: usize| Entry {
        kind,
        mode: 0o644,
        size: size as u64,
        sha256: "0".repeat(64),
        target: String::new(),
        links: 1,
        stamp: Stamp::default(),
    };
    let mut tree = Tree::new();
    tree.insert("plan".to_owned(), entry(Kind::Directory, 0));
    tree.insert(
        "plan/artifact.json".to_owned(),
        entry(Kind::File, descriptor.len()),
    );
    if !body.is_empty() {
        tree.insert("plan/body.data".to_owned(), entry(Kind::File, body.len()));
    }
    tree
}

/// A launch that left nothing.
fn launch(name: &str, mode: LaunchMode, end: End) -> Launch {
    Launch {
        name: name.to_owned(),
        drill: "made-up".to_owned(),
        worker: 0,
        mode,
        refuse: false,
        spoiled: false,
        args: vec!["--mode".to_owned(), mode.as_str().to_owned()],
        env: BTreeMap::new(),
        input: Bytes::whole(br#"{"protocol_version":"1.0.0"}"#.to_vec()),
        expected_plan_token: (mode == LaunchMode::TakeOff).then(|| "0".repeat(64)),
        dirs: BTreeMap::new(),
        end,
        stdout: Bytes::default(),
        stderr: Bytes::default(),
        started_s: 0,
        duration_ms: 1,
        processes_left: Vec::new(),
        workspace_changes: Vec::new(),
        workspace_after: (mode == LaunchMode::TakeOff).then(Tree::new),
        artifacts: Tree::new(),
        contents: BTreeMap::new(),
        artifacts_late: Vec::new(),
        restored: Vec::new(),
        restored_changes: Vec::new(),
        temp_left: Vec::new(),
        outside: Vec::new(),
        decoys_opened: Vec::new(),
        connections: Vec::new(),
        markers: Vec::new(),
    }
}
