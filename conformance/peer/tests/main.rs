//! Tests of the peer as a binary, and of the scripts in `fixtures/faults/`.

mod contract;
mod deviations;
mod driver;
mod hub;
mod journal;
mod scripts;
