//! Integration tests of the reference orchestrator.

mod crash;
mod damage;
mod histories;
mod place;
mod verbs;
mod world;
