//! A point and what happens there.

use cabincrew_crashpoint::{Act, Errno, Event, Fault, Mode, Point};

use super::survey::Place;

/// Which faults a sweep makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fashion {
    /// Killed before the call.
    Before,
    /// Killed when it has returned.
    After,
    /// Killed in the middle of a write.
    Torn,
    /// The call fails, once and from then on; a write ends half way.
    Errno,
}

/// One fault at one point of one step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// The step, counted from 0.
    pub at: usize,
    /// Its name.
    pub step: String,
    /// The fault.
    pub fault: Fault,
}

impl Job {
    /// `STEP/POINT`, as `--point` takes it.
    pub fn place(&self) -> String {
        format!("{}/{}", self.step, self.fault.point)
    }

    /// What happens, as `--mode` takes it and a reader wants it.
    pub fn mode(&self) -> String {
        match self.fault.mode {
            Mode::Before => "before".to_owned(),
            Mode::After => "after".to_owned(),
            Mode::Torn => "torn".to_owned(),
            Mode::Short => "errno short".to_owned(),
            Mode::Fails(errno) => format!("errno {}", errno.as_str()),
            Mode::FailsForEver(errno) => format!("errno {} for ever", errno.as_str()),
        }
    }

    /// Whether the process tree is killed.
    pub const fn kills(&self) -> bool {
        matches!(self.fault.mode, Mode::Before | Mode::After | Mode::Torn)
    }

    /// All jobs at one place.
    pub fn at(place: &Place, fashions: &[Fashion]) -> Vec<Self> {
        let Some(point) = &place.event.point else {
            return Vec::new();
        };
        let job = |mode: Mode| Self {
            at: place.at,
            step: place.step.clone(),
            fault: Fault {
                point: Point::clone(point),
                mode,
            },
        };
        let modes = fashions
            .iter()
            .flat_map(|fashion| modes(*fashion, &place.event));
        modes.map(job).collect()
    }
}

fn modes(fashion: Fashion, event: &Event) -> Vec<Mode> {
    match fashion {
        Fashion::Before => vec![Mode::Before],
        // Nothing comes after the end.
        Fashion::After if matches!(event.act, Act::Exit { .. }) => Vec::new(),
        Fashion::After => vec![Mode::After],
        Fashion::Torn => {
            let told = matches!(event.act, Act::Acknowledge);
            let torn = is_long(event) && (told || matches!(event.act, Act::Write { .. }));
            Vec::from_iter(torn.then_some(Mode::Torn))
        }
        Fashion::Errno => {
            let failing = Errno::ALL
                .into_iter()
                .filter(|errno| errno.befalls(&event.act))
                .flat_map(|errno| {
                    // Whoever tries again after EINTR is right to: it is never the answer for ever.
                    let lasts = errno != Errno::Eintr;
                    let once = [Mode::Fails(errno)].into_iter();
                    once.chain(lasts.then_some(Mode::FailsForEver(errno)))
                });
            failing
                .chain(is_shortened(event).then_some(Mode::Short))
                .collect()
        }
    }
}

fn is_long(event: &Event) -> bool {
    event.result.is_some_and(|count| count >= 2)
}

/// Whether a write may end half way: the standard allows it, and full disks and signals do it. One of several
/// pieces is left alone.
fn is_shortened(event: &Event) -> bool {
    let pieces = event
        .point
        .as_ref()
        .is_none_or(|it| it.call.contains("writev"));
    is_long(event) && !pieces && matches!(event.act, Act::Write { .. })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(act: Act, result: Option<i64>) -> Place {
        Place {
            at: 0,
            step: "run".to_owned(),
            event: Event {
                point: "write:a:1".parse().ok(),
                process: 1,
                act,
                result,
            },
        }
    }

    #[test]
    fn only_what_can_happen_is_a_job() {
        let all = [Fashion::Before, Fashion::After, Fashion::Torn];
        let write = |count| {
            let act = Act::Write {
                path: "a".to_owned(),
                offset: 0,
                synchronous: false,
                data: Vec::new(),
            };
            Job::at(&place(act, Some(count)), &all).len()
        };
        assert_eq!((write(2), write(1)), (3, 2));
        let exit = Job::at(&place(Act::Exit { status: 0 }, None), &all);
        assert_eq!(exit.len(), 1);
        assert_eq!(exit[0].place(), "run/write:a:1");
        let told = Job::at(&place(Act::Acknowledge, Some(9)), &[Fashion::Errno]);
        assert!(told.is_empty());
        let sync = Act::Sync {
            path: "a".to_owned(),
        };
        let failing: Vec<String> = Job::at(&place(sync, Some(0)), &[Fashion::Errno])
            .iter()
            .map(Job::mode)
            .collect();
        assert!(failing.contains(&"errno EIO for ever".to_owned()));
        assert!(!failing.contains(&"errno EINTR for ever".to_owned()));
    }
}
