//! From verdicts to a report, and its renderings: the only place that formats verdicts.
//!
//! [`assemble`] makes a [`model::Report`] of a run; [`terminal`], [`json`], [`junit`], [`sarif`],
//! [`intoto`], [`markdown`] and [`html`] are pure functions of it.

mod accounts;
mod article;
pub mod assemble;
pub mod course;
pub mod engine;
pub(crate) mod failure;
pub mod html;
pub mod intoto;
pub mod json;
pub mod junit;
mod lifecycle;
pub mod markdown;
pub mod merge;
pub mod model;
pub(crate) mod page;
pub(crate) mod plain;
pub mod recount;
pub(crate) mod said;
#[cfg(test)]
pub(crate) mod sample;
pub mod sarif;
pub mod terminal;
pub mod view;

pub use accounts::AccountingError;

#[cfg(test)]
mod tests;
