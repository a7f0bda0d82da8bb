//! What engines can be kept from on this machine.

use serde_json::json;

use super::out;
use crate::exit::Exit;
use crate::launch::{Means, Space};
use crate::service::Service;

/// Says what there is and what there is not.
pub(super) fn print(means: Means, as_json: bool) -> Exit {
    if as_json {
        return out::value(&json!({"files": means.files, "tcp": means.tcp,
            "signals": means.scopes, "network": means.network}));
    }
    let network = match means.network {
        Some(Space::Plain) => "yes, by a network namespace",
        Some(Space::WithUsers) => "yes, by a network namespace in a user namespace",
        None if means.tcp => "only TCP, by Landlock",
        None => "no: neither namespaces nor Landlock for TCP",
    };
    let landlock = |there| {
        if there {
            "yes, by Landlock"
        } else {
            "no Landlock"
        }
    };
    let lines = [
        format!(
            "writing outside their directories: {}",
            landlock(means.files)
        ),
        format!("the network while planning:        {network}"),
        format!(
            "signals to other processes:        {}",
            landlock(means.scopes)
        ),
    ];
    out::line(&format!("engines are kept from\n  {}", lines.join("\n  ")))
}

/// Says, on standard error, what an engine is not kept from because of the machine.
pub(super) fn lacking(service: &Service) {
    let means = service.launcher.means();
    if !means.files {
        out::problem("engines may write anywhere: this machine has no Landlock");
    }
    if means.network.is_none() {
        out::problem("engines may reach a network while planning: this machine has no namespaces");
    }
}
