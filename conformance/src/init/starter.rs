//! Writes starter files where nothing is lost, and says what comes next.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use super::templates::{self, Lang};

use crate::report::plain;

/// Why a starter cannot be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InitError {
    /// Something is there already.
    #[error("{path} exists already, and nothing is ever overwritten")]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// A file cannot be written.
    #[error("cannot write {path}")]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// Writes a scenario to `folder`, or with a language an engine and its scenario. Returns the files.
///
/// # Errors
/// When one of the files exists, in which case none is written, or cannot be written.
pub fn engine(folder: &Path, lang: Option<Lang>) -> Result<Vec<PathBuf>, InitError> {
    let templates = templates::of(lang);
    for template in &templates {
        let path = folder.join(template.path);
        if path.symlink_metadata().is_ok() {
            return Err(InitError::Exists { path });
        }
    }
    let mut written = Vec::new();
    for template in &templates {
        let path = folder.join(template.path);
        write(&path, template.text, template.executable).map_err(|source| {
            InitError::Unwritable {
                path: path.clone(),
                source,
            }
        })?;
        written.push(path);
    }
    Ok(written)
}

/// Writes a text to a new file.
///
/// # Errors
/// When the file exists, or cannot be written.
pub fn write_new(path: &Path, text: &str) -> Result<(), InitError> {
    if path.symlink_metadata().is_ok() {
        return Err(InitError::Exists {
            path: path.to_owned(),
        });
    }
    write(path, text, false).map_err(|source| InitError::Unwritable {
        path: path.to_owned(),
        source,
    })
}

fn write(path: &Path, text: &str, executable: bool) -> io::Result<()> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    let mode = if executable { 0o755 } else { 0o644 };
    let mut file = File::options()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(path)?;
    file.write_all(text.as_bytes())
}

/// The commands that come next.
pub fn next(folder: &Path, lang: Option<Lang>) -> Vec<String> {
    let quote = |path: PathBuf| {
        let is_plain = path.is_relative() && !path.starts_with(".");
        let path = if is_plain {
            Path::new(".").join(path)
        } else {
            path
        };
        plain::shell_word(&path.display().to_string())
    };
    let Some(lang) = lang else {
        return vec![
            format!(
                "describe your project in {}",
                quote(folder.join("scenario.toml"))
            ),
            format!(
                "cabincrew-conform engine --scenario {} BIN",
                quote(folder.to_owned())
            ),
        ];
    };
    let build = match lang {
        Lang::Rust => Some(format!(
            "cargo build --manifest-path {}",
            quote(folder.join("Cargo.toml"))
        )),
        Lang::Python | Lang::Sh => None,
    };
    let binary = match lang {
        Lang::Rust => "target/debug/keep-file",
        Lang::Python | Lang::Sh => "engine",
    };
    let judge = format!(
        "cabincrew-conform engine --scenario {} {}",
        quote(folder.join("scenario")),
        quote(folder.join(binary))
    );
    build.into_iter().chain([judge]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::Scenario;

    #[test]
    fn scenarios_are_valid_and_nothing_is_overwritten() {
        let root = tempfile::tempdir().unwrap();
        for (name, lang) in [
            ("plain", None),
            ("sh", Some(Lang::Sh)),
            ("python", Some(Lang::Python)),
            ("rust", Some(Lang::Rust)),
        ] {
            let folder = root.path().join(name);
            let written = engine(&folder, lang).unwrap();
            assert!(written.iter().all(|path| path.exists()));
            let scenario = if lang.is_some() {
                folder.join("scenario")
            } else {
                folder.clone()
            };
            Scenario::load(&scenario).expect("the starter scenario is valid");
            let again = engine(&folder, lang);
            assert!(matches!(again, Err(InitError::Exists { .. })));
        }
    }

    #[test]
    fn next_steps_can_be_pasted() {
        let steps = next(Path::new("my engine"), Some(Lang::Python));
        assert_eq!(
            steps,
            ["cabincrew-conform engine --scenario './my engine/scenario' './my engine/engine'"]
        );
    }
}
