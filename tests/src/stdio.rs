//! A stdio client: starts a program, sends one message per line, reads the replies.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

/// Longer than any wait: a test fails instead of hanging.
const PATIENCE: Duration = Duration::from_secs(30);

/// A running program. Killed on drop.
pub struct Client {
    child: Child,
    input: Option<ChildStdin>,
    messages: Receiver<Value>,
    log: Arc<Mutex<String>>,
}

/// The test server next to this test's own binary: both are built into one folder.
pub fn server() -> PathBuf {
    let own = std::env::current_exe().unwrap();
    let path = own.ancestors().nth(2).unwrap().join("mcp_stdio_server");
    assert!(path.is_file(), "{} is not there; `cargo xtask test --suite end-to-end` builds it", path.display());
    path
}

/// Whether a process is running; zombies do not count.
pub fn is_running(pid: u32) -> bool {
    std::fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| !stat.contains(") Z "))
}

/// Waits for a condition.
pub fn until(what: &str, holds: impl Fn() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < PATIENCE, "waited in vain until {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

impl Client {
    /// Starts a program. All of its standard output must be JSON.
    pub fn start(command: &mut Command) -> Self {
        let command = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.env_remove("WEIR_LOG").spawn().unwrap();
        let input = child.stdin.take();
        let output = BufReader::new(child.stdout.take().unwrap());
        let mut errors = child.stderr.take().unwrap();
        let (send, messages) = channel();
        std::thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                let message = serde_json::from_str(&line)
                    .unwrap_or_else(|error| json!({"not JSON": line, "why": error.to_string()}));
                if send.send(message).is_err() {
                    return;
                }
            }
        });
        let log = Arc::new(Mutex::new(String::new()));
        let gathered = Arc::clone(&log);
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(length @ 1..) = errors.read(&mut bytes) {
                gathered.lock().unwrap().push_str(&String::from_utf8_lossy(&bytes[..length]));
            }
        });
        Self { child, input, messages, log }
    }

    /// Sends a message.
    pub fn say(&mut self, message: &Value) {
        self.say_line(&message.to_string());
    }

    /// Sends a line unchanged.
    pub fn say_line(&mut self, line: &str) {
        writeln!(self.input.as_mut().unwrap(), "{line}").unwrap();
    }

    /// The next message.
    pub fn hear(&self) -> Value {
        self.messages.recv_timeout(PATIENCE).unwrap_or_else(|error| panic!("{error}; log:\n{}", self.log()))
    }

    /// Sends a request and returns the next message.
    pub fn ask(&mut self, message: &Value) -> Value {
        self.say(message);
        self.hear()
    }

    /// Closes the input and returns all remaining messages.
    pub fn close(&mut self) -> Vec<Value> {
        self.input = None;
        self.messages.iter().collect()
    }

    /// Sends SIGTERM, as an operator does.
    pub fn terminate(&self) {
        kill_process(Pid::from_child(&self.child), Signal::TERM).unwrap();
    }

    /// Waits for it to exit.
    pub fn wait(&mut self) -> ExitStatus {
        let start = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(start.elapsed() < PATIENCE, "it does not end; log:\n{}", self.log());
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Its standard error so far.
    pub fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        // It may have exited by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
