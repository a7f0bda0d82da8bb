//! The tracer on subjects of every sort: shell, forks, threads, static.

#![cfg(all(target_os = "linux", target_arch = "x86_64"))]

#[macro_use]
mod subject;

mod faults;
mod listing;
mod recording;
