//! The only place that writes to standard output.

use std::io::{self, Write as _};

use anstream::{AutoStream, ColorChoice};

use super::arguments::{Color, Format, ReportArgs};
use super::error::CliError;
use crate::report::model::Report;
use crate::report::view::View;
use crate::report::{json, junit, terminal};

/// Prints text that may hold colours; they are taken out where nobody can see them.
///
/// # Errors
/// When standard output cannot be written. A reader that went away is no error.
pub(crate) fn print(text: &str, color: Color) -> Result<(), CliError> {
    let choice = match color {
        Color::Auto => AutoStream::choice(&io::stdout()),
        Color::Always => ColorChoice::Always,
        Color::Never => ColorChoice::Never,
    };
    let mut stdout = AutoStream::new(io::stdout().lock(), choice);
    let written = stdout
        .write_all(text.as_bytes())
        .and_then(|()| stdout.flush());
    match written {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(CliError::Output(error)),
        Err(_) | Ok(()) => Ok(()),
    }
}

/// Prints a report in the form that was asked for; `view` says how the user wrote what it names.
///
/// # Errors
/// When standard output cannot be written.
pub(crate) fn print_report(report: &Report, args: &ReportArgs, view: View) -> Result<(), CliError> {
    let text = match args.format {
        Format::Json => json::render(report).map_err(CliError::Serialise)?,
        Format::Junit => junit::render(report),
        Format::Terminal => terminal::render(
            report,
            &View {
                verbose: args.verbose,
                ..view
            },
        ),
    };
    let color = match args.format {
        Format::Terminal => args.color,
        Format::Json | Format::Junit => Color::Never,
    };
    print(&text, color)
}

/// Says something on standard error; nobody reading it is no reason to fail.
pub(crate) fn tell(text: &str) {
    let mut stderr = AutoStream::auto(io::stderr().lock());
    let _ = writeln!(stderr, "{text}");
}
