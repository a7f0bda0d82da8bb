//! What it costs to be traced: the same programs bare and traced, by turns, in a folder of their own.
//!
//! ```text
//! cargo bench -p cabincrew-crashpoint
//! ```

#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark that cannot set its stage ends right there, prints what it finds, and has a clock of its own"
)]

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use cabincrew_crashpoint::{Request, trace};

const ROUNDS: usize = 100;

/// A program that does nothing, and one that changes its folder two hundred times without starting
/// another program.
const PROGRAMS: [(&str, &[&str]); 2] = [
    ("`true`: a launch and its end", &["true"]),
    (
        "`sh`, 200 files written",
        &[
            "sh",
            "-c",
            "i=0; while [ $i -lt 200 ]; do echo $i > file-$i; i=$((i + 1)); done",
        ],
    ),
];

fn main() {
    println!("| what | bare (median) | traced (median) | recorded (median) |\n|---|---|---|---|");
    for (what, words) in PROGRAMS {
        let (mut bare, mut traced, mut recorded) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            bare.push(timed(words, None));
            traced.push(timed(words, Some(false)));
            recorded.push(timed(words, Some(true)));
        }
        let figures = [bare, traced, recorded].map(|mut times| ms(median(&mut times)));
        println!("| {what} | {} |", figures.join(" | "));
    }
}

/// How long one launch takes; `record` is about a traced one.
fn timed(words: &[&str], record: Option<bool>) -> Duration {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(words[0]);
    command
        .args(&words[1..])
        .current_dir(folder.path())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let begun = Instant::now();
    match record {
        None => assert!(command.status().unwrap().success()),
        Some(record) => {
            let request = Request {
                watched: folder.path().to_owned(),
                record,
                ..Request::default()
            };
            trace(command, &request).unwrap();
        }
    }
    begun.elapsed()
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort();
    times[times.len() / 2]
}

fn ms(time: Duration) -> String {
    format!("{:.2} ms", time.as_secs_f64() * 1000.0)
}
