//! The least engine, and the least rule, that the benchmarks start. Run by itself it does nothing.
//!
//! `--mode flight-plan` leaves one artifact, `--mode take-off` writes one file, `rule` allows.

use std::fs;
use std::io::{self, Read as _, Write as _};
use std::path::PathBuf;

const BODY: &str = "new content\n";
/// SHA-256 of the body. Without the code to compute it the program stays small, as it is hashed often.
const HASH: &str = "1c3ef9a7c817b4642bcb3cb1456fbce92a6f992df2e1d6ad9d8a2dfb4fdf42f6";
const METADATA: &str = r#"{"artifact_type":"text","action":"write","target":"b.txt","mime":"text/plain","body_file":"body.data"}"#;

fn main() -> io::Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let answer = match args[..] {
        ["--mode", "flight-plan"] => {
            take_input()?;
            let folder = folder("CABINCREW_ARTIFACTS_DIR").join("change");
            fs::create_dir(&folder)?;
            fs::write(folder.join("artifact.json"), METADATA)?;
            fs::write(folder.join("body.data"), BODY)?;
            let size = BODY.len();
            let artifact = format!(
                r#""artifacts":[{{"name":"change","role":"state","path":"change/body.data","hash":"{HASH}","size":{size}}}]"#
            );
            receipt("flight-plan", &format!(",{artifact}"))
        }
        ["--mode", "take-off"] => {
            take_input()?;
            fs::write(folder("CABINCREW_WORKSPACE").join("b.txt"), BODY)?;
            receipt("take-off", "")
        }
        ["rule"] => {
            take_input()?;
            r#"{"decision":"allow"}"#.to_owned()
        }
        _ => return Ok(()),
    };
    io::stdout().write_all(answer.as_bytes())
}

fn take_input() -> io::Result<()> {
    io::stdin().read_to_end(&mut Vec::new()).map(drop)
}

fn folder(name: &str) -> PathBuf {
    std::env::var_os(name)
        .map(PathBuf::from)
        .unwrap_or_default()
}

fn receipt(mode: &str, more: &str) -> String {
    format!(
        r#"{{"protocol_version":"1.0.0","engine_id":"trivial","mode":"{mode}","receipt_id":"{mode}","status":"success"{more}}}"#
    )
}
