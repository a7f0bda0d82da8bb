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

/// How state artifacts are spoiled: the way, and which of its variants, counted from 1.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Spoil {
    pub(crate) way: StatePlan,
    pub(crate) variant: usize,
}

/// Flips are made at this many places.
const FLIPS: usize = 4;

/// Writes the plan's state artifacts into `folder`.
///
/// # Errors
/// When a file cannot be written, or was too large to be kept.
pub(crate) fn restore(plan: &Launch, folder: &Path, spoil: Spoil) -> io::Result<Restored> {
    let mut restored = Restored {
        announced: Vec::new(),
        names: Vec::new(),
    };
    let names = receipt::state_names(plan);
    // One artifact after the other is flipped, so that an engine which looks at the first one only is
    // found out.
    let flipped = (spoil.variant - 1) % names.len().max(1);
    for (index, name) in names.into_iter().enumerate() {
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
        let gone = match spoil.way {
            StatePlan::Missing => true,
            StatePlan::OneMissing => index == flipped,
            _ => false,
        };
        if gone {
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
            if spoil.way == StatePlan::BodyMissing && path == hashed {
                continue;
            }
            let one_only = matches!(spoil.way, StatePlan::Flipped | StatePlan::Appended);
            let left_alone = one_only && index != flipped;
            let content = if path == hashed && !left_alone {
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

fn spoiled(content: &[u8], spoil: Spoil) -> Vec<u8> {
    let mut content = content.to_vec();
    let cut_or_flipped = matches!(spoil.way, StatePlan::Flipped | StatePlan::Truncated);
    if content.is_empty() && cut_or_flipped {
        // There is nothing to flip or to cut, and a file that is left as it was may be accepted.
        return b"x".to_vec();
    }
    match spoil.way {
        StatePlan::Intact | StatePlan::Missing | StatePlan::OneMissing | StatePlan::BodyMissing => {
        }
        StatePlan::Truncated if spoil.variant == 1 => content.truncate(content.len() / 2),
        StatePlan::Appended => content.push(b'\n'),
        StatePlan::Truncated => content.truncate(content.len().saturating_sub(1)),
        StatePlan::Flipped => {
            let near = content.len() * spoil.variant / (FLIPS + 1);
            flip(&mut content, near);
        }
    }
    content
}

/// Flips the lowest bit of a letter or digit near a place: what is left still looks well-formed, so
/// only a comparison of hashes can notice.
fn flip(content: &mut [u8], near: usize) {
    let mut order = (near..content.len()).chain((0..near).rev());
    let plain = |byte: u8| byte.is_ascii_alphanumeric() && (byte ^ 1).is_ascii_alphanumeric();
    let chosen = order.find(|index| plain(content[*index]));
    if let Some(byte) = content.get_mut(chosen.unwrap_or(near)) {
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
        flip(&mut content, 7);
        let differing: u32 = content
            .iter()
            .zip(&before)
            .map(|(a, b)| (a ^ b).count_ones())
            .sum();
        assert_eq!(differing, 1);
        assert!(serde_json::from_slice::<serde_json::Value>(&content).is_ok());
        let mut odd = vec![0xff];
        flip(&mut odd, 0);
        assert_eq!(odd, [0xfe]);
        flip(&mut [], 0);
    }
}
