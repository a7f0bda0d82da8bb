//! The verbs: create, resume, respond, cancel, and look. Each takes hold of a workflow, brings it
//! into order, and lets it go when it rests.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use cabincrew_protocol::audit::{AuditEvent, Severity, SigningKey};
use cabincrew_protocol::workflow::State;

use crate::clock;
use crate::damage;
use crate::decide::{self, Failure, Next, Outcome, Task, Teller};
use crate::fact::Created;
use crate::journal::{FileStorage, Journal, JournalError, Replayed, Storage as _, replay};
use crate::launch::{Launcher, kill_survivors};
use crate::perform::{Site, chain, finalize};
use crate::projection;
use crate::record::{Record, Stage};
use crate::roster;
use crate::run::{Outside as _, drive, write};
use crate::store::{Held, Home, StoreError};
use crate::workflow::{self, WorkflowError};

/// Everything that verbs need from the edge.
#[derive(Debug)]
pub struct Service {
    /// Where workflows are kept.
    pub state_dir: PathBuf,
    /// Starts engines.
    pub launcher: Launcher,
    /// Folder of the policy workers.
    pub workers: PathBuf,
    /// The orchestrator's environment, for mapped secrets.
    pub environment: BTreeMap<String, String>,
    /// Seed and name of the audit key.
    pub audit_key: Option<(String, [u8; 32])>,
}

/// An operator's wish to run a take-off of unknown outcome again.
#[derive(Debug, Clone)]
pub struct Retry {
    /// Who wants it.
    pub by: String,
    /// Why.
    pub reason: String,
}

/// Why a verb does nothing, or nothing more.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServiceError {
    /// The folder of the workflow cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The workflow file cannot be used.
    #[error(transparent)]
    Workflow(#[from] WorkflowError),
    /// The journal cannot be used.
    #[error("workflow {id:?} is refused")]
    Journal {
        /// The workflow.
        id: String,
        /// Why.
        source: JournalError,
    },
    /// The journal has lost its end.
    #[error("workflow {id:?} is refused: {file} has more than the journal")]
    Behind {
        /// The workflow.
        id: String,
        /// The file that has more.
        file: &'static str,
    },
    /// The journal is not there although other files of the workflow are.
    #[error("workflow {id:?} is refused: its journal is gone")]
    Gone {
        /// The workflow.
        id: String,
    },
    /// The workspace cannot be used.
    #[error("the workspace {path} {why}")]
    Workspace {
        /// The path.
        path: PathBuf,
        /// Why.
        why: &'static str,
    },
    /// Processes of an earlier launch are still there.
    #[error("an earlier engine cannot be ended")]
    Survivors(#[source] std::io::Error),
    /// A retry that is not for a take-off of unknown outcome.
    #[error("there is no take-off of unknown outcome to retry")]
    NothingToRetry,
    /// The projections cannot be written.
    #[error("the projections cannot be written")]
    Projection(#[source] std::io::Error),
    /// The audit key cannot be used.
    #[error("the audit key cannot be used")]
    Key(#[source] cabincrew_protocol::audit::KeyError),
}

type Result<T> = std::result::Result<T, ServiceError>;

/// A workflow in hand.
struct Open {
    held: Held,
    journal: Journal<FileStorage>,
    site: Site,
}

impl Service {
    /// Creates a workflow and drives it until it rests (DESIGN 5).
    ///
    /// # Errors
    /// When it exists, or the file, the workspace or the store cannot be used.
    pub fn run(&self, id: &str, workspace: &Path, file: &Path) -> Result<State> {
        let loaded = workflow::load(file)?;
        let workspace = self.workspace(workspace)?;
        let held = self.home(id)?.create(id)?;
        let storage = held.home.storage(true)?;
        let created = Created {
            workflow_id: id.to_owned(),
            workflow: loaded.workflow,
            base: loaded.base,
            workspace,
        };
        let draft = decide::created(created);
        let journal = Journal::create(storage, self.signer()?, &draft, &clock::now());
        let journal = journal.map_err(|source| journal_error(id, source))?;
        let site = self.site(held.home.clone());
        let mut open = Open {
            held,
            journal,
            site,
        };
        let first = decide::next(open.journal.record());
        self.go_on(id, &mut open, first)
    }

    /// Recovers a workflow and goes on (DESIGN 5).
    ///
    /// # Errors
    /// When it cannot be recovered.
    pub fn resume(&self, id: &str, retry: Option<&Retry>) -> Result<State> {
        let mut open = self.open(id, retry)?;
        let in_doubt = matches!(open.journal.record().stage, Stage::Flying(..));
        if retry.is_some() && !in_doubt {
            return Err(ServiceError::NothingToRetry);
        }
        let first = decide::after_restart(open.journal.record(), retry.is_some());
        self.go_on(id, &mut open, first)
    }

    /// Delivers an answer, and goes on as `resume` does (DESIGN 5).
    ///
    /// # Errors
    /// When the workflow cannot be recovered.
    pub fn respond(&self, id: &str, bytes: &[u8]) -> Result<State> {
        let mut open = self.open(id, None)?;
        let waiting = matches!(open.journal.record().stage, Stage::Waiting(_));
        if waiting {
            // The plan is looked at again before the answer counts (CC-APR-014).
            let mut outcome = open.site.perform(open.journal.record(), Task::Recheck);
            if let Outcome::Failed(failure) = &mut outcome {
                failure.unused_answer = Some("an answer has found the plan changed".to_owned());
            }
            self.note(id, &mut open, outcome)?;
        }
        let first = if matches!(open.journal.record().stage, Stage::Failed { .. }) && waiting {
            Next::Rest
        } else {
            self.take_answer(id, &mut open, bytes)?;
            match open.journal.record().stage {
                Stage::Waiting(_) => Next::Rest,
                _ if waiting => decide::next(open.journal.record()),
                _ => decide::after_restart(open.journal.record(), false),
            }
        };
        self.go_on(id, &mut open, first)
    }

    /// Ends a workflow that nobody is working on.
    ///
    /// # Errors
    /// When it cannot be recovered.
    pub fn cancel(&self, id: &str, by: &str, reason: Option<&str>) -> Result<State> {
        let mut open = self.open(id, None)?;
        if !open.journal.record().state().is_final() {
            let reason = reason.unwrap_or("no reason given");
            let failure = Failure::new(format!("cancelled by {by}: {reason}"));
            self.note(id, &mut open, Outcome::Failed(Box::new(failure)))?;
        }
        self.go_on(id, &mut open, Next::Rest)
    }

    /// What the journal of a workflow says, without changing anything.
    ///
    /// # Errors
    /// When there is none or it is damaged.
    pub fn look(&self, id: &str) -> Result<Replayed> {
        let home = self.home(id)?;
        let unknown = || StoreError::Unknown { id: id.to_owned() };
        if !home.folder().is_dir() || !home.was_created() {
            return Err(unknown().into());
        }
        let mut storage = home
            .storage(false)
            .map_err(|_| ServiceError::Gone { id: id.to_owned() })?;
        // What is shown must be durable, also when another process has just written it.
        let synced = storage.sync().and_then(|()| storage.read());
        let bytes = synced.map_err(|source| {
            let what = "read";
            journal_error(id, JournalError::Storage { what, source })
        })?;
        let replayed = replay(&bytes, id);
        let replayed =
            replayed.map_err(|damage| journal_error(id, JournalError::Damaged(damage)))?;
        Ok(replayed)
    }

    /// The folder of a workflow.
    ///
    /// # Errors
    /// When the id cannot be a file name.
    pub fn home(&self, id: &str) -> Result<Home> {
        // Engines are told absolute paths, and survivors are known by the real ones.
        let state_dir = std::fs::canonicalize(&self.state_dir)
            .or_else(|_| std::path::absolute(&self.state_dir))
            .unwrap_or_else(|_| self.state_dir.clone());
        Ok(Home::of(&state_dir, id)?)
    }

    /// The audit key.
    ///
    /// # Errors
    /// When it has no proper name.
    pub fn signer(&self) -> Result<Option<SigningKey>> {
        let key = self.audit_key.as_ref();
        let key = key.map(|(name, seed)| SigningKey::from_seed(name, seed));
        key.transpose().map_err(ServiceError::Key)
    }

    fn site(&self, home: Home) -> Site {
        let environment = self.environment.clone();
        Site::new(
            home,
            self.launcher.clone(),
            self.workers.clone(),
            environment,
        )
    }

    /// The workspace, absolute; neither the store nor around it nor inside it.
    fn workspace(&self, workspace: &Path) -> Result<PathBuf> {
        let refuse = |why| ServiceError::Workspace {
            path: workspace.to_owned(),
            why,
        };
        let real = std::fs::canonicalize(workspace).map_err(|_| refuse("is not there"))?;
        if !real.is_dir() {
            return Err(refuse("is no folder"));
        }
        crate::store::make_private(&self.state_dir)?;
        let state = std::fs::canonicalize(&self.state_dir).map_err(|_| refuse("is not there"))?;
        if state.starts_with(&real) || real.starts_with(&state) {
            return Err(refuse("and the state directory lie inside one another"));
        }
        Ok(real)
    }

    /// Takes hold of a workflow and brings it into order: the torn tail is cut, projections are
    /// compared, what still runs is ended, and all of it is written down.
    fn open(&self, id: &str, retry: Option<&Retry>) -> Result<Open> {
        let home = self.home(id)?;
        let held = home.hold(id)?;
        if !held.home.was_created() {
            return Err(StoreError::Unknown { id: id.to_owned() }.into());
        }
        let opened = held
            .home
            .storage(false)
            .map_err(|_| ServiceError::Gone { id: id.to_owned() })
            .and_then(|storage| {
                Journal::open(storage, self.signer()?, id)
                    .map_err(|source| journal_error(id, source))
            })
            .and_then(|(journal, replayed)| {
                let compared = projection::compare(&held.home, &replayed);
                match compared.ahead {
                    Some(file) => Err(ServiceError::Behind {
                        id: id.to_owned(),
                        file,
                    }),
                    None => Ok((journal, replayed, compared)),
                }
            });
        let (journal, replayed, compared) = match opened {
            Ok(opened) => opened,
            Err(error) => return Err(self.seal(&held.home, id, error)?),
        };
        kill_survivors(&held.home.runs()).map_err(ServiceError::Survivors)?;
        let events = found(&replayed, &compared, retry);
        let site = self.site(held.home.clone());
        let mut open = Open {
            held,
            journal,
            site,
        };
        if !events.is_empty() {
            let appended = open.journal.append(&decide::noted(events), &clock::now());
            appended.map_err(|source| journal_error(id, source))?;
        }
        Ok(open)
    }

    /// Keeps a damaged journal as it is, and says so beside it.
    fn seal(&self, home: &Home, id: &str, error: ServiceError) -> Result<ServiceError> {
        let damaged = matches!(
            error,
            ServiceError::Behind { .. }
                | ServiceError::Gone { .. }
                | ServiceError::Journal {
                    source: JournalError::Damaged(_),
                    ..
                }
        );
        if damaged {
            let signer = self.signer()?;
            damage::seal(home, id, &chain(&error), signer.as_ref(), &clock::now())
                .map_err(ServiceError::Projection)?;
        }
        Ok(error)
    }

    fn note(&self, id: &str, open: &mut Open, outcome: Outcome) -> Result<()> {
        write(&mut open.journal, &mut open.site, outcome)
            .map_err(|source| journal_error(id, source))
    }

    fn take_answer(&self, id: &str, open: &mut Open, bytes: &[u8]) -> Result<()> {
        let record = open.journal.record();
        let now = clock::now();
        let loaded = match &record.created.workflow.approval.roster {
            None => Err("the workflow has no roster".to_owned()),
            Some(path) => {
                roster::load(&record.created.base.join(path)).map_err(|error| chain(&error))
            }
        };
        let response = decide::Response {
            bytes,
            roster: match &loaded {
                Ok((roster, _)) => Ok(roster),
                Err(why) => Err(why.as_str()),
            },
            now: &now,
        };
        let judged = decide::judge(record, &response);
        if matches!(judged.draft.fact, crate::fact::Fact::Failed { .. }) {
            open.site.clean(record);
        }
        let appended = open.journal.append(&judged.draft, &now);
        appended.map_err(|source| journal_error(id, source))
    }

    /// Drives on, and leaves everything durable and projected.
    fn go_on(&self, id: &str, open: &mut Open, first: Next) -> Result<State> {
        let state = drive(&mut open.journal, &mut open.site, first)
            .map_err(|source| journal_error(id, source))?;
        if state.is_final() {
            // A crash may have come between the end and the removal.
            let _ = finalize::remove(&open.held.home.runs());
        }
        let replayed = self.look(id)?;
        projection::write(&open.held.home, &replayed).map_err(ServiceError::Projection)?;
        Ok(state)
    }
}

/// What recovery has to say (CC-RST-020, CC-RST-025, CC-RST-028).
fn found(
    replayed: &Replayed,
    compared: &projection::Compared,
    retry: Option<&Retry>,
) -> Vec<AuditEvent> {
    let record: &Record = &replayed.record;
    let teller = Teller::of(record);
    let mut events = Vec::new();
    if replayed.torn {
        let text = "the journal ended in an incomplete line, which is kept aside";
        events.push(teller.event("incomplete_entry", Severity::Warning, text));
    }
    for file in &compared.torn {
        let text = format!("{file} ended in an incomplete line and is written anew");
        events.push(teller.event("incomplete_entry", Severity::Warning, &text));
    }
    for file in &compared.damaged {
        let text = format!("{file} was not what the journal says and is written anew");
        events.push(teller.event("record_rebuilt", Severity::Warning, &text));
    }
    if record.state().is_final() {
        return events;
    }
    if let Some(retry) = retry.filter(|_| matches!(record.stage, Stage::Flying(..))) {
        let text = format!(
            "{} has the take-off of unknown outcome run again: {}",
            retry.by, retry.reason
        );
        events.push(teller.event("takeoff_outcome_unknown", Severity::Critical, &text));
    }
    let next = match decide::after_restart(record, retry.is_some()) {
        Next::Rest => "nothing".to_owned(),
        Next::Record(_) => "the end".to_owned(),
        Next::Perform(task) => format!("{task:?}"),
    };
    let text = format!("resumed in {}; next is {next}", record.state());
    events.push(teller.event("workflow_resumed", Severity::Info, &text));
    events
}

fn journal_error(id: &str, source: JournalError) -> ServiceError {
    ServiceError::Journal {
        id: id.to_owned(),
        source,
    }
}
