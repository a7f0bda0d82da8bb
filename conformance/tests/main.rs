//! The command line and what it leaves behind, tested as a binary.

mod cli;
mod conform;
mod evidence;
mod lists;
mod schemas;
mod starters;
mod tidy;
