//! States of a workflow: those that prose names, and the edges that diagrams draw.

use std::collections::{BTreeMap, BTreeSet};

use cabincrew_protocol::requirement::Catalogue;
use cabincrew_protocol::workflow::{State, TABLE, TOLERATED};

use crate::draft::chapter::{Chapter, Code, Item};
use crate::draft::finding::Finding;
use crate::draft::model::Draft;
use crate::draft::rule::{Rule, Weight};
use crate::draft::schema::Definition;
use crate::draft::words::{has_word, is_lower, is_upper, quoted, sentences, words};

pub(super) const RULES: &[Rule] = &[
    Rule {
        code: "CCS-060",
        name: "state-unknown",
        weight: Weight::Error,
        holds: "A state that prose or a diagram names is one that the schema has.",
        why: "Documents with the name are refused, and nobody knows which state is meant.",
        remedy: "Use the schema's state, or add it there and say how it is reached and left.",
        check: unknown,
    },
    Rule {
        code: "CCS-061",
        name: "edge-not-in-table",
        weight: Weight::Error,
        holds: "An edge that a diagram draws is a row of the transition table.",
        why: "Two orchestrators move in two ways, and each can point at a page.",
        remedy: "Correct the diagram, or add the row with its requirement.",
        check: foreign_edges,
    },
    Rule {
        code: "CCS-062",
        name: "diagram-incomplete",
        weight: Weight::Warning,
        holds: "A diagram of the lifecycle has all states that are no markers, and all edges between those it has.",
        why: "Readers take it for complete, and leave out what it leaves out.",
        remedy: "Draw it from the table: `spec export transitions` prints it.",
        check: incomplete,
    },
    Rule {
        code: "CCS-063",
        name: "diagram-unsound",
        weight: Weight::Error,
        holds: "In a diagram every state is reached, every state but the final ones is left, and no final one is.",
        why: "A workflow is stuck, or goes on after its end.",
        remedy: "Draw the edge that is missing, or take out the one that is wrong.",
        check: unsound,
    },
];

/// The enumeration of states.
fn states(draft: &Draft) -> Option<&Definition> {
    draft
        .definitions()
        .filter(|definition| definition.values.len() > 3)
        .find(|definition| definition.name == "State" || definition.name.ends_with("WorkflowState"))
}

/// A diagram of states: its edges, each with its line. `[*]` stands for begin and end.
struct Diagram<'a> {
    chapter: &'a Chapter,
    line: usize,
    edges: Vec<(String, String, usize)>,
}

fn diagrams(draft: &Draft) -> Vec<Diagram<'_>> {
    let mut found = Vec::new();
    for chapter in &draft.chapters {
        for code in chapter
            .codes
            .iter()
            .filter(|code| code.text.trim_start().starts_with("stateDiagram"))
        {
            found.push(Diagram {
                chapter,
                line: code.line,
                edges: edges(code),
            });
        }
    }
    found
}

fn edges(code: &Code) -> Vec<(String, String, usize)> {
    let mut found = Vec::new();
    for (index, line) in code.text.lines().enumerate() {
        let Some((from, rest)) = line.split_once("-->") else {
            continue;
        };
        let to = rest.split(':').next().unwrap_or_default();
        found.push((
            from.trim().to_owned(),
            to.trim().to_owned(),
            code.line + index,
        ));
    }
    found
}

pub(super) fn unknown(draft: &Draft, _: &Catalogue) -> Vec<Finding> {
    let Some(states) = states(draft) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for chapter in &draft.chapters {
        let mut said: BTreeSet<String> = BTreeSet::new();
        for (line, name) in named(chapter).into_iter().chain(drawn(draft, chapter)) {
            let is_known = states
                .values
                .iter()
                .any(|state| state.eq_ignore_ascii_case(&name));
            if !is_known && said.insert(name.clone()) {
                let finding =
                    Finding::new(&chapter.path, line, format!("`{name}` is named as a state"));
                let says = format!(
                    "{} has {} states, and not this one",
                    states.name,
                    states.values.len()
                );
                found.push(finding.against(&states.file, states.line, says));
            }
        }
    }
    found
}

fn drawn(draft: &Draft, chapter: &Chapter) -> Vec<(usize, String)> {
    diagrams(draft)
        .into_iter()
        .filter(|diagram| diagram.chapter.path == chapter.path)
        .flat_map(|diagram| diagram.edges)
        .flat_map(|(from, to, line)| [(line, from), (line, to)])
        .filter(|(_, name)| name != "[*]")
        .collect()
}

/// States that a text names: marked words in capitals where states are spoken of, marked words of
/// the first column below `State`, and marked items of a list of states.
fn named(chapter: &Chapter) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut state_tables: BTreeSet<usize> = BTreeSet::new();
    for (index, block) in chapter.blocks.iter().enumerate() {
        if let Item::Cell {
            table,
            row,
            column: 0,
        } = block.item
        {
            if row == 0 && block.text.trim().eq_ignore_ascii_case("state") {
                state_tables.insert(table);
            } else if row > 0 && state_tables.contains(&table) {
                found.extend(
                    block
                        .spans
                        .iter()
                        .map(|span| (span.line, span.text.clone())),
                );
            }
            continue;
        }
        for span in &block.spans {
            let sentence = sentence_at(&block.text, span.at);
            if !has_word(sentence, "state") && !has_word(sentence, "enters") {
                continue;
            }
            if is_upper(&span.text) && !span.text.starts_with("CABINCREW_") {
                found.push((span.line, span.text.clone()));
            }
        }
        let lead = chapter.lead(index).filter(|lead| {
            lead.item == Item::Paragraph
                && lead.text.trim_end().ends_with(':')
                && has_word(&lead.text, "states")
                && has_word(&lead.text, "following")
        });
        if lead.is_some() && block.item == (Item::Item { depth: 1 }) {
            let marked = block.spans.iter().find(|span| span.at == 0);
            let name =
                marked.and_then(|span| words(&span.text).next().map(|(_, word)| (span.line, word)));
            found.extend(
                name.filter(|(_, word)| is_lower(word) || is_upper(word))
                    .map(|(line, word)| (line, word.to_owned())),
            );
        }
    }
    found
}

/// The sentence of a text that a byte lies in.
fn sentence_at(text: &str, at: usize) -> &str {
    let place = |sentence: &str| sentence.as_ptr() as usize - text.as_ptr() as usize;
    sentences(text)
        .into_iter()
        .find(|sentence| (place(sentence)..=place(sentence) + sentence.len()).contains(&at))
        .unwrap_or_default()
}

/// Pairs that may follow each other: the rows, those tolerated, and paths through optional markers.
fn permitted() -> BTreeSet<(State, State)> {
    let mut pairs: BTreeSet<(State, State)> = TABLE.iter().map(|row| (row.from, row.to)).collect();
    let through: Vec<(State, State)> = pairs
        .iter()
        .filter(|(_, to)| to.is_marker())
        .flat_map(|(from, marker)| {
            let onward = TABLE.iter().filter(move |row| row.from == *marker);
            onward.map(move |row| (*from, row.to))
        })
        .collect();
    pairs.extend(through);
    pairs
}

fn foreign_edges(draft: &Draft, _: &Catalogue) -> Vec<Finding> {
    let permitted = permitted();
    let mut found = Vec::new();
    for diagram in diagrams(draft) {
        for (from, to, line) in &diagram.edges {
            let (Some(a), Some(b)) = (State::from_wire(from), State::from_wire(to)) else {
                continue;
            };
            if !permitted.contains(&(a, b)) && !TOLERATED.contains(&(a, b)) {
                found.push(Finding::new(
                    &diagram.chapter.path,
                    *line,
                    format!("no row of the table leads from {from} to {to}"),
                ));
            }
        }
    }
    found
}

/// Pairs of states that an edge joins, or two edges with a node between them that is no state.
fn drawn_pairs(diagram: &Diagram<'_>) -> BTreeSet<(State, State)> {
    let mut pairs = BTreeSet::new();
    for (from, to, _) in &diagram.edges {
        let Some(a) = State::from_wire(from) else {
            continue;
        };
        if let Some(b) = State::from_wire(to) {
            pairs.insert((a, b));
            continue;
        }
        let onward = diagram.edges.iter().filter(|(middle, _, _)| middle == to);
        pairs.extend(onward.filter_map(|(_, end, _)| Some((a, State::from_wire(end)?))));
    }
    pairs
}

fn incomplete(draft: &Draft, _: &Catalogue) -> Vec<Finding> {
    let permitted = permitted();
    let mut found = Vec::new();
    for diagram in diagrams(draft) {
        let drawn = drawn_pairs(&diagram);
        let has: BTreeSet<State> = drawn.iter().flat_map(|(from, to)| [*from, *to]).collect();
        // Fewer are a picture of a part.
        if has.len() < 6 {
            continue;
        }
        let absent: Vec<&str> = State::ALL
            .iter()
            .filter(|state| !state.is_marker() && !has.contains(state))
            .map(|state| state.as_str())
            .collect();
        let missing: Vec<String> = permitted
            .iter()
            .filter(|(from, to)| has.contains(from) && has.contains(to))
            .filter(|pair| !drawn.contains(pair) && pair.0 != pair.1)
            .map(|(from, to)| format!("{from} to {to}"))
            .collect();
        let mut say = |what: &str, names: &[String]| {
            if !names.is_empty() {
                let text = format!("the diagram lacks {what}: {}", quoted(names));
                found.push(Finding::new(&diagram.chapter.path, diagram.line, text));
            }
        };
        let absent: Vec<String> = absent.into_iter().map(str::to_owned).collect();
        say("states", &absent);
        say("edges", &missing);
    }
    found
}

fn unsound(draft: &Draft, _: &Catalogue) -> Vec<Finding> {
    let mut found = Vec::new();
    for diagram in diagrams(draft) {
        let mut next: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        let mut first: BTreeMap<&str, usize> = BTreeMap::new();
        for (from, to, line) in &diagram.edges {
            next.entry(from).or_default().push(to);
            for name in [from, to] {
                first.entry(name).or_insert(*line);
            }
        }
        let begins = if next.contains_key("[*]") {
            "[*]"
        } else {
            "INIT"
        };
        let mut reached: BTreeSet<&str> = BTreeSet::new();
        let mut open = vec![begins];
        while let Some(name) = open.pop() {
            if reached.insert(name) && (name != "[*]" || reached.len() == 1) {
                open.extend(next.get(name).into_iter().flatten());
            }
        }
        for (name, line) in first.iter().filter(|(name, _)| **name != "[*]") {
            let is_final = State::from_wire(name).is_some_and(State::is_final);
            let onward = next.get(name).map_or(&[][..], Vec::as_slice);
            let leaves = onward.iter().any(|to| *to != "[*]" && to != name);
            let message = if !reached.contains(name) {
                format!("no path leads to {name}")
            } else if is_final && leaves {
                format!("{name} is final, and an edge leads on")
            } else if !is_final && onward.is_empty() {
                format!("no edge leads on from {name}, which is not final")
            } else {
                continue;
            };
            found.push(Finding::new(&diagram.chapter.path, *line, message));
        }
    }
    found
}
