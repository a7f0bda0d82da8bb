//! `init`: starter files, written where nothing is lost.

mod adapter;
mod starter;
mod templates;

pub use adapter::adapter;
pub use starter::{InitError, engine, next, write_new};
pub use templates::Lang;
