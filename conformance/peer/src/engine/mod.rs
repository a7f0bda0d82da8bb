//! The correct engine. Wherever a script may deviate, it asks [`crate::fault::Deviation`] by name;
//! what the deviation then does is not its business.

mod apply;
mod artifact;
mod edit;
mod failure;
mod input;
mod json;
mod launch;
mod plan;
mod pointer;
mod receipt;
mod scan;
mod start;
mod state;
mod take_off;

pub(crate) use apply::{apply, replace};
pub(crate) use artifact::{Artifact, Body, sha256};
pub(crate) use edit::Edit;
pub(crate) use failure::Failure;
pub(crate) use input::Input;
pub(crate) use launch::{Launch, launch};
pub(crate) use plan::extensions;
pub(crate) use pointer::{remove, set};
pub(crate) use receipt::{Ending, Outcome};
pub(crate) use scan::{Extensions, scan};
pub(crate) use start::{Mode, Start};
pub(crate) use state::{BODY, PLAN, parse as parse_plan};
