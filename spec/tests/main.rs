//! The protocol crate against vectors, documents, generated files and laws.

mod catalogue;
mod documents;
mod generated;
mod laws;
mod lifecycle;
mod published;
mod rules;
mod schemas;
mod vectors;
