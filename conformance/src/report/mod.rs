//! Renderings of a run; the only place that formats verdicts.

pub mod model;
