//! Planned files within other files: an orchestrator may keep artifacts in a database.

use std::collections::BTreeMap;

use crate::orchestrator::observe::TELLING;

/// Planned artifact files: `NAME/FILE` to bytes.
pub(super) type Files = BTreeMap<String, Vec<u8>>;

/// A database may continue a long value on another page: so much of a file is in one piece.
const HEAD: usize = 256;
/// Most pieces of a file that are looked for.
const PIECES: usize = 16;

/// Where a piece of a planned file stands in a file: offset and length in bytes. The pieces of a long
/// one are looked for one after the other, for the first may be torn between two pages.
pub(super) fn within(bytes: &[u8], wanted: &[u8]) -> Option<(usize, usize)> {
    let pieces = wanted.chunks(HEAD).take(PIECES);
    // The rest at the end may be short enough to stand anywhere by chance.
    let mut whole = pieces.filter(|piece| piece.len() == wanted.len().min(HEAD));
    whole.find_map(|piece| Some((memchr::memmem::find(bytes, piece)?, piece.len())))
}

/// The same for damage, which has to hit the planned file and nothing else.
pub(super) fn to_damage(bytes: &[u8], wanted: &[u8]) -> Option<(usize, usize)> {
    within(bytes, wanted).filter(|_| wanted.len() >= TELLING)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_planned_file_is_found_within_a_file() {
        let database = b"page 1|for the reviewer|page 2";
        assert_eq!(within(database, b"for the reviewer"), Some((7, 16)));
        assert_eq!(within(database, b"for the reviewed"), None);
    }

    #[test]
    fn a_long_one_is_found_by_what_is_in_one_piece() {
        let long = "0123456789".repeat(100);
        let database = format!("page|{}|page|{}", &long[..400], &long[400..]);
        assert_eq!(
            within(database.as_bytes(), long.as_bytes()),
            Some((5, HEAD))
        );
    }

    #[test]
    fn a_piece_that_is_torn_does_not_hide_the_others() {
        let long: String = (0..500).map(|number| format!("{number:04}")).collect();
        let database = format!("{}|page|{}", &long[..100], &long[100..]);
        assert_eq!(
            within(database.as_bytes(), long.as_bytes()),
            Some((262, HEAD))
        );
    }

    #[test]
    fn what_may_stand_there_by_chance_is_not_damaged() {
        assert_eq!(to_damage(b"zeta", b"z"), None);
        assert!(within(b"zeta", b"z").is_some());
    }
}
