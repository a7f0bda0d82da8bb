//! `init`: starter files, written where nothing is lost.

mod starter;
mod templates;

pub use starter::{InitError, engine, next};
pub use templates::Lang;
