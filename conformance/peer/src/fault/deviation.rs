//! All that the engine sees of a deviation: named places at which it is asked.

use std::borrow::Cow;
use std::io;
use std::path::PathBuf;

use serde_json::{Map, Value, json};

use super::artifacts::ArtifactFault;
use super::determinism::DeterminismFault;
use super::input::{InputFault, Leniency};
use super::kind::Fault;
use super::process::Moment;
use crate::engine::{self, Artifact, Edit, Failure, Input, Launch, Mode, Outcome, Start};
use crate::hub::Hub;

/// The way in which this engine is wrong, if any. Every method answers for the correct engine unless
/// the script says otherwise.
#[derive(Debug)]
pub(crate) struct Deviation(Option<Fault>);

impl Deviation {
    pub(crate) const fn new(fault: Option<Fault>) -> Self {
        Self(fault)
    }

    // ---- the process

    pub(crate) fn acts_before_reading(&self) -> bool {
        matches!(&self.0, Some(Fault::Process(fault)) if fault.is_at_start())
    }

    pub(crate) fn before_reading(&self, hub: &Hub) {
        if let Some(Fault::Process(fault)) = &self.0 {
            fault.hang(Moment::Start, hub);
        }
    }

    /// The exit status of an engine that does not even begin.
    pub(crate) fn replaces_launch(&self, start: &Start) -> Option<u8> {
        match &self.0 {
            Some(Fault::Input(InputFault::FlagRejected {})) if !start.args.is_empty() => {
                let usage = b"error: unexpected argument '--mode'\nusage: engine < input.json\n";
                let _ = io::Write::write_all(&mut io::stderr(), usage);
                Some(2)
            }
            Some(Fault::Input(InputFault::Declines {})) => Some(2),
            _ => None,
        }
    }

    pub(crate) fn after_receipt(&self, start: &Start, outcome: &Outcome) {
        if let Some(Fault::Process(fault)) = &self.0 {
            fault.after_receipt(start, outcome);
        }
    }

    // ---- the input

    pub(crate) fn lets_pass(&self, leniency: Leniency) -> bool {
        matches!(&self.0, Some(Fault::Input(InputFault::Accepts { what })) if *what == leniency)
    }

    pub(crate) fn reads_input_its_own_way(&self, start: &Start) -> Option<io::Result<Vec<u8>>> {
        match &self.0 {
            Some(Fault::Input(fault)) => fault.read(start),
            _ => None,
        }
    }

    pub(crate) fn cleans_input<'a>(&self, bytes: &'a [u8]) -> Cow<'a, [u8]> {
        match &self.0 {
            Some(Fault::Input(fault)) => fault.clean(bytes),
            _ => Cow::Borrowed(bytes),
        }
    }

    pub(crate) const fn takes_mode_for(&self, mode: Mode) -> Mode {
        match &self.0 {
            Some(Fault::Input(fault)) => fault.mode_for(mode),
            _ => mode,
        }
    }

    /// The failure that is reported in place of `failure`, for a request that is refused.
    pub(crate) fn refuses(&self, start: &Start, bytes: &[u8], failure: Failure) -> Failure {
        match &self.0 {
            Some(Fault::Input(fault)) => fault.before_refusing(start, &failure),
            Some(Fault::Process(fault)) => fault.panic_over(&failure),
            Some(Fault::Secret(fault)) => return fault.tell(bytes, failure),
            _ => {}
        }
        failure
    }

    // ---- the work

    pub(crate) fn begins(&self, launch: &Launch<'_>) -> Result<(), Failure> {
        match &self.0 {
            Some(Fault::Determinism(fault)) => fault.fails(launch).map_or(Ok(()), Err),
            _ => Ok(()),
        }
    }

    pub(crate) fn looks_elsewhere(&self) -> Option<PathBuf> {
        match &self.0 {
            Some(Fault::Determinism(fault)) => fault.root(),
            _ => None,
        }
    }

    pub(crate) const fn keeps_listing_order(&self) -> bool {
        matches!(
            &self.0,
            Some(Fault::Determinism(DeterminismFault::KeepsListingOrder {}))
        )
    }

    pub(crate) fn selects_edits(&self, launch: &Launch<'_>, edits: &mut Vec<Edit>) {
        if let Some(Fault::Effect(fault)) = &self.0 {
            fault.select(launch, edits);
        }
    }

    pub(crate) fn acts(&self, launch: &Launch<'_>, edits: &[Edit]) -> Result<(), Failure> {
        match &self.0 {
            Some(Fault::Effect(fault)) => fault.act(launch, edits),
            Some(Fault::Process(fault)) if launch.mode == Mode::TakeOff => {
                fault.hang(Moment::TakeOff, &launch.start.hub);
                Ok(())
            }
            Some(Fault::TakeOff(fault)) if launch.mode == Mode::TakeOff => fault.act(launch, edits),
            _ => Ok(()),
        }
    }

    pub(crate) fn finds_plan_elsewhere(
        &self,
        launch: &Launch<'_>,
    ) -> Option<Result<Vec<Edit>, Failure>> {
        match &self.0 {
            Some(Fault::TakeOff(fault)) => fault.find(launch),
            _ => None,
        }
    }

    pub(crate) fn goes_on_without_plan(
        &self,
        launch: &Launch<'_>,
        failure: Failure,
    ) -> Result<Vec<Edit>, Failure> {
        match &self.0 {
            Some(Fault::Artifact(fault)) => fault.go_on(launch, failure),
            Some(Fault::TakeOff(fault)) => fault.go_on(launch, failure),
            _ => Err(failure),
        }
    }

    pub(crate) fn applies_its_own_way(
        &self,
        launch: &Launch<'_>,
        edits: &[Edit],
    ) -> Option<Result<usize, Failure>> {
        match &self.0 {
            Some(Fault::TakeOff(fault)) => fault.apply(launch, edits),
            _ => None,
        }
    }

    /// Called with every failure of work that was begun.
    pub(crate) fn sees_failure(&self, failure: &Failure) {
        if let Some(Fault::Process(fault)) = &self.0 {
            fault.panic_over(failure);
        }
    }

    // ---- the artifacts

    pub(crate) fn reshapes_artifacts(&self, launch: &Launch<'_>, list: &mut Vec<Artifact>) {
        match &self.0 {
            Some(Fault::Artifact(fault)) => fault.reshape(launch, list),
            Some(Fault::Determinism(fault)) => fault.reshape(launch, list),
            Some(Fault::Effect(fault)) => {
                let Some(text) = fault.evidence(launch) else {
                    return;
                };
                for artifact in list.iter_mut().filter(|artifact| artifact.name == "diff") {
                    engine::set(&mut artifact.descriptor, "/metadata/client", json!(text));
                }
            }
            Some(Fault::Secret(fault)) => fault.reshape(launch.input, list),
            Some(Fault::TakeOff(fault)) => fault.reshape(launch, list),
            _ => {}
        }
    }

    pub(crate) fn rewrites_descriptor(&self, artifact: &Artifact, text: Vec<u8>) -> Vec<u8> {
        match &self.0 {
            Some(Fault::Artifact(fault)) => fault.descriptor(artifact, text),
            _ => text,
        }
    }

    pub(crate) const fn overlooks_failed_writes(&self) -> bool {
        matches!(
            &self.0,
            Some(Fault::Artifact(ArtifactFault::OverlooksFailedWrites {}))
        )
    }

    /// True if the body's place has been seen to.
    pub(crate) fn places_body(
        &self,
        launch: &Launch<'_>,
        artifact: &Artifact,
        body: &[u8],
    ) -> io::Result<bool> {
        match &self.0 {
            Some(Fault::Artifact(fault)) => fault.place(launch, artifact, body),
            _ => Ok(false),
        }
    }

    pub(crate) fn misstates_entry(
        &self,
        launch: &Launch<'_>,
        artifact: &Artifact,
        descriptor: &[u8],
        entry: &mut Map<String, Value>,
    ) {
        if let Some(Fault::Artifact(fault)) = &self.0 {
            fault.entry(launch, artifact, descriptor, entry);
        }
    }

    pub(crate) fn adds_to_artifacts(&self, launch: &Launch<'_>) -> io::Result<()> {
        match &self.0 {
            Some(Fault::Artifact(fault)) => fault.add(launch),
            _ => Ok(()),
        }
    }

    // ---- the receipt

    pub(crate) fn edits_receipt(
        &self,
        start: &Start,
        input: Option<&Input>,
        launch: Option<&Launch<'_>>,
        outcome: &mut Outcome,
    ) {
        match &self.0 {
            Some(Fault::Determinism(fault)) => fault.edit(launch, outcome),
            Some(Fault::Receipt(fault)) => fault.edit(start, outcome),
            Some(Fault::Secret(fault)) => fault.edit(input, outcome),
            _ => {}
        }
    }

    pub(crate) fn rewrites_output(&self, outcome: &Outcome, text: String) -> String {
        match &self.0 {
            Some(Fault::Receipt(fault)) => fault.output(outcome, text),
            _ => text,
        }
    }

    pub(crate) fn changes_status(&self, outcome: &Outcome, status: u8) -> u8 {
        match &self.0 {
            Some(Fault::Receipt(fault)) => fault.status(outcome, status),
            _ => status,
        }
    }
}

/// Never returns.
pub(super) fn wait_for_ever() -> ! {
    loop {
        std::thread::park();
    }
}

/// Standard base64 with padding.
pub(crate) fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for group in bytes.chunks(3) {
        let byte = |index: usize| u32::from(group.get(index).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for digit in 0..4usize {
            let index = (bits >> (18 - 6 * digit)) & 63;
            let padding = digit > group.len();
            text.push(if padding {
                '='
            } else {
                char::from(DIGITS[index as usize])
            });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::base64;

    #[test]
    fn base64_pads_to_four_digits() {
        assert_eq!(
            ["", "f", "fo", "foo", "foob"].map(|text| base64(text.as_bytes())),
            ["", "Zg==", "Zm8=", "Zm9v", "Zm9vYg=="]
        );
    }
}
