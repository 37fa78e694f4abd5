//! The real program as a child process.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::SocketAddr,
    path::Path,
    process::{Child, ChildStdout, Command, ExitStatus, Stdio},
    time::{Duration, Instant},
};

use super::repository;

/// How long anything may take before a test gives up on it.
const PATIENCE: Duration = Duration::from_secs(60);

/// Returns the program, to run in the repository's folder without any variable of its own.
pub fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_yingda"));
    command.current_dir(repository(""));
    for (name, _) in yingda::app::environment() {
        command.env_remove(name);
    }
    command
}

/// Sends a signal, such as `-9`, to a process.
pub fn signal(signal: &str, pid: u32) {
    // Every shell has a kill of its own.
    let sent = Command::new("sh").args(["-c", &format!("kill {signal} {pid}")]).status().expect("a shell");
    assert!(sent.success(), "process {pid} is gone");
}

/// What a run of the program gave.
#[derive(Debug)]
pub struct Ran {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Ran {
    /// Reads what was printed as one JSON object.
    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

/// Runs the program to its end.
pub fn run(arguments: &[&str]) -> Ran {
    run_with_input(arguments, b"")
}

/// Runs the program to its end with something on its standard input.
pub fn run_with_input(arguments: &[&str], input: &[u8]) -> Ran {
    let mut command = program();
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the program is there");
    // A program that does not read may be gone already.
    let _ = child.stdin.take().expect("a pipe").write_all(input);
    let output = child.wait_with_output().expect("the program ends");
    Ran {
        code: output.status.code(),
        out: String::from_utf8(output.stdout).expect("UTF-8"),
        err: String::from_utf8(output.stderr).expect("UTF-8"),
    }
}

/// `yingda serve` as a child; killed where it is dropped.
pub struct ServeChild {
    child: Child,
    pub address: SocketAddr,
    /// Held open, for the program may print more.
    out: BufReader<ChildStdout>,
}

impl ServeChild {
    /// Starts a server on a data folder and waits until it serves.
    pub fn start(data: &Path, options: &[&str]) -> Self {
        let mut command = program();
        command.arg("--data").arg(data).args(["serve", "--listen", "127.0.0.1:0"]).args(options);
        command.env("YINGDA_INDEX_POLL_MS", "50").env("YINGDA_LOG", "warn");
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().expect("the program is there");
        let mut out = BufReader::new(child.stdout.take().expect("a pipe"));
        let address = line_after(&mut out, "listening on ").parse().expect("an address");
        line_after(&mut out, "SERVING");
        Self { child, address, out }
    }

    /// Returns the number of the process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Kills the process as a power cut would, and waits until it is gone.
    pub fn kill(&mut self) {
        self.child.kill().expect("it may be killed");
        self.child.wait().expect("it ends");
    }

    /// Asks the process to end, and returns how it ended and what it still printed.
    pub fn terminate(mut self) -> (ExitStatus, String) {
        signal("-15", self.id());
        let since = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().expect("it may be waited for") {
                break status;
            }
            assert!(since.elapsed() < PATIENCE, "the server does not stop");
            std::thread::sleep(Duration::from_millis(10));
        };
        let mut rest = String::new();
        self.out.read_to_string(&mut rest).expect("UTF-8");
        (status, rest)
    }
}

impl Drop for ServeChild {
    fn drop(&mut self) {
        // It may have been killed or have ended before.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn line_after(out: &mut impl BufRead, start: &str) -> String {
    let mut line = String::new();
    loop {
        line.clear();
        let read = out.read_line(&mut line).expect("UTF-8");
        assert!(read > 0, "the program ended before it printed {start:?}");
        if let Some(rest) = line.strip_prefix(start) {
            return rest.trim().to_owned();
        }
    }
}
