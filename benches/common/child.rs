//! A server as a child process.

use std::{
    io::{BufRead, BufReader},
    net::SocketAddr,
    path::Path,
    process::{Child, ChildStdout, Command, Stdio},
};

/// A server in a process of its own; killed where it is dropped.
pub struct ServerChild {
    child: Child,
    pub address: SocketAddr,
    /// Held open, for the program may print more.
    _out: BufReader<ChildStdout>,
}

impl ServerChild {
    /// Starts `yingda serve` on a data folder.
    pub fn serve(data: &Path, options: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_yingda"));
        command.current_dir(env!("CARGO_MANIFEST_DIR")).arg("--data").arg(data);
        command.args(["serve", "--listen", "127.0.0.1:0"]).args(options).env("YINGDA_LOG", "warn");
        Self::start(command)
    }

    /// Starts a program that prints its address and then SERVING.
    pub fn start(mut command: Command) -> Self {
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().expect("the program is there");
        let mut out = BufReader::new(child.stdout.take().expect("a pipe"));
        let mut next = |start: &str| loop {
            let mut line = String::new();
            assert!(out.read_line(&mut line).expect("UTF-8") > 0, "the program ended");
            if let Some(rest) = line.strip_prefix(start) {
                break rest.trim().to_owned();
            }
        };
        let address = next("listening on ").parse().expect("an address");
        next("SERVING");
        Self { child, address, _out: out }
    }

    /// Returns the number of the process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for ServerChild {
    fn drop(&mut self) {
        // It may have ended before.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
