//! What policies add to a call through the gateway: the same gateway with none, one and five.
//!
//! Client, gateway and upstream share one process, with real sockets. Their own cost is the same in each variant and
//! cancels out in the differences.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::runtime::{Builder, Runtime};
use weir_core::{Chain, ChainOptions, Entry, Hook, Overrides, Phase, resolve};
use weir_engine::PolicyOptions;
use weir_gateway::surface::http::Http;
use weir_gateway::{
    Gateway, GatewayOptions, OnDeny, PassAuthorization, Route, RouteOptions, Routes, RunningSet, Silent,
};
use weir_http::listen::{Handler, serve_handler};

use crate::figures::{heading, line, show};
use crate::policies::{engine, event, policy};

/// The chain lengths compared.
const POLICIES: [usize; 3] = [0, 1, 5];

/// Calls per variant and round, on one connection.
const CALLS: usize = 2000;

/// Connections in the throughput part.
const CONNECTIONS: usize = 32;

pub fn run() {
    heading("Through the gateway: POST of 1 KiB JSON, fresh policies that ask for one field, in the request phase");
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let address = start(&runtime);
    one_connection(address);
    many_connections(address);
}

fn one_connection(address: SocketAddr) {
    let mut clients = POLICIES.map(|policies| Client::connect(address, policies));
    let mut times = POLICIES.map(|_| Vec::new());
    for _ in 0..5 {
        for (client, times) in clients.iter_mut().zip(&mut times) {
            (0..200).for_each(|_| client.call());
            times.extend((0..CALLS).map(|_| {
                let start = Instant::now();
                client.call();
                start.elapsed()
            }));
        }
    }
    let medians = times.into_iter().zip(POLICIES).map(|(mut times, policies)| {
        times.sort_unstable();
        let (median, p99) = (times[times.len() / 2], times[times.len() * 99 / 100]);
        println!("  one connection, {policies} policies: p50 {}, p99 {}", show(median), show(p99));
        median
    });
    let medians: Vec<Duration> = medians.collect();
    for (median, policies) in medians.iter().zip(POLICIES).skip(1) {
        println!("  {policies} policies add {} at p50", show(median.saturating_sub(medians[0])));
    }
}

fn many_connections(address: SocketAddr) {
    let mut costs = Vec::new();
    for policies in POLICIES {
        let (over, done) = (AtomicBool::new(false), AtomicU64::new(0));
        let (cpu, start) = (cpu_time(), Instant::now());
        std::thread::scope(|threads| {
            for _ in 0..CONNECTIONS {
                threads.spawn(|| {
                    let mut client = Client::connect(address, policies);
                    while !over.load(Ordering::Relaxed) {
                        client.call();
                        done.fetch_add(1, Ordering::Relaxed);
                    }
                });
            }
            std::thread::sleep(Duration::from_secs(3));
            over.store(true, Ordering::Relaxed);
        });
        let (calls, elapsed) = (done.into_inner(), start.elapsed());
        let cost = (cpu_time() - cpu) / u32::try_from(calls).unwrap();
        println!(
            "  {CONNECTIONS} connections, {policies} policies: {:.1} thousand calls/s, {} CPU per call (all three parties)",
            calls as f64 / elapsed.as_secs_f64() / 1000.0,
            show(cost)
        );
        costs.push(cost);
    }
    for (cost, policies) in costs.iter().zip(POLICIES).skip(1) {
        let each = cost.saturating_sub(costs[0]) / u32::try_from(policies).unwrap();
        line(&format!("CPU per policy, of {policies}, its share of parsing included"), vec![each]);
    }
}

/// A gateway with a route per chain length, and its upstream.
fn start(runtime: &Runtime) -> SocketAddr {
    let upstream = listener();
    let upstream_address = upstream.local_addr().unwrap();
    let handler: Arc<Handler> = Arc::new(|_| Box::pin(async { http::Response::new("ok".into()) }));
    let gateway = listener();
    let address = gateway.local_addr().unwrap();
    runtime.spawn(async move {
        serve_handler(tokio::net::TcpListener::from_std(upstream).unwrap(), handler, std::future::pending()).await;
    });
    runtime.block_on(async {
        let engine = engine(None);
        let mut routes = Vec::new();
        for length in POLICIES {
            let mut entries = Vec::new();
            for place in 0..length {
                let alias = format!("p{length}-{place}");
                let policy = policy(&engine, "read-one", &alias, PolicyOptions::default()).await;
                let hooks = Some(vec![Hook { events: vec!["*".into()], phase: Phase::Request }]);
                let overrides = Overrides { hooks, ..Overrides::default() };
                let settings = resolve(policy.declaration(), Some(policy.name().clone()), overrides).unwrap();
                entries.push(Entry { settings, interceptor: policy });
            }
            routes.push(Route {
                name: format!("r{length}"),
                path: format!("/{length}"),
                surface: Arc::new(Http),
                upstream: Some(format!("http://{upstream_address}/").parse().unwrap()),
                server: "upstream".into(),
                chain: Arc::new(Chain::new(entries, ChainOptions::default()).unwrap()),
                options: RouteOptions {
                    chain_timeout: Duration::from_secs(5),
                    max_body: 4 << 20,
                    on_deny: OnDeny::Error,
                    authorization: PassAuthorization::Drop,
                    principal: None,
                },
            });
        }
        let set = RunningSet { epoch: 1, routes: Routes::new(routes).unwrap(), endpoints: Vec::new() };
        let served = Gateway::new(GatewayOptions::default(), Arc::new(Silent), set);
        tokio::spawn(async move {
            served.serve(tokio::net::TcpListener::from_std(gateway).unwrap(), std::future::pending()).await;
        });
    });
    address
}

fn listener() -> TcpListener {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    listener
}

/// A kept-alive connection, with the request it sends.
struct Client {
    stream: BufReader<TcpStream>,
    request: Vec<u8>,
}

impl Client {
    fn connect(address: SocketAddr, policies: usize) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_nodelay(true).unwrap();
        let body = event(1 << 10).payload.text().to_owned();
        let head = format!(
            "POST /{policies}/x HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        Self { stream: BufReader::new(stream), request: [head.into_bytes(), body.into_bytes()].concat() }
    }

    fn call(&mut self) {
        self.stream.get_mut().write_all(&self.request).unwrap();
        let mut line = String::new();
        self.stream.read_line(&mut line).unwrap();
        assert!(line.starts_with("HTTP/1.1 200"), "{line}");
        let mut length = 0;
        loop {
            line.clear();
            self.stream.read_line(&mut line).unwrap();
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
            if line == "\r\n" {
                break;
            }
        }
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body).unwrap();
    }
}

/// CPU time of this process so far, in hundredths of a second.
fn cpu_time() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat[stat.rfind(')').unwrap()..].split(' ').collect();
    let ticks: u64 = fields[12].parse::<u64>().unwrap() + fields[13].parse::<u64>().unwrap();
    Duration::from_millis(ticks * 10)
}
