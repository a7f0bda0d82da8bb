//! A damaged journal: it is left as it is, and a sealed file beside it says so (DESIGN 8.9, C-107).

use std::io::{self, Write as _};

use cabincrew_protocol::audit::{Severity, SigningKey, log};
use cabincrew_protocol::digest::{self, Sha256Hex};
use cabincrew_protocol::workflow::State;

use crate::decide::Teller;
use crate::store::Home;

/// Writes the audit event of the abort into a file of its own, durably, once for each content of
/// the damaged journal. Its chain value is the digest of the damaged file.
///
/// # Errors
/// When it cannot be written.
pub fn seal(
    home: &Home,
    workflow_id: &str,
    why: &str,
    signer: Option<&SigningKey>,
    at: &str,
) -> io::Result<Sha256Hex> {
    let bytes = std::fs::read(home.journal()).unwrap_or_default();
    let digest = digest::sha256(&bytes);
    let path = home
        .folder()
        .join(format!("damage-{}.jsonl", &digest.as_str()[..16]));
    if path.exists() {
        return Ok(digest);
    }
    let teller = Teller::new(workflow_id, "unknown", State::Failed);
    let message = format!("the journal with sha256 {digest} is damaged: {why}; nothing goes on");
    let mut event = teller.event("journal_damaged", Severity::Critical, &message);
    event.event_id = format!("{workflow_id}-damage-{}", &digest.as_str()[..16]);
    at.clone_into(&mut event.timestamp);
    event.chain_hash = Some(digest.to_string());
    let mut event = serde_json::to_value(event).expect("an event is JSON");
    if let Some(signer) = signer {
        signer.sign_event(&mut event).map_err(io::Error::other)?;
    }
    let line = log::line(&event).map_err(io::Error::other)?;
    let beside = path.with_extension("new");
    let mut options = std::fs::File::options();
    options.write(true).create(true).truncate(true);
    let mut file = std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o400).open(&beside)?;
    file.write_all(&line)?;
    file.sync_all()?;
    std::fs::rename(&beside, &path)?;
    std::fs::File::open(home.folder())?.sync_all()?;
    Ok(digest)
}
