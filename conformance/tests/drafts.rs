//! Every rule of drafts is seen failing, for its own reason, and silent on a draft that keeps it.
//!
//! `fixtures/drafts/<code>/` holds the two drafts; `expected.txt` has what is found in `bad`, and
//! `requirements.toml`, where there is one, the requirements that both are held against.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use cabincrew_conform::draft::{Finding, read, rule};
use cabincrew_protocol::requirement::Catalogue;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/drafts")
}

fn requirements(case: &Path) -> Catalogue {
    let text = std::fs::read_to_string(case.join("requirements.toml")).unwrap_or_default();
    let files: &[(&str, &str)] = if text.is_empty() {
        &[]
    } else {
        &[("test", &text)]
    };
    Catalogue::parse(files).expect("the requirements of a draft of ours can be read")
}

fn findings(case: &Path, side: &str) -> Vec<Finding> {
    let draft = read(&case.join(side)).expect("a draft of ours can be read");
    rule::check(&draft, &requirements(case))
}

fn told(findings: &[Finding]) -> String {
    findings
        .iter()
        .map(|finding| match &finding.other {
            Some((place, says)) => {
                format!(
                    "{}: {}\n    {place}: {says}\n",
                    finding.place, finding.message
                )
            }
            None => format!("{}: {}\n", finding.place, finding.message),
        })
        .collect()
}

fn codes(findings: &[Finding]) -> BTreeSet<&str> {
    findings.iter().map(|finding| finding.code).collect()
}

#[test]
fn every_rule_has_a_bad_and_a_good_draft() {
    let cases: BTreeSet<String> = std::fs::read_dir(folder())
        .expect("there are drafts")
        .map(|entry| entry.expect("the folder can be listed").file_name())
        .map(|name| name.to_string_lossy().into_owned())
        .collect();
    let rules: BTreeSet<String> = rule::all().map(|rule| rule.code.to_owned()).collect();
    assert_eq!(cases, rules);
}

#[test]
fn rules_find_what_is_wrong_and_nothing_else() {
    for rule in rule::all() {
        let case = folder().join(rule.code);
        let (bad, good) = (findings(&case, "bad"), findings(&case, "good"));
        assert!(
            !codes(&good).contains(rule.code),
            "{}: {}",
            rule.code,
            told(&good)
        );
        let (own, others): (Vec<_>, Vec<_>) = bad
            .into_iter()
            .partition(|finding| finding.code == rule.code);
        // Whatever else is said of both drafts is not what sets them apart.
        let strange: BTreeSet<_> = codes(&others).difference(&codes(&good)).copied().collect();
        assert!(
            strange.is_empty(),
            "{} also wakes {}",
            rule.code,
            told(&others)
        );
        let file = case.join("expected.txt");
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(&file, told(&own)).expect("the folder can be written");
        }
        let expected = std::fs::read_to_string(&file).unwrap_or_default();
        assert!(
            !own.is_empty(),
            "{} finds nothing in its bad draft",
            rule.code
        );
        assert_eq!(told(&own), expected, "{}", rule.code);
    }
}
