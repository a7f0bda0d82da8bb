//! A custom policy or a probe by script: `peer-policy SCRIPT.toml`.

mod answer;
mod run;
mod search;

pub use run::run;
