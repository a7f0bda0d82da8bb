//! The words of a difference.

use serde::Serialize;

use crate::draft::finding::Place;

/// What a change means to one side. Ordered: the worst comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    /// What that side does today is wrong under the other draft.
    Breaking,
    /// Some of what that side does today is.
    Tightening,
    /// Nothing has to change.
    Compatible,
    /// The wire does not show it.
    Editorial,
}

impl Class {
    /// All classes, the worst first.
    pub const ALL: [Self; 4] = [
        Self::Breaking,
        Self::Tightening,
        Self::Compatible,
        Self::Editorial,
    ];

    /// The word in output.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Breaking => "breaking",
            Self::Tightening => "tightening",
            Self::Compatible => "compatible",
            Self::Editorial => "editorial",
        }
    }
}

/// How the documents that are valid now relate to those that were.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Relation {
    /// The same.
    Same,
    /// Some that were valid are not.
    Narrower,
    /// Some that were not are valid.
    Wider,
    /// Both, or none that was valid is.
    Other,
}

impl Relation {
    /// Both relations at once.
    pub(super) const fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Same, relation) | (relation, Self::Same) => relation,
            (Self::Narrower, Self::Narrower) => Self::Narrower,
            (Self::Wider, Self::Wider) => Self::Wider,
            (Self::Other, _)
            | (_, Self::Other)
            | (Self::Narrower, Self::Wider)
            | (Self::Wider, Self::Narrower) => Self::Other,
        }
    }

    /// For producers, who write by the old draft, and for consumers, who read by it.
    pub(super) const fn classes(self) -> (Class, Class) {
        match self {
            Self::Same => (Class::Editorial, Class::Editorial),
            Self::Narrower => (Class::Tightening, Class::Compatible),
            Self::Wider => (Class::Compatible, Class::Breaking),
            Self::Other => (Class::Breaking, Class::Breaking),
        }
    }
}

/// One change of a schema.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Change {
    /// The type, or type and member, as `PlanToken.version`.
    pub subject: String,
    /// What changed, in one sentence without its subject.
    pub what: String,
    /// For those who write documents by the old draft.
    pub producers: Class,
    /// For those who read documents by the old draft.
    pub consumers: Class,
    /// Where it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub old: Option<Place>,
    /// Where it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub new: Option<Place>,
    /// Requirements that were read from the type or member.
    pub requirements: Vec<String>,
    /// Checks of those requirements.
    pub checks: Vec<String>,
}

impl Change {
    /// The worse of its two classes.
    pub fn worst(&self) -> Class {
        self.producers.min(self.consumers)
    }
}

/// A sentence with a requirement word that only one draft has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Sentence {
    /// Where it stands: in the new draft when it was added, else in the old one.
    pub place: Place,
    /// Whether it was added.
    pub added: bool,
    /// The sentence.
    pub text: String,
    /// Requirements that were read from its section.
    pub requirements: Vec<String>,
}

/// Everything that differs.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Difference {
    /// Changes of schemas, the worst first.
    pub changes: Vec<Change>,
    /// Sentences that oblige, by place.
    pub sentences: Vec<Sentence>,
}

impl Difference {
    /// The worst class of any change.
    pub fn worst(&self) -> Class {
        self.changes
            .iter()
            .map(Change::worst)
            .min()
            .unwrap_or(Class::Editorial)
    }
}
