//! A process: started in its own process group, fed line by line, supervised, and shut down gracefully.
//!
//! Invariants: a supervisor reaps each process, so none stays a zombie; when the process ends, its whole group ends;
//! dropping its handle shuts it down as the protocol defines: close its input, then SIGTERM, then SIGKILL.
//!
//! A process gets few of the gateway's variables: those needed to find programs, the home folder and the language.
//! Others may hold secrets that are not the server's.

use std::io;
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout};
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;
use weir_http::tasks::OwnedTasks;

use crate::surface::mcp::command::Command;

/// Variables of the gateway that every process gets.
const INHERITED: &[&str] =
    &["HOME", "LANG", "LC_ALL", "LC_CTYPE", "LOGNAME", "PATH", "SHELL", "TERM", "TMPDIR", "TZ", "USER"];

/// Lines queued for a process. Beyond that, senders wait.
const QUEUE: usize = 16;

/// Time to exit after its input is closed; servers may save state.
const AFTER_CLOSE: Duration = Duration::from_secs(2);

/// Time to exit after SIGTERM. Together with the time before, it is less than clients allow a server from closing its
/// input to SIGKILL (two seconds, twice), so a relay that is shut down by a client ends its own server in time.
const AFTER_TERM: Duration = Duration::from_millis(1500);

/// Time to read a process's last output.
const LAST_WORDS: Duration = Duration::from_millis(200);

/// Longest logged line of standard error.
const MAX_LOG_LINE: usize = 2048;

/// The environment of a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Surroundings {
    /// Some of the gateway's variables; its standard error goes to the log.
    Few,
    /// The gateway's whole environment and its standard error: the user who started the gateway meant to start this
    /// process.
    All,
}

/// A process that runs until this is dropped.
pub(super) struct Process {
    /// Lines for its standard input, without line ends.
    pub(super) input: mpsc::Sender<Bytes>,
    /// Set by the output's reader at its end. A process that is stopped after that had already begun to exit.
    pub(super) fell_silent: Arc<AtomicBool>,
    _running: oneshot::Sender<()>,
}

/// How a process ended.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) status: io::Result<ExitStatus>,
    /// Whether it was shut down by us.
    pub(super) in_order: bool,
    pub(super) lived: Duration,
}

/// A process group; dropping this kills it.
struct Group(Option<Pid>);

impl Group {
    fn signal(&self, signal: Signal) {
        if let Some(group) = self.0 {
            // It may be gone.
            let _ = kill_process_group(group, signal);
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        // The leader may already be reaped. Its number stays taken while the group has members, and numbers are not
        // reused at once, so this hits no other process.
        self.signal(Signal::KILL);
    }
}

/// Starts a process. Its supervisor is one of `tasks`; `ended` is called after it was reaped.
pub(super) fn start(
    command: &Command,
    surroundings: Surroundings,
    route: &str,
    tasks: &OwnedTasks,
    ended: impl FnOnce(Ended) + Send + 'static,
) -> io::Result<(Process, ChildStdout)> {
    let mut child = build(command, surroundings)?.spawn()?;
    let group = Group(child.id().and_then(|id| Pid::from_raw(id.cast_signed())));
    let missing = || io::Error::other("the process has no standard streams");
    let stdin = child.stdin.take().ok_or_else(missing)?;
    let stdout = child.stdout.take().ok_or_else(missing)?;
    let stderr = child.stderr.take();
    let (input, lines) = mpsc::channel(QUEUE);
    let (running, released) = oneshot::channel();
    let (close, closing) = oneshot::channel();
    let fell_silent = Arc::new(AtomicBool::new(false));
    let silent = Arc::clone(&fell_silent);
    tracing::info!(target: "weir::stdio", route, pid = child.id(), program = command.program, "started a server");
    let route = route.to_owned();
    tasks.spawn(async move {
        let helpers = OwnedTasks::default();
        helpers.spawn(write(stdin, lines, closing));
        let log = OwnedTasks::default();
        if let Some(stderr) = stderr {
            log.spawn(log_lines(stderr, route.clone(), child.id().unwrap_or_default()));
        }
        let started = Instant::now();
        let (status, in_order) = tokio::select! {
            status = child.wait() => (status, false),
            _ = released => {
                let in_order = !silent.load(Ordering::Relaxed);
                (end(&mut child, &group, close).await, in_order)
            }
        };
        drop(group);
        let _ = timeout(LAST_WORDS, log.finished()).await;
        let ending = Ended { status, in_order, lived: started.elapsed() };
        log_end(&route, &ending);
        ended(ending);
    });
    Ok((Process { input, fell_silent, _running: running }, stdout))
}

fn build(command: &Command, surroundings: Surroundings) -> io::Result<tokio::process::Command> {
    let Command { program, arguments, environment, directory, .. } = command;
    // A path is relative to the gateway's folder, not to the process's.
    let program = match program.contains('/') {
        true => std::path::absolute(program)?.into_os_string(),
        false => program.into(),
    };
    let mut built = tokio::process::Command::new(program);
    built.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).process_group(0).kill_on_drop(true);
    match surroundings {
        Surroundings::Few => {
            built.env_clear().stderr(Stdio::piped());
            built.envs(INHERITED.iter().filter_map(|name| Some((name, std::env::var_os(name)?))));
        }
        Surroundings::All => {
            built.stderr(Stdio::inherit());
        }
    }
    built.envs(environment);
    if let Some(directory) = directory {
        built.current_dir(directory);
    }
    Ok(built)
}

/// Shuts a process down gracefully.
async fn end(child: &mut Child, group: &Group, close: oneshot::Sender<()>) -> io::Result<ExitStatus> {
    let _ = close.send(());
    if let Ok(status) = timeout(AFTER_CLOSE, child.wait()).await {
        return status;
    }
    group.signal(Signal::TERM);
    if let Ok(status) = timeout(AFTER_TERM, child.wait()).await {
        return status;
    }
    group.signal(Signal::KILL);
    child.wait().await
}

/// Writes lines until it is signalled to close the input; queued lines are still written.
async fn write(mut stdin: ChildStdin, mut lines: mpsc::Receiver<Bytes>, mut closing: oneshot::Receiver<()>) {
    loop {
        let line = tokio::select! {
            biased;
            line = lines.recv() => line,
            _ = &mut closing => None,
        };
        let Some(line) = line else { return };
        let written = async {
            stdin.write_all(&line).await?;
            stdin.write_all(b"\n").await?;
            stdin.flush().await
        };
        if let Err(error) = written.await {
            tracing::debug!(target: "weir::stdio", %error, "a server no longer reads its input");
            return;
        }
    }
}

/// Logs a process's standard error.
async fn log_lines(stderr: ChildStderr, route: String, pid: u32) {
    let mut reader = BufReader::new(stderr);
    let mut line = Vec::new();
    loop {
        let Ok(buffer) = reader.fill_buf().await else { return };
        if buffer.is_empty() {
            break;
        }
        let found = buffer.iter().position(|byte| *byte == b'\n');
        let piece = &buffer[..found.unwrap_or(buffer.len())];
        line.extend_from_slice(&piece[..piece.len().min(MAX_LOG_LINE - line.len())]);
        let used = piece.len() + usize::from(found.is_some());
        reader.consume(used);
        if found.is_some() {
            log_line(&route, pid, &line);
            line.clear();
        }
    }
    log_line(&route, pid, &line);
}

fn log_line(route: &str, pid: u32, line: &[u8]) {
    let mut text = String::with_capacity(line.len());
    for character in String::from_utf8_lossy(line.trim_ascii_end()).chars() {
        match character {
            '\t' => text.push(' '),
            control if control.is_control() => text.extend(control.escape_default()),
            other => text.push(other),
        }
    }
    if !text.is_empty() {
        tracing::info!(target: "weir::stdio", route, pid, "{text}");
    }
}

fn log_end(route: &str, ended: &Ended) {
    let Ended { status, in_order, lived } = ended;
    let status = match status {
        Ok(status) => status.to_string(),
        Err(error) => error.to_string(),
    };
    let lived_ms = lived.as_millis();
    if *in_order {
        tracing::info!(target: "weir::stdio", route, status, lived_ms, "a server was stopped");
    } else {
        tracing::warn!(target: "weir::stdio", route, status, lived_ms, "a server ended by itself");
    }
}
