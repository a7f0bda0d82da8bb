//! The receipt on standard output: exactly one, and what it says.

use std::collections::BTreeMap;

use cabincrew_protocol::json::{self, JsonError, Limits};
use cabincrew_protocol::schema;
use serde_json::Value;

use super::{Look, words};
use crate::drive::PROTOCOL_VERSION;
use crate::expect::SchemaPart;
use crate::observe::{End, Launch};
use crate::receipt;
use crate::verdict::Finding;

fn text<'a>(receipt: &'a Value, member: &str) -> Option<&'a str> {
    receipt.get(member).and_then(Value::as_str)
}

/// CC-ENG-010, 037: one strict JSON object and nothing else. With exit status 2 there may be none
/// (C-49); what ends by a signal or with a reserved status has checks of its own.
pub(super) fn one_receipt(look: &mut Look, launch: &Launch) {
    let expected = "exactly one JSON object on standard output".to_owned();
    let stdout = &launch.stdout.kept;
    let observed = match &launch.end {
        End::TimedOut(_) | End::Exceeded(_) => Some(receipt::describe_end(&launch.end)),
        End::Exited(0..=2) => {
            if stdout.iter().all(u8::is_ascii_whitespace) {
                let owed = launch.end != End::Exited(2);
                owed.then(|| {
                    format!(
                        "standard output is empty, {}",
                        receipt::describe_end(&launch.end)
                    )
                })
            } else {
                match json::parse(stdout, &Limits::RECEIPT) {
                    // Nothing forbids counts of nanoseconds; what they are rounded to is the reader's affair.
                    Ok(Value::Object(_)) | Err(JsonError::IntegerRange { .. }) => None,
                    Ok(_) => Some(format!("not an object: {}", words::quote(stdout))),
                    Err(error) => Some(format!("{error}: {}", words::quote(stdout))),
                }
            }
        }
        End::Exited(_) | End::Signalled(_) | End::NotStarted(_) | End::NotLaunched(_) => return,
    };
    look.judged(
        launch,
        observed
            .map(|observed| (expected, observed))
            .into_iter()
            .collect(),
    );
}

/// CC-ENG-011: an error exactly on failure (C-115).
pub(super) fn error_iff_failure(look: &mut Look, launch: &Launch) {
    let Some(receipt) = receipt::lenient(&launch.stdout.kept) else {
        return;
    };
    let Some(status) = text(&receipt, "status") else {
        return;
    };
    let error = text(&receipt, "error");
    let problem = match (status, error) {
        ("success", Some(error)) => Some((
            "no error member on success".to_owned(),
            format!(
                "status \"success\" with error {}",
                words::quote(error.as_bytes())
            ),
        )),
        ("failure", None | Some("")) => Some((
            "a non-empty error on failure".to_owned(),
            "status \"failure\" without an error text".to_owned(),
        )),
        _ => None,
    };
    look.judged(launch, problem.into_iter().collect());
}

/// CC-SCH-001..004, CC-ENG-015: the published definition, one part at a time.
pub(super) fn schema(look: &mut Look, launch: &Launch, part: SchemaPart) {
    let Some(receipt) = receipt::lenient(&launch.stdout.kept) else {
        return;
    };
    let mut problems = Vec::new();
    for violation in schema::violations("EngineOutput", &receipt) {
        let at = &violation.instance_path;
        let is_null = receipt.pointer(at).is_some_and(Value::is_null);
        let found = if at.starts_with("/metrics") {
            SchemaPart::Metrics
        } else if is_null {
            SchemaPart::Null
        } else {
            match violation.keyword.as_str() {
                "additionalProperties" => SchemaPart::Unknown,
                "required" => SchemaPart::Required,
                _ => SchemaPart::Types,
            }
        };
        if found == part {
            let place = if at.is_empty() { "the receipt" } else { at };
            let expected = "a receipt as EngineOutput defines it".to_owned();
            problems.push((expected, format!("{place}: {}", violation.message)));
        }
    }
    look.judged(launch, problems);
}

/// CC-ENG-001: the receipt names the mode it was launched in.
pub(super) fn mode_echoed(look: &mut Look, launch: &Launch) {
    let receipt = receipt::lenient(&launch.stdout.kept);
    let Some(mode) = receipt.as_ref().and_then(|receipt| text(receipt, "mode")) else {
        // Which failures have no receipt, CC-ENG-010 says.
        if matches!(launch.end, End::Exited(1..=2)) {
            look.judged(launch, Vec::new());
        } else {
            look.unproven(launch, "there is no receipt with a mode");
        }
        return;
    };
    let wanted = launch.mode.as_str();
    let problem = (mode != wanted).then(|| {
        (
            format!("mode \"{wanted}\""),
            format!("mode {}", words::quote(mode.as_bytes())),
        )
    });
    look.judged(launch, problem.into_iter().collect());
}

/// C-51: the receipt repeats the input's protocol version.
pub(super) fn version_echoed(look: &mut Look, launch: &Launch) {
    let receipt = receipt::lenient(&launch.stdout.kept);
    let input = receipt::lenient(&launch.input.kept);
    let (Some(receipt), Some(input)) = (receipt, input) else {
        return;
    };
    let (Some(echoed), Some(sent)) = (
        text(&receipt, "protocol_version"),
        text(&input, "protocol_version"),
    ) else {
        return;
    };
    // A refusal may name the version that the engine knows.
    if sent != PROTOCOL_VERSION && receipt::worked(launch).is_err() {
        return;
    }
    let problem = (echoed != sent).then(|| {
        (
            format!("protocol_version \"{sent}\""),
            words::quote(echoed.as_bytes()),
        )
    });
    look.judged(launch, problem.into_iter().collect());
}

/// CC-ENG-027: planning offers no token, in the receipt or on disk.
pub(super) fn no_plan_token(look: &mut Look, launch: &Launch) {
    let mut problems = Vec::new();
    let receipt = receipt::lenient(&launch.stdout.kept);
    if receipt.is_some_and(|receipt| receipt.get("plan_token").is_some_and(|t| !t.is_null())) {
        let expected = "no plan_token in a planning receipt".to_owned();
        problems.push((expected, "the receipt carries plan_token".to_owned()));
    }
    let names = launch.artifacts.keys().chain(&launch.temp_left);
    for path in names {
        let name = path.rsplit('/').next().unwrap_or(path);
        if matches!(
            name,
            "plan-token.json" | "plan_token.json" | "plan-token" | "plan_token"
        ) {
            let expected = "no plan token written by the engine".to_owned();
            problems.push((expected, format!("{path} was written")));
        }
    }
    look.judged(launch, problems);
}

/// C-17: a token in a take-off receipt is the one that was handed in.
pub(super) fn token_echo(look: &mut Look, launch: &Launch) {
    let receipt = receipt::lenient(&launch.stdout.kept);
    let Some(receipt) = receipt else { return };
    let input = receipt::lenient(&launch.input.kept);
    let given = input
        .as_ref()
        .and_then(|input| text(input, "expected_plan_token"));
    let (Some(echoed), Some(given)) = (text(&receipt, "plan_token"), given) else {
        look.judged(launch, Vec::new());
        return;
    };
    let problem = (echoed != given).then(|| {
        (
            format!("plan_token \"{given}\", or none"),
            words::quote(echoed.as_bytes()),
        )
    });
    look.judged(launch, problem.into_iter().collect());
}

/// One engine_id over all launches (C-50).
pub(super) fn engine_id_stable(look: &mut Look, launches: &[&Launch]) {
    let mut first: Option<(String, String)> = None;
    for launch in launches.iter().filter(|launch| launch.was_launched()) {
        let Some(receipt) = receipt::lenient(&launch.stdout.kept) else {
            continue;
        };
        let Some(id) = text(&receipt, "engine_id") else {
            continue;
        };
        look.judged += 1;
        match &first {
            None => first = Some((id.to_owned(), launch.name.clone())),
            Some((known, since)) if known != id => look.findings.push(Finding {
                launch: launch.name.clone(),
                expected: format!("engine_id {} as in {since}", words::quote(known.as_bytes())),
                observed: format!("engine_id {}", words::quote(id.as_bytes())),
            }),
            Some(_) => {}
        }
    }
}

/// Receipt ids differ between launches (C-50, C-121); of launches repeated by several workers only
/// the first is looked at, since equal input may give an equal id.
pub(super) fn ids_unique(look: &mut Look, launches: &[&Launch]) {
    let mut names: Vec<&str> = Vec::new();
    let mut ids: BTreeMap<String, &str> = BTreeMap::new();
    for launch in launches.iter().filter(|launch| launch.was_launched()) {
        if names.contains(&launch.name.as_str()) {
            continue;
        }
        names.push(&launch.name);
        let Some(receipt) = receipt::lenient(&launch.stdout.kept) else {
            continue;
        };
        let Some(id) = text(&receipt, "receipt_id") else {
            continue;
        };
        look.judged += 1;
        if let Some(other) = ids.insert(id.to_owned(), &launch.name) {
            look.findings.push(Finding {
                launch: launch.name.clone(),
                expected: format!("a receipt_id other than that of {other}"),
                observed: format!("the same receipt_id {}", words::quote(id.as_bytes())),
            });
        }
    }
    if ids.len() < 2 && look.findings.is_empty() {
        look.unproven
            .push("fewer than two receipts have an id".to_owned());
    }
}
