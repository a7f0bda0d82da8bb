//! The directories of one run.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Where one run takes place. Names are short: a socket's path has little room.
#[derive(Debug, Clone)]
pub(super) struct Site {
    pub(super) root: PathBuf,
    pub(super) state: PathBuf,
    pub(super) stage: PathBuf,
    pub(super) socket: PathBuf,
    pub(super) elsewhere: PathBuf,
    /// Where programs try to reach the network: whoever gets here reaches more than files.
    listener: Option<Arc<TcpListener>>,
    pub(super) home: PathBuf,
    pub(super) tmp: PathBuf,
    /// Current directory of the orchestrator.
    pub(super) cwd: PathBuf,
    /// Files of the harness's own: responses, saved states.
    pub(super) side: PathBuf,
    /// By label.
    pub(super) workspaces: BTreeMap<String, PathBuf>,
}

impl Site {
    /// Makes the directories of a run with these workflows.
    pub(super) fn new(root: PathBuf, labels: &[String]) -> io::Result<Self> {
        let of_label = |label: &String| (label.clone(), root.join(format!("w-{label}")));
        let site = Self {
            state: root.join("state"),
            stage: root.join("stage"),
            socket: root.join("hub"),
            elsewhere: root.join("elsewhere"),
            listener: TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
                .ok()
                .map(Arc::new),
            home: root.join("home"),
            tmp: root.join("tmp"),
            cwd: root.join("cwd"),
            side: root.join("side"),
            workspaces: labels.iter().map(of_label).collect(),
            root,
        };
        for folder in [
            &site.stage,
            &site.elsewhere,
            &site.home,
            &site.tmp,
            &site.cwd,
            &site.side,
            &site.state,
        ] {
            fs::create_dir_all(folder)?;
        }
        for folder in site.workspaces.values() {
            fs::create_dir_all(folder)?;
        }
        Ok(site)
    }

    /// The address at which the network reaches this harness; none on a machine without a network.
    pub(super) fn address(&self) -> Option<SocketAddr> {
        self.listener.as_ref()?.local_addr().ok()
    }

    /// The workspace of a label.
    pub(super) fn workspace(&self, label: &str) -> &Path {
        self.workspaces
            .get(label)
            .or_else(|| self.workspaces.values().next())
            .map_or(&self.root, |path| path)
    }

    /// Names in braces for the directories, seen from one workflow.
    pub(super) fn named(&self, label: &str) -> BTreeMap<String, String> {
        let mut named: BTreeMap<String, String> = self
            .workspaces
            .iter()
            .map(|(other, path)| (format!("workspace:{other}"), lossy(path)))
            .collect();
        named.remove(&format!("workspace:{label}"));
        let own = [
            ("workspace", self.workspace(label)),
            ("state_dir", self.state.as_path()),
            ("stage", self.stage.as_path()),
            ("hub", self.socket.as_path()),
            ("elsewhere", self.elsewhere.as_path()),
            ("home", self.home.as_path()),
            ("tmp", self.tmp.as_path()),
            ("cwd", self.cwd.as_path()),
            ("side", self.side.as_path()),
            ("root", self.root.as_path()),
        ];
        named.extend(own.map(|(name, path)| (name.to_owned(), lossy(path))));
        named
    }
}

pub(super) fn lossy(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}
