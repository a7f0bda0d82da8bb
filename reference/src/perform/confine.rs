//! What a launch is kept from on this machine, for the stage and, in words, for the audit log
//! (CC-SEC-005, CC-SEC-006).

use cabincrew_protocol::engine::Mode;

use super::Site;
use super::engine::Place;
use crate::decide::Failure;
use crate::fault::{self, Fault};
use crate::launch::{Confinement, Means};
use crate::workflow::{Confinement as Wishes, Step, Wish};

/// What holds for every engine on every machine.
const ALWAYS: &str =
    "own session and process group, no new privileges, whole tree ended at the end";

impl Site {
    /// What the launch is kept from; the same each time it is asked.
    pub(super) fn confinement(&self, step: &Step, place: &Place<'_>) -> Confinement {
        let mut writable = vec![place.run.join("artifacts"), place.run.join("temp")];
        if place.mode == Mode::TakeOff || plans_on_what_it_changes() {
            writable.push(place.workspace.to_owned());
        }
        Confinement {
            means: used(step.engine.confinement, place.mode, self.launcher.means()),
            writable,
        }
    }

    /// The same in words, before the launch is announced. A confinement that the workflow requires
    /// and that this machine does not offer is a reason not to launch.
    pub(super) fn announced(&self, step: &Step, mode: Mode) -> Result<String, Failure> {
        announce(step.engine.confinement, mode, self.launcher.means())
    }
}

fn announce(wish: Wishes, mode: Mode, means: Means) -> Result<String, Failure> {
    if wish.filesystem == Wish::Required && !means.files {
        return Err(missing("the file system", "Landlock"));
    }
    if wish.network == Wish::Required && means.network.is_none() {
        return Err(missing("the network while it plans", "network namespaces"));
    }
    let used = used(wish, mode, means);
    let files = match (used.files, mode) {
        (true, Mode::FlightPlan) => "writes only artifacts and temp (Landlock)",
        (true, Mode::TakeOff) => "writes only workspace, artifacts and temp (Landlock)",
        (false, _) if wish.filesystem == Wish::Off => "writes anywhere, as the workflow says",
        (false, _) => "writes anywhere, as there is no Landlock",
    };
    let network = match (used.network, used.tcp, mode) {
        (_, _, Mode::TakeOff) => "reaches the network",
        (Some(_), _, _) => "reaches no network (namespace)",
        (None, true, _) => "reaches no TCP (Landlock), but other networks",
        (None, false, _) if wish.network == Wish::Off => {
            "reaches the network, as the workflow says"
        }
        (None, false, _) => "reaches the network, as there are no namespaces",
    };
    Ok(format!("{ALWAYS}; {files}; {network}"))
}

/// Faults that overlook changes show only where changes are possible.
fn plans_on_what_it_changes() -> bool {
    fault::on(Fault::ChangesWhilePlanningPass)
        || fault::on(Fault::FilesAddedWhilePlanningPass)
        || fault::on(Fault::PlansOnRealWorkspace)
}

/// Of what the machine offers, what this launch makes use of.
fn used(wish: Wishes, mode: Mode, means: Means) -> Means {
    let anywhere = fault::on(Fault::EnginesWriteAnywhere) || fault::on(Fault::PlantedFileObeyed);
    let files = wish.filesystem != Wish::Off && !anywhere;
    let network = wish.network != Wish::Off
        && mode == Mode::FlightPlan
        && !fault::on(Fault::NetworkWhilePlanning);
    Means {
        files: means.files && files,
        scopes: means.scopes && files,
        tcp: means.tcp && network,
        network: means.network.filter(|_| network),
    }
}

fn missing(from: &str, needed: &str) -> Failure {
    Failure::new(format!(
        "the workflow requires that the engine is kept from {from}, for which this machine has no {needed}"
    ))
}

#[cfg(test)]
mod tests {
    use cabincrew_protocol::engine::Mode;

    use super::{Means, Wish, Wishes, announce, used};
    use crate::launch::Space;

    const ALL: Means = Means {
        files: true,
        tcp: true,
        scopes: true,
        network: Some(Space::Plain),
    };

    fn wishes(wish: Wish) -> Wishes {
        Wishes {
            filesystem: wish,
            network: wish,
        }
    }

    #[test]
    fn what_is_required_must_be_there() {
        let required = wishes(Wish::Required);
        for mode in [Mode::FlightPlan, Mode::TakeOff] {
            assert!(announce(required, mode, ALL).is_ok());
            for less in [
                Means {
                    files: false,
                    ..ALL
                },
                Means {
                    network: None,
                    ..ALL
                },
            ] {
                let failure = announce(required, mode, less).unwrap_err();
                assert!(failure.error.contains("requires"), "{}", failure.error);
                assert!(announce(wishes(Wish::BestEffort), mode, less).is_ok());
            }
        }
    }

    #[test]
    fn the_words_are_those_of_what_is_used() {
        let said = |wish, mode, means| announce(wishes(wish), mode, means).unwrap();
        let (plan, off) = (Mode::FlightPlan, Mode::TakeOff);
        let none = Means::default();
        assert!(said(Wish::BestEffort, plan, ALL).contains("no network (namespace)"));
        assert!(said(Wish::BestEffort, plan, none).contains("as there is no Landlock"));
        assert!(said(Wish::BestEffort, off, ALL).ends_with("reaches the network"));
        assert!(said(Wish::Off, plan, ALL).contains("writes anywhere, as the workflow says"));
        let tcp = Means {
            network: None,
            ..ALL
        };
        assert!(said(Wish::BestEffort, plan, tcp).contains("no TCP"));
    }

    #[test]
    fn take_off_keeps_the_network_and_off_is_off() {
        let kept = used(wishes(Wish::Required), Mode::TakeOff, ALL);
        assert_eq!((kept.files, kept.tcp, kept.network), (true, false, None));
        assert_eq!(
            used(wishes(Wish::Off), Mode::FlightPlan, ALL),
            Means::default()
        );
    }
}
