//! The command line and what it leaves behind, tested as a binary.

mod action;
mod careless;
mod cli;
mod conform;
mod difference;
mod drafts;
mod evidence;
mod hostile;
mod lists;
mod nothing;
mod orchestrator;
mod pages;
mod reports;
mod schemas;
mod shown;
mod spec;
mod starters;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod sweep;
mod tidy;
#[cfg(target_os = "linux")]
mod turns;
