//! A report as an in-toto statement (v1) with the test-result predicate (v0.1), in a signed envelope,
//! for those who ask before they deploy whether exactly this program was judged.

use cabincrew_protocol::audit::{Envelope, EnvelopeError, SigningKey, VerifierKey};
use cabincrew_protocol::digest::Sha256Hex;
use serde_json::{Value, json};

use super::model::{Conclusion, Report};
use super::{plain, recount};
use crate::exit::Exit;
use crate::verdict::Outcome;

/// What the payload of the envelope is.
pub const PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";
/// The form of the statement.
pub const STATEMENT_TYPE: &str = "https://in-toto.io/Statement/v1";
/// The form of what it says of its subject.
pub const PREDICATE_TYPE: &str = "https://in-toto.io/attestation/test-result/v0.1";

/// Why there is no attestation, or why one does not count.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AttestationError {
    /// The signature does not count.
    #[error("the envelope does not count")]
    Envelope(#[from] EnvelopeError),
    /// Whoever signs stands for what is signed.
    #[error("the report does not follow from its checks; `report verify` says where")]
    Inconsistent,
    /// The signed payload is no JSON.
    #[error("the signed payload is not JSON")]
    Json(#[source] serde_json::Error),
    /// The report does not name the bytes that were judged.
    #[error("the report has no digest of its subject: there are no bytes to attest anything of")]
    NoSubject,
    /// The payload is not what this kit signs; `what` says where.
    #[error("the statement has no usable {what}")]
    Statement {
        /// The part.
        what: &'static str,
    },
}

/// What a signed statement says, once its signature has been checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attested {
    /// SHA-256 of the program that was judged.
    pub subject: String,
    /// `PASSED`, `WARNED` or `FAILED`.
    pub result: String,
    /// How many checks passed, were accepted, and failed.
    pub counts: [usize; 3],
    /// The payload, byte by byte.
    pub payload: Vec<u8>,
}

/// The report as a statement: compact JSON, the same bytes for the same report.
///
/// # Errors
/// When the report does not follow from its checks, or does not name the digest of its subject.
pub fn statement(report: &Report) -> Result<Vec<u8>, AttestationError> {
    if !recount::verify(report, None).is_empty() {
        return Err(AttestationError::Inconsistent);
    }
    let digest = report.subject.sha256.as_deref();
    let digest = digest.ok_or(AttestationError::NoSubject)?;
    let named = |wanted: &[Outcome]| -> Vec<&str> {
        let fitting = report.checks.iter();
        let fitting = fitting.filter(|check| wanted.contains(&check.outcome));
        fitting.map(|check| check.id.as_str()).collect()
    };
    let statement = json!({
        "_type": STATEMENT_TYPE,
        "subject": [{
            "name": plain::safe(&report.subject.command.join(" ")),
            "digest": { "sha256": digest },
        }],
        "predicateType": PREDICATE_TYPE,
        "predicate": {
            "result": result(report),
            "configuration": configuration(report),
            "passedTests": named(&[Outcome::Pass]),
            "warnedTests": named(&[Outcome::Known]),
            // What could not be exercised has not passed, and there is no fourth list.
            "failedTests": named(&[Outcome::Fail, Outcome::Unproven]),
        },
    });
    serde_json::to_vec(&statement).map_err(AttestationError::Json)
}

/// The statement in an envelope, as JSON with a line end.
///
/// # Errors
/// Those of [`statement`].
pub fn render(report: &Report, key: &SigningKey) -> Result<String, AttestationError> {
    let envelope = key.sign_envelope(PAYLOAD_TYPE, &statement(report)?);
    let mut text = serde_json::to_string_pretty(&envelope).map_err(AttestationError::Json)?;
    text.push('\n');
    Ok(text)
}

/// Checks that a key has signed an envelope and that its statement is one about a test result that does
/// not contradict itself.
///
/// # Errors
/// When the signature does not count, or the statement is another one or contradicts itself.
pub fn verify(envelope: &Envelope, key: &VerifierKey) -> Result<Attested, AttestationError> {
    let payload = key.verify_envelope(envelope, PAYLOAD_TYPE)?;
    let statement: Value = serde_json::from_slice(&payload).map_err(AttestationError::Json)?;
    let broken = |what| AttestationError::Statement { what };
    let has = |pointer: &str, text: &str| statement.pointer(pointer) == Some(&Value::from(text));
    if !has("/_type", STATEMENT_TYPE) {
        return Err(broken("_type"));
    }
    if !has("/predicateType", PREDICATE_TYPE) {
        return Err(broken("predicateType"));
    }
    let subject = statement
        .pointer("/subject/0/digest/sha256")
        .and_then(Value::as_str)
        .and_then(|digest| digest.parse::<Sha256Hex>().ok())
        .ok_or(broken("subject"))?;
    let count = |list: &str| {
        let names = statement.pointer(&format!("/predicate/{list}"));
        names.and_then(Value::as_array).map(Vec::len)
    };
    let counts = [
        count("passedTests").ok_or(broken("passedTests"))?,
        count("warnedTests").ok_or(broken("warnedTests"))?,
        count("failedTests").ok_or(broken("failedTests"))?,
    ];
    let result = statement
        .pointer("/predicate/result")
        .and_then(Value::as_str)
        .filter(|result| match *result {
            "PASSED" => counts[0] > 0 && counts[1] + counts[2] == 0,
            "WARNED" => counts[1] > 0 && counts[2] == 0,
            // A run that was cut short or whose lists are stale fails without a failed check.
            "FAILED" => true,
            _ => false,
        })
        .ok_or(broken("result"))?;
    Ok(Attested {
        subject: subject.into(),
        result: result.to_owned(),
        counts,
        payload,
    })
}

/// `PASSED` only where the exit status would be 0 too: lists that are out of date are no pass.
fn result(report: &Report) -> &'static str {
    match report.verdict {
        Conclusion::Conforms if Exit::of_report(report) == Exit::Conforms => "PASSED",
        Conclusion::ConformsExceptKnown if Exit::of_report(report) == Exit::Conforms => "WARNED",
        Conclusion::Conforms
        | Conclusion::ConformsExceptKnown
        | Conclusion::DoesNotConform
        | Conclusion::Unproven => "FAILED",
    }
}

/// What it was judged with: the suite and what was selected of it, the scenarios, the adapter.
fn configuration(report: &Report) -> Vec<Value> {
    let classes: Vec<&str> = report
        .selection
        .classes
        .iter()
        .map(|class| class.as_str())
        .collect();
    let mut found = vec![json!({
        "name": report.suite.tool,
        "digest": { "sha256": report.suite.digest },
        "annotations": {
            "kind": report.subject.kind,
            "spec_revision": report.suite.spec_revision,
            "classes": classes,
            "filter": report.selection.filter,
            "seed": report.seed,
        },
    })];
    found.extend(report.scenarios.iter().map(|scenario| {
        let name = format!("scenario {}", plain::safe(&scenario.name));
        json!({ "name": name, "digest": { "sha256": scenario.digest } })
    }));
    found.extend(
        report
            .subject
            .adapter
            .iter()
            .map(|digest| json!({ "name": "adapter", "digest": { "sha256": digest } })),
    );
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample::{failed, other, passed, report};

    const KEY: &str =
        "PRIVATE+KEY+example.com/report+70157a82+AQcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcH";

    fn key() -> SigningKey {
        KEY.parse().unwrap()
    }

    fn mixed() -> Report {
        report(vec![
            failed("CC-ENG-013/path-names-file", "path \"/abs\""),
            other("CC-ENG-019/watched-system", Outcome::Unproven, "x"),
            other("CC-ENG-022/umask", Outcome::Known, "known until 2027-01-31"),
            passed("CC-ENG-018/workspace-untouched"),
            other("CC-ENG-041/no-shell-injection", Outcome::NotRun, "left out"),
        ])
    }

    #[test]
    fn a_statement_has_the_members_that_the_formats_name() {
        let made = statement(&mixed()).unwrap();
        let made: Value = serde_json::from_slice(&made).unwrap();
        let expected = json!({
            "_type": "https://in-toto.io/Statement/v1",
            "subject": [{
                "name": "./my-engine a b",
                "digest": { "sha256": "fedcba9876543210".repeat(4) },
            }],
            "predicateType": "https://in-toto.io/attestation/test-result/v0.1",
            "predicate": {
                "result": "FAILED",
                "configuration": [
                    {
                        "name": "cabincrew-conform 0.0.0",
                        "digest": { "sha256": "0123456789abcdef".repeat(4) },
                        "annotations": {
                            "kind": "engine",
                            "spec_revision": "the draft",
                            "classes": ["draft", "profile"],
                            "filter": [],
                            "seed": 1,
                        },
                    },
                    { "name": "scenario default", "digest": { "sha256": "00ff".repeat(16) } },
                ],
                "passedTests": ["CC-ENG-018/workspace-untouched"],
                "warnedTests": ["CC-ENG-022/umask"],
                "failedTests": ["CC-ENG-013/path-names-file", "CC-ENG-019/watched-system"],
            },
        });
        assert_eq!(made, expected);
    }

    #[test]
    fn only_a_run_that_ends_with_0_has_passed() {
        let word = |report: &Report| {
            let made: Value = serde_json::from_slice(&statement(report).unwrap()).unwrap();
            made["predicate"]["result"].as_str().unwrap().to_owned()
        };
        let good = report(vec![passed("CC-ENG-018/workspace-untouched")]);
        assert_eq!(word(&good), "PASSED");
        let mut stale = good;
        stale.golden_differences = vec!["default: differs".to_owned()];
        stale.exit_code = 1;
        assert_eq!(word(&stale), "FAILED");
        let known = other("CC-ENG-022/umask", Outcome::Known, "x");
        assert_eq!(word(&report(vec![known])), "WARNED");
        let open = other("CC-ENG-022/umask", Outcome::Unproven, "x");
        assert_eq!(word(&report(vec![open])), "FAILED");
    }

    #[test]
    fn what_is_forged_or_proves_nothing_is_not_signed() {
        let mut forged = mixed();
        forged.checks[0].outcome = Outcome::Pass;
        let refused = statement(&forged).unwrap_err();
        assert!(matches!(refused, AttestationError::Inconsistent));
        let mut unknown = mixed();
        unknown.subject.sha256 = None;
        let refused = statement(&unknown).unwrap_err();
        assert!(matches!(refused, AttestationError::NoSubject));
    }

    #[test]
    fn a_signature_counts_only_over_a_statement_that_agrees_with_itself() {
        let key = key();
        let text = render(&mixed(), &key).unwrap();
        let envelope: Envelope = serde_json::from_str(&text).unwrap();
        let attested = verify(&envelope, key.verifier()).unwrap();
        assert_eq!(
            (attested.result.as_str(), attested.counts),
            ("FAILED", [1, 1, 2])
        );

        let signed = |pointer: &str, value: Value| {
            let mut payload: Value = serde_json::from_slice(&attested.payload).unwrap();
            *payload.pointer_mut(pointer).unwrap() = value;
            let envelope = key.sign_envelope(PAYLOAD_TYPE, payload.to_string().as_bytes());
            verify(&envelope, key.verifier())
        };
        assert_eq!(
            signed("/predicate/result", json!("FAILED")).unwrap(),
            attested
        );
        let cases = [
            (
                "_type",
                "/_type",
                json!("https://in-toto.io/Statement/v0.1"),
            ),
            ("predicateType", "/predicateType", json!("x")),
            ("subject", "/subject/0/digest/sha256", json!("FE")),
            ("result", "/predicate/result", json!("PASSED")),
            ("failedTests", "/predicate/failedTests", json!(null)),
        ];
        for (part, pointer, value) in cases {
            match signed(pointer, value) {
                Err(AttestationError::Statement { what }) => assert_eq!(what, part),
                other => panic!("{part}: {other:?}"),
            }
        }
    }
}
