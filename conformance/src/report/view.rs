//! How a report is shown, and the commands in it that can be pasted back.

use super::model::{CheckResult, Report};
use super::plain;
use crate::drill::Class;

/// How to show a report.
#[derive(Debug, Clone, Default)]
pub struct View {
    /// Everything in full, and what was not run by name.
    pub verbose: bool,
    /// The output folder as the user writes it; evidence is not mentioned without one.
    pub output: Option<String>,
    /// How the harness was called; without it, commands are those of the report.
    pub typed: Option<Typed>,
}

/// The words of a call as the user typed them. A report must not hold them: there may be absolute
/// paths among them.
#[derive(Debug, Clone)]
pub struct Typed {
    /// The harness.
    pub program: String,
    /// The words before `--filter ID`, the harness first.
    pub before: Vec<String>,
    /// The words after it: the subject.
    pub after: Vec<String>,
}

impl View {
    /// The harness in commands that are shown.
    pub(super) fn program(&self) -> String {
        let typed = self.typed.as_ref();
        let program = typed.map_or("cabincrew-conform", |typed| &typed.program);
        plain::shell_word(program)
    }

    /// The subject in commands that are shown.
    pub(super) fn subject(&self, report: &Report) -> String {
        let typed = self.typed.as_ref();
        join(typed.map_or(&report.subject.command, |typed| &typed.after))
    }

    /// The command that repeats a check.
    pub(super) fn rerun(&self, check: &CheckResult) -> String {
        match &self.typed {
            Some(typed) => rerun(
                (&typed.before, &typed.after),
                (&check.id, check.drill.as_deref()),
                check.class,
            ),
            None => check.rerun.clone(),
        }
    }
}

/// The command that repeats a check, in the drill it was seen in: `before` and `after` are the words
/// around its filter.
pub(crate) fn rerun(
    (before, after): (&[String], &[String]),
    (id, drill): (&str, Option<&str>),
    class: Class,
) -> String {
    let which = drill.map_or_else(|| id.to_owned(), |drill| format!("{id} | drill:{drill}"));
    let mut filter = vec!["--filter".to_owned(), which];
    if class == Class::Hardening {
        filter.extend(["--class".to_owned(), "hardening".to_owned()]);
    }
    join(before.iter().chain(&filter).chain(after))
}

fn join<'a>(words: impl IntoIterator<Item = &'a String>) -> String {
    let words: Vec<String> = words.into_iter().map(|w| plain::shell_word(w)).collect();
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_check_is_repeated_in_the_drill_it_failed_in() {
        let words = |word: &str| vec![word.to_owned()];
        let around = (&*words("kit"), &*words("./it"));
        let own = rerun(around, ("CC-A-001/b", None), Class::Draft);
        assert_eq!(own, "kit --filter CC-A-001/b ./it");
        let other = rerun(around, ("CC-A-001/b", Some("paths")), Class::Hardening);
        assert_eq!(
            other,
            "kit --filter 'CC-A-001/b | drill:paths' --class hardening ./it"
        );
    }
}
