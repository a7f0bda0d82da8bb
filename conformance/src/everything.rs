//! The checks of all kits together, for lists, explanations and coverage.

use sha2::{Digest as _, Sha256};

use crate::adapter::hex;
use crate::catalogue;
use crate::lock::Lock;
use crate::orchestrator;
use crate::suite::{Card, CheckSet};

/// All kits of this build.
#[derive(Debug, Clone)]
pub struct Everything {
    /// The engine kit.
    pub engine: catalogue::Kit,
    /// The orchestrator kit.
    pub orchestrator: orchestrator::catalogue::Kit,
    lock: Lock,
}

/// Why a kit is wrong.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EverythingError {
    /// The engine kit.
    #[error("the engine kit is broken")]
    Engine(#[from] catalogue::CatalogueError),
    /// The orchestrator kit.
    #[error("the orchestrator kit is broken")]
    Orchestrator(#[from] orchestrator::catalogue::KitError),
    /// Two kits share an id.
    #[error("two kits have a check {id}")]
    Shared {
        /// The id.
        id: String,
    },
}

impl Everything {
    /// All kits of this build.
    ///
    /// # Errors
    /// When one of them is wrong, or two share an id; tests rule both out.
    pub fn embedded() -> Result<Self, EverythingError> {
        let engine = catalogue::Kit::embedded()?;
        let orchestrator = orchestrator::catalogue::Kit::embedded()?;
        let both = engine.frozen_ids().intersection(orchestrator.frozen_ids());
        if let Some(id) = both.into_iter().next() {
            return Err(EverythingError::Shared { id: id.clone() });
        }
        let lock = engine.lock().joined(orchestrator.lock());
        Ok(Self {
            engine,
            orchestrator,
            lock,
        })
    }

    /// The kit that a check belongs to.
    pub fn kit_of(&self, id: &str) -> &dyn CheckSet {
        if self.orchestrator.frozen_ids().contains(id) {
            &self.orchestrator
        } else {
            &self.engine
        }
    }
}

impl CheckSet for Everything {
    fn kind(&self) -> &'static str {
        "all"
    }

    fn cards(&self) -> Vec<Card<'_>> {
        let mut cards = self.engine.cards();
        cards.extend(self.orchestrator.cards());
        cards
    }

    fn lock(&self) -> &Lock {
        &self.lock
    }

    fn digest(&self) -> String {
        let mut hasher = Sha256::new();
        hasher.update(self.engine.digest());
        hasher.update(self.orchestrator.digest());
        hex(&hasher.finalize())
    }
}
