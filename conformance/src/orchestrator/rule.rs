//! The rules that hold on every step of every run, whatever the run is about.

use serde::Deserialize;

/// A rule that holds in every run; each is one function in [`super::judge`].
///
/// Rules on documents are not applied once a drill has damaged what the orchestrator keeps; rules on
/// launches, effects and leaks are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rule {
    /// What an approval record says was reviewed are descriptor digests of the governed artifacts (C-05).
    ApprovalEvidence,
    /// `approvals` of the record are the responses that were delivered and accepted (CC-APR-029).
    ApprovalRecords,
    /// Artifacts and their digests stand in an event between validation and token (CC-ART-020).
    AuditArtifacts,
    /// No decision is graver than the evaluations that it stands with (C-08).
    AuditBasis,
    /// Each line is exactly the canonical form of an event (profile).
    AuditCanonical,
    /// Effects stand after their causes (CC-AUD-012).
    AuditCausality,
    /// Each event carries the chain value of its place (C-26).
    AuditChain,
    /// One closing event in a final state, none before (CC-FIN-001).
    AuditClosing,
    /// Each type of event carries only states it can occur in; those that must be there are (C-40).
    AuditComponents,
    /// Decisions stand with what they rest on (CC-AUD-010).
    AuditDecisions,
    /// A failed workflow has an event of severity error or critical (CC-ORC-028).
    AuditError,
    /// What was exported before is the beginning of what is exported now (CC-AUD-011).
    AuditGrows,
    /// Event ids are there and unique (CC-AUD-002).
    AuditIds,
    /// Start and completion of every launch (CC-ORC-018).
    AuditLaunches,
    /// Each line is one JSON object (CC-AUD-018).
    AuditLines,
    /// Event ids are the workflow's id and a counter (C-42).
    AuditNumbering,
    /// Preparation stands before each engine start (CC-AUD-007).
    AuditPrepared,
    /// The record can be rebuilt from the log (CC-AUD-019).
    AuditRebuilds,
    /// Evaluations and aggregation fit together (CC-PRE-026, CC-PRE-027).
    AuditSemantics,
    /// Signatures are made by the named key (CC-AUD-015).
    AuditSignatures,
    /// The log begins with the workflow's creation in INIT (CC-ORC-005).
    AuditStart,
    /// The last event's state is that of the record (CC-AUD-005).
    AuditState,
    /// Launches are told of under their steps (CC-AUD-004).
    AuditSteps,
    /// Times are RFC 3339 and do not go back (CC-AUD-003).
    AuditTimes,
    /// The log passes through the same states as the write-ahead log (CC-AUD-008).
    AuditTransitions,
    /// Times end in Z (C-87).
    AuditUtc,
    /// Every event validates (CC-AUD-001).
    AuditValid,
    /// Every event names its workflow and step (CC-AUD-004).
    AuditWorkflow,
    /// Artifacts as exported validate and are those of the plan (CC-ART-001).
    ArtifactsExported,
    /// Documents are what the driver contract says.
    DocumentsReadable,
    /// Working directory is the temp folder (DESIGN 8.3).
    EngineCwd,
    /// No descriptors beside the three standard ones.
    EngineDescriptors,
    /// Directories are absolute, distinct, and never used twice (CC-ORC-012, CC-ORC-013).
    EngineDirectories,
    /// Planning begins with an empty artifacts directory, and every launch with an empty temp (CC-ORC-007, CC-ORC-008).
    EngineDirectoriesEmpty,
    /// Only the variables of the contract (C-84).
    EngineEnvironment,
    /// Nothing of the orchestrator's own environment (CC-SEC-002).
    EngineEnvironmentClean,
    /// Ids in the input are those of the workflow (CC-ORC-001).
    EngineIds,
    /// The input validates (CC-ORC-011).
    EngineInput,
    /// Mode is given three times and equal (CC-ORC-009).
    EngineModes,
    /// `run_index` counts launches (C-89).
    EngineRunIndex,
    /// Exactly the mapped secrets (CC-SEC-001).
    EngineSecrets,
    /// The switch `--mode` (CC-ORC-010, CC-TKO-010).
    EngineSwitch,
    /// Workspace, artifacts and temp can be written where they must be.
    EngineWritable,
    /// The workspace holds the project (CC-ORC-006).
    EngineWorkspace,
    /// Folders, links and executable bits are in it as well (C-20).
    EngineWorkspaceWhole,
    /// Evaluations of the record and of the audit log can be joined (C-45).
    EvaluationsJoin,
    /// Exit status fits the state (DESIGN 5).
    ExitFitsState,
    /// Nothing happens in a final state (CC-ORC-024, CC-RST-026).
    FinalStays,
    /// Every document names the same ids (CC-ORC-001).
    IdsEqual,
    /// No secret in output, exports or files (CC-SEC-003).
    NoSecretKept,
    /// No secret in the audit log (CC-AUD-016).
    NoSecretAudited,
    /// No process outlives the orchestrator.
    NoProcessLeft,
    /// Each pair of states is an edge of the lifecycle (CC-ORC-023).
    PathLegal,
    /// Policies get the plan's token, ids and mode (CC-PRE-008).
    PolicyContext,
    /// Policies get artifacts' names and digests as they are (CC-PRE-005).
    PolicyEvidence,
    /// What policies are given validates.
    PolicyInput,
    /// Log artifacts are not among what policies are given before take-off (CC-ART-018).
    PolicyNoLog,
    /// After take-off policies get the receipt of take-off (CC-PST-002).
    PolicyResults,
    /// No approval id was used before (CC-APR-002).
    RequestIdsUnique,
    /// The id of a request carries its token (C-01).
    RequestBinding,
    /// A request names time and requester, and its artifacts (C-37).
    RequestContext,
    /// A request names the artifacts under review with their digests (CC-APR-005).
    RequestEvidence,
    /// A request is about this workflow and step (CC-APR-003).
    RequestIds,
    /// A request once exported stays there (driver contract).
    RequestStays,
    /// A request carries the current token (CC-APR-004).
    RequestToken,
    /// A request validates, and explains itself (CC-APR-001, CC-APR-007).
    RequestValid,
    /// A delivered response leaves an event (CC-APR-027, CC-APR-028).
    ResponseAudited,
    /// An accepted response's event says what the response says (CC-APR-027).
    ResponseEvent,
    /// Ended by itself: no signal, no time limit.
    RunsToItsEnd,
    /// States are those of the enumeration (CC-ORC-022).
    StatesKnown,
    /// Artifacts of the record are those of the plan (CC-RST-008).
    StateArtifacts,
    /// Digests of the record are descriptor digests (C-05).
    StateDigests,
    /// Evaluations of the write-ahead log are in the record (CC-RST-001).
    StateEvaluations,
    /// Artifacts of take-offs are in the record of what has completed (DESIGN 8.12).
    StateResults,
    /// The record says up to where the audit log was written (C-41).
    StatePosition,
    /// In COMPLETED every step is among those completed (C-78).
    StateSteps,
    /// The record names a token when and only when there is one (C-13).
    StateToken,
    /// The time of the record goes on with its state (CC-RST-001).
    StateUpdated,
    /// The record validates (CC-RST-001).
    StateValid,
    /// The record is not ahead of the write-ahead log (C-43).
    StateWalPosition,
    /// The record's state is what the write-ahead log adds up to (CC-RST-017).
    StateOfWal,
    /// Steps that were planned are there, byte for byte (CC-FIN-004).
    StoreKept,
    /// Config and context of take-off are those of planning (CC-TKO-012).
    TakeOffInput,
    /// Take-off finds exactly the planned state (CC-TKO-013, CC-TKO-014).
    TakeOffBytes,
    /// Restored state is listed in the context (C-18).
    TakeOffListed,
    /// No log and nothing unplanned is restored (C-66).
    TakeOffNoLog,
    /// One take-off for each step at most (CC-TKO-022).
    TakeOffOnce,
    /// Token, decision or approval, and verification stand before take-off (CC-TKO-005, CC-ORC-021).
    TakeOffCleared,
    /// The token is in the take-off input and only there (CC-TKO-011).
    TakeOffToken,
    /// Temp directories are gone in a final state (CC-FIN-003).
    TempGone,
    /// The token's composite is what its members add up to (C-02).
    TokenComposite,
    /// Exactly one creation event, with the token itself (CC-TOK-013).
    TokenEvent,
    /// The model is the workflow file's (C-52).
    TokenModel,
    /// The token names every planned artifact (CC-TOK-004).
    TokenNames,
    /// Digests and sizes of the token are the artifacts' (C-05).
    TokenHashes,
    /// Artifacts are in the order of their names' bytes (C-05).
    TokenOrder,
    /// A token once made stays as it is (CC-TOK-014, CC-TOK-015, CC-RST-007).
    TokenStays,
    /// The token validates and says where it comes from (CC-TOK-003).
    TokenValid,
    /// Each checksum is that of its entry (C-43).
    WalChecksum,
    /// Artifacts, evaluations and approvals of the record are in it (CC-RST-002).
    WalComplete,
    /// The entries encode a lifecycle (C-14).
    WalEncoding,
    /// What was exported before is the beginning of what is exported now (CC-RST-005).
    WalGrows,
    /// The making of the token is in it (C-13).
    WalMint,
    /// Sequence numbers are 0, 1, 2 and so on (C-43).
    WalNumbering,
    /// Sequence numbers ascend (CC-RST-003).
    WalSequence,
    /// Every entry validates, and its data fits its type (CC-RST-002).
    WalValid,
    /// The workspace changes only in a take-off (CC-ORC-027, CC-ORC-020).
    WorkspaceKept,
}
