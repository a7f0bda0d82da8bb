//! The journal: one JSON line for each launch, so that an orchestrator can be judged by what it
//! started, with what, and when.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::Path;

use serde_json::{Map, Value, json};

use crate::engine::Start;
use crate::script::Record;

/// Most names of one directory listing.
const NAMES_MAX: usize = 10_000;

/// Appends a line for this launch, if the script wants one.
///
/// Members: `argv` (the engine's own arguments), `env`, `cwd`, `stdin` (the input as text; null if it
/// was not read), `artifacts` (what the artifacts directory holds at the start: relative paths,
/// sorted, folders with a final `/`), `descriptors` (number to target), `pid`, `ppid`. Bytes that are
/// not UTF-8 appear as U+FFFD. A journal that cannot be written is reported on standard error and
/// changes nothing else.
pub(crate) fn append(record: Option<&Record>, start: &Start, stdin: Option<&[u8]>) {
    let Some(record) = record else { return };
    let mut line = line(start, stdin).to_string();
    line.push('\n');
    let written = OpenOptions::new()
        .append(true)
        .create(true)
        .open(&record.journal)
        .and_then(|mut file| file.write_all(line.as_bytes()));
    if let Err(error) = written {
        let _ = writeln!(
            std::io::stderr(),
            "cabincrew-peer: cannot write the journal: {error}"
        );
    }
}

fn line(start: &Start, stdin: Option<&[u8]>) -> Value {
    let text = |value: &std::ffi::OsStr| value.to_string_lossy().into_owned();
    let env: Map<String, Value> = start
        .env
        .iter()
        .map(|(name, value)| (text(name), json!(text(value))))
        .collect();
    let argv: Vec<String> = start.args.iter().map(|arg| text(arg)).collect();
    let mut artifacts = Vec::new();
    if let Some(dir) = start.variable("CABINCREW_ARTIFACTS_DIR") {
        list(Path::new(dir), "", &mut artifacts);
    }
    artifacts.sort();
    json!({
        "argv": argv,
        "env": env,
        "cwd": std::env::current_dir().map(|path| path.to_string_lossy().into_owned()).ok(),
        "stdin": stdin.map(String::from_utf8_lossy),
        "artifacts": artifacts,
        "descriptors": descriptors(),
        "pid": std::process::id(),
        "ppid": std::os::unix::process::parent_id(),
    })
}

fn list(folder: &Path, prefix: &str, names: &mut Vec<String>) {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return;
    };
    for entry in entries.flatten() {
        if names.len() >= NAMES_MAX {
            return;
        }
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            let inside = format!("{name}/");
            names.push(inside.clone());
            list(&entry.path(), &inside, names);
        } else {
            names.push(name);
        }
    }
}

/// Open descriptors and what they lead to, where the system tells; the one that reads the listing is
/// left out.
pub(crate) fn descriptors() -> Map<String, Value> {
    let mut found = Map::new();
    for entry in std::fs::read_dir("/proc/self/fd")
        .into_iter()
        .flatten()
        .flatten()
    {
        let Ok(target) = std::fs::read_link(entry.path()) else {
            continue;
        };
        if !target.starts_with("/proc") {
            let number = entry.file_name().to_string_lossy().into_owned();
            found.insert(number, json!(target.to_string_lossy()));
        }
    }
    found
}
