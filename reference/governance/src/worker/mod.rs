//! Both ends of the conversation with a worker process: one JSON line each way per request.
//!
//! A worker greets with the reply to request 0, then answers each line with one line that carries
//! the request's number. It ends when its input does. Everything else that a worker does (silence,
//! a second line, a long line, its end) is a failed evaluation.

mod client;
mod confinement;
mod engine;
mod message;
mod serve;

pub(crate) use client::{Client, Setup};
pub use confinement::Confinement;
pub use engine::{Engine, REGORUS, TRACT};
pub use message::{
    Answer, Key, ModelRequest, Piece, PolicyRequest, Reply, Request, Scored, WINDOW_MAX,
};
pub use serve::{Bounded, serve};
