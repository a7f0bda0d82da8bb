//! Gateways: a probe of each before take-off (CC-TKO-007, C-72).

use std::net::{SocketAddr, TcpStream, ToSocketAddrs as _};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use super::program;
use crate::clock;
use crate::workflow::{Gateway, Probe};

/// How long a gateway may take to answer.
const PROBE_WITHIN: Duration = Duration::from_secs(3);

/// Whether a gateway answers, and if not, why.
pub(super) fn probe(gateway: &Gateway, base: &Path) -> Result<(), String> {
    match &gateway.probe {
        Probe::Tcp(address) => {
            let addresses = address
                .to_socket_addrs()
                .map_err(|error| error.to_string())?;
            let connect = |address: SocketAddr| TcpStream::connect_timeout(&address, PROBE_WITHIN);
            let mut last = "no address".to_owned();
            for address in addresses {
                match connect(address) {
                    Ok(_) => return Ok(()),
                    Err(error) => last = error.to_string(),
                }
            }
            Err(last)
        }
        Probe::Unix(path) => UnixStream::connect(base.join(path))
            .map(drop)
            .map_err(|error| error.to_string()),
        Probe::Command(command) => probe_command(command, base),
    }
}

fn probe_command(command: &[String], base: &Path) -> Result<(), String> {
    let Some(word) = command.first() else {
        return Err("the command is empty".to_owned());
    };
    let program = if word.contains('/') {
        base.join(word)
    } else {
        word.into()
    };
    let mut child = Command::new(program)
        .args(&command[1..])
        .env_clear()
        .env("PATH", program::PATH)
        .current_dir(base)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| error.to_string())?;
    let deadline = clock::tick() + PROBE_WITHIN;
    loop {
        match child.try_wait() {
            Ok(Some(status)) if status.success() => return Ok(()),
            Ok(Some(status)) => return Err(status.to_string()),
            Ok(None) if clock::tick() < deadline => std::thread::sleep(Duration::from_millis(2)),
            Ok(None) | Err(_) => {
                let _ = child.kill();
                let _ = child.wait();
                return Err("it takes too long".to_owned());
            }
        }
    }
}
