//! Deviations in the receipt and the exit status.

use serde::Deserialize;
use serde_json::json;

use super::{Json, When};
use crate::engine::{self, Mode, Outcome, Start};

/// A deviation in the receipt or the exit status: `receipt/...`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum ReceiptFault {
    /// Repeats an artifact's body in the receipt.
    CarriesBody {
        /// JSON pointer of the member.
        at: String,
    },
    /// Repeats the restored plan in the diagnostics of take-off.
    CarriesPlan {},
    /// Writes a member twice, the wrong value last.
    DuplicateMember {
        /// The member.
        member: String,
        /// The wrong value.
        json: Json,
        /// In which launches.
        #[serde(default)]
        when: When,
    },
    /// Lists the first artifact twice.
    ListsTwice {},
    /// Makes the mode part of the engine's id.
    ModeInEngineId {},
    /// Prints no receipt.
    Missing {
        /// In which launches.
        #[serde(default)]
        when: When,
    },
    /// Leaves a member out.
    Remove {
        /// JSON pointer of the member.
        at: String,
        /// In which launches.
        #[serde(default)]
        when: When,
    },
    /// Gives a member another value, or adds one.
    Set {
        /// JSON pointer of the member; `-` as the last part appends to a list.
        at: String,
        /// The value.
        json: Json,
        /// In which launches.
        #[serde(default)]
        when: When,
    },
    /// Ends with another exit status.
    Status {
        /// The exit status.
        code: u8,
        /// In which launches.
        when: When,
    },
    /// Prints text around the receipt.
    Text {
        /// In front of it.
        #[serde(default)]
        before: String,
        /// Behind it.
        #[serde(default)]
        after: String,
        /// In which launches.
        #[serde(default)]
        when: When,
    },
}

impl ReceiptFault {
    pub(super) fn edit(&self, start: &Start, outcome: &mut Outcome) {
        match self {
            Self::CarriesBody { at } => {
                let body = start.dirs().ok().and_then(|dirs| {
                    std::fs::read_to_string(dirs.artifacts.join("diff").join(engine::BODY)).ok()
                });
                if let Some(body) = body {
                    engine::set(&mut outcome.receipt, at, json!([body]));
                }
            }
            Self::CarriesPlan {} if outcome.mode == Mode::TakeOff => {
                let plan = start.dirs().ok().and_then(|dirs| {
                    std::fs::read_to_string(dirs.artifacts.join(engine::PLAN).join(engine::BODY))
                        .ok()
                });
                if let Some(plan) = plan {
                    let said = json!([{"severity": "info", "message": plan}]);
                    engine::set(&mut outcome.receipt, "/diagnostics", said);
                }
            }
            Self::ListsTwice {} => {
                if let Some(entry) = outcome.receipt.pointer("/artifacts/0").cloned() {
                    engine::set(&mut outcome.receipt, "/artifacts/-", entry);
                }
            }
            Self::ModeInEngineId {} => {
                let id = format!("cabincrew-peer-{}", outcome.mode.as_str());
                engine::set(&mut outcome.receipt, "/engine_id", json!(id));
            }
            Self::Remove { at, when } if when.fits(outcome) => {
                engine::remove(&mut outcome.receipt, at);
            }
            Self::Set { at, json, when } if when.fits(outcome) => {
                engine::set(&mut outcome.receipt, at, json.0.clone());
            }
            _ => {}
        }
    }

    pub(super) fn output(&self, outcome: &Outcome, text: String) -> String {
        match self {
            Self::DuplicateMember { member, json, when } if when.fits(outcome) => {
                let members = text.trim_end().strip_suffix('}').unwrap_or(&text);
                format!("{members},\"{member}\":{}}}\n", json.0)
            }
            Self::Missing { when } if when.fits(outcome) => String::new(),
            Self::Text {
                before,
                after,
                when,
            } if when.fits(outcome) => [before.as_str(), &text, after].concat(),
            _ => text,
        }
    }

    pub(super) fn status(&self, outcome: &Outcome, status: u8) -> u8 {
        match self {
            Self::Status { code, when } if when.fits(outcome) => *code,
            _ => status,
        }
    }
}
