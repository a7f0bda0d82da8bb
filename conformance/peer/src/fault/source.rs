//! Things that a plan must not depend on.

use std::hash::{BuildHasher as _, RandomState};
use std::os::unix::fs::MetadataExt as _;
use std::time::SystemTime;

use serde::Deserialize;

use crate::engine::{self, Launch};

/// Something that a plan must not depend on.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// The artifacts directory's path.
    ArtifactsPath,
    /// The present second, hashed.
    ClockSecond,
    /// The current directory.
    CurrentDirectory,
    /// Today's date.
    Date,
    /// Today's date, day first.
    DottedDate,
    /// The protocol's variables in the order in which they were handed over.
    EnvironmentOrder,
    /// The mode bits of a file that the engine made.
    FileMode,
    /// The day on which a workspace file was last changed.
    FileTimes,
    /// How many files lie in `TMPDIR`.
    FilesInTmp,
    /// The present time in RFC 3339, to the second.
    GeneratedAt,
    /// Whether a variable of the environment is set.
    HasVariable(String),
    /// The machine's name.
    HostName,
    /// The input's bytes, hashed.
    InputBytes,
    /// The order of the input's members.
    InputOrder,
    /// The process id.
    ProcessId,
    /// How many processors there are.
    Processors,
    /// A random number.
    Random,
    /// Whether there is a `.gitconfig` in the home directory.
    Settings,
    /// The temp directory's path.
    TempPath,
    /// A variable of the environment.
    Variable(String),
    /// The workspace's path.
    WorkspacePath,
}

impl Source {
    /// What it is in this launch.
    pub(crate) fn value(&self, launch: &Launch<'_>) -> String {
        let path = |path: &std::path::Path| path.to_string_lossy().into_owned();
        match self {
            Self::ArtifactsPath => path(&launch.dirs.artifacts),
            Self::ClockSecond => engine::sha256(seconds().to_string().as_bytes())[..16].to_owned(),
            Self::CurrentDirectory => std::env::current_dir()
                .map(|dir| path(&dir))
                .unwrap_or_default(),
            Self::Date => date(seconds()),
            Self::DottedDate => {
                let date = date(seconds());
                date.rsplit('-').collect::<Vec<_>>().join(".")
            }
            Self::EnvironmentOrder => {
                let names = launch
                    .start
                    .env
                    .iter()
                    .map(|(name, _)| name.to_string_lossy());
                names
                    .filter(|name| name.starts_with("CABINCREW_") && name != "CABINCREW_INPUT_FILE")
                    .collect::<Vec<_>>()
                    .join(" ")
            }
            Self::FileMode => file_mode(launch),
            Self::FileTimes => file_day(launch),
            Self::FilesInTmp => {
                let folder = launch
                    .start
                    .variable("TMPDIR")
                    .and_then(|dir| std::fs::read_dir(dir).ok());
                folder.map_or(0, Iterator::count).to_string()
            }
            Self::GeneratedAt => {
                let (second, of_day) = (seconds(), seconds() % 86_400);
                let (hour, minute) = (of_day / 3600, of_day / 60 % 60);
                format!("{}T{hour:02}:{minute:02}:{:02}Z", date(second), second % 60)
            }
            Self::InputBytes => engine::sha256(launch.raw),
            Self::InputOrder => launch.input.order.join(" "),
            Self::HasVariable(name) => launch.start.variable(name).is_some().to_string(),
            Self::HostName => std::fs::read_to_string("/proc/sys/kernel/hostname")
                .map(|name| name.trim().to_owned())
                .unwrap_or_default(),
            Self::ProcessId => std::process::id().to_string(),
            Self::Processors => std::thread::available_parallelism()
                .map_or(1, usize::from)
                .to_string(),
            Self::Random => format!("{:016x}", RandomState::new().hash_one(0)),
            Self::Settings => {
                let home = launch.start.variable("HOME").map(std::path::Path::new);
                home.is_some_and(|home| home.join(".gitconfig").exists())
                    .to_string()
            }
            Self::TempPath => path(&launch.dirs.temp),
            Self::Variable(name) => {
                let value = launch.start.variable(name);
                value.map_or_else(
                    || "unset".to_owned(),
                    |value| value.to_string_lossy().into_owned(),
                )
            }
            Self::WorkspacePath => path(&launch.dirs.workspace),
        }
    }
}

/// Seconds since the epoch.
fn seconds() -> u64 {
    #[expect(
        clippy::disallowed_methods,
        reason = "reading the clock is the deviation"
    )]
    let now = SystemTime::now();
    now.duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs()
}

/// The civil date of a second since the epoch, in UTC.
fn date(second: u64) -> String {
    // Years that start in March end with the leap day; 400 of them always have 146097 days.
    let day = second / 86_400 + 719_468;
    let (era, of_era) = (day / 146_097, day % 146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let from_march = (5 * of_year + 2) / 153;
    let of_month = of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 {
        from_march + 3
    } else {
        from_march - 9
    };
    let year = era * 400 + year + u64::from(month <= 2);
    format!("{year:04}-{month:02}-{of_month:02}")
}

fn file_mode(launch: &Launch<'_>) -> String {
    let path = launch.dirs.temp.join("mode");
    let mode = std::fs::write(&path, "")
        .and_then(|()| path.metadata())
        .map(|made| made.mode() & 0o777);
    let _ = std::fs::remove_file(&path);
    format!("{:o}", mode.unwrap_or_default())
}

/// The day of the newest file at the top of the workspace, counted from the epoch. A day and not a
/// second: each launch may have a new copy of the workspace.
fn file_day(launch: &Launch<'_>) -> String {
    let entries = std::fs::read_dir(&launch.dirs.workspace)
        .into_iter()
        .flatten()
        .flatten();
    let times = entries.filter_map(|entry| entry.path().symlink_metadata().ok());
    let newest = times
        .filter(std::fs::Metadata::is_file)
        .map(|file| file.mtime())
        .max();
    format!("day {}", newest.unwrap_or_default() / 86_400)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_those_of_the_calendar() {
        assert_eq!(date(0), "1970-01-01");
        assert_eq!(date(951_782_400), "2000-02-29");
        assert_eq!(date(1_709_251_199), "2024-02-29");
        assert_eq!(date(1_709_251_200), "2024-03-01");
        assert_eq!(date(4_102_444_799), "2099-12-31");
    }
}
