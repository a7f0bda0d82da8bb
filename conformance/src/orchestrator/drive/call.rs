//! One start of the orchestrator: while it runs, its programs are heard, held, and let go.

use std::ffi::OsString;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{RecvTimeoutError, Sender, SyncSender};
use std::time::Duration;

use rustix::process::{Signal, kill_process_group};

use super::director::Director;
use super::hub::{Event, Said};
use super::programs::{Line, Passed};
use crate::drill::Delivery;
use crate::drive::launcher::{self, Circumstances};
use crate::drive::process::{self, Ended, Onlooker, Spec};
use crate::drive::reap::{self, Left, Tracker};
use crate::observe::{Bytes, End};
use crate::orchestrator::drill::{Point, Step, Verb};
use crate::orchestrator::observe::ProgramSeen;

/// After so many calls that did not end, no more are made.
const HUNG_MAX: usize = 12;
/// So long may a call that is made while another one is held say nothing before it is taken to wait for
/// that one. It has to be well below the limit that a workflow sets to the engine that is held.
const PATIENCE: Duration = Duration::from_secs(5);

/// A call and what was heard while it ran.
#[derive(Debug, Default)]
pub(super) struct Call {
    leader: Option<u32>,
    kill_at: Option<Point>,
    hold_at: Option<Point>,
    meanwhile: Vec<Step>,
    /// Where the held program waits for a word.
    held: Option<SyncSender<bool>>,
    /// True once the held program was let go on before its time.
    gone_on: bool,
    passed: Passed,
    killed: bool,
    connections: Vec<u64>,
    pub(super) programs: Vec<ProgramSeen>,
    pub(super) reached: Option<Point>,
    ended: Option<Box<Ended>>,
}

impl Call {
    fn new(verb: &Verb) -> Self {
        Self {
            kill_at: verb.kill_at.clone(),
            hold_at: verb.hold_at.clone(),
            meanwhile: verb.meanwhile.clone(),
            ..Self::default()
        }
    }

    /// Whether it went on, or ended, before what was to happen meanwhile had come to its end.
    pub(super) const fn has_gone_on(&self) -> bool {
        self.gone_on || self.ended.is_some()
    }

    /// How the process ended.
    pub(super) fn ended(&mut self) -> Ended {
        let nothing = || Ended {
            end: End::NotLaunched("it was not started".to_owned()),
            stdout: Bytes::default(),
            stderr: Bytes::default(),
            duration_ms: 0,
            left: Left::default(),
        };
        self.ended.take().map_or_else(nothing, |ended| *ended)
    }

    fn not_made(why: String) -> Self {
        let mut call = Self::default();
        let end = End::NotLaunched(why);
        call.ended = Some(Box::new(Ended {
            end,
            ..call.ended()
        }));
        call
    }
}

/// Tells the director's loop of the process.
struct Teller {
    number: usize,
    events: Sender<Event>,
}

impl Onlooker for Teller {
    fn started(&mut self, pid: u32) {
        let _ = self.events.send(Event::Started(self.number, pid));
    }
}

impl Director<'_> {
    /// Runs the orchestrator with these arguments to its end.
    pub(super) fn call(&mut self, arguments: &[String], verb: &Verb) -> Call {
        if self.kit.hung.load(Ordering::Relaxed) >= HUNG_MAX {
            return Call::not_made(format!("{HUNG_MAX} calls before it did not end"));
        }
        let number = self.calls.len();
        self.calls.push(Call::new(verb));
        let spec = self.spec(arguments);
        let tracker = self.tracker_of(number);
        let mut teller = Teller {
            number,
            events: self.sender.clone(),
        };
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let ended = process::run(&spec, &tracker, &mut teller);
                let _ = teller.events.send(Event::Ended(number, Box::new(ended)));
            });
            while self.calls[number].ended.is_none() {
                match self.events.recv_timeout(PATIENCE) {
                    Ok(event) => self.hear(event),
                    Err(RecvTimeoutError::Timeout) => self.go_on_if_awaited(number),
                    Err(RecvTimeoutError::Disconnected) => break,
                }
            }
        });
        let call = self.calls.pop().unwrap_or_default();
        for connection in &call.connections {
            self.hub.let_go(*connection);
        }
        let end = call.ended.as_ref().map(|ended| &ended.end);
        if matches!(end, Some(End::TimedOut(_) | End::Exceeded(_))) {
            self.kit.hung.fetch_add(1, Ordering::Relaxed);
        }
        call
    }

    /// Lets held programs go on if this call starts nothing: it may wait until the call around it has
    /// ended, as with a lock on the whole directory, and nothing forbids that.
    fn go_on_if_awaited(&mut self, number: usize) {
        let (around, own) = self.calls.split_at_mut(number);
        if own.iter().any(|call| !call.programs.is_empty()) {
            return;
        }
        for call in around {
            if let Some(held) = call.held.take() {
                call.gone_on = true;
                let _ = held.try_send(true);
            }
        }
    }

    fn spec(&mut self, arguments: &[String]) -> Spec {
        let mut argv: Vec<OsString> = std::mem::take(&mut self.before_command);
        if self.stage.read_only_workspace {
            let circumstances = Circumstances {
                read_only: self.site.workspaces.values().cloned().collect(),
                ..Circumstances::default()
            };
            let circumstances = serde_json::to_string(&circumstances).unwrap_or_default();
            let program = self.kit.options.program.clone().into_os_string();
            argv.extend([program, launcher::STAGE.into(), circumstances.into()]);
        }
        argv.extend(self.kit.subject.command.iter().cloned());
        argv.extend(arguments.iter().map(OsString::from));
        let mut bounded = vec![self.site.state.clone(), self.site.elsewhere.clone()];
        bounded.extend(self.site.workspaces.values().cloned());
        Spec {
            argv,
            env: self.environment(),
            cwd: self.site.cwd.clone(),
            stdin: Vec::new(),
            delivery: Delivery::default(),
            timeout: self.kit.options.timeout,
            bounded,
        }
    }

    /// What is left behind while another call runs is looked at when that one has ended.
    fn tracker_of(&self, number: usize) -> Tracker {
        if number == 0 {
            return self.tracker.clone();
        }
        let root: &Path = &self.site.root;
        Tracker::new(&root.join("meanwhile"), self.kit.family.clone())
    }

    fn hear(&mut self, event: Event) {
        match event {
            Event::Started(number, pid) => {
                if let Some(call) = self.calls.get_mut(number) {
                    call.leader = Some(pid);
                }
                self.hear_early();
            }
            Event::Ended(number, ended) => {
                if let Some(call) = self.calls.get_mut(number) {
                    call.ended = Some(ended);
                }
                self.hear_early();
            }
            Event::Said(said) => {
                if self.calls.last().is_none_or(|call| call.leader.is_none()) {
                    self.early.push(said);
                } else {
                    self.said(said);
                }
            }
        }
    }

    fn hear_early(&mut self) {
        for said in std::mem::take(&mut self.early) {
            self.said(said);
        }
    }

    fn said(&mut self, said: Said) {
        let Ok(line) = serde_json::from_slice::<Line>(&said.line) else {
            let _ = said.reply.send(false);
            return;
        };
        let place = match line {
            Line::Begin(begin) => {
                let owner = self.owner(said.pid);
                let (number, of_subject) = (owner.unwrap_or(self.calls.len() - 1), owner.is_some());
                let call = &mut self.calls[number];
                call.connections.push(said.connection);
                call.programs.push(begin.seen(of_subject));
                Some((number, call.programs.len() - 1, false))
            }
            Line::End(end) => {
                let place = self.program_of(said.connection);
                if let Some((number, index)) = place {
                    end.complete(&mut self.calls[number].programs[index]);
                }
                place.map(|(number, index)| (number, index, true))
            }
        };
        let Some((number, index, at_end)) = place else {
            let _ = said.reply.send(false);
            return;
        };
        let call = &mut self.calls[number];
        let program = &call.programs[index];
        let point = call.passed.reach(&program.script, &program.mode, at_end);
        let go_on = self.at(number, &point, &said.reply);
        // One that was let go on before its time has its word already.
        let _ = said.reply.try_send(go_on);
    }

    /// The call whose process is an ancestor of this one.
    fn owner(&self, pid: u32) -> Option<usize> {
        let calls = self.calls.iter().enumerate().rev();
        let mut leaders = calls.filter_map(|(number, call)| Some((number, call.leader?)));
        leaders
            .find(|(_, leader)| reap::descends_from(pid, *leader))
            .map(|(number, _)| number)
    }

    fn program_of(&self, connection: u64) -> Option<(usize, usize)> {
        self.calls.iter().enumerate().find_map(|(number, call)| {
            let mut connections = call.connections.iter();
            let index = connections.position(|other| *other == connection)?;
            Some((number, index))
        })
    }

    /// A program is at a point: whether it may go on.
    fn at(&mut self, number: usize, point: &Point, reply: &SyncSender<bool>) -> bool {
        let call = &mut self.calls[number];
        if call.killed {
            return false;
        }
        if call.kill_at.as_ref() == Some(point) {
            call.reached = Some(point.clone());
            call.killed = true;
            if let Some(leader) = call.leader.and_then(reap::pid) {
                let _ = kill_process_group(leader, Signal::KILL);
            }
            for connection in call.connections.clone() {
                self.hub.let_go(connection);
            }
            return false;
        }
        if call.hold_at.as_ref() == Some(point) {
            call.reached = Some(point.clone());
            call.held = Some(reply.clone());
            let meanwhile = std::mem::take(&mut call.meanwhile);
            let prefix = self.open.last().map(|(_, prefix)| prefix.clone());
            for step in meanwhile {
                self.step(&step, prefix.as_deref().unwrap_or_default());
            }
            self.calls[number].held = None;
        }
        true
    }
}
