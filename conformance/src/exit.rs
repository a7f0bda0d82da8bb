//! Exit statuses of `cabincrew-conform`: the only place that knows them (DESIGN 6).

use std::fmt::Write as _;
use std::process::ExitCode;

use crate::report::model::{Conclusion, Report};

/// How a run of `cabincrew-conform` ends. 101 stays free: a Rust panic exits with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exit {
    /// Everything that was selected and applies passed, or is on the list of known failures.
    Conforms,
    /// At least one check failed, or a list that goes with the subject is out of date.
    DoesNotConform,
    /// The command line, a scenario, an adapter or a list cannot be used.
    Usage,
    /// The subject could not be exercised.
    NotExercised,
    /// The kit itself is wrong.
    KitWrong,
}

impl Exit {
    /// Every exit, by its status.
    pub const ALL: [Self; 5] = [
        Self::Conforms,
        Self::DoesNotConform,
        Self::Usage,
        Self::NotExercised,
        Self::KitWrong,
    ];

    /// The status that the process ends with.
    pub const fn code(self) -> u8 {
        match self {
            Self::Conforms => 0,
            Self::DoesNotConform => 1,
            Self::Usage => 2,
            Self::NotExercised => 3,
            Self::KitWrong => 4,
        }
    }

    /// The exit of a finished run. A failure comes before anything unproven; what is wrong with a
    /// list of known failures or a golden folder (`stale`) counts when everything else is in order.
    pub const fn of(conclusion: Conclusion, stale: bool) -> Self {
        match (conclusion, stale) {
            (Conclusion::DoesNotConform, _) => Self::DoesNotConform,
            (Conclusion::Unproven, _) => Self::NotExercised,
            (Conclusion::Conforms | Conclusion::ConformsExceptKnown, true) => Self::DoesNotConform,
            (Conclusion::Conforms | Conclusion::ConformsExceptKnown, false) => Self::Conforms,
        }
    }

    /// The exit that goes with a report.
    pub fn of_report(report: &Report) -> Self {
        let stale = !report.known_problems.is_empty() || !report.golden_differences.is_empty();
        Self::of(report.verdict, stale)
    }

    /// What it means, in one sentence.
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Conforms => {
                "The subject conforms: every check that was selected and applies passed, or is a known failure."
            }
            Self::DoesNotConform => {
                "The subject does not conform: a check failed, a known failure is out of date, a golden folder differs, or an outcome changed between two runs."
            }
            Self::Usage => {
                "The request cannot be carried out: an unknown name, an empty selection, an unusable scenario, adapter or list of known failures, or an output folder that is not ours."
            }
            Self::NotExercised => {
                "The subject could not be exercised: it did not start, it did not plan in the scenario, the run was interrupted, or a control did not hold."
            }
            Self::KitWrong => {
                "The kit itself is wrong: its catalogue is broken, its accounts do not add up, or it could not write its report. Nothing is said about the subject."
            }
        }
    }

    /// What to do about it, in one sentence.
    pub const fn advice(self) -> &'static str {
        match self {
            Self::Conforms => "Nothing.",
            Self::DoesNotConform => {
                "Read the first failure; `cabincrew-conform explain ID` tells what usually causes it."
            }
            Self::Usage => "Read the message on standard error; it names what was not understood.",
            Self::NotExercised => {
                "Run `cabincrew-conform doctor BIN`; it says what is missing and how to supply it."
            }
            Self::KitWrong => {
                "Report it to the kit's maintainers with the output; it is not the subject's fault."
            }
        }
    }

    /// The table of all statuses for the documentation, as Markdown.
    pub fn markdown() -> String {
        let mut text = String::from("| status | meaning | what to do |\n|---|---|---|\n");
        for exit in Self::ALL {
            let _ = writeln!(
                text,
                "| {} | {} | {} |",
                exit.code(),
                exit.meaning(),
                exit.advice()
            );
        }
        text
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_are_distinct_and_in_order() {
        let codes: Vec<u8> = Exit::ALL.iter().map(|exit| exit.code()).collect();
        assert_eq!(codes, [0, 1, 2, 3, 4]);
    }

    #[test]
    fn a_failure_comes_first_and_a_stale_list_last() {
        assert_eq!(
            Exit::of(Conclusion::DoesNotConform, true),
            Exit::DoesNotConform
        );
        assert_eq!(Exit::of(Conclusion::Unproven, true), Exit::NotExercised);
        assert_eq!(
            Exit::of(Conclusion::ConformsExceptKnown, true),
            Exit::DoesNotConform
        );
        assert_eq!(Exit::of(Conclusion::Conforms, false), Exit::Conforms);
    }
}
