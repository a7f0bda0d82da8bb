//! The scripted peer: an engine whose behaviour is data.
//!
//! `cabincrew-peer SCRIPT.toml --mode flight-plan|take-off` is started like any engine, with a script
//! in front of the engine's own arguments. An empty script gives an engine that keeps every rule: it
//! plans to strip trailing blanks from the workspace's text files, and takes off from the restored
//! plan alone. A script with a `[fault]` gives the same engine with one deviation, so that a check
//! can be seen failing; one with a `[record]` has each launch written to a journal, so that an
//! orchestrator can be judged by what it started.
//!
//! ```text
//! engine/   the correct engine; it asks for deviations at named places and knows none of them
//! fault/    the deviations, by subject: what they are called in a script, and what they do
//! script    the file format
//! conduct/  what a script has the engine do beside its work, for those who judge its orchestrator
//! policy/   a custom policy or a probe by script
//! hub       tells a harness of every start and end, and waits for its word
//! journal   one line for each launch
//! ```
//!
//! Nothing here is shared with the harness: the judge must not judge by the code of the judged.

pub mod conduct;
mod engine;
pub mod fault;
pub mod hub;
mod journal;
mod policy;
mod run;
mod scene;
pub mod script;

pub use policy::run as run_policy;
pub use run::run;
