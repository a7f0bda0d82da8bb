//! The rules, in files by what they look at.

mod binding;
mod environment;
mod examples;
mod quantities;
mod reference_page;
mod references;
pub(super) mod requirements;
mod schema_files;
mod shapes;
mod states;
mod structures;
mod values;
mod vocabulary;

use super::rule::Rule;

/// All tables, in the order of their codes.
pub(super) const TABLES: &[&[Rule]] = &[
    schema_files::RULES,
    shapes::RULES,
    quantities::RULES,
    structures::RULES,
    vocabulary::RULES,
    values::RULES,
    reference_page::RULES,
    references::RULES,
    examples::RULES,
    requirements::RULES,
    binding::RULES,
    states::RULES,
    environment::RULES,
];
