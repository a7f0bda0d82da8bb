//! `init`: a workflow that can be run at once, with a policy and a roster to start from.

use std::path::Path;

use super::out;
use crate::exit::Exit;

const WORKFLOW: &str = r#"{
  "workflow": "my-workflow",
  "steps": [
    { "step_id": "change", "engine": { "command": ["./engine"], "timeout_ms": 600000 }, "config": {} }
  ],
  "governance": {
    "policies": [
      { "id": "protected-paths", "kind": "opa", "path": "policies/protected-paths.rego",
        "query": "data.cabincrew.preflight.result" }
    ]
  },
  "approval": { "roster": "roster.json", "default_role": "approver" },
  "trigger": { "kind": "user", "by": "me" }
}
"#;

const POLICY: &str = r#"package cabincrew.preflight

# Plans that touch a protected path are refused; every other plan is shown to a person.
protected := {".git", ".github", ".ci"}

violations contains message if {
	some artifact in input.context.artifacts
	some name in protected
	startswith(artifact.artifact.target, name)
	message := sprintf("%s touches %s", [artifact.name, name])
}

result := {"decision": "deny", "violations": [message | some message in violations]} if {
	count(violations) > 0
} else := {
	"decision": "require_approval",
	"requires": {"role": "approver", "reason": "every change is looked at"},
}
"#;

const ROSTER: &str = r#"{
  "approvers": [
    { "approver": "you", "roles": ["approver"] }
  ],
  "requester_may_not_approve": true
}
"#;

/// Writes the files; none that is there is overwritten.
pub(super) fn run(folder: &Path) -> Exit {
    let files = [
        ("workflow.json", WORKFLOW),
        ("policies/protected-paths.rego", POLICY),
        ("roster.json", ROSTER),
    ];
    for (name, text) in files {
        let path = folder.join(name);
        let written = path
            .parent()
            .map_or(Ok(()), std::fs::create_dir_all)
            .and_then(|()| std::fs::File::create_new(&path))
            .and_then(|mut file| std::io::Write::write_all(&mut file, text.as_bytes()));
        if let Err(error) = written {
            out::problem(&format!("cannot make {}: {error}", path.display()));
            return Exit::Usage;
        }
    }
    out::line(&format!(
        "{}: put your engine beside workflow.json, then `cabincrew run --state-dir STATE --workspace DIR {}`",
        folder.display(),
        folder.join("workflow.json").display()
    ))
}
