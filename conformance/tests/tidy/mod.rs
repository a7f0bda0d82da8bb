//! The repository's own rules, as tests: each failure names the file and says what to do.

mod data;
mod documents;
mod edges;
mod generated;
mod length;
mod repository;
mod words;
