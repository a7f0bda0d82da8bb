//! A deviation of any subject, and how a script spells it.

use serde::Deserialize;

use super::artifacts::ArtifactFault;
use super::determinism::DeterminismFault;
use super::effects::EffectFault;
use super::input::InputFault;
use super::process::ProcessFault;
use super::receipt::ReceiptFault;
use super::secrets::SecretFault;
use super::take_off::TakeOffFault;

/// One deviation. In a script: a table with `kind = "<subject>/<deviation>"` and its parameters.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(try_from = "toml::Table")]
pub enum Fault {
    /// `artifacts/...`: what is planned is written wrongly.
    Artifact(ArtifactFault),
    /// `determinism/...`: what is planned depends on chance or circumstances.
    Determinism(DeterminismFault),
    /// `effects/...`: something happens that should not.
    Effect(EffectFault),
    /// `input/...`: the input is misread.
    Input(InputFault),
    /// `process/...`: the process misbehaves.
    Process(ProcessFault),
    /// `receipt/...`: the receipt or the exit status is wrong.
    Receipt(ReceiptFault),
    /// `secrets/...`: a secret gets out.
    Secret(SecretFault),
    /// `take-off/...`: the plan is not what is carried out.
    TakeOff(TakeOffFault),
}

/// Why a table is not a deviation.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FaultError {
    /// The parameters do not fit the kind, or there is no such deviation.
    #[error("the fault {kind} is not understood: {why}")]
    Invalid {
        /// As written.
        kind: String,
        /// What does not fit.
        why: String,
    },
    /// `kind` is missing or not `<subject>/<deviation>`.
    #[error("the fault's kind is not a text <subject>/<deviation>")]
    NoKind,
    /// No such subject.
    #[error("the fault {kind} has an unknown subject")]
    UnknownSubject {
        /// As written.
        kind: String,
    },
}

impl TryFrom<toml::Table> for Fault {
    type Error = FaultError;

    fn try_from(mut table: toml::Table) -> Result<Self, FaultError> {
        let kind = table
            .get("kind")
            .and_then(toml::Value::as_str)
            .unwrap_or_default()
            .to_owned();
        let (subject, deviation) = kind.split_once('/').ok_or(FaultError::NoKind)?;
        table.insert("kind".to_owned(), deviation.into());
        let value = toml::Value::Table(table);
        let parsed = match subject {
            "artifacts" => value.try_into().map(Self::Artifact),
            "determinism" => value.try_into().map(Self::Determinism),
            "effects" => value.try_into().map(Self::Effect),
            "input" => value.try_into().map(Self::Input),
            "process" => value.try_into().map(Self::Process),
            "receipt" => value.try_into().map(Self::Receipt),
            "secrets" => value.try_into().map(Self::Secret),
            "take-off" => value.try_into().map(Self::TakeOff),
            _ => return Err(FaultError::UnknownSubject { kind }),
        };
        parsed.map_err(|error: toml::de::Error| FaultError::Invalid {
            kind,
            why: error.message().to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Fault, FaultError> {
        Fault::try_from(toml::from_str::<toml::Table>(text).unwrap())
    }

    #[test]
    fn a_kind_has_a_subject_and_a_name() {
        let fault = parse("kind = 'input/reads-once'").unwrap();
        assert_eq!(fault, Fault::Input(InputFault::ReadsOnce {}));
    }

    #[test]
    fn whatever_is_not_on_the_list_is_an_error() {
        assert!(matches!(parse("name = 'x'"), Err(FaultError::NoKind)));
        assert!(matches!(
            parse("kind = 'weather/rain'"),
            Err(FaultError::UnknownSubject { .. })
        ));
        assert!(matches!(
            parse("kind = 'input/sings'"),
            Err(FaultError::Invalid { .. })
        ));
        let extra = parse("kind = 'input/reads-once'\nbytes = 1");
        assert!(
            matches!(extra, Err(FaultError::Invalid { .. })),
            "{extra:?}"
        );
        let missing = parse("kind = 'input/fixed-buffer'");
        assert!(
            matches!(missing, Err(FaultError::Invalid { .. })),
            "{missing:?}"
        );
    }
}
