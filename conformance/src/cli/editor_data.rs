//! `spec coverage` and `spec export`: what the kit knows, for people and for other languages.

use std::path::Path;

use cabincrew_fixtures::VECTORS;
use cabincrew_protocol::requirement::Catalogue;
use cabincrew_protocol::workflow;
use clap::ValueEnum;
use serde_json::{Map, Value};

use super::arguments::Color;
use super::error::CliError;
use super::output;
use crate::catalogue::Kit;
use crate::coverage::{Coverage, html, markdown};
use crate::exit::Exit;
use crate::orchestrator::catalogue::Kit as OrchestratorKit;

/// The form of coverage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum CoverageFormat {
    /// A Markdown page
    Markdown,
    /// One HTML page that needs no other file
    Html,
    /// One JSON document
    Json,
}

/// What can be exported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Export {
    /// States, events and rows of the transition table
    Transitions,
    /// The requirements
    Requirements,
    /// Inputs with expected bytes: digests, tokens, chains, canonical JSON
    Vectors,
}

/// Prints which checks verify which requirement.
///
/// # Errors
/// When the kit is broken or standard output cannot be written.
pub(super) fn coverage(format: CoverageFormat) -> Result<Exit, CliError> {
    let (engine, orchestrator) = (Kit::embedded()?, OrchestratorKit::embedded()?);
    let coverage = Coverage::of(&[&engine, &orchestrator])?;
    let text = match format {
        CoverageFormat::Markdown => markdown::render(&coverage),
        CoverageFormat::Html => html::render(&coverage),
        CoverageFormat::Json => pretty(&coverage)?,
    };
    output::print(&text, Color::Never)?;
    Ok(Exit::Conforms)
}

/// Prints one of the kit's tables as JSON.
///
/// # Errors
/// When standard output cannot be written.
pub(super) fn export(what: Export) -> Result<Exit, CliError> {
    let text = match what {
        Export::Transitions => pretty(&workflow::to_json())?,
        Export::Requirements => {
            let all: Vec<_> = Catalogue::embedded().iter().collect();
            pretty(&all)?
        }
        Export::Vectors => pretty(&vectors()?)?,
    };
    output::print(&text, Color::Never)?;
    Ok(Exit::Conforms)
}

/// All vector files in one object, by the file's name without its extension.
fn vectors() -> Result<Map<String, Value>, CliError> {
    let mut all = Map::new();
    for file in VECTORS.files() {
        if let Some(stem) = name(file.path()) {
            let value = serde_json::from_slice(file.contents()).map_err(CliError::Serialise)?;
            all.insert(stem, value);
        }
    }
    Ok(all)
}

fn name(path: &Path) -> Option<String> {
    let is_json = path
        .extension()
        .is_some_and(|extension| extension == "json");
    let stem = path.file_stem()?.to_string_lossy().into_owned();
    is_json.then_some(stem)
}

fn pretty(value: &impl serde::Serialize) -> Result<String, CliError> {
    Ok(serde_json::to_string_pretty(value).map_err(CliError::Serialise)? + "\n")
}
