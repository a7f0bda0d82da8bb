//! Which damages are inflicted at a rest, and in which order.

use std::collections::VecDeque;

use crate::orchestrator::damage::{Damage, Harm, Resting};
use crate::orchestrator::drive::Part;

/// Bytes at which the form of a document hangs.
const STRUCTURE: &[u8] = b"{}[]\":,\n \\\0";

/// How often each file has its turn: the one that was written last, and any other.
const TURNS_OF_NEWEST: usize = 4;
/// One cut comes after so many flips.
const FLIPS_BEFORE_CUT: usize = 4;

/// How damages are chosen.
#[derive(Debug, Clone, Copy)]
pub(super) struct Choice {
    /// The seed of the order and of the bits.
    pub(super) seed: u64,
    /// Whether there may be no time for all: then the order is a mixture.
    pub(super) sampled: bool,
}

/// Every byte of every file changed once in one bit or all, and every end cut off; those of one worker. All
/// workers together leave out none, even where their files differ in length.
pub(super) fn choice(resting: &Resting, choice: Choice, part: Part) -> Vec<Damage> {
    let mut flips = Vec::new();
    let mut cuts = Vec::new();
    for (path, bytes) in &resting.files {
        let own = |at: &usize| at % part.of == part.number;
        let flip = |offset: usize| {
            let rank = mixed(choice.seed, path, offset);
            let structure = STRUCTURE.contains(&bytes[offset]);
            let harm = Harm::Flip {
                offset,
                mask: mask(rank),
            };
            (structure, rank, harm)
        };
        flips.push((path, (0..bytes.len()).filter(own).map(flip).collect()));
        let cut = |length: usize| {
            let rank = mixed(!choice.seed, path, length);
            let structure = length == 0 || bytes[length - 1] == b'\n';
            (structure, rank, Harm::Cut { length })
        };
        cuts.push((path, (0..bytes.len()).filter(own).map(cut).collect()));
    }
    let damage = |(path, harm): (&String, Harm)| Damage {
        path: path.clone(),
        harm,
    };
    let lists = [flips, cuts].map(|lists| in_order(lists, choice, &resting.newest));
    let [flips, cuts] = lists.map(|list| list.into_iter().map(damage).collect());
    if choice.sampled {
        between(flips, cuts)
    } else {
        [flips, cuts].concat()
    }
}

/// The damages of each file: whether it hits the structure, its place in a random order, and what it is.
type Lists<'a> = Vec<(&'a String, Vec<(bool, u64, Harm)>)>;

fn in_order<'a>(lists: Lists<'a>, choice: Choice, newest: &str) -> Vec<(&'a String, Harm)> {
    if !choice.sampled {
        let of_file = |(path, list): (&'a String, Vec<(bool, u64, Harm)>)| {
            list.into_iter().map(move |(_, _, harm)| (path, harm))
        };
        return lists.into_iter().flat_map(of_file).collect();
    }
    let mut queues: Vec<(&String, usize, VecDeque<Harm>)> = lists
        .into_iter()
        .map(|(path, list)| {
            // Where something can be said about a file at all, its length says how much.
            let large = list.len().checked_ilog2().unwrap_or_default() as usize / 4;
            let newest = if path == newest { TURNS_OF_NEWEST } else { 0 };
            (path, 1 + large + newest, alternating(list))
        })
        .collect();
    let mut order = Vec::new();
    while queues.iter().any(|(_, _, queue)| !queue.is_empty()) {
        for (path, turns, queue) in &mut queues {
            let taken = queue.len().min(*turns);
            order.extend(queue.drain(..taken).map(|harm| (*path, harm)));
        }
    }
    order
}

/// By turns what hits the structure and what does not, each in a random order.
fn alternating(mut list: Vec<(bool, u64, Harm)>) -> VecDeque<Harm> {
    list.sort_by_key(|(_, rank, _)| *rank);
    let (structure, rest): (Vec<_>, Vec<_>) = list.into_iter().partition(|(is, _, _)| *is);
    let harms = |list: Vec<(bool, u64, Harm)>| list.into_iter().map(|(_, _, harm)| harm);
    let (mut one, mut two) = (harms(structure), harms(rest));
    let mut order = VecDeque::new();
    loop {
        let pair = [one.next(), two.next()];
        if pair.iter().all(Option::is_none) {
            return order;
        }
        order.extend(pair.into_iter().flatten());
    }
}

/// Cuts in between flips.
fn between(flips: Vec<Damage>, cuts: Vec<Damage>) -> Vec<Damage> {
    let mut cuts = cuts.into_iter();
    let mut order = Vec::new();
    for (at, flip) in flips.into_iter().enumerate() {
        order.push(flip);
        if (at + 1) % FLIPS_BEFORE_CUT == 0 {
            order.extend(cuts.next());
        }
    }
    order.extend(cuts);
    order
}

/// One of the eight bits, or all of them.
fn mask(rank: u64) -> u8 {
    match rank % 9 {
        8 => 0xff,
        bit => 1 << bit,
    }
}

/// A number that looks random (splitmix64).
fn mixed(seed: u64, path: &str, at: usize) -> u64 {
    let step = |state: u64, value: u64| {
        let mut z = (state ^ value).wrapping_add(0x9e37_79b9_7f4a_7c15);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    };
    let named = path
        .bytes()
        .fold(seed, |state, byte| step(state, u64::from(byte)));
    step(named, u64::try_from(at).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::orchestrator::judge::sample_run;
    use crate::tree::Tree;

    const ALONE: Part = Part { number: 0, of: 1 };

    fn resting() -> Resting {
        let files = [
            ("a", "{\"x\":1}\n"),
            ("log", "a line\nanother\n"),
            ("lock", ""),
        ];
        Resting {
            name: "run".to_owned(),
            seen: sample_run(),
            workspace: Tree::new(),
            files: files
                .map(|(path, text)| (path.to_owned(), text.into()))
                .into(),
            newest: "log".to_owned(),
            undamaged: Vec::new(),
        }
    }

    #[test]
    fn every_byte_and_every_length_has_its_damage() {
        let resting = resting();
        for sampled in [false, true] {
            let how = Choice { seed: 1, sampled };
            let all: BTreeSet<Damage> = (0..3)
                .flat_map(|number| choice(&resting, how, Part { number, of: 3 }))
                .collect();
            let bytes: usize = resting.files.values().map(Vec::len).sum();
            assert_eq!(all.len(), 2 * bytes);
            let whole = choice(&resting, how, ALONE);
            assert_eq!(whole.iter().cloned().collect::<BTreeSet<_>>(), all);
            let fits = |damage: &Damage| damage.of(&resting.files[&damage.path]).is_some();
            assert!(whole.iter().all(fits));
        }
    }

    #[test]
    fn a_sample_begins_with_every_file_and_depends_on_the_seed() {
        let resting = resting();
        let order = |seed| {
            choice(
                &resting,
                Choice {
                    seed,
                    sampled: true,
                },
                ALONE,
            )
        };
        let first: BTreeSet<_> = order(1).into_iter().take(8).map(|it| it.path).collect();
        assert_eq!(first.len(), 2);
        assert_ne!(order(1), order(2));
        assert_eq!(order(1), order(1));
    }
}
