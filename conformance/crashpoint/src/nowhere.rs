//! Where there is no tracer.

use std::process::Command;

use crate::{Request, Trace, TraceError};

/// Says that it is not available.
///
/// # Errors
/// Always.
pub fn trace(_command: Command, _request: &Request) -> Result<Trace, TraceError> {
    Err(TraceError::NotAvailable)
}
