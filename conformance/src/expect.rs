//! What a check may expect: the closed vocabulary of the engine kit.
//!
//! Each kind is judged by one function in [`crate::judge`]; the compiler insists.

use serde::Deserialize;

/// An expectation on the launches that a check selects.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(
    tag = "kind",
    rename_all = "kebab-case",
    rename_all_fields = "kebab-case"
)]
pub enum Expect {
    /// A take-off applies the plan that it is given, whatever another plan would do.
    AppliesGivenPlan {
        /// The take-off from the other plan.
        of: String,
    },
    /// A take-off applied the plan: the workspace is as the scenario says, or at least changed.
    AppliesPlan,
    /// Each `artifact.json` is one strict JSON document.
    ArtifactJsonParses,
    /// Each `artifact.json` satisfies the Artifact definition.
    ArtifactSchema,
    /// Restored artifacts were not touched.
    ArtifactsKept,
    /// The artifacts directory did not change after the end.
    ArtifactsStay,
    /// Inline body, `body_file` and `body.data` fit together (C-62).
    BodyReference,
    /// Decoy credentials were not opened and appear nowhere.
    DecoysUnused,
    /// One `engine_id` over all receipts.
    EngineIdStable,
    /// `error` is present and non-empty exactly on failure.
    ErrorIffFailure,
    /// Exit status 0, 1 or 2.
    ExitCodes,
    /// If the baseline did not work, neither does this launch.
    ExplainsBaseline {
        /// What this launch has that the baseline has not, in words.
        only_when: String,
    },
    /// Exit status 0 exactly with status success.
    ExitFitsStatus,
    /// A receipt of failure lists no artifact that is not there.
    FailureListsWhatIs,
    /// Receipt hashes are those of the files.
    HashMatches,
    /// The artifacts directory has the prescribed layout.
    Layout,
    /// The receipt's mode is the launch's.
    ModeEchoed,
    /// Artifact names are well-formed and unique.
    Names,
    /// No artifact holds the present date or time.
    NoClockText,
    /// The decoy gateway saw no connection.
    NoConnections,
    /// A take-off that fails only without planning's leftovers.
    NoLeftoversNeeded {
        /// The take-off from restored state alone.
        of: String,
    },
    /// No injected command ran.
    NoMarker,
    /// A failure on valid input comes with a failure receipt that says why.
    NoPlanExplained,
    /// No plan token from the engine while planning.
    NoPlanToken,
    /// No process outlives the engine.
    NoProcessLeft,
    /// The receipt does not repeat artifact content.
    NoRawContent,
    /// No signal ended the engine.
    NoSignal,
    /// The workspace was not even written and restored.
    NoWriteAndRestore,
    /// Nothing was left outside the given directories.
    NothingOutside,
    /// Exactly one JSON object on standard output.
    OneReceipt,
    /// A take-off's changes are named by its plan.
    OnlyDeclaredEffects,
    /// Exit status 1 with a failure receipt.
    OwnFailure {
        /// An engine that need not fail may also succeed.
        #[serde(default)]
        or_success: bool,
    },
    /// Receipt paths name the hashed files.
    PathNamesFile,
    /// Artifacts are regular files with one name.
    PlainFiles,
    /// The plan says what is to be done.
    PlanSaysWhat,
    /// Receipt ids differ between launches.
    ReceiptIdsUnique,
    /// Receipt and disk name the same artifacts.
    ReceiptMatchesDisk,
    /// The receipt satisfies a part of the EngineOutput definition.
    ReceiptSchema {
        /// Which part.
        part: SchemaPart,
    },
    /// A refusal ends with exit status 2.
    RefusalStatus,
    /// The launch is refused, for its reason, with nothing done.
    Refused {
        /// The exit status it must have; any of 1 and 2 when absent.
        #[serde(default)]
        code: Option<i32>,
    },
    /// A second take-off leaves the workspace as the first one did.
    RepeatIsHarmless {
        /// The first take-off.
        of: String,
    },
    /// `metadata.role` equals the receipt's role.
    RoleAgrees,
    /// Roles are known ones.
    Roles,
    /// The same artifacts and an equivalent receipt as another launch of the same worker.
    SamePlan {
        /// That launch.
        r#as: String,
        /// The current directory must have stayed empty.
        #[serde(default)]
        and_cwd_empty: bool,
        /// The launch's own paths may differ in the outputs.
        #[serde(default)]
        apart_from_paths: bool,
    },
    /// The same workspace afterwards as another take-off.
    SameWorkspace {
        /// That take-off.
        r#as: String,
        /// One that does not succeed is wrong as well.
        #[serde(default)]
        and_succeeds: bool,
    },
    /// Secrets appear in no output.
    SecretsStaySecret,
    /// Receipt sizes are those of the files.
    SizeMatches,
    /// Exit status 0 and a success receipt.
    Succeeds,
    /// A take-off that stops with an error and touches nothing.
    TakeOffRefused,
    /// The artifacts that take-off adds are evidence or logs.
    TakeOffRoles,
    /// A plan token in a take-off receipt is the given one.
    TokenEcho,
    /// The receipt's protocol version is the input's.
    VersionEchoed,
    /// A take-off that stops with an error and touches nothing, or leaves the same workspace as another one.
    WholeOrRefused {
        /// That take-off.
        r#as: String,
    },
    /// The workspace is unchanged.
    WorkspaceUntouched,
}

/// A part of a schema verdict, so that one fault fails one check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SchemaPart {
    /// Anything below `/metrics`.
    Metrics,
    /// A null where the schema has none.
    Null,
    /// A required member is missing.
    Required,
    /// A value of another type or spelling.
    Types,
    /// A member that is not defined.
    Unknown,
}
