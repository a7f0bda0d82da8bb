//! Restores state artifacts for take-off, intact or spoiled.

use std::fs;
use std::io;
use std::path::Path;

use super::input::StateArtifact;
use crate::drill::StatePlan;
use crate::observe::Launch;
use crate::receipt;

/// What take-off is given: verified copies of the plan's state artifacts (C-18).
#[derive(Debug)]
pub(crate) struct Restored {
    /// Announced in the input, with the hashes of the intact files.
    pub(crate) announced: Vec<StateArtifact>,
    /// The names of the artifacts that were put into the directory.
    pub(crate) names: Vec<String>,
}

/// Writes the plan's state artifacts into `folder`.
///
/// # Errors
/// When a file cannot be written, or was too large to be kept.
pub(crate) fn restore(
    plan: &Launch,
    folder: &Path,
    spoil: StatePlan,
) -> io::Result<Restored> {
    let mut restored = Restored {
        announced: Vec::new(),
        names: Vec::new(),
    };
    for name in receipt::state_names(plan) {
        let metadata_path = format!("{name}/artifact.json");
        let body_path = format!("{name}/body.data");
        let hashed = if plan.contents.contains_key(&body_path) {
            &body_path
        } else {
            &metadata_path
        };
        let hash = plan.artifacts.get(hashed).map(|entry| entry.sha256.clone());
        restored.announced.push(StateArtifact {
            name: name.clone(),
            path: hashed.clone(),
            hash: hash.unwrap_or_default(),
        });
        if spoil == StatePlan::Missing {
            continue;
        }
        fs::create_dir_all(folder.join(&name))?;
        for path in [&metadata_path, &body_path] {
            let Some(bytes) = plan.contents.get(path) else {
                continue;
            };
            if !bytes.is_whole() {
                return Err(io::Error::other("an artifact is too large to be restored"));
            }
            if spoil == StatePlan::BodyMissing && path == hashed {
                continue;
            }
            let content = if path == hashed {
                spoiled(&bytes.kept, spoil)
            } else {
                bytes.kept.clone()
            };
            fs::write(folder.join(path), content)?;
        }
        restored.names.push(name);
    }
    Ok(restored)
}

fn spoiled(content: &[u8], spoil: StatePlan) -> Vec<u8> {
    let mut content = content.to_vec();
    match spoil {
        StatePlan::Intact | StatePlan::Missing | StatePlan::BodyMissing => {}
        StatePlan::Truncated => content.truncate(content.len() / 2),
        StatePlan::Flipped => flip(&mut content),
    }
    content
}

/// Flips the lowest bit of a letter or digit near the middle: what is left still looks well-formed,
/// so only a comparison of hashes can notice.
fn flip(content: &mut [u8]) {
    let middle = content.len() / 2;
    let mut order = (middle..content.len()).chain((0..middle).rev());
    let plain = |byte: u8| byte.is_ascii_alphanumeric() && (byte ^ 1).is_ascii_alphanumeric();
    let chosen = order.find(|index| plain(content[*index]));
    if let Some(byte) = content.get_mut(chosen.unwrap_or(middle)) {
        *byte ^= 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_bit_is_flipped_and_the_text_stays_text() {
        let mut content = br#"{"path":"a.txt"}"#.to_vec();
        let before = content.clone();
        flip(&mut content);
        let differing: u32 = content
            .iter()
            .zip(&before)
            .map(|(a, b)| (a ^ b).count_ones())
            .sum();
        assert_eq!(differing, 1);
        assert!(serde_json::from_slice::<serde_json::Value>(&content).is_ok());
        let mut odd = vec![0xff];
        flip(&mut odd);
        assert_eq!(odd, [0xfe]);
        flip(&mut []);
    }
}
