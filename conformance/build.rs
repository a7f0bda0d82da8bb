//! Rebuilds the crate when a file appears in or goes from an embedded folder: the embedding macros
//! notice changed files only.

fn main() {
    println!("cargo::rerun-if-changed=drills");
}
