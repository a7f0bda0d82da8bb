//! The lifecycle as a picture, drawn from the transition table: once for the page, and over it the path
//! of each workflow.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use cabincrew_protocol::workflow::{State, TABLE, may_follow};

/// A row of the picture, its boxes, and where columns begin; in the picture's own units.
const ROW: usize = 40;
const BOX: (usize, usize) = (190, 26);
const COLUMN: usize = 220;
const LEFT: usize = 110;
const TOP: usize = 8;
/// The bar of the state `FAILED`, which nearly every other one leads to: its place and its width.
const BAR: (usize, usize) = (4, 56);

/// Where a state stands: row and column.
type Place = (usize, usize);

/// The picture.
#[derive(Debug)]
pub(super) struct Lifecycle {
    places: BTreeMap<State, Place>,
}

impl Lifecycle {
    /// Lays the table out: a state stands below all those that come before it, beside a state that
    /// already stands there.
    pub(super) fn new() -> Self {
        let mut places: BTreeMap<State, Place> = BTreeMap::new();
        for state in State::ALL.iter().filter(|state| **state != State::Failed) {
            let before: Vec<Place> = TABLE
                .iter()
                .filter(|row| row.to == *state)
                .filter_map(|row| places.get(&row.from).copied())
                .collect();
            let row = before.iter().map(|(row, _)| row + 1).max().unwrap_or(0);
            let mut column = before.iter().map(|(_, column)| *column).min().unwrap_or(0);
            while places.values().any(|place| *place == (row, column)) {
                column += 1;
            }
            places.insert(*state, (row, column));
        }
        Self { places }
    }

    /// Boxes and arrows as symbols that every path of the page uses.
    pub(super) fn symbols(&self) -> String {
        let mut text = String::from(
            "<svg class=\"symbols\" width=\"0\" height=\"0\" aria-hidden=\"true\" focusable=\"false\">\n<defs>\n\
             <marker id=\"tip\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"6\" markerHeight=\"6\" \
             orient=\"auto\"><path d=\"M0 0L8 4L0 8z\" fill=\"context-stroke\"/></marker>\n<g id=\"lifecycle\">\n",
        );
        let mut drawn: Vec<(State, State)> = Vec::new();
        for row in TABLE {
            if !drawn.contains(&(row.from, row.to)) {
                drawn.push((row.from, row.to));
                let line = self.line(row.from, row.to);
                let id = edge(row.from, row.to);
                let _ = writeln!(text, "<path id=\"{id}\" class=\"edge\" d=\"{line}\"/>");
            }
        }
        for state in State::ALL {
            let (x, y, width, height) = self.frame(*state);
            let (middle, line) = (x + width / 2, y + height / 2);
            let turn = if *state == State::Failed {
                format!(" transform=\"rotate(-90 {middle} {line})\"")
            } else {
                String::new()
            };
            let _ = writeln!(
                text,
                "<g id=\"state-{state}\" class=\"state\"><rect x=\"{x}\" y=\"{y}\" width=\"{width}\" \
                 height=\"{height}\" rx=\"4\"/><text x=\"{middle}\" y=\"{line}\"{turn}>{state}</text></g>"
            );
        }
        text.push_str("</g>\n</defs>\n</svg>\n");
        text
    }

    /// The picture with a path over it, for eyes and for screen readers.
    pub(super) fn figure(&self, path: &[State]) -> String {
        let names: Vec<&str> = path.iter().map(|state| state.as_str()).collect();
        let (width, height) = self.size();
        let mut text = format!(
            "<svg class=\"lifecycle\" viewBox=\"0 0 {width} {height}\" role=\"img\">\n\
             <title>Path through the lifecycle: {}</title>\n<use href=\"#lifecycle\"/>\n",
            names.join(", then ")
        );
        for pair in path.windows(2) {
            if let [from, to] = *pair {
                self.moved(&mut text, from, to);
            }
        }
        for (at, state) in path.iter().enumerate() {
            let class = if at + 1 == path.len() {
                "last"
            } else {
                "taken"
            };
            let _ = writeln!(text, "<use href=\"#state-{state}\" class=\"{class}\"/>");
        }
        text.push_str("</svg>\n");
        text
    }

    /// One move: the arrows of the table, those through optional states included, or a line of its own
    /// for a move that the table does not have.
    fn moved(&self, text: &mut String, from: State, to: State) {
        let chain = chain(from, to);
        if chain.is_empty() {
            let middle = |state| {
                let (x, y, width, height) = self.frame(state);
                format!("{} {}", x + width / 2, y + height / 2)
            };
            let (start, end) = (middle(from), middle(to));
            let _ = writeln!(text, "<path class=\"edge strange\" d=\"M{start}L{end}\"/>");
        }
        for (from, to) in chain {
            let id = edge(from, to);
            let _ = writeln!(text, "<use href=\"#{id}\" class=\"taken\"/>");
        }
    }

    /// Left, top, width and height of a state's box.
    fn frame(&self, state: State) -> (usize, usize, usize, usize) {
        match self.places.get(&state) {
            // Later columns stand half a row lower, so that lines to the bar pass between boxes.
            Some((row, column)) => {
                let lower = if *column > 0 { ROW / 2 } else { 0 };
                let (x, y) = (LEFT + column * COLUMN, TOP + row * ROW + lower);
                (x, y, BOX.0, BOX.1)
            }
            None => (BAR.0, TOP, BAR.1, self.size().1 - 2 * TOP),
        }
    }

    fn size(&self) -> (usize, usize) {
        let rows = self.places.values().map(|(row, _)| row + 1).max();
        let columns = self.places.values().map(|(_, column)| column + 1).max();
        let width = LEFT + columns.unwrap_or(1) * COLUMN + 10;
        (width, 2 * TOP + (rows.unwrap_or(1) - 1) * ROW + BOX.1)
    }

    /// The arrow of a move.
    fn line(&self, from: State, to: State) -> String {
        let (x, y, width, height) = self.frame(from);
        let (to_x, to_y, to_width, to_height) = self.frame(to);
        let (middle, level) = (x + width / 2, y + height / 2);
        let (to_middle, to_level) = (to_x + to_width / 2, to_y + to_height / 2);
        if to == State::Failed {
            format!("M{x} {level}H{}", to_x + to_width)
        } else if to_y < y {
            let aside = self.size().0 - 6;
            format!(
                "M{} {level}H{aside}V{to_level}H{}",
                x + width,
                to_x + to_width
            )
        } else if to_x == x {
            format!("M{middle} {}V{to_y}", y + height)
        } else if to_x > x {
            format!("M{} {level}H{to_middle}V{to_y}", x + width)
        } else {
            format!("M{middle} {}V{to_level}H{}", y + height, to_x + to_width)
        }
    }
}

fn edge(from: State, to: State) -> String {
    format!("move-{from}-{to}")
}

/// The rows of the table that lead from a state to the next one that was seen: one, or several through
/// optional states; none if the table has no such move.
fn chain(from: State, to: State) -> Vec<(State, State)> {
    let next = from.successors();
    if next.contains(&to) {
        return vec![(from, to)];
    }
    let through = next
        .into_iter()
        .find(|next| next.is_marker() && may_follow(*next, to));
    through.map_or_else(Vec::new, |marker| {
        let mut moves = vec![(from, marker)];
        moves.extend(chain(marker, to));
        moves
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_states_share_a_place_and_all_arrows_are_drawn() {
        let picture = Lifecycle::new();
        let symbols = picture.symbols();
        let mut places: Vec<Place> = picture.places.values().copied().collect();
        places.sort_unstable();
        places.dedup();
        assert_eq!(places.len() + 1, State::ALL.len());
        for state in State::ALL {
            assert!(
                symbols.contains(&format!("id=\"state-{state}\"")),
                "{state}"
            );
        }
        for row in TABLE {
            let id = format!("id=\"{}\"", edge(row.from, row.to));
            assert_eq!(symbols.matches(&id).count(), 1, "{id}");
        }
    }

    #[test]
    fn a_path_uses_the_arrows_of_the_table_and_shows_moves_that_it_lacks() {
        use State as S;
        let picture = Lifecycle::new();
        let good = picture.figure(&[S::Init, S::PlanGenerated, S::Failed]);
        for part in [
            "#move-INIT-PLAN_RUNNING\"",
            "#move-PLAN_RUNNING-PLAN_GENERATED\"",
            "#move-PLAN_GENERATED-FAILED\"",
            "#state-INIT\" class=\"taken\"",
            "#state-FAILED\" class=\"last\"",
            "INIT, then PLAN_GENERATED, then FAILED",
        ] {
            assert!(good.contains(part), "{part} in {good}");
        }
        assert!(!good.contains("strange"), "{good}");
        let strange = picture.figure(&[S::Failed, S::TakeoffRunning]);
        assert!(strange.contains("class=\"edge strange\""), "{strange}");
    }
}
