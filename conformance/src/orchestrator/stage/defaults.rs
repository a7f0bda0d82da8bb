//! The stage that drills change.

use std::sync::LazyLock;

/// One step, one policy that allows, three people.
const TEXT: &str = r##"
[workflow]
workflow = "drill"
protocol_version = "1.0.0"
trigger = { kind = "user", by = "alice" }
approval = { roster = "{stage}/roster.json" }

[[workflow.steps]]
step_id = "edit"
engine = { command = ["{stage}/edit"], timeout_ms = 20000 }
secrets = { TOKEN = { env = "CC_TOKEN" } }

[[workflow.governance.policies]]
id = "rule"
kind = "custom"
command = ["{stage}/rule"]
timeout_ms = 20000

[[roster.approvers]]
approver = "ada"
roles = ["approver", "security"]

[[roster.approvers]]
approver = "bob"
roles = ["approver"]

[[roster.approvers]]
approver = "eve"
roles = ["reader"]

[engine.edit]

[policy.rule]

[files]
"notes.txt" = "a line with blanks  \nand one without\n"
"docs/guide.md" = "# Guide \n\nText.\t\n"
"src/main.c" = "int main(void) { return 0; }  \n"
"##;

/// The default stage as a table.
pub(super) fn table() -> toml::Table {
    static TABLE: LazyLock<toml::Table> =
        LazyLock::new(|| toml::from_str(TEXT).expect("the text above is TOML"));
    TABLE.clone()
}

#[cfg(test)]
mod tests {
    use crate::orchestrator::stage::Stage;

    #[test]
    fn the_default_stage_is_one() {
        let stage = Stage::of("x", &toml::Table::new()).unwrap();
        assert_eq!(stage.engine.len(), 1);
        assert_eq!(stage.files.unwrap().len(), 3);
    }

    #[test]
    fn a_drill_adds_files() {
        let table = toml::from_str("files = { 'a.txt' = 'x' }").unwrap();
        let files = Stage::of("x", &table).unwrap().files.unwrap();
        assert_eq!(files.len(), 4);
    }
}
