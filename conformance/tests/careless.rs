//! The orchestrator kit on the example in Python, made wrong in one way that no fault of the reference
//! shows.

use std::path::Path;

use crate::conform::Conform;

const EXAMPLE: &str = "../fixtures/orchestrators/python/minimal";

#[test]
fn a_take_off_that_cannot_be_logged_is_found() {
    let conform = Conform::new();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(EXAMPLE);
    let mut text = std::fs::read_to_string(path).expect("the example is there");
    for call in [
        "self.append(canonical(line) + b\"\\n\")",
        "self.write_state()",
    ] {
        let line = format!("        {call}\n");
        assert!(text.contains(&line), "{call}");
        let careless = format!(
            "        try:\n            {call}\n        except OSError:\n            pass\n"
        );
        text = text.replace(&line, &careless);
    }
    conform.executable("careless", &text);

    let ran = conform.run(&["orchestrator", "--filter", "CC-AUD-017", "./careless"]);
    let report = conform.report();
    if !report
        .capabilities
        .get("immutable-files")
        .copied()
        .unwrap_or(false)
    {
        // Files cannot be made unwritable here, and then nothing is said.
        assert_ne!(ran.code, 1, "{}{}", ran.stdout, ran.stderr);
        return;
    }
    assert_eq!(ran.code, 1, "{}{}", ran.stdout, ran.stderr);
    for words in [
        "CC-AUD-017/no-unlogged-take-off",
        "for each of 1 take-off(s)",
    ] {
        assert!(ran.stdout.contains(words), "{words}: {}", ran.stdout);
    }
}
