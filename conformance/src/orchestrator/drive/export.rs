//! The six documents.

use super::director::Director;
use crate::observe::{Bytes, End};
use crate::orchestrator::adapter::fill;
use crate::orchestrator::drill::Verb;
use crate::orchestrator::observe::{Document, Exports, ProgramSeen};

impl Director<'_> {
    /// Exports everything of one workflow; also gives the programs that were started meanwhile, which
    /// should be none.
    pub(super) fn exports(&mut self, id: &str) -> (Exports, Vec<ProgramSeen>) {
        let mut programs = Vec::new();
        let mut export = |director: &mut Self, document: &str| {
            let (document, started) = director.export(id, document);
            programs.extend(started);
            document
        };
        let exports = Exports {
            state: export(self, "state"),
            wal: export(self, "wal"),
            audit: export(self, "audit"),
            plan_token: export(self, "plan-token"),
            approvals: export(self, "approvals"),
            artifacts: export(self, "artifacts"),
        };
        (exports, programs)
    }

    pub(super) fn export(&mut self, id: &str, document: &str) -> (Document, Vec<ProgramSeen>) {
        if !self.exportable {
            let end = End::NotLaunched("an export before it could not be executed".to_owned());
            let text = Bytes::default();
            return (Document { end, text }, Vec::new());
        }
        let state_dir = super::site::lossy(&self.site.state);
        let values = [
            ("state_dir", state_dir.as_str()),
            ("workflow_id", id),
            ("document", document),
        ];
        let arguments = fill(&self.kit.adapter.verbs.export, &values);
        let mut call = self.call(&arguments, &Verb::default());
        let ended = call.ended();
        self.exportable = matches!(ended.end, End::Exited(_) | End::Signalled(_));
        let document = Document {
            end: ended.end,
            text: ended.stdout,
        };
        (document, call.programs)
    }
}
