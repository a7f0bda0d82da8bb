//! The file of a signing key: one line, `PRIVATE+KEY+<name>+<key id>+<base64 of 0x01 and the seed>`,
//! as signed notes have it.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cabincrew_protocol::audit::{SigningKey, VerifierKey};
use cabincrew_protocol::digest::hex;

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
    },
    /// The name cannot be a key's.
    #[error("the key name {name:?} is empty or has a blank or `+` in it")]
    Name {
        /// The name.
        name: String,
    },
}

/// Name and seed of the key in a file.
///
/// # Errors
/// When the file cannot be read or holds no key.
pub fn read(path: &Path) -> Result<(String, [u8; 32]), KeyFileError> {
    let text = std::fs::read_to_string(path).map_err(|source| KeyFileError::Io {
        what: "read",
        path: path.to_owned(),
        source,
    })?;
    parse(text.trim_end()).ok_or_else(|| KeyFileError::Form {
        path: path.to_owned(),
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
    let mut bytes = vec![1];
    bytes.extend(seed);
    let id = hex(&key.verifier().key_id());
    let line = format!("PRIVATE+KEY+{name}+{id}+{}\n", STANDARD.encode(bytes));
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

fn parse(text: &str) -> Option<(String, [u8; 32])> {
    let mut parts = text.strip_prefix("PRIVATE+KEY+")?.splitn(3, '+');
    let (name, id, encoded) = (parts.next()?, parts.next()?, parts.next()?);
    let bytes = STANDARD.decode(encoded).ok()?;
    let (&1, seed) = bytes.split_first()? else {
        return None;
    };
    let seed: [u8; 32] = seed.try_into().ok()?;
    let key = SigningKey::from_seed(name, &seed).ok()?;
    (hex(&key.verifier().key_id()) == id).then(|| (name.to_owned(), seed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_made_key_is_read_back_and_its_name_is_checked() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("key");
        let verifier = generate("example.com/audit", &path).unwrap();
        let (name, seed) = read(&path).unwrap();
        assert_eq!(
            SigningKey::from_seed(&name, &seed).unwrap().verifier(),
            &verifier
        );
        let altered = std::fs::read_to_string(&path)
            .unwrap()
            .replace("audit", "other");
        assert_eq!(parse(altered.trim_end()), None);
        assert!(matches!(
            generate("a b", &path),
            Err(KeyFileError::Name { .. })
        ));
    }
}
