//! What a workflow costs, above what it cannot do without. Every figure is a line of a table;
//! arguments choose the parts: `workflows`, `trees`, `replay`, `program`.
//!
//! ```text
//! cargo bench -p cabincrew-reference --bench lifecycle -- workflows
//! ```

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark that cannot set its stage ends right there, and prints what it finds"
)]

mod figures;
mod floor;
mod journal;
mod place;
mod program;
mod trees;
mod workflows;
#[expect(dead_code, reason = "the tests use more of it")]
#[path = "../../tests/world.rs"]
mod world;

const PARTS: [(&str, fn()); 4] = [
    ("workflows", workflows::run),
    ("trees", trees::run),
    ("replay", journal::run),
    ("program", program::run),
];

fn main() {
    // Cargo adds `--bench`.
    let chosen: Vec<String> = std::env::args().skip(1).collect();
    let chosen: Vec<&str> = chosen
        .iter()
        .map(String::as_str)
        .filter(|word| !word.starts_with("--"))
        .collect();
    if let Some(word) = chosen
        .iter()
        .find(|word| !PARTS.iter().any(|(name, _)| name == *word))
    {
        println!("there is no part {word:?}");
        return;
    }
    println!("| what | figure |\n|---|---|");
    for (name, part) in PARTS {
        if chosen.is_empty() || chosen.contains(&name) {
            part();
        }
    }
}
