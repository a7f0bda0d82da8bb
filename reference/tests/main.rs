//! Integration tests of the reference orchestrator.
