//! The real binary as a process.

use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::http::{Connection, Message};

/// A running gateway. Killed on drop.
pub struct Weir {
    child: Child,
    /// The gateway's address.
    pub gateway: SocketAddr,
    /// The admin address.
    pub admin: SocketAddr,
    /// How many policies it reported.
    pub policies: usize,
    stdout: Arc<Mutex<String>>,
    stderr: Arc<Mutex<String>>,
}

/// The result of a command.
pub struct Ended {
    /// Its exit status.
    pub status: ExitStatus,
    /// Its standard output.
    pub stdout: String,
    /// Its standard error.
    pub stderr: String,
}

/// The binary next to this test's own, or in the folder above it: both are built into one folder.
pub fn binary() -> PathBuf {
    let own = std::env::current_exe().unwrap();
    let name = format!("weir{}", std::env::consts::EXE_SUFFIX);
    let mut places = own.ancestors().skip(1).take(2).map(|folder| folder.join(&name));
    let binary = places.find(|path| path.is_file()).unwrap_or_default();
    assert!(binary.is_file(), "the binary is not there; `cargo xtask test --suite end-to-end` builds it");
    binary
}

/// Runs a command to completion.
pub fn run(arguments: &[&str], folder: &Path) -> Ended {
    let output = Command::new(binary()).args(arguments).arg(folder).env_remove("WEIR_LOG").output().unwrap();
    Ended {
        status: output.status,
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

impl Weir {
    /// Serves a folder on free ports and waits until it is ready.
    pub fn serve(folder: &Path) -> Self {
        Self::start("serve", folder)
    }

    /// The same with the embedded upstreams.
    pub fn demo(folder: &Path) -> Self {
        Self::start("demo", folder)
    }

    fn start(command: &str, folder: &Path) -> Self {
        let mut child = Command::new(binary())
            .args([command, "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"])
            .arg(folder)
            .env_remove("WEIR_LOG")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let stderr = collect(BufReader::new(child.stderr.take().unwrap()), String::new());
        let mut reader = BufReader::new(child.stdout.take().unwrap());
        let Some((line, ready)) = ready_line(&mut reader) else {
            let status = child.wait().unwrap();
            panic!("weir {command} ended before it was ready ({status}):\n{}", stderr.lock().unwrap());
        };
        let Ready { gateway, admin, policies } = ready;
        Self { child, gateway, admin, policies, stdout: collect(reader, line), stderr }
    }

    /// A connection to the gateway.
    pub fn connect(&self) -> Connection {
        Connection::open(self.gateway).unwrap()
    }

    /// Queries the admin surface.
    pub fn admin(&self, path: &str) -> Message {
        Connection::open(self.admin).unwrap().get(path).unwrap()
    }

    /// The value of a metric with exactly these labels, as Prometheus writes them.
    pub fn metric(&self, series: &str) -> Option<f64> {
        let text = self.admin("/metrics").text();
        let line = text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '))?;
        line.parse().ok()
    }

    /// The epoch of the serving set.
    pub fn epoch(&self) -> u64 {
        self.admin("/v1/policies").value()["reload"]["epoch"].as_u64().unwrap()
    }

    /// Waits for a condition.
    pub fn wait_until(&self, what: &str, mut holds: impl FnMut(&Self) -> bool) {
        let start = Instant::now();
        while !holds(self) {
            assert!(start.elapsed() < Duration::from_secs(20), "waited in vain until {what}; log:\n{}", self.log());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Sends SIGTERM, as an operator does.
    pub fn terminate(&self) {
        let id = Pid::from_child(&self.child);
        kill_process(id, Signal::TERM).unwrap();
    }

    /// Kills it, as in a crash.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Waits for it to exit.
    pub fn wait(&mut self) -> ExitStatus {
        let start = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(start.elapsed() < Duration::from_secs(30), "it does not end; log:\n{}", self.log());
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Its standard error so far.
    pub fn log(&self) -> String {
        self.stderr.lock().unwrap().clone()
    }

    /// Its standard output so far.
    pub fn printed(&self) -> String {
        self.stdout.lock().unwrap().clone()
    }
}

impl Drop for Weir {
    fn drop(&mut self) {
        // It may have exited by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

struct Ready {
    gateway: SocketAddr,
    admin: SocketAddr,
    policies: usize,
}

/// The first line: `weir ready gateway=http://… admin=http://… policies=N`.
fn ready_line(reader: &mut BufReader<ChildStdout>) -> Option<(String, Ready)> {
    let mut line = String::new();
    reader.read_line(&mut line).unwrap();
    let rest = line.trim_end().strip_prefix("weir ready ")?;
    let field = |name: &str| {
        let value = rest.split(' ').find_map(|field| field.strip_prefix(name));
        value.unwrap_or_else(|| panic!("{line:?} has no {name}")).trim_start_matches("http://").to_owned()
    };
    let ready = Ready {
        gateway: field("gateway=").parse().unwrap(),
        admin: field("admin=").parse().unwrap(),
        policies: field("policies=").parse().unwrap(),
    };
    Some((line, ready))
}

/// Collects a stream until it ends, so that the process never blocks on a full pipe.
fn collect(mut reader: impl Read + Send + 'static, start: String) -> Arc<Mutex<String>> {
    let text = Arc::new(Mutex::new(start));
    let gathered = Arc::clone(&text);
    std::thread::spawn(move || {
        let mut bytes = [0; 4096];
        while let Ok(length @ 1..) = reader.read(&mut bytes) {
            gathered.lock().unwrap().push_str(&String::from_utf8_lossy(&bytes[..length]));
        }
    });
    text
}
