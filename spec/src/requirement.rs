//! The requirements of the draft, one file per area in `requirements/`.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

/// The requirement files: area and text.
pub const FILES: &[(&str, &str)] = &[
    ("engine", include_str!("../requirements/engine.toml")),
    ("artifact", include_str!("../requirements/artifact.toml")),
    (
        "plan-token",
        include_str!("../requirements/plan-token.toml"),
    ),
    ("preflight", include_str!("../requirements/preflight.toml")),
    ("approval", include_str!("../requirements/approval.toml")),
    ("take-off", include_str!("../requirements/take-off.toml")),
    (
        "post-execution",
        include_str!("../requirements/post-execution.toml"),
    ),
    (
        "finalization",
        include_str!("../requirements/finalization.toml"),
    ),
    ("audit", include_str!("../requirements/audit.toml")),
    ("restart", include_str!("../requirements/restart.toml")),
    (
        "orchestrator",
        include_str!("../requirements/orchestrator.toml"),
    ),
    ("security", include_str!("../requirements/security.toml")),
    ("schema", include_str!("../requirements/schema.toml")),
    (
        "mcp-gateway",
        include_str!("../requirements/mcp-gateway.toml"),
    ),
    (
        "llm-gateway",
        include_str!("../requirements/llm-gateway.toml"),
    ),
];

/// How binding a requirement is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Level {
    /// An obligation of the draft, its schema or the lifecycle document.
    Must,
    /// An obligation of the guides, or one that the draft softens.
    Should,
    /// A permission.
    May,
}

impl Level {
    /// `MUST`, `SHOULD` or `MAY`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Must => "MUST",
            Self::Should => "SHOULD",
            Self::May => "MAY",
        }
    }
}

/// Who has to keep a requirement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Actor {
    /// A program that plans and applies.
    Engine,
    /// The program that runs workflows.
    Orchestrator,
    /// The person, and what is put before them.
    Approver,
    /// The gateway for tool calls.
    McpGateway,
    /// The gateway for model calls.
    LlmGateway,
    /// Every reader and writer of wire documents.
    Schema,
}

impl Actor {
    /// The name as the files write it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Engine => "engine",
            Self::Orchestrator => "orchestrator",
            Self::Approver => "approver",
            Self::McpGateway => "mcp-gateway",
            Self::LlmGateway => "llm-gateway",
            Self::Schema => "schema",
        }
    }
}

/// Whether a black box can show that a requirement is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verify {
    /// Checks verify it.
    Check,
    /// Nothing verifies it, for this reason.
    Excluded(String),
}

/// One thing that the draft demands or permits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Requirement {
    /// `CC-<AREA>-<three digits>`; never reused.
    pub id: String,
    /// How binding it is.
    pub level: Level,
    /// Who has to keep it.
    pub actor: Actor,
    /// The demand, in one sentence.
    pub text: String,
    /// Documents and sections that it was read from.
    pub sources: Vec<String>,
    /// How a black box can see it.
    pub observable: String,
    /// One violation that has to be caught.
    pub violation: String,
    /// Whether checks verify it.
    pub verify: Verify,
}

/// Why a set of requirement files is no catalogue.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CatalogueError {
    /// An id stands twice.
    #[error("the id {id} occurs twice")]
    DuplicateId {
        /// The id.
        id: String,
    },
    /// An id is not `CC-<three capitals>-<three digits>`.
    #[error("the id {id:?} is malformed")]
    MalformedId {
        /// The id.
        id: String,
    },
    /// A file is not TOML of the expected shape.
    #[error("the requirement file {area} is not valid")]
    File {
        /// The file, without its extension.
        area: String,
        /// Why.
        source: toml::de::Error,
    },
}

/// All requirements, in the order of the files.
#[derive(Debug, Clone)]
pub struct Catalogue {
    requirements: Vec<Requirement>,
    index: BTreeMap<String, usize>,
}

impl Catalogue {
    /// The catalogue of this build.
    #[must_use]
    pub fn embedded() -> &'static Self {
        static EMBEDDED: LazyLock<Catalogue> = LazyLock::new(|| {
            Catalogue::parse(FILES).expect("the embedded files are read by the tests")
        });
        &EMBEDDED
    }

    /// Reads requirement files, given as area and text.
    ///
    /// # Errors
    /// When a file has another shape, or an id is malformed or stands twice.
    pub fn parse(files: &[(&str, &str)]) -> Result<Self, CatalogueError> {
        let mut catalogue = Self {
            requirements: Vec::new(),
            index: BTreeMap::new(),
        };
        for (area, text) in files {
            let file: File = toml::from_str(text).map_err(|source| CatalogueError::File {
                area: (*area).to_owned(),
                source,
            })?;
            for requirement in file.requirement {
                catalogue.add(requirement)?;
            }
        }
        Ok(catalogue)
    }

    /// The requirement with that id.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<&Requirement> {
        self.index.get(id).map(|index| &self.requirements[*index])
    }

    /// All requirements, in the order of the files.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Requirement> {
        self.requirements.iter()
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.requirements.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.requirements.is_empty()
    }

    fn add(&mut self, requirement: Requirement) -> Result<(), CatalogueError> {
        let id = &requirement.id;
        if !is_id(id) {
            return Err(CatalogueError::MalformedId { id: id.clone() });
        }
        if self
            .index
            .insert(id.clone(), self.requirements.len())
            .is_some()
        {
            return Err(CatalogueError::DuplicateId { id: id.clone() });
        }
        self.requirements.push(requirement);
        Ok(())
    }
}

/// Whether a text has the form of a requirement id.
#[must_use]
pub fn is_id(text: &str) -> bool {
    let mut parts = text.split('-');
    let (Some("CC"), Some(area), Some(number), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return false;
    };
    area.len() == 3
        && area.bytes().all(|byte| byte.is_ascii_uppercase())
        && number.len() == 3
        && number.bytes().all(|byte| byte.is_ascii_digit())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    requirement: Vec<Requirement>,
}
