//! Laws that hold for any bytes. Each function panics when a law is broken and returns otherwise;
//! the targets and the test that replays the seeds call nothing else.

mod answer;
mod audit;
mod file;
mod filter;
mod intake;
mod journal;
mod json;
mod known;
mod receipt;
mod scenario;
mod waiting;

pub use answer::approval_response;
pub use audit::audit_verify;
pub use filter::filter_expression;
pub use intake::artifact_intake;
pub use journal::journal_replay;
pub use json::{canonical_json, strict_json};
pub use known::known_file;
pub use receipt::receipt;
pub use scenario::scenario_file;

/// A law: any bytes in, a panic if it is broken.
pub type Law = fn(&[u8]);

/// Every law by the name of its target and of its folder in `seeds/`.
pub const LAWS: [(&str, Law); 10] = [
    ("approval_response", approval_response),
    ("artifact_intake", artifact_intake),
    ("audit_verify", audit_verify),
    ("canonical_json", canonical_json),
    ("filter_expression", filter_expression),
    ("journal_replay", journal_replay),
    ("known_file", known_file),
    ("receipt", receipt),
    ("scenario_file", scenario_file),
    ("strict_json", strict_json),
];
