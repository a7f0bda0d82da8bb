//! Where the workers are and what evaluations may use.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// How a [`Governor`](crate::Governor) works.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GovernorConfig {
    /// The Rego worker's executable. Needed only when a Rego policy is loaded.
    pub policy_worker: PathBuf,
    /// The ONNX worker's executable. Needed only when a model is loaded.
    pub model_worker: PathBuf,
    /// Where relative paths of policies start, and where programs run: the workflow file's folder.
    pub cwd: PathBuf,
    /// `PATH` of programs, and where those without `/` are searched: the whole environment that
    /// they get.
    pub path: OsString,
    /// What evaluations may use.
    pub limits: Limits,
}

impl GovernorConfig {
    /// File name of the Rego worker.
    pub const POLICY_WORKER: &'static str = "cabincrew-policy-worker";
    /// File name of the ONNX worker.
    pub const MODEL_WORKER: &'static str = "cabincrew-model-worker";

    /// Workers in the folder `beside` (that of the orchestrator's executable), everything else
    /// as it is by default.
    #[must_use]
    pub fn beside(beside: &Path, cwd: &Path) -> Self {
        Self {
            policy_worker: beside.join(Self::POLICY_WORKER),
            model_worker: beside.join(Self::MODEL_WORKER),
            cwd: cwd.to_owned(),
            path: OsString::from("/usr/local/bin:/usr/bin:/bin"),
            limits: Limits::default(),
        }
    }
}

/// Bounds on evaluations; bytes everywhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Address space of the Rego worker.
    pub policy_memory: u64,
    /// Address space of the ONNX worker.
    pub model_memory: u64,
    /// Address space of a program and of each of its children.
    pub program_memory: u64,
    /// Size of a Rego file.
    pub policy_bytes: usize,
    /// Size of an ONNX file.
    pub model_bytes: usize,
    /// All content that one evaluation may see.
    pub content_bytes: usize,
    /// What a worker or a program may answer.
    pub answer_bytes: usize,
    /// After how many requests a worker is replaced, so that what one leaves behind stays bounded.
    pub worker_requests: u32,
}

impl Default for Limits {
    /// 512 MiB for Rego, 1 GiB for ONNX, 2 GiB for programs; 256 KiB of Rego, 8 MiB of ONNX;
    /// 16 MiB of content, 1 MiB of answer; 4096 requests.
    fn default() -> Self {
        Self {
            policy_memory: 512 << 20,
            model_memory: 1 << 30,
            program_memory: 2 << 30,
            policy_bytes: 256 << 10,
            model_bytes: 8 << 20,
            content_bytes: 16 << 20,
            answer_bytes: 1 << 20,
            worker_requests: 4096,
        }
    }
}
