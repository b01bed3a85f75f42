//! The packages of `tests/mcp`: the Node they install, our everything server, and the conformance suite.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};

use crate::repository::root;
use crate::skip::skip;

/// A Node with the packages.
#[derive(Clone)]
pub struct Node {
    program: PathBuf,
    folder: PathBuf,
}

/// A listening server. Dropping it closes its standard input, which stops it.
pub struct Served {
    child: Child,
    /// Its address; the endpoint is `/mcp`.
    pub address: SocketAddr,
}

/// The packages, if `npm ci` installed them. Otherwise the test is skipped.
pub fn node() -> Option<Node> {
    let folder = root().join("tests/mcp");
    let program = folder.join("node_modules/node/bin/node");
    if program.is_file() && folder.join("node_modules/@modelcontextprotocol/conformance").is_dir() {
        return Some(Node { program, folder });
    }
    skip("the packages of npm are not there", "cargo xtask test, which installs them");
    None
}

impl Node {
    /// A command of this Node.
    pub fn command(&self, script: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command.arg(self.folder.join(script)).args(arguments);
        command
    }

    /// The same as a list of words, for a configuration.
    pub fn words(&self, script: &str, arguments: &[&str]) -> Vec<String> {
        let command = self.command(script, arguments);
        let words = std::iter::once(command.get_program()).chain(command.get_args());
        words.map(|word| word.to_str().unwrap().to_owned()).collect()
    }

    /// Runs a script in `tests/mcp` to completion.
    pub fn run(&self, script: &str, arguments: &[&str]) -> Output {
        self.command(script, arguments).stdin(Stdio::null()).output().unwrap()
    }

    /// Starts our everything server over HTTP.
    pub fn server(&self) -> Served {
        Served::start(self.command("server/http.js", &[]))
    }

    /// Starts `server-everything` over HTTP.
    pub fn everything(&self) -> Served {
        Served::start(self.command("server/everything.js", &[]))
    }
}

impl Served {
    fn start(mut command: Command) -> Self {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        let url = line.trim().strip_prefix("ready http://").unwrap_or_else(|| panic!("it is not ready: {line:?}"));
        let address = url.strip_suffix("/mcp").unwrap().parse().unwrap();
        Self { child, address }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // It may have exited by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
