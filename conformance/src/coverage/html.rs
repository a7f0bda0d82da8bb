//! Coverage as one HTML page that needs nothing else: no network, no other file.

use std::fmt::Write as _;

use super::model::{Coverage, Row, Standing};
use crate::report::plain::html;

const HEAD: &str = r#"<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Requirements and their checks</title>
<style>
:root { color-scheme: light dark; }
body { font: 1rem/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 76rem; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; }
caption { text-align: left; font-weight: bold; padding: .5rem 0; }
th, td { border-bottom: 1px solid #8888; padding: .35rem .5rem; text-align: left; vertical-align: top; }
code { font-size: .9em; overflow-wrap: anywhere; }
label { display: block; margin: 1rem 0; }
input { font: inherit; width: 24rem; max-width: 100%; }
.open { font-weight: bold; }
@media print { label { display: none; } }
</style>
</head>
<body>
<main>
<h1>Requirements and their checks</h1>
"#;

const SCRIPT: &str = r#"<script>
const field = document.querySelector('input');
const rows = [...document.querySelectorAll('#requirements tbody tr')];
const shown = document.querySelector('output');
function filter() {
  const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
  let count = 0;
  for (const row of rows) {
    const text = row.textContent.toLowerCase();
    row.hidden = !words.every(word => text.includes(word));
    if (!row.hidden) count += 1;
  }
  shown.value = count + ' of ' + rows.length + ' requirements';
}
field.addEventListener('input', filter);
filter();
</script>
"#;

/// The page. Without scripts everything is shown and nothing can be filtered.
pub fn render(coverage: &Coverage) -> String {
    let mut page = String::from(HEAD);
    page.push_str(
        "<table>\n<caption>How many</caption>\n<thead><tr><th scope=\"col\">Who has to keep it</th>\
         <th scope=\"col\">Checked</th><th scope=\"col\">Excluded</th><th scope=\"col\">Open</th></tr></thead>\n<tbody>\n",
    );
    for (actor, [checked, excluded, open]) in &coverage.counts() {
        let _ = writeln!(
            page,
            "<tr><th scope=\"row\">{actor}</th><td>{checked}</td><td>{excluded}</td><td>{open}</td></tr>"
        );
    }
    page.push_str(
        "</tbody>\n</table>\n<label>Show requirements with these words <input type=\"search\"></label>\n\
         <p><output></output></p>\n<table id=\"requirements\">\n<caption>Each of them</caption>\n<thead><tr>\
         <th scope=\"col\">Requirement</th><th scope=\"col\">Sentence</th><th scope=\"col\">Read from</th>\
         <th scope=\"col\">Checks, and the faults they catch</th></tr></thead>\n<tbody>\n",
    );
    for row in &coverage.requirements {
        one(&mut page, row);
    }
    page.push_str("</tbody>\n</table>\n</main>\n");
    page.push_str(SCRIPT);
    page.push_str("</body>\n</html>\n");
    page
}

fn one(page: &mut String, row: &Row) {
    let _ = write!(
        page,
        "<tr id=\"{id}\"><th scope=\"row\"><code>{id}</code><br>{}, {}</th><td>{}</td><td>{}</td><td>",
        row.level,
        row.actor,
        html(row.text),
        html(&row.sources.join(", ")),
        id = row.id
    );
    match row.standing {
        Standing::Excluded => {
            let _ = write!(page, "Excluded: {}", html(row.reason.unwrap_or_default()));
        }
        Standing::Open => page.push_str("<span class=\"open\">Open</span>"),
        Standing::Checked => {
            page.push_str("<ul>");
            for proof in &row.checks {
                let _ = write!(page, "<li><code>{}</code>", html(&proof.check));
                if !proof.faults.is_empty() {
                    let _ = write!(page, ": {}", html(&proof.faults.join(", ")));
                }
                page.push_str("</li>");
            }
            page.push_str("</ul>");
        }
    }
    page.push_str("</td></tr>\n");
}
