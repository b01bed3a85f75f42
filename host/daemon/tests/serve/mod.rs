//! Starts the program on a folder of its own, talks to it over sockets, changes the folder, ends it.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// How long a reload may take before a test fails: far more than it needs, since machines are busy.
const PATIENCE: Duration = Duration::from_secs(20);

/// A folder that is removed at the end.
struct Scratch(PathBuf);

/// The program, ended when dropped.
struct Server {
    child: Child,
    gateway: String,
    admin: String,
}

impl Scratch {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("weir-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn write(&self, routes: &[&str]) {
        write(&self.0, routes);
    }
}

/// Writes a configuration with one route for each name, all to the same place.
fn write(folder: &Path, routes: &[&str]) {
    fs::create_dir_all(folder).unwrap();
    let route = |name: &&str| {
        format!(
            "[[route]]\nname = \"{name}\"\npath = \"/{name}\"\nprotocol = \"http\"\nupstream = \"http://127.0.0.1:3002/\"\n\n"
        )
    };
    fs::write(folder.join("weir.toml"), routes.iter().map(route).collect::<String>()).unwrap();
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

impl Server {
    fn start(folder: &Path) -> Self {
        Self::start_by(Command::new(env!("CARGO_BIN_EXE_weir")), "error", folder)
    }

    /// Starts it, perhaps by another program that hands its arguments on.
    fn start_by(mut command: Command, log: &str, folder: &Path) -> Self {
        let mut child = command
            .arg("demo")
            .arg(folder)
            .args(["--listen", "localhost:0", "--admin-listen", "127.0.0.1:0", "--log", log])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let ready = lines.next().unwrap().unwrap();
        // What follows is for people; it must still be read, or the program would meet a closed pipe.
        std::thread::spawn(move || lines.for_each(drop));
        let words: Vec<&str> = ready.split(' ').collect();
        let ["weir", "ready", gateway, admin, "policies=0"] = words[..] else { panic!("{ready}") };
        let address = |word: &str, key: &str| word.strip_prefix(key).unwrap().to_owned();
        Self { child, gateway: address(gateway, "gateway=http://"), admin: address(admin, "admin=http://") }
    }

    fn signal(&self, name: &str) {
        let sent = Command::new("kill").arg(format!("-{name}")).arg(self.child.id().to_string()).status();
        assert!(sent.unwrap().success());
    }

    /// Waits until the admin surface says something that fits.
    fn until(&self, path: &str, fits: impl Fn(&str) -> bool) -> String {
        let start = Instant::now();
        loop {
            let body = get(&self.admin, path).1;
            if fits(&body) {
                return body;
            }
            assert!(start.elapsed() < PATIENCE, "{body}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The status and body of a GET.
fn get(address: &str, path: &str) -> (u16, String) {
    get_over(TcpStream::connect(address).unwrap(), path)
}

fn get_over(mut stream: TcpStream, path: &str) -> (u16, String) {
    let address = stream.peer_addr().unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n").unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).unwrap();
    let (head, body) = response.split_once("\r\n\r\n").unwrap();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
}

#[test]
fn routes_lead_to_the_demos_servers_and_signals_end_it() {
    let scratch = Scratch::new("signals");
    scratch.write(&["one"]);
    let mut server = Server::start(&scratch.0);
    assert_eq!(get(&server.admin, "/healthz").0, 200);
    assert_eq!(get(&server.admin, "/readyz").0, 200);
    let (status, body) = get(&server.gateway, "/one/path?q=1");
    assert!(status == 200 && body.contains(r#""path":"/path","query":"q=1""#), "{body}");
    assert!(
        get(&server.admin, "/metrics").1.contains("weir_exchanges_total{route=\"one\",method=\"GET\",status=\"2xx\"")
    );
    server.signal("TERM");
    assert_eq!(server.child.wait().unwrap().code(), Some(0));
}

#[test]
fn a_change_is_taken_over_and_a_bad_one_is_not() {
    let scratch = Scratch::new("reload");
    scratch.write(&["one"]);
    let server = Server::start(&scratch.0);

    scratch.write(&["one", "two"]);
    server.until("/v1/routes", |routes| routes.contains("\"/two\""));
    assert_eq!(get(&server.gateway, "/two").0, 200);

    fs::write(scratch.0.join("weir.toml"), "[[route]]\nnam = \"x\"\n").unwrap();
    let policies = server.until("/v1/policies", |policies| policies.contains("did you mean"));
    assert!(policies.contains(":2:1: unknown key"), "{policies}");
    assert_eq!(get(&server.gateway, "/two").0, 200);
    assert!(get(&server.admin, "/metrics").1.contains("weir_reloads_total{result=\"failed\"} 1"));

    // As editors do it: another file, then a rename.
    let other = Scratch::new("reload-other");
    other.write(&["three"]);
    fs::copy(other.0.join("weir.toml"), scratch.0.join("weir.toml~")).unwrap();
    fs::rename(scratch.0.join("weir.toml~"), scratch.0.join("weir.toml")).unwrap();
    server.until("/v1/routes", |routes| routes.contains("\"/three\"") && !routes.contains("\"/two\""));
    server.until("/v1/policies", |policies| !policies.contains("did you mean"));
    assert_eq!(get(&server.gateway, "/two").0, 404);
}

#[test]
fn a_swapped_link_is_a_change() {
    let scratch = Scratch::new("link");
    write(&scratch.0.join("a"), &["one"]);
    write(&scratch.0.join("b"), &["two"]);
    symlink(scratch.0.join("a"), scratch.0.join("now")).unwrap();
    let server = Server::start(&scratch.0.join("now"));
    symlink(scratch.0.join("b"), scratch.0.join("next")).unwrap();
    fs::rename(scratch.0.join("next"), scratch.0.join("now")).unwrap();
    server.until("/v1/routes", |routes| routes.contains("\"/two\""));
    // What the link leads to now is watched, too.
    write(&scratch.0.join("b"), &["three"]);
    server.until("/v1/routes", |routes| routes.contains("\"/three\""));
}

#[test]
fn sighup_reads_the_folder_again() {
    let scratch = Scratch::new("hup");
    scratch.write(&["one"]);
    let server = Server::start(&scratch.0);
    server.until("/v1/policies", |policies| policies.contains("\"epoch\":1"));
    server.signal("HUP");
    server.until("/v1/policies", |policies| policies.contains("\"epoch\":2"));
}

#[test]
fn a_log_that_nobody_reads_stops_no_call() {
    let scratch = Scratch::new("log");
    scratch.write(&["one"]);
    let mut command = Command::new(env!("CARGO_BIN_EXE_weir"));
    command.stderr(Stdio::piped());
    let mut server = Server::start_by(command, "debug", &scratch.0);
    // Each call leaves a line; a pipe holds 64 KiB.
    for _ in 0..800 {
        assert_eq!(get(&server.gateway, "/one").0, 200);
    }
    let mut lines = BufReader::new(server.child.stderr.take().unwrap()).lines();
    let reader = std::thread::spawn(move || lines.find(|line| line.as_ref().unwrap().contains("lines are lost")));
    let start = Instant::now();
    while !reader.is_finished() {
        assert!(start.elapsed() < PATIENCE);
        assert_eq!(get(&server.gateway, "/one").0, 200);
    }
    assert!(reader.join().unwrap().is_some());
}

#[test]
fn few_open_files_let_calls_wait_rather_than_fail() {
    let scratch = Scratch::new("files");
    scratch.write(&["one"]);
    let limited = |limit: &str| {
        let mut shell = Command::new("sh");
        shell.args(["-c", &format!("{limit} && exec \"$0\" \"$@\""), env!("CARGO_BIN_EXE_weir")]);
        Server::start_by(shell, "error", &scratch.0)
    };

    // What is only the usual limit is raised.
    let server = limited("ulimit -S -n 64");
    let limits = fs::read_to_string(format!("/proc/{}/limits", server.child.id())).unwrap();
    let files = limits.lines().find(|line| line.starts_with("Max open files")).unwrap();
    let words: Vec<&str> = files.split_whitespace().collect();
    assert!(words[3] == words[4] && words[3] != "64", "{files}");
    drop(server);

    // What is the most that is allowed bounds the connections: those that are too many wait, and then get an answer.
    let server = limited("ulimit -n 96");
    let idle: Vec<TcpStream> = (0..14).map(|_| TcpStream::connect(&server.gateway).unwrap()).collect();
    let answers = std::thread::scope(|scope| {
        // All are there before a place is free.
        let callers: Vec<TcpStream> = (0..60).map(|_| TcpStream::connect(&server.gateway).unwrap()).collect();
        let callers: Vec<_> = callers.into_iter().map(|stream| scope.spawn(|| get_over(stream, "/one").0)).collect();
        drop(idle);
        callers.into_iter().map(|caller| caller.join().unwrap()).collect::<Vec<u16>>()
    });
    assert!(answers.iter().all(|status| *status == 200), "{answers:?}");
    assert_eq!(get(&server.admin, "/readyz").0, 200);
}

#[test]
fn no_call_is_lost_while_the_folder_changes() {
    let scratch = Scratch::new("load");
    scratch.write(&["always", "first"]);
    let server = Server::start(&scratch.0);
    let over = AtomicBool::new(false);
    // If this fails, the callers must end, too.
    let latest = Instant::now() + PATIENCE * 5;
    std::thread::scope(|scope| {
        let callers: Vec<_> = (0..2)
            .map(|_| {
                scope.spawn(|| {
                    let mut calls = 0;
                    while !over.load(Ordering::Relaxed) && Instant::now() < latest {
                        assert_eq!(get(&server.gateway, "/always").0, 200);
                        calls += 1;
                    }
                    calls
                })
            })
            .collect();
        for name in ["second", "third", "fourth", "fifth", "sixth"] {
            scratch.write(&["always", name]);
            // Calls go on while another set takes over, and with it.
            server.until("/v1/routes", |routes| routes.contains(&format!("\"/{name}\"")));
        }
        over.store(true, Ordering::Relaxed);
        let calls: usize = callers.into_iter().map(|caller| caller.join().unwrap()).sum();
        assert!(calls > 100, "{calls}");
    });
}
