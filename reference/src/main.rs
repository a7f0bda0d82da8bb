//! The program `cabincrew`.

use std::process::ExitCode;

use cabincrew_reference::cli::{self, Surroundings};
use cabincrew_reference::launch::stage;

fn main() -> ExitCode {
    #[cfg(feature = "faults")]
    if let Some(name) = std::env::var_os(cabincrew_reference::fault::VARIABLE)
        && let Err(error) = cabincrew_reference::fault::choose(&name)
    {
        use std::io::Write as _;
        let _ = writeln!(std::io::stderr(), "cabincrew: {error}");
        return cabincrew_reference::exit::Exit::Usage.into();
    }
    match std::env::args_os().nth(1) {
        Some(arg) if arg == stage::STAGE => return stage::run(),
        Some(arg) if arg == stage::PROBE => return stage::run_probe(),
        _ => {}
    }
    let environment = std::env::vars_os();
    let environment = environment
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    cli::main(&Surroundings {
        environment: environment.collect(),
        program: std::env::current_exe().unwrap_or_default(),
        terminal: std::io::IsTerminal::is_terminal(&std::io::stderr()),
    })
}
