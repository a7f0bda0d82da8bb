//! From a selection to a plan: which checks count, and which drills must be driven for them.

use std::collections::{BTreeMap, BTreeSet};

use crate::catalogue::Kit;
use crate::drill::{Check, Class, Drill};
use crate::expect::Expect;

/// What was asked for on the command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selection {
    /// The classes to run.
    pub classes: Vec<Class>,
    /// Filter expressions; a check runs when one of them matches, or when there is none.
    pub filters: Vec<String>,
}

impl Default for Selection {
    fn default() -> Self {
        Self {
            classes: vec![Class::Draft, Class::Profile],
            filters: Vec::new(),
        }
    }
}

/// What will be driven and judged.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The selected checks.
    pub selected: BTreeSet<String>,
    /// Why each of the other checks is not run.
    pub not_run: BTreeMap<String, String>,
    /// The drills to drive, in order.
    pub drills: Vec<Drill>,
}

/// Why a selection is refused.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SelectError {
    /// A word of a filter names nothing.
    #[error("the filter {filter:?} names {word:?}, which is no check, requirement, area, level, class or drill{}", hint(.near))]
    Unknown {
        /// The filter.
        filter: String,
        /// The word.
        word: String,
        /// Names that look like it.
        near: Vec<String>,
    },
    /// A filter cannot be parsed.
    #[error("the filter {filter:?} is not understood: {why}")]
    Syntax {
        /// The filter.
        filter: String,
        /// Why.
        why: &'static str,
    },
    /// Nothing is left to run.
    #[error("the selection is empty: no check of class {classes} matches {filters}")]
    Empty {
        /// The classes.
        classes: String,
        /// The filters.
        filters: String,
    },
}

fn hint(names: &[String]) -> String {
    if names.is_empty() {
        String::new()
    } else {
        format!("; near: {}", names.join(", "))
    }
}

/// Resolves a selection against the kit.
///
/// # Errors
/// When a filter is malformed or names nothing, or when nothing is selected.
pub fn select(kit: &Kit, selection: &Selection) -> Result<Plan, SelectError> {
    let mut filters = Vec::new();
    for text in &selection.filters {
        let filter = Filter::parse(text)?;
        filter.check_words(kit, text)?;
        filters.push(filter);
    }
    let mut selected = BTreeSet::new();
    let mut not_run = BTreeMap::new();
    for check in kit.checks() {
        if !selection.classes.contains(&check.class) {
            let reason = format!("class {} was not selected", check.class.as_str());
            not_run.insert(check.id.clone(), reason);
        } else if !filters.is_empty() && !filters.iter().any(|f| f.matches(kit, check)) {
            not_run.insert(check.id.clone(), "left out by the filter".to_owned());
        } else {
            selected.insert(check.id.clone());
        }
    }
    if selected.is_empty() {
        return Err(SelectError::Empty {
            classes: selection
                .classes
                .iter()
                .map(|c| c.as_str())
                .collect::<Vec<_>>()
                .join(", "),
            filters: if selection.filters.is_empty() {
                "anything".to_owned()
            } else {
                selection.filters.join(" or ")
            },
        });
    }
    let drills = drills_for(kit, &selected, &selection.classes);
    Ok(Plan {
        selected,
        not_run,
        drills,
    })
}

/// The drills that the selected checks look at, directly or through their controls.
fn drills_for(kit: &Kit, selected: &BTreeSet<String>, classes: &[Class]) -> Vec<Drill> {
    let mut names: BTreeSet<&str> = BTreeSet::new();
    let mut open: Vec<&Check> = kit.checks().filter(|c| selected.contains(&c.id)).collect();
    let mut seen: BTreeSet<&str> = open.iter().map(|c| c.id.as_str()).collect();
    while let Some(check) = open.pop() {
        names.extend(kit.drill_of(&check.id).map(|drill| drill.name.as_str()));
        let referred = referred(&check.expect);
        for selector in check
            .on
            .iter()
            .chain(&check.control)
            .map(String::as_str)
            .chain(referred)
        {
            if let Some(id) = selector.strip_prefix("check:") {
                open.extend(kit.check(id).filter(|other| seen.insert(&other.id)));
            } else {
                names.extend(
                    kit.drills
                        .iter()
                        .filter(|drill| concerns(drill, selector, classes))
                        .map(|drill| drill.name.as_str()),
                );
            }
        }
    }
    kit.drills
        .iter()
        .filter(|drill| names.contains(drill.name.as_str()))
        .cloned()
        .collect()
}

/// Launches that an expectation compares with.
fn referred(expect: &Expect) -> Option<&str> {
    match expect {
        Expect::NoLeftoversNeeded { of } | Expect::RepeatIsHarmless { of } => Some(of),
        Expect::SamePlan { r#as, .. } | Expect::SameWorkspace { r#as } => Some(r#as),
        _ => None,
    }
}

fn concerns(drill: &Drill, selector: &str, classes: &[Class]) -> bool {
    if selector.starts_with('@') {
        return drill
            .checks
            .iter()
            .any(|check| classes.contains(&check.class));
    }
    let stem = selector.strip_suffix(".*").unwrap_or(selector);
    drill.launches.iter().any(|launch| {
        launch.name == stem
            || launch
                .name
                .strip_prefix(stem)
                .is_some_and(|r| r.starts_with('.'))
    })
}

/// A filter expression: words joined with `|`, `&`, `!` and parentheses.
#[derive(Debug)]
enum Filter {
    Word(String),
    Not(Box<Self>),
    And(Box<Self>, Box<Self>),
    Or(Box<Self>, Box<Self>),
}

impl Filter {
    fn parse(text: &str) -> Result<Self, SelectError> {
        let mut parser = Parser {
            text,
            rest: text,
            depth: 0,
        };
        let filter = parser.either()?;
        if parser.rest.trim().is_empty() {
            Ok(filter)
        } else {
            Err(parser.error("there is something left over at the end"))
        }
    }

    fn matches(&self, kit: &Kit, check: &Check) -> bool {
        match self {
            Self::Word(word) => word_matches(kit, check, word),
            Self::Not(inner) => !inner.matches(kit, check),
            Self::And(a, b) => a.matches(kit, check) && b.matches(kit, check),
            Self::Or(a, b) => a.matches(kit, check) || b.matches(kit, check),
        }
    }

    fn check_words(&self, kit: &Kit, filter: &str) -> Result<(), SelectError> {
        match self {
            Self::Word(word) if kit.checks().any(|check| word_matches(kit, check, word)) => Ok(()),
            Self::Word(word) => Err(SelectError::Unknown {
                filter: filter.to_owned(),
                word: word.clone(),
                near: near_names(kit, word),
            }),
            Self::Not(inner) => inner.check_words(kit, filter),
            Self::And(a, b) | Self::Or(a, b) => {
                a.check_words(kit, filter)?;
                b.check_words(kit, filter)
            }
        }
    }
}

fn word_matches(kit: &Kit, check: &Check, word: &str) -> bool {
    if let Some(level) = word.strip_prefix("level:") {
        return kit.level(check).eq_ignore_ascii_case(level);
    }
    if let Some(class) = word.strip_prefix("class:") {
        return check.class.as_str() == class;
    }
    if let Some(name) = word.strip_prefix("drill:") {
        return kit
            .drill_of(&check.id)
            .is_some_and(|drill| drill.name == name);
    }
    if let Some(prefix) = word.strip_suffix('*') {
        return check.id.starts_with(prefix);
    }
    check.id == word
        || kit.resolve_id(word) == Some(check.id.as_str())
        || check.requirement_ids().contains(&word)
        || check.id.split('-').nth(1) == Some(word)
}

fn near_names(kit: &Kit, word: &str) -> Vec<String> {
    let word = word.to_ascii_lowercase();
    let mut scored: Vec<(usize, &str)> = kit
        .checks()
        .map(|check| {
            (
                common(&word, &check.id.to_ascii_lowercase()),
                check.id.as_str(),
            )
        })
        .filter(|(score, _)| *score >= 3)
        .collect();
    scored.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(b.1)));
    scored
        .into_iter()
        .take(3)
        .map(|(_, id)| id.to_owned())
        .collect()
}

/// The number of three-letter runs of `word` that occur in `id`.
fn common(word: &str, id: &str) -> usize {
    word.as_bytes()
        .windows(3)
        .filter(|run| id.as_bytes().windows(3).any(|w| w == *run))
        .count()
}

struct Parser<'a> {
    text: &'a str,
    rest: &'a str,
    depth: usize,
}

impl Parser<'_> {
    fn either(&mut self) -> Result<Filter, SelectError> {
        let mut left = self.both()?;
        while self.eat('|') {
            left = Filter::Or(Box::new(left), Box::new(self.both()?));
        }
        Ok(left)
    }

    fn both(&mut self) -> Result<Filter, SelectError> {
        let mut left = self.one()?;
        while self.eat('&') {
            left = Filter::And(Box::new(left), Box::new(self.one()?));
        }
        Ok(left)
    }

    fn one(&mut self) -> Result<Filter, SelectError> {
        self.depth += 1;
        if self.depth > 64 {
            return Err(self.error("it is nested too deeply"));
        }
        let filter = if self.eat('!') {
            Filter::Not(Box::new(self.one()?))
        } else if self.eat('(') {
            let inner = self.either()?;
            if !self.eat(')') {
                return Err(self.error("a parenthesis is not closed"));
            }
            inner
        } else {
            self.word()?
        };
        self.depth -= 1;
        Ok(filter)
    }

    fn word(&mut self) -> Result<Filter, SelectError> {
        self.rest = self.rest.trim_start();
        let end = self
            .rest
            .find(|c: char| c.is_whitespace() || "|&!()".contains(c))
            .unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        if word.is_empty() {
            return Err(self.error("a name is missing"));
        }
        self.rest = rest;
        Ok(Filter::Word(word.to_owned()))
    }

    fn eat(&mut self, expected: char) -> bool {
        self.rest = self.rest.trim_start();
        match self.rest.strip_prefix(expected) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn error(&self, why: &'static str) -> SelectError {
        SelectError::Syntax {
            filter: self.text.to_owned(),
            why,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(filters: &[&str]) -> Result<BTreeSet<String>, SelectError> {
        let kit = Kit::embedded().unwrap();
        let filters = filters.iter().map(|&f| f.to_owned()).collect();
        select(
            &kit,
            &Selection {
                filters,
                ..Selection::default()
            },
        )
        .map(|plan| plan.selected)
    }

    #[test]
    fn filters_combine() {
        assert_eq!(ids(&["CC-ENG-018"]).unwrap().len(), 3);
        assert_eq!(
            ids(&["CC-ENG-018 & !CC-ENG-018/read-only-workspace"])
                .unwrap()
                .len(),
            2
        );
        assert_eq!(
            ids(&["CC-ENG-018/*", "level:SHOULD & ENG & CC-ENG-004"])
                .unwrap()
                .len(),
            4
        );
        assert!(ids(&["drill:060_modes|(class:profile&ENG)"]).unwrap().len() > 4);
    }

    #[test]
    fn a_typo_is_refused_and_a_near_name_is_given() {
        let error = ids(&["CC-ENG-018/workspace-untuched"]).unwrap_err();
        assert!(
            error
                .to_string()
                .contains("near: CC-ENG-018/workspace-untouched"),
            "{error}"
        );
        assert!(matches!(ids(&["(ENG"]), Err(SelectError::Syntax { .. })));
        assert!(matches!(ids(&[""]), Err(SelectError::Syntax { .. })));
        assert!(matches!(
            ids(&["class:hardening"]),
            Err(SelectError::Empty { .. })
        ));
    }

    #[test]
    fn a_single_check_drives_only_what_it_needs() {
        let kit = Kit::embedded().unwrap();
        let filters = vec!["CC-ENG-022/time-zone".to_owned()];
        let plan = select(
            &kit,
            &Selection {
                filters,
                ..Selection::default()
            },
        )
        .unwrap();
        let names: Vec<_> = plan.drills.iter().map(|d| d.name.as_str()).collect();
        assert_eq!(names, ["010_baseline", "040_determinism", "042_clock"]);
        assert_eq!(
            plan.selected.len() + plan.not_run.len(),
            kit.checks().count()
        );
    }
}
