//! Two drafts, type by type and member by member.

use std::collections::BTreeMap;

use super::change::{Change, Class, Difference, Relation};
use super::extent::{Extent, bare};
use super::{obligations, touched::Touched};
use crate::draft::finding::Place;
use crate::draft::model::Draft;
use crate::draft::schema::{Definition, Member};
use crate::suite::CheckSet;

/// What differs between two drafts, with the requirements and checks that it touches.
pub fn compare(old: &Draft, new: &Draft, kits: &[&dyn CheckSet]) -> Difference {
    let mut comparison = Comparison {
        old,
        new,
        touched: Touched::of(kits),
        changes: Vec::new(),
    };
    comparison.types();
    let mut changes = comparison.changes;
    changes.sort_by(|a, b| (a.worst(), &a.subject, &a.what).cmp(&(b.worst(), &b.subject, &b.what)));
    Difference {
        changes,
        sentences: obligations::compare(old, new),
    }
}

struct Comparison<'a> {
    old: &'a Draft,
    new: &'a Draft,
    touched: Touched<'a>,
    changes: Vec<Change>,
}

/// Types by name. Before one file held all of them, a name could stand in several; the first counts.
fn by_name(draft: &Draft) -> BTreeMap<&str, &Definition> {
    let mut types = BTreeMap::new();
    for definition in draft.definitions() {
        types.entry(definition.name.as_str()).or_insert(definition);
    }
    types
}

fn place(definition: &Definition, line: usize) -> Place {
    Place::new(&definition.file, line)
}

fn is_closed(definition: &Definition) -> bool {
    definition.schema.get("additionalProperties") == Some(&false.into())
}

impl<'a> Comparison<'a> {
    fn types(&mut self) {
        let (old, new) = (by_name(self.old), by_name(self.new));
        let mut come: Vec<&Definition> = new
            .iter()
            .filter(|(name, _)| !old.contains_key(*name))
            .map(|(_, definition)| *definition)
            .collect();
        for (name, before) in &old {
            if let Some(after) = new.get(name) {
                self.pair(before, after);
                continue;
            }
            let twin = come
                .iter()
                .position(|other| bare(&other.schema) == bare(&before.schema));
            match twin {
                Some(index) => {
                    let after = come.remove(index);
                    let what = format!("the type is called {} now", after.name);
                    self.note(
                        name,
                        what,
                        Relation::Same.classes(),
                        [Some((before, before.line)), Some((after, after.line))],
                    );
                }
                None => self.note(
                    name,
                    "the type is gone".to_owned(),
                    // Where a type without members was used, the uses are compared.
                    match before.is_object() {
                        true => Relation::Other.classes(),
                        false => Relation::Same.classes(),
                    },
                    [Some((before, before.line)), None],
                ),
            }
        }
        for after in come {
            let what = "the type is new".to_owned();
            let classes = (Class::Compatible, Class::Compatible);
            self.note(
                &after.name,
                what,
                classes,
                [None, Some((after, after.line))],
            );
        }
    }

    fn pair(&mut self, before: &'a Definition, after: &'a Definition) {
        let places = [Some((before, before.line)), Some((after, after.line))];
        let name = &after.name;
        if before.is_object() && after.is_object() {
            match (is_closed(before), is_closed(after)) {
                (true, false) => self.note(
                    name,
                    "other members are permitted".to_owned(),
                    Relation::Wider.classes(),
                    places,
                ),
                (false, true) => self.note(
                    name,
                    "other members are refused".to_owned(),
                    Relation::Narrower.classes(),
                    places,
                ),
                _ => {}
            }
            self.members(before, after);
        } else {
            self.extents(name, (&before.schema, &after.schema), places);
        }
        if before.description() != after.description() {
            self.note(
                name,
                "the description changed".to_owned(),
                Relation::Same.classes(),
                places,
            );
        }
    }

    fn members(&mut self, before: &'a Definition, after: &'a Definition) {
        for old in &before.members {
            match after.member(&old.name) {
                Some(new) => self.member((before, old), (after, new)),
                None => self.gone(before, after, old),
            }
        }
        for new in &after.members {
            if before.member(&new.name).is_none() {
                self.come(before, after, new);
            }
        }
    }

    fn gone(&mut self, before: &'a Definition, after: &'a Definition, old: &Member) {
        let classes = match (is_closed(after), old.required) {
            (true, true) => Relation::Other.classes(),
            (true, false) => Relation::Narrower.classes(),
            (false, _) => Relation::Wider.classes(),
        };
        let what = format!("the member is gone; it was {}", necessity(old));
        self.note(
            &subject(after, old),
            what,
            classes,
            [Some((before, old.line)), Some((after, after.line))],
        );
    }

    fn come(&mut self, before: &'a Definition, after: &'a Definition, new: &Member) {
        let classes = match (is_closed(before), new.required) {
            (true, true) => Relation::Other.classes(),
            (true, false) => Relation::Wider.classes(),
            // Readers of open objects pass over it.
            (false, true) => (Class::Breaking, Class::Compatible),
            (false, false) => Relation::Narrower.classes(),
        };
        let what = format!("the member is new and {}", necessity(new));
        self.note(
            &subject(after, new),
            what,
            classes,
            [Some((before, before.line)), Some((after, new.line))],
        );
    }

    fn member(&mut self, before: (&'a Definition, &Member), after: (&'a Definition, &Member)) {
        let (old, new) = (before.1, after.1);
        let places = [Some((before.0, old.line)), Some((after.0, new.line))];
        let name = subject(after.0, new);
        match (old.required, new.required) {
            (false, true) => self.note(
                &name,
                "it is required now".to_owned(),
                Relation::Narrower.classes(),
                places,
            ),
            (true, false) => self.note(
                &name,
                "it may be left out now".to_owned(),
                Relation::Wider.classes(),
                places,
            ),
            _ => {}
        }
        self.extents(&name, (&old.schema, &new.schema), places);
        if old.description() != new.description() {
            self.note(
                &name,
                "the description changed".to_owned(),
                Relation::Same.classes(),
                places,
            );
        }
    }

    /// What a schema permits, apart from members.
    fn extents(
        &mut self,
        name: &str,
        schemas: (&serde_json::Value, &serde_json::Value),
        places: [Option<(&Definition, usize)>; 2],
    ) {
        let (old, new) = (self.old, self.new);
        let same = |a: &str, b: &str| match (old.definition(a), new.definition(b)) {
            (Some(a), Some(b)) => bare(&a.schema) == bare(&b.schema),
            _ => false,
        };
        let (relation, words) =
            Extent::of(old, schemas.0).relate(&Extent::of(new, schemas.1), &same);
        if relation != Relation::Same {
            self.note(name, words.join("; "), relation.classes(), places);
        }
    }

    fn note(
        &mut self,
        subject: &str,
        what: String,
        classes: (Class, Class),
        places: [Option<(&Definition, usize)>; 2],
    ) {
        let [old, new] = places.map(|at| at.map(|(definition, line)| place(definition, line)));
        let (requirements, checks) = self.touched.by(subject);
        self.changes.push(Change {
            subject: subject.to_owned(),
            what,
            producers: classes.0,
            consumers: classes.1,
            old,
            new,
            requirements,
            checks,
        });
    }
}

fn subject(definition: &Definition, member: &Member) -> String {
    format!("{}.{}", definition.name, member.name)
}

const fn necessity(member: &Member) -> &'static str {
    if member.required {
        "required"
    } else {
        "optional"
    }
}
