//! What a program finds at its start: told to the hub, so that an orchestrator can be judged by how it
//! starts things.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs::OpenOptions;
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Map, Value, json};

use crate::engine::sha256;
use crate::fault::base64;
use crate::hub::{Hub, HubAt};
use crate::journal::descriptors;

/// The longest wait for a connection to the harness on the same machine.
const CONNECT_MAX: Duration = Duration::from_secs(2);
/// Most entries of one listing.
const NAMES_MAX: usize = 2000;
/// Deepest folder that is listed.
const DEPTH_MAX: usize = 16;
/// Largest file that is hashed.
const HASHED_MAX: u64 = 16 << 20;
/// Most bytes of input and output that are told.
const TEXT_MAX: usize = 8 << 20;
/// Most bytes of one artifact file that are told.
const FILE_MAX: usize = 256 << 10;
/// Most bytes of all artifact files together.
const FILES_MAX: usize = 4 << 20;

/// A program's first words: the members of the recorded observation.
pub(crate) fn begin(
    (at, hub): (&HubAt, &Hub),
    mode: &str,
    args: &[OsString],
    stdin: Option<&[u8]>,
) -> Value {
    let mut open = descriptors();
    if let Some(own) = hub.descriptor() {
        open.remove(&own.to_string());
    }
    let env: BTreeMap<String, String> = std::env::vars_os()
        .map(|(name, value)| (text(&name), text(&value)))
        .collect();
    let folder = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    let given = [
        ("workspace", folder("CABINCREW_WORKSPACE")),
        ("artifacts", folder("CABINCREW_ARTIFACTS_DIR")),
        ("temp", folder("CABINCREW_TEMP_DIR")),
        ("elsewhere", Some(at.elsewhere.clone().into())),
    ]
    .map(|(word, path)| (word, path.map(PathBuf::from)));
    let hashes = |word: &str| {
        let found = given.iter().find(|(name, _)| *name == word);
        found
            .and_then(|(_, path)| path.as_deref())
            .map(hashes)
            .unwrap_or_default()
    };
    let mut writable: Map<String, Value> = Map::new();
    let artifacts = hashes("artifacts");
    let workspace = hashes("workspace");
    let in_workspace = given[0].1.as_deref();
    let forms = in_workspace.map(|root| forms(root, &workspace));
    let temp: Vec<String> = hashes("temp").into_keys().collect();
    for (word, path) in &given {
        if let Some(path) = path
            .as_ref()
            .filter(|_| at.try_write.iter().any(|t| t == word))
        {
            writable.insert((*word).to_owned(), json!(can_write(path)));
        }
    }
    let [ppid, pgid, sid] = relations();
    let connected = at.try_connect.map(|listener| {
        let stream = TcpStream::connect_timeout(&listener, CONNECT_MAX);
        stream.is_ok()
    });
    json!({
        "at": "begin",
        "script": at.script,
        "mode": mode,
        "pid": std::process::id(),
        "ppid": ppid,
        "pgid": pgid,
        "sid": sid,
        "argv": args.iter().map(|arg| text(arg)).collect::<Vec<_>>(),
        "env": env,
        "cwd": std::env::current_dir().map(|path| text(path.as_os_str())).unwrap_or_default(),
        "stdin": stdin.map(|bytes| shown(bytes, TEXT_MAX)),
        "descriptors": open,
        "artifacts_before": artifacts,
        "temp_before": temp,
        "writable": writable,
        "connected": connected,
        "workspace_before": workspace,
        "workspace_forms": forms.unwrap_or_default(),
    })
}

/// A program's last words: what it leaves in its artifacts directory, and what it is going to print.
pub(crate) fn end(stdout: &[u8]) -> Value {
    let mut room = FILES_MAX;
    let mut files = Map::new();
    let folder = std::env::var_os("CABINCREW_ARTIFACTS_DIR").filter(|value| !value.is_empty());
    if let Some(folder) = folder.map(PathBuf::from) {
        for path in hashes(&folder).into_keys() {
            let Some(bytes) = read(&folder.join(&path)) else {
                continue;
            };
            let kept = room.min(FILE_MAX).min(bytes.len());
            room -= kept;
            files.insert(path, shown(&bytes, kept));
        }
    }
    json!({ "at": "end", "artifacts_after": files, "stdout": shown(stdout, TEXT_MAX) })
}

/// Parent, group and session; 0 where the system does not tell.
fn relations() -> [u32; 3] {
    let stat = std::fs::read("/proc/self/stat").unwrap_or_default();
    let stat = String::from_utf8_lossy(&stat).into_owned();
    let tail = stat.rsplit_once(')').map_or("", |(_, tail)| tail);
    let number = |index: usize| {
        let field = tail.split_whitespace().nth(index);
        field.and_then(|field| field.parse().ok()).unwrap_or(0)
    };
    [std::os::unix::process::parent_id(), number(2), number(3)]
}

/// Files and folders below `root`: path to SHA-256, folders to an empty text; links are not followed.
fn hashes(root: &Path) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    list(root, "", 0, &mut found);
    found
}

/// What is more than content: `link TARGET` for links, `executable` for files, `folder` for folders.
fn forms(root: &Path, paths: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let form = |path: &String| {
        let whole = root.join(path);
        let metadata = whole.symlink_metadata().ok()?;
        let found = if metadata.is_symlink() {
            format!("link {}", text(whole.read_link().ok()?.as_os_str()))
        } else if metadata.is_dir() {
            "folder".to_owned()
        } else if metadata.is_file() && metadata.permissions().mode() & 0o111 != 0 {
            "executable".to_owned()
        } else {
            return None;
        };
        Some((path.clone(), found))
    };
    paths.keys().filter_map(form).collect()
}

fn list(folder: &Path, prefix: &str, depth: usize, found: &mut BTreeMap<String, String>) {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    for entry in entries {
        if found.len() >= NAMES_MAX {
            return;
        }
        let path = format!("{prefix}{}", text(&entry.file_name()));
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            if depth < DEPTH_MAX {
                list(&entry.path(), &format!("{path}/"), depth + 1, found);
            }
            found.insert(path, String::new());
        } else {
            let digest = read(&entry.path()).map(|bytes| sha256(&bytes));
            found.insert(path, digest.unwrap_or_default());
        }
    }
}

fn read(path: &Path) -> Option<Vec<u8>> {
    let metadata = path.symlink_metadata().ok()?;
    if !metadata.is_file() || metadata.len() > HASHED_MAX {
        return None;
    }
    std::fs::read(path).ok()
}

fn can_write(folder: &Path) -> bool {
    let path = folder.join(format!(".cabincrew-peer.{}.try", std::process::id()));
    let made = OpenOptions::new().write(true).create_new(true).open(&path);
    made.is_ok() && std::fs::remove_file(&path).is_ok()
}

/// Bytes as an observation spells them: a text when they are one and all there, else its parts.
fn shown(bytes: &[u8], most: usize) -> Value {
    let mut kept = &bytes[..most.min(bytes.len())];
    if let Err(error) = std::str::from_utf8(kept)
        && error.error_len().is_none()
        && kept.len() < bytes.len()
    {
        kept = &kept[..error.valid_up_to()];
    }
    match std::str::from_utf8(kept) {
        Ok(text) if kept.len() == bytes.len() => json!(text),
        Ok(text) => json!({ "text": text, "total": bytes.len() }),
        Err(_) => json!({ "base64": base64(kept), "total": bytes.len() }),
    }
}

fn text(value: &OsStr) -> String {
    value.to_string_lossy().into_owned()
}
