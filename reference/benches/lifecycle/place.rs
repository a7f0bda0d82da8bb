//! A folder with a trivial workflow, and a service in front of it.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use cabincrew_protocol::audit::SigningKey;
use cabincrew_reference::launch::Launcher;
use cabincrew_reference::service::Service;
use tempfile::TempDir;

/// Everything that workflows need, gone at the end.
pub(crate) struct Place {
    folder: TempDir,
}

impl Place {
    pub(crate) fn new() -> Self {
        let place = Self {
            folder: tempfile::tempdir_in(std::env::current_exe().unwrap().parent().unwrap())
                .unwrap(),
        };
        let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures");
        for (from, to) in [
            ("policies/protected-paths.rego", "protected-paths.rego"),
            ("models/secrets.onnx", "secrets.onnx"),
        ] {
            fs::copy(fixtures.join(from), place.path(to)).unwrap();
        }
        fs::copy(engine(), place.path("engine")).unwrap();
        let all = fs::Permissions::from_mode(0o755);
        fs::set_permissions(place.path("engine"), all).unwrap();
        let mut policies = vec![
            serde_json::json!({"id": "protected-paths", "kind": "opa", "path": "protected-paths.rego",
                "query": "data.cabincrew.preflight.result"}),
            serde_json::json!({"id": "size", "kind": "custom", "command": ["./engine", "rule"]}),
        ];
        if cfg!(feature = "onnx") {
            policies.push(
                serde_json::json!({"id": "secrets", "kind": "onnx", "path": "secrets.onnx",
                "thresholds": {"warn": 0.5, "require_approval": 0.8, "deny": 0.95}}),
            );
        }
        let workflow = serde_json::json!({
            "workflow": "trivial",
            "steps": [{"step_id": "edit", "engine": {"command": ["./engine"]}}],
            "governance": {"policies": policies},
        });
        fs::write(place.path("workflow.json"), workflow.to_string()).unwrap();
        place
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A new small workspace.
    pub(crate) fn workspace(&self, name: &str) -> PathBuf {
        let workspace = self.path("workspaces").join(name);
        fs::create_dir_all(&workspace).unwrap();
        for file in ["a.txt", "README.md", "Cargo.toml"] {
            fs::write(workspace.join(file), "text\n").unwrap();
        }
        workspace
    }

    /// Everything on: events are signed.
    pub(crate) fn service(&self, state_dir: &str) -> Service {
        Service::new(
            self.path(state_dir),
            Launcher::new(program().to_owned()),
            program().parent().unwrap().to_owned(),
        )
        .with_audit_key(Some(
            SigningKey::from_seed("example.com/audit", &[7; 32]).unwrap(),
        ))
    }
}

pub(crate) fn program() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_cabincrew"))
}

/// The trivial engine, which cargo builds beside this program.
fn engine() -> PathBuf {
    let folder = std::env::current_exe().unwrap();
    let entries = fs::read_dir(folder.parent().unwrap()).unwrap();
    let built = entries.map(Result::unwrap).filter(|entry| {
        let name = entry.file_name().into_string().unwrap_or_default();
        name.starts_with("trivial_engine-") && !name.contains('.')
    });
    built
        .max_by_key(|entry| entry.metadata().unwrap().modified().unwrap())
        .expect("`cargo bench` builds the trivial engine")
        .path()
}
