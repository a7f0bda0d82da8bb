//! The file of a signing key: the one line of a [`SigningKey`].

use std::io::Write as _;
use std::path::{Path, PathBuf};

use cabincrew_protocol::audit::{KeyError, SigningKey, VerifierKey};

/// Why a key file cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyFileError {
    /// The file cannot be read or made.
    #[error("cannot {what} the key file {path}")]
    Io {
        /// What was tried.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file holds no signing key.
    #[error("{path} holds no signing key")]
    Form {
        /// The file.
        path: PathBuf,
        /// Why.
        source: KeyError,
    },
    /// The name cannot be a key's.
    #[error("the key name {name:?} is empty or has a blank or `+` in it")]
    Name {
        /// The name.
        name: String,
    },
}

/// The key in a file.
///
/// # Errors
/// When the file cannot be read or holds no key.
pub fn read(path: &Path) -> Result<SigningKey, KeyFileError> {
    let text = std::fs::read_to_string(path).map_err(|source| KeyFileError::Io {
        what: "read",
        path: path.to_owned(),
        source,
    })?;
    let parsed = text.trim_end().parse();
    parsed.map_err(|source| KeyFileError::Form {
        path: path.to_owned(),
        source,
    })
}

/// Makes a key file that only its owner can read, and gives the key that others verify with.
///
/// # Errors
/// When the name is not one, the file exists, or there is no randomness.
pub fn generate(name: &str, path: &Path) -> Result<VerifierKey, KeyFileError> {
    let io = |what| {
        move |source| KeyFileError::Io {
            what,
            path: path.to_owned(),
            source,
        }
    };
    let mut seed = [0; 32];
    std::fs::File::open("/dev/urandom")
        .and_then(|mut file| std::io::Read::read_exact(&mut file, &mut seed))
        .map_err(io("make"))?;
    let key = SigningKey::from_seed(name, &seed).map_err(|_| KeyFileError::Name {
        name: name.to_owned(),
    })?;
    let line = format!("{}\n", key.to_line());
    let mut options = std::fs::File::options();
    options.write(true).create_new(true);
    let opened = std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600).open(path);
    let written = opened.and_then(|mut file| {
        file.write_all(line.as_bytes())?;
        file.sync_all()
    });
    written.map_err(io("make"))?;
    Ok(key.verifier().clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_made_key_is_read_back_and_its_name_is_checked() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("key");
        let verifier = generate("example.com/audit", &path).unwrap();
        assert_eq!(read(&path).unwrap().verifier(), &verifier);
        let altered = std::fs::read_to_string(&path)
            .unwrap()
            .replace("audit", "other");
        std::fs::write(&path, altered).unwrap();
        let refused = read(&path).unwrap_err();
        assert!(matches!(
            refused,
            KeyFileError::Form {
                source: KeyError::KeyId,
                ..
            }
        ));
        assert!(matches!(
            generate("a b", &path),
            Err(KeyFileError::Name { .. })
        ));
    }
}
