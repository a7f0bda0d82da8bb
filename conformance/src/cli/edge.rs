//! What comes from outside, read once and handed down as data.

use std::ffi::OsString;
use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use crate::drive::clock;

/// The process's surroundings.
#[derive(Debug, Clone)]
pub struct Edge {
    /// The harness as it was called, for commands that are pasted back.
    pub called: String,
    /// `PATH`, for finding the subject and for its environment.
    pub path: OsString,
    /// This program's own file, absolute: it is the scripted engines and policies as well.
    pub program: PathBuf,
    /// The user's home directory, watched where the machine allows it.
    pub home: Option<PathBuf>,
    /// The current directory, against which paths are shortened in reports.
    pub cwd: PathBuf,
    /// The day in UTC, for lists that expire.
    pub today: Date,
    /// Whether standard error is a terminal that wants progress.
    pub progress: bool,
    /// Set when the user interrupts.
    pub interrupted: Arc<AtomicBool>,
}

impl Edge {
    /// Reads the surroundings of this process. `interrupted` is set by whoever hears of signals.
    pub fn read(interrupted: Arc<AtomicBool>) -> Self {
        let now = SignedDuration::try_from(clock::wall())
            .ok()
            .and_then(|since| Timestamp::from_duration(since).ok())
            .unwrap_or(Timestamp::UNIX_EPOCH);
        let called = std::env::args_os().next().unwrap_or_default();
        Self {
            called: match called.to_string_lossy() {
                empty if empty.is_empty() => "cabincrew-conform".to_owned(),
                word => word.into_owned(),
            },
            path: std::env::var_os("PATH").unwrap_or_default(),
            program: std::env::current_exe().unwrap_or_default(),
            home: std::env::var_os("HOME").map(PathBuf::from),
            cwd: std::env::current_dir().unwrap_or_default(),
            today: now.to_zoned(TimeZone::UTC).date(),
            progress: std::io::stderr().is_terminal() && std::env::var_os("CI").is_none(),
            interrupted,
        }
    }

    /// A path as commands in reports hold it: relative as given, shortened when it lies in the current
    /// directory, else its last name behind a placeholder, since reports hold no absolute paths.
    pub(crate) fn placeheld(&self, path: &Path) -> String {
        let told = self.told(path);
        if path.is_relative() || told.starts_with("./") {
            told
        } else {
            format!("<absolute path>/{}", told.trim_start_matches('/'))
        }
    }

    /// A path as reports may hold it: relative as given, shortened when it lies in the current
    /// directory, else only its last name, since reports hold no absolute paths.
    pub(crate) fn told(&self, path: &Path) -> String {
        if path.is_relative() {
            return path.to_string_lossy().into_owned();
        }
        match path.strip_prefix(&self.cwd) {
            Ok(rest) if !rest.as_os_str().is_empty() => format!("./{}", rest.display()),
            Ok(_) | Err(_) => path.file_name().map_or_else(
                || "/".to_owned(),
                |name| name.to_string_lossy().into_owned(),
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absolute_paths_are_shortened() {
        let edge = Edge {
            called: "cabincrew-conform".to_owned(),
            path: OsString::new(),
            program: PathBuf::new(),
            home: None,
            cwd: PathBuf::from("/srv/here"),
            today: Date::constant(2026, 11, 24),
            progress: false,
            interrupted: Arc::default(),
        };
        let told = |path: &str| edge.told(Path::new(path));
        assert_eq!(told("./engine"), "./engine");
        assert_eq!(told("/srv/here/bin/engine"), "./bin/engine");
        assert_eq!(told("/usr/bin/engine"), "engine");
        assert_eq!(told("--mode"), "--mode");
        let placeheld = |path: &str| edge.placeheld(Path::new(path));
        assert_eq!(placeheld("./engine"), "./engine");
        assert_eq!(placeheld("python3"), "python3");
        assert_eq!(placeheld("/srv/here/bin/engine"), "./bin/engine");
        assert_eq!(placeheld("/usr/bin/engine"), "<absolute path>/engine");
    }
}
