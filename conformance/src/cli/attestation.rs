//! Attestations: a report that is signed, and what a signed one proves.

use std::path::{Path, PathBuf};

use cabincrew_protocol::audit::{Envelope, SigningKey, VerifierKey};

use super::arguments::Color;
use super::error::CliError;
use super::{output, report, subject};
use crate::exit::Exit;
use crate::report::intoto::{self, AttestationError, Attested};
use crate::report::model::Report;
use crate::report::page::{BAD, GOOD, Page, paint};
use crate::report::plain;

/// With what an attestation is held together.
#[derive(Debug, clap::Args)]
pub(crate) struct AttestationArgs {
    /// The key that has signed: `<name>+<id>+<base64>`, as `cabincrew audit keygen` prints it
    #[arg(long, value_name = "VKEY")]
    pub(super) key: Option<String>,
    /// The report that it must say the same as
    #[arg(long, value_name = "FILE", requires = "key")]
    report: Option<PathBuf>,
    /// The program that must be the one that was judged
    #[arg(long, value_name = "FILE", requires = "key")]
    subject: Option<PathBuf>,
}

/// The attestation of a report, signed with the key in a file.
///
/// # Errors
/// When there is no key, or nothing to attest.
pub(super) fn made(report: &Report, key: Option<&Path>) -> Result<String, CliError> {
    let path = key.ok_or(CliError::Missing {
        what: "an attestation",
        option: "--key",
    })?;
    let text = read(path, "a key")?;
    let key: SigningKey = text.trim_end().parse().map_err(|source| CliError::Key {
        given: path.display().to_string(),
        source,
    })?;
    Ok(intoto::render(report, &key)?)
}

/// Checks signature, statement, and what else it is held against. Exit status 0 only when the signature
/// is the key's, all of it agrees, and nothing that was judged failed.
///
/// # Errors
/// When a file cannot be read or the key is none.
pub(super) fn verified(path: &Path, key: &str, args: &AttestationArgs) -> Result<Exit, CliError> {
    let key: VerifierKey = key.trim().parse().map_err(|source| CliError::Key {
        given: plain::safe(key),
        source,
    })?;
    let text = read(path, "an attestation")?;
    let envelope: Envelope =
        serde_json::from_str(&text).map_err(|error| CliError::NotReadable {
            path: path.to_owned(),
            what: "an attestation",
            why: error.to_string(),
        })?;
    let mut page = Page::default();
    let good = match intoto::verify(&envelope, &key) {
        Ok(attested) => {
            let wrong = disagreements(&attested, args)?;
            tell(&mut page, &attested, &key, &wrong);
            wrong.is_empty() && attested.result != "FAILED"
        }
        Err(error) => {
            let cause = std::error::Error::source(&error);
            let cause = cause.map_or_else(String::new, |cause| format!(": {cause}"));
            say_wrong(&mut page, &format!("{error}{cause}"));
            false
        }
    };
    output::print(&page.finish(), Color::Auto)?;
    Ok(if good {
        Exit::Conforms
    } else {
        Exit::DoesNotConform
    })
}

/// Where the attestation and what it is held against part.
fn disagreements(attested: &Attested, args: &AttestationArgs) -> Result<Vec<String>, CliError> {
    let mut wrong = Vec::new();
    if let Some(path) = &args.report {
        match intoto::statement(&report::read(path)?) {
            Ok(statement) if statement == attested.payload => {}
            Ok(_) => wrong.push("it says something else than the report".to_owned()),
            Err(error @ (AttestationError::Inconsistent | AttestationError::NoSubject)) => {
                wrong.push(error.to_string());
            }
            Err(error) => return Err(error.into()),
        }
    }
    if let Some(path) = &args.subject {
        let found = subject::digest(path).ok_or_else(|| CliError::NotReadable {
            path: path.clone(),
            what: "a program",
            why: "it is no file that can be read".to_owned(),
        })?;
        if found != attested.subject {
            wrong.push(format!(
                "the program has the digest {found}, and {} was judged",
                attested.subject
            ));
        }
    }
    Ok(wrong)
}

fn tell(page: &mut Page, attested: &Attested, key: &VerifierKey, wrong: &[String]) {
    let Attested {
        subject,
        result,
        counts: [passed, accepted, failed],
        payload: _,
    } = attested;
    let style = if result == "FAILED" { BAD } else { GOOD };
    page.line(&format!("signed by {}", plain::safe(&key.key_ref())));
    page.line(&format!("subject   sha256 {subject}"));
    page.line(&format!(
        "result    {}: {passed} passed, {accepted} accepted, {failed} failed or unproven",
        paint(style, result)
    ));
    for text in wrong {
        say_wrong(page, text);
    }
}

fn say_wrong(page: &mut Page, text: &str) {
    page.line(&format!("{}: {}", paint(BAD, "wrong"), plain::safe(text)));
}

fn read(path: &Path, what: &'static str) -> Result<String, CliError> {
    std::fs::read_to_string(path).map_err(|error| CliError::NotReadable {
        path: path.to_owned(),
        what,
        why: error.to_string(),
    })
}
