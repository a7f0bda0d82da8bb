//! The starter files of this build.

use clap::ValueEnum;

/// A language that a starter engine is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Lang {
    /// POSIX shell and awk, no other program
    Sh,
    /// Python 3, standard library only
    Python,
    /// Rust, with serde_json and sha2
    Rust,
}

/// One starter file.
#[derive(Debug, Clone, Copy)]
pub(super) struct Template {
    pub(super) path: &'static str,
    pub(super) text: &'static str,
    pub(super) executable: bool,
}

const fn file(path: &'static str, text: &'static str) -> Template {
    Template {
        path,
        text,
        executable: false,
    }
}

const fn program(path: &'static str, text: &'static str) -> Template {
    Template {
        path,
        text,
        executable: true,
    }
}

/// The files of a starter, by path.
pub(super) fn of(lang: Option<Lang>) -> Vec<Template> {
    let readme = include_str!("../../templates/scenario/workspace/README.md");
    let kept = include_str!("../../templates/scenario/starter.toml");
    let Some(lang) = lang else {
        return vec![
            file(
                "scenario.toml",
                include_str!("../../templates/scenario/scenario.toml"),
            ),
            file("workspace/README.md", readme),
        ];
    };
    match lang {
        Lang::Sh => vec![
            // The example engine is a starter as it is: most of it is what a shell lacks.
            program("engine", cabincrew_fixtures::SHELL_ENGINE),
            file(
                "scenario/scenario.toml",
                include_str!("../../templates/sh/scenario.toml"),
            ),
            file(
                "scenario/workspace/notes.txt",
                include_str!("../../templates/sh/notes.txt"),
            ),
            file(
                "scenario/after/notes.txt",
                include_str!("../../templates/sh/after.txt"),
            ),
        ],
        Lang::Python => vec![
            program("engine", include_str!("../../templates/python/engine")),
            file("scenario/scenario.toml", kept),
            file("scenario/workspace/README.md", readme),
        ],
        Lang::Rust => vec![
            file(
                "Cargo.toml",
                include_str!("../../templates/rust/manifest.toml"),
            ),
            file(
                "src/main.rs",
                include_str!("../../templates/rust/src/main.rs"),
            ),
            file(
                "src/input.rs",
                include_str!("../../templates/rust/src/input.rs"),
            ),
            file(
                "src/work.rs",
                include_str!("../../templates/rust/src/work.rs"),
            ),
            file(".gitignore", "/target\n"),
            file("scenario/scenario.toml", kept),
            file("scenario/workspace/README.md", readme),
        ],
    }
}
