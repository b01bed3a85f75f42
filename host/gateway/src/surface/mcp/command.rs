//! A program that the gateway starts for a route.
//!
//! Invariant: a program's environment and arguments may contain secrets, so neither is shown, not by `Display` and not
//! by `Debug`.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A program to start, and how its processes are used.
#[derive(Clone, PartialEq, Eq)]
pub struct Command {
    /// The program: a path, or a name to look up in `PATH`.
    pub program: String,
    /// Its arguments.
    pub arguments: Vec<String>,
    /// Variables in addition to the few that every program gets.
    pub environment: BTreeMap<String, String>,
    /// Its working directory; the gateway's own by default.
    pub directory: Option<PathBuf>,
    /// Who uses a process.
    pub sharing: Sharing,
    /// Most concurrent processes.
    pub max_processes: usize,
    /// How long an idle session or an unused process is kept.
    pub idle_timeout: Duration,
}

/// Who uses a process.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Sharing {
    /// Each session has its own.
    #[default]
    PerSession,
    /// All sessions use the same one.
    Shared,
}

impl Command {
    /// A program without arguments and with default settings.
    pub fn new(program: impl Into<String>) -> Self {
        Self {
            program: program.into(),
            arguments: Vec::new(),
            environment: BTreeMap::new(),
            directory: None,
            sharing: Sharing::default(),
            // Each is a third-party process with its own memory; a machine can run dozens, not thousands.
            max_processes: 64,
            // A user may leave a client open over a break.
            idle_timeout: Duration::from_secs(30 * 60),
        }
    }

    /// The program's name without its folder.
    pub fn name(&self) -> &str {
        let path = Path::new(&self.program);
        path.file_stem().and_then(|name| name.to_str()).unwrap_or("command")
    }
}

impl Sharing {
    /// The word used in JSON and configuration.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PerSession => "session",
            Self::Shared => "shared",
        }
    }
}

impl fmt::Debug for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { program, arguments, environment, directory, sharing, max_processes, idle_timeout } = self;
        f.debug_struct("Command")
            .field("program", program)
            .field("arguments", &arguments.len())
            .field("environment", &environment.keys().collect::<Vec<_>>())
            .field("directory", directory)
            .field("sharing", sharing)
            .field("max_processes", max_processes)
            .field("idle_timeout", idle_timeout)
            .finish()
    }
}

impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "stdio:{}", self.program)?;
        match self.arguments.len() {
            0 => {}
            1 => f.write_str(" (1 argument)")?,
            more => write!(f, " ({more} arguments)")?,
        }
        if !self.environment.is_empty() {
            let names: Vec<&str> = self.environment.keys().map(String::as_str).collect();
            write!(f, " with {}", names.join(", "))?;
        }
        match self.sharing {
            Sharing::PerSession => Ok(()),
            Sharing::Shared => f.write_str(", shared"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_secret_is_not_shown() {
        let mut command = Command::new("/opt/bin/server.py");
        command.arguments = vec!["--token".to_owned(), "hunter2".to_owned()];
        command.environment.insert("API_KEY".to_owned(), "hunter3".to_owned());
        let shown = format!("{command} {command:?}");
        assert!(!shown.contains("hunter") && shown.contains("API_KEY"), "{shown}");
        assert_eq!(command.to_string(), "stdio:/opt/bin/server.py (2 arguments) with API_KEY");
        assert_eq!(command.name(), "server");
        assert_eq!(Command::new("npx").to_string(), "stdio:npx");
    }
}
