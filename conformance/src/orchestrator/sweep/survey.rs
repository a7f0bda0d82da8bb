//! The points of a scenario.

use std::collections::BTreeSet;

use cabincrew_crashpoint::{Event, Note};

use crate::orchestrator::drive::Traced;

/// One point of one step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The step, counted from 0.
    pub at: usize,
    /// Its name.
    pub step: String,
    /// What was done there.
    pub event: Event,
}

impl Place {
    /// `STEP/POINT`.
    pub fn name(&self) -> String {
        let point = self.event.point.as_ref();
        let point = point.map(ToString::to_string).unwrap_or_default();
        format!("{}/{point}", self.step)
    }
}

/// What an undisturbed, traced run came to.
#[derive(Debug, Default)]
pub struct Survey {
    /// In the order in which they were passed.
    pub places: Vec<Place>,
    /// What the tracer could not see into.
    pub notes: BTreeSet<Note>,
}

impl Survey {
    /// Reads the traces of a run.
    ///
    /// # Errors
    /// When a call was not traced: why.
    pub fn of(traces: Vec<Traced>) -> Result<Self, String> {
        let mut survey = Self::default();
        for (at, traced) in traces.into_iter().enumerate() {
            let trace = traced.report?;
            survey.notes.extend(trace.notes);
            let own = trace.events.into_iter().filter(|it| it.point.is_some());
            survey.places.extend(own.map(|event| Place {
                at,
                step: traced.step.clone(),
                event,
            }));
        }
        Ok(survey)
    }

    /// The names of all points. With threads their order may differ from run to run, their names not.
    pub fn names(&self) -> BTreeSet<String> {
        self.places.iter().map(Place::name).collect()
    }
}
