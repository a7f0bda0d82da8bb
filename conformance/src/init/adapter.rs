//! A starter for the adapter file of an orchestrator.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::orchestrator::adapter::Verbs;

/// The text of `conform.toml`: the command lines as they were tried, and the capabilities as they
/// were seen (`true`), or open.
pub fn adapter(name: &str, verbs: &Verbs, capabilities: &BTreeMap<&str, bool>) -> String {
    let mut text = format!(
        "# How the orchestrator kit calls this orchestrator, and what it offers: docs/driver-contract.md has the contract.\n\
         name = {}\n\n\
         # The arguments of each verb, after the program's own. {{document}} is one of state, wal, audit,\n\
         # plan-token, approvals, artifacts.\n\
         [verbs]\n",
        toml::Value::from(name)
    );
    for (verb, words) in [
        ("run", &verbs.run),
        ("resume", &verbs.resume),
        ("respond", &verbs.respond),
        ("export", &verbs.export),
    ] {
        let _ = writeln!(text, "{verb} = {}", toml::Value::from(words.clone()));
    }
    text.push_str(
        "\n# What is true here is judged; what is false is not applicable; what is left out is tried, and judged\n\
         # if it works.\n\
         [capabilities]\n",
    );
    for (capability, works) in capabilities {
        let _ = if *works {
            writeln!(text, "{capability} = true")
        } else {
            writeln!(text, "# {capability} = false  # was not seen to work")
        };
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::orchestrator::adapter::OrchestratorAdapter;
    use crate::orchestrator::drill::Needs;

    #[test]
    fn what_is_written_can_be_read_back() {
        let seen = BTreeMap::from([("opa", true), ("expiry", false)]);
        let verbs = Verbs::default();
        let text = adapter("a \"quoted\" name", &verbs, &seen);
        let read: OrchestratorAdapter = toml::from_str(&text).unwrap();
        assert_eq!(read.name.as_deref(), Some("a \"quoted\" name"));
        assert_eq!(read.verbs.respond, verbs.respond);
        assert_eq!(read.capabilities, BTreeMap::from([(Needs::Opa, true)]));
    }
}
