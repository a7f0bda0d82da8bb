//! Sentences that oblige, in one draft and not in the other.

use std::collections::BTreeMap;

use cabincrew_protocol::requirement::Catalogue;

use super::change::Sentence;
use crate::draft::chapter::{Chapter, Item};
use crate::draft::finding::Place;
use crate::draft::model::Draft;
use crate::draft::rules::requirements::{is_of_protocol, read_from};
use crate::draft::words::{duty, sentences};

/// Sentences that only one of two drafts has, by place. A sentence that moved is in both.
pub(super) fn compare(old: &Draft, new: &Draft) -> Vec<Sentence> {
    let (before, after) = (all(old), all(new));
    let mut found = Vec::new();
    for (draft, own, other, added) in [(old, &before, &after, false), (new, &after, &before, true)]
    {
        for (text, (chapter, section, line)) in own {
            if !other.contains_key(text) {
                found.push(Sentence {
                    place: Place::new(&chapter.path, *line),
                    added,
                    text: text.clone(),
                    requirements: read_from(draft, Catalogue::embedded(), chapter, *section),
                });
            }
        }
    }
    found.sort_by(|a, b| (&a.place, a.added).cmp(&(&b.place, b.added)));
    found
}

/// Every sentence that obliges, on one line, with the place of the first.
fn all(draft: &Draft) -> BTreeMap<String, (&Chapter, usize, usize)> {
    let mut found = BTreeMap::new();
    for chapter in draft
        .chapters
        .iter()
        .filter(|chapter| is_of_protocol(chapter))
    {
        let blocks = chapter.blocks.iter();
        for block in blocks.filter(|block| block.item != Item::Heading && !block.quoted) {
            for sentence in sentences(&block.text) {
                if duty(sentence).is_some() {
                    let text = sentence.split_whitespace().collect::<Vec<_>>().join(" ");
                    found
                        .entry(text)
                        .or_insert((chapter, block.section, block.line));
                }
            }
        }
    }
    found
}
