//! The loop: one call after the other, whatever the subject's threads do at the same time.

use std::collections::{BTreeMap, VecDeque};
use std::fs;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::PathBuf;
use std::time::Duration;

use libc::{pid_t, user_regs_struct};

use super::calls::{self, Call};
use super::fault;
use super::filter;
use super::look::{Look, Scene, Target};
use super::place::{arguments, position, target};
use super::ptrace::{self, Change, GoOn};
use super::tree::{Tree, process_of};
use crate::point::blurred;
use crate::{Act, Errno, Event, Finish, Mode, Note, Point, Request, Trace, TraceError};

/// How often what outlives the first process is looked for, and how long in between.
const LOOKS: u32 = 200;
const BETWEEN_LOOKS: Duration = Duration::from_millis(2);
/// Results from here to -512 mean that the call is made again.
const RESTARTS: std::ops::RangeInclusive<i64> = -516..=-512;
/// Stops that a group takes part in as a whole.
const GROUP_STOPS: [i32; 4] = [libc::SIGSTOP, libc::SIGTSTP, libc::SIGTTIN, libc::SIGTTOU];

/// The call that is being made.
#[derive(Debug)]
struct Flight {
    pid: pid_t,
    /// Its event.
    event: usize,
    target: Option<Target>,
    /// Everything is killed when it returns.
    last: bool,
    /// The registers that it was made with, where they were changed for it.
    given: Option<user_regs_struct>,
}

/// Holds one subject.
#[derive(Debug)]
pub(super) struct Tracer<'a> {
    request: &'a Request,
    scene: Scene,
    tree: Tree,
    ordinals: BTreeMap<(&'static str, String), u32>,
    flight: Option<Flight>,
    /// Stopped before their calls, which wait for the one in flight.
    queue: VecDeque<pid_t>,
    /// From now on this happens to every call that it can happen to.
    for_ever: Option<Errno>,
    doomed: bool,
    trace: Trace,
}

impl<'a> Tracer<'a> {
    pub(super) fn new(request: &'a Request, watched: PathBuf, leader: pid_t) -> Self {
        Self {
            scene: Scene {
                watched,
                stdout: target(leader, 1).ok(),
                leader,
                record: request.record,
            },
            tree: Tree::of(leader),
            request,
            ordinals: BTreeMap::new(),
            flight: None,
            queue: VecDeque::new(),
            for_ever: None,
            doomed: false,
            trace: Trace::default(),
        }
    }

    /// To the end of the whole tree.
    pub(super) fn run(mut self) -> Result<Trace, TraceError> {
        let lost = |what| move |source| TraceError::Lost { what, source };
        let mut looks = 0;
        loop {
            let over = self.trace.finish != Finish::Unknown && !self.doomed;
            match ptrace::wait(!over).map_err(lost("wait"))? {
                None => return Ok(self.trace),
                Some((0, _)) if looks < LOOKS => {
                    looks += 1;
                    std::thread::sleep(BETWEEN_LOOKS);
                }
                Some((0, _)) => {
                    self.note(Note::LeftAlive);
                    self.kill_all();
                }
                Some((pid, change)) => match self.take(pid, change) {
                    Ok(()) => {}
                    Err(error) if has_gone(&error) => {}
                    Err(source) => {
                        self.kill_all();
                        return Err(lost("ptrace")(source));
                    }
                },
            }
        }
    }

    fn take(&mut self, pid: pid_t, change: Change) -> io::Result<()> {
        match change {
            Change::Exited(status) => return self.ended(pid, Finish::Exited(status)),
            Change::Signalled(signal) => return self.ended(pid, Finish::Signalled(signal)),
            _ if self.doomed => {
                // Started while the others were being killed.
                self.tree.stands(pid);
                ptrace::kill(pid);
                return Ok(());
            }
            Change::Signal(signal) => return ptrace::go_on(pid, GoOn::Free, signal),
            Change::Returned => return self.returned(pid),
            Change::Seccomp => return self.called(pid),
            Change::Stopped(signal) => {
                if !self.tree.stands(pid) {
                    return Ok(());
                }
                if GROUP_STOPS.contains(&signal) {
                    return ptrace::go_on(pid, GoOn::Stopped, 0);
                }
            }
            Change::Started => {
                let child = number(ptrace::message(pid)?);
                if self.tree.started(pid, child) {
                    ptrace::go_on(child, GoOn::Free, 0)?;
                }
            }
            Change::Executed => self.executed(pid)?,
            Change::Other => {}
        }
        ptrace::go_on(pid, GoOn::Free, 0)
    }

    fn ended(&mut self, pid: pid_t, finish: Finish) -> io::Result<()> {
        self.tree.ended(pid);
        self.queue.retain(|other| *other != pid);
        if pid == self.scene.leader {
            self.trace.finish = finish;
        }
        self.land(pid)
    }

    fn executed(&mut self, pid: pid_t) -> io::Result<()> {
        let former = number(ptrace::message(pid)?);
        // A thread that was in flight is gone with the old program.
        self.queue.retain(|other| *other != pid);
        if self.tree.executed(pid, former, &self.request.foreign) {
            self.push(None, pid, Act::Launch);
        }
        self.land(pid)
    }

    /// The call in flight is over, if it was this process's: the next one may be made.
    fn land(&mut self, pid: pid_t) -> io::Result<()> {
        if self.flight.as_ref().is_some_and(|flight| flight.pid == pid) {
            self.flight = None;
        }
        while self.flight.is_none() && !self.doomed {
            let Some(next) = self.queue.pop_front() else {
                return Ok(());
            };
            match self.called(next) {
                Err(error) if has_gone(&error) => {}
                called => called?,
            }
        }
        Ok(())
    }

    /// A call of the filter is about to be made.
    fn called(&mut self, pid: pid_t) -> io::Result<()> {
        if ptrace::message(pid)? == filter::FOREIGN_CALL {
            self.note(Note::OtherArchitecture);
            return ptrace::go_on(pid, GoOn::Free, 0);
        }
        let registers = ptrace::registers(pid)?;
        let Some(call) = calls::of(registers.orig_rax) else {
            return ptrace::go_on(pid, GoOn::Free, 0);
        };
        match self.scene.look(pid, call, &arguments(&registers)) {
            Look::Nothing => {}
            Look::Map(path) => self.note(Note::SharedMapping(path)),
            Look::Uring => {
                self.note(Note::IoUring);
                fault::fail(pid, &registers, libc::ENOSYS)?;
            }
            Look::Act(act, target) => {
                if self.flight.is_some() {
                    self.queue.push_back(pid);
                    return Ok(());
                }
                return self.begin(pid, call, &registers, (act, target));
            }
        }
        ptrace::go_on(pid, GoOn::Free, 0)
    }

    fn begin(
        &mut self,
        pid: pid_t,
        call: &'static Call,
        registers: &user_regs_struct,
        (act, target): (Act, Option<Target>),
    ) -> io::Result<()> {
        let foreign = self.tree.is_foreign(pid);
        let tells = matches!(act, Act::Acknowledge | Act::Exit { .. });
        let not_first =
            matches!(act, Act::Exit { .. }) && process_of(pid) != Some(self.scene.leader);
        if not_first || (foreign && (tells || !self.request.record)) {
            return ptrace::go_on(pid, GoOn::Free, 0);
        }
        let point = (!foreign).then(|| self.name(call.name, act.path()));
        let mode = self.mode(point.as_ref(), &act);
        let leaves = matches!(act, Act::Exit { .. });
        let event = self.push(point, pid, act);
        let mut last = false;
        let mut given = None;
        match mode {
            None => {}
            Some(Mode::Before) => {
                self.trace.fired = true;
                self.kill_all();
                return Ok(());
            }
            Some(Mode::After) => last = true,
            Some(Mode::Torn) => last = fault::tear(pid, call, registers)?,
            Some(Mode::Short) => {
                given = fault::shorten(pid, call, registers)?.then_some(*registers);
                self.trace.fired |= given.is_some();
            }
            Some(Mode::Fails(errno) | Mode::FailsForEver(errno)) => {
                self.trace.fired = true;
                let result = fault::fail(pid, registers, fault::number(errno))?;
                self.trace.events[event].result = Some(result);
                return ptrace::go_on(pid, GoOn::Free, 0);
            }
        }
        self.trace.fired |= last;
        if leaves {
            return ptrace::go_on(pid, GoOn::Free, 0);
        }
        self.flight = Some(Flight {
            pid,
            event,
            target,
            last,
            given,
        });
        ptrace::go_on(pid, GoOn::UntilReturn, 0)
    }

    /// What is to happen at this point.
    fn mode(&mut self, point: Option<&Point>, act: &Act) -> Option<Mode> {
        let point = point?;
        let fault = self.request.fault.as_ref();
        if let Some(fault) = fault.filter(|fault| fault.point == *point) {
            if let Mode::FailsForEver(errno) = fault.mode {
                self.for_ever = Some(errno);
            }
            return Some(fault.mode);
        }
        let errno = self.for_ever.filter(|errno| errno.befalls(act))?;
        Some(Mode::FailsForEver(errno))
    }

    fn returned(&mut self, pid: pid_t) -> io::Result<()> {
        let Some(flight) = self.flight.take_if(|flight| flight.pid == pid) else {
            return ptrace::go_on(pid, GoOn::Free, 0);
        };
        let registers = ptrace::registers(pid)?;
        let result = i64::from_ne_bytes(registers.rax.to_ne_bytes());
        if RESTARTS.contains(&result) {
            self.unname(flight.event);
        } else {
            let event = &mut self.trace.events[flight.event];
            event.result = Some(result);
            complete(pid, event, flight.target, &self.scene);
        }
        if flight.last {
            self.kill_all();
            return Ok(());
        }
        if let Some(given) = &flight.given {
            fault::give_back(pid, &registers, given)?;
        }
        ptrace::go_on(pid, GoOn::Free, 0)?;
        self.land(pid)
    }

    fn name(&mut self, call: &'static str, path: &str) -> Point {
        let path = if self.request.blur {
            blurred(path)
        } else {
            path.to_owned()
        };
        let ordinal = self.ordinals.entry((call, path.clone())).or_default();
        *ordinal += 1;
        Point {
            call: call.to_owned(),
            path,
            ordinal: *ordinal,
        }
    }

    /// The call was interrupted and will be made again: it has not been one yet.
    fn unname(&mut self, event: usize) {
        let event = self.trace.events.remove(event);
        let Some(point) = event.point else { return };
        for ((call, path), ordinal) in &mut self.ordinals {
            if *call == point.call && *path == point.path {
                *ordinal -= 1;
            }
        }
    }

    fn push(&mut self, point: Option<Point>, pid: pid_t, act: Act) -> usize {
        let process = process_of(pid).unwrap_or(pid);
        self.trace.events.push(Event {
            point,
            process: u32::try_from(process).unwrap_or_default(),
            act,
            result: None,
        });
        self.trace.events.len() - 1
    }

    fn note(&mut self, note: Note) {
        if !self.trace.notes.contains(&note) {
            self.trace.notes.push(note);
        }
    }

    /// Everything ends here and now.
    fn kill_all(&mut self) {
        self.doomed = true;
        for pid in self.tree.all() {
            ptrace::kill(pid);
        }
    }
}

/// The process was killed in the meantime; its end is yet to be told.
fn has_gone(error: &io::Error) -> bool {
    error.raw_os_error() == Some(libc::ESRCH) || error.kind() == io::ErrorKind::NotFound
}

/// A process in an event's message.
fn number(message: u64) -> pid_t {
    pid_t::try_from(message).unwrap_or_default()
}

/// What is known of a call once it has returned: where it wrote, and what. The bytes are read back from
/// the file, whatever the call took them from; no other call is in flight that could change them.
fn complete(pid: pid_t, event: &mut Event, target: Option<Target>, scene: &Scene) {
    let result = event.result.and_then(|result| u64::try_from(result).ok());
    let Some(count) = result else { return };
    match &mut event.act {
        Act::Write { offset, data, .. } => {
            let Some(target) = target else { return };
            let now = position(pid, target.fd).map_or(0, |(now, _)| now);
            *offset = target.at.unwrap_or(now.saturating_sub(count));
            if scene.record {
                let mut bytes = vec![0; usize::try_from(count).unwrap_or_default()];
                let file = fs::File::open(format!("/proc/{pid}/fd/{}", target.fd));
                if file.is_ok_and(|file| file.read_exact_at(&mut bytes, *offset).is_ok()) {
                    *data = bytes;
                }
            }
        }
        Act::Allocate { path, length } => {
            let file = fs::metadata(scene.watched.join(path));
            *length = file.map_or(0, |file| file.len());
        }
        _ => {}
    }
}
