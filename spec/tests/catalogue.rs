//! The requirement files hold together.

use std::collections::BTreeSet;

use cabincrew_protocol::requirement::{Actor, Catalogue, CatalogueError, FILES, Verify, is_id};
use cabincrew_protocol::{audit::vocabulary::EVENT_TYPES, schema, workflow};

const HEADER: &str = "[[requirement]]\nid = \"CC-ENG-001\"\nlevel = \"MUST\"\nactor = \"engine\"\n\
    text = \"t\"\nsources = []\nobservable = \"o\"\nviolation = \"v\"\n";

#[test]
fn every_requirement_is_there() {
    let catalogue = Catalogue::embedded();
    assert_eq!(catalogue.len(), 347);
    assert_eq!(FILES.len(), 15);
    let mut previous = String::new();
    for requirement in catalogue.iter() {
        assert!(is_id(&requirement.id), "{}", requirement.id);
        assert_eq!(catalogue.get(&requirement.id), Some(requirement));
        let same_area = previous.get(..7) == requirement.id.get(..7);
        assert!(
            !same_area || previous < requirement.id,
            "{} is out of order",
            requirement.id
        );
        for text in [
            &requirement.text,
            &requirement.observable,
            &requirement.violation,
        ] {
            assert!(!text.is_empty() && text.is_ascii(), "{}", requirement.id);
        }
        previous.clone_from(&requirement.id);
    }
    assert!(catalogue.get("CC-ENG-042").is_none());
}

#[test]
fn each_file_holds_one_area() {
    for (area, text) in FILES {
        let catalogue = Catalogue::parse(&[(area, text)]).unwrap();
        let prefixes: BTreeSet<_> = catalogue.iter().map(|it| it.id[..7].to_owned()).collect();
        assert_eq!(prefixes.len(), 1, "{area}: {prefixes:?}");
    }
}

#[test]
fn an_exclusion_has_a_reason() {
    let mut excluded = 0;
    for requirement in Catalogue::embedded().iter() {
        let gateway = matches!(requirement.actor, Actor::McpGateway | Actor::LlmGateway);
        if let Verify::Excluded(reason) = &requirement.verify {
            excluded += 1;
            assert!(reason.len() > 20, "{}: {reason:?}", requirement.id);
        } else {
            assert!(!gateway, "{} is about a gateway", requirement.id);
        }
    }
    assert_eq!(excluded, 63);
}

#[test]
fn engines_are_checked_but_for_two_permissions() {
    let excluded: Vec<_> = Catalogue::embedded()
        .iter()
        .filter(|it| it.actor == Actor::Engine && it.verify != Verify::Check)
        .map(|it| it.id.as_str())
        .collect();
    assert_eq!(excluded, ["CC-ENG-020", "CC-ENG-036"]);
}

#[test]
fn wrong_files_are_refused() {
    let good = format!("{HEADER}verify = \"check\"\n");
    assert_eq!(Catalogue::parse(&[("a", &good)]).unwrap().len(), 1);
    let twice = format!("{good}{good}");
    let error = Catalogue::parse(&[("a", &twice)]).unwrap_err();
    assert!(
        matches!(error, CatalogueError::DuplicateId { .. }),
        "{error}"
    );
    let malformed = good.replace("ENG-001", "ENGINE-1");
    let error = Catalogue::parse(&[("a", &malformed)]).unwrap_err();
    assert!(
        matches!(error, CatalogueError::MalformedId { .. }),
        "{error}"
    );
    for (part, wrong) in [
        ("verify = \"check\"\n", ""),
        ("verify = \"check\"", "verify = \"never\""),
        ("verify = \"check\"", "verify = { excluded = 1 }"),
        ("level = \"MUST\"", "level = \"must\""),
        ("violation", "violations"),
    ] {
        let text = good.replace(part, wrong);
        let error = Catalogue::parse(&[("a", &text)]).unwrap_err();
        assert!(matches!(error, CatalogueError::File { .. }), "{error}");
    }
}

/// Requirement ids in a text.
fn mentioned(text: &str) -> BTreeSet<String> {
    text.match_indices("CC-")
        .filter_map(|(at, _)| text.get(at..at + 10))
        .map(str::to_owned)
        .collect()
}

#[test]
fn every_requirement_that_is_named_exists() {
    let mut named: BTreeSet<String> = schema::TEXTS
        .iter()
        .flat_map(|(_, text)| mentioned(text))
        .collect();
    named.extend(EVENT_TYPES.iter().map(|it| it.requirement.to_owned()));
    named.extend(
        workflow::TABLE
            .iter()
            .flat_map(|row| row.requirements)
            .map(|id| (*id).to_owned()),
    );
    assert!(named.len() > 100, "only {} ids are named", named.len());
    for id in named {
        assert!(
            Catalogue::embedded().get(&id).is_some(),
            "{id} does not exist"
        );
    }
}
