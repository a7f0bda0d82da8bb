//! Drafts of the protocol: read, checked against themselves and the requirements, and compared.
//!
//! A folder is read once into a bounded [`Draft`]; every rule is a pure function of it and the
//! requirements. What the rules find is printed by [`mod@print`], or compared with a
//! [`baseline`].

pub mod baseline;
mod chapter;
pub mod difference;
mod finding;
mod folder;
mod lines;
mod model;
pub mod print;
pub mod rule;
mod rules;
mod schema;
mod words;

pub use chapter::{Block, Chapter, Code, Item, Link, Section, Span};
pub use finding::{Finding, Place};
pub use folder::{DraftError, read};
pub use model::Draft;
pub use schema::{Definition, Member, SchemaFile};
