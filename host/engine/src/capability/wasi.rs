//! WASI for a policy: no files, no environment, no network, a clock fixed at the call's timestamp, and random numbers
//! seeded from the call. With a grant, the real clock and randomness. Guest output goes into the log.
//!
//! Created on first use: most policies never need it.

use std::convert::Infallible;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use rand_core::TryRng;
use tokio::io::AsyncWrite;
use wasmtime::component::Linker;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::{HostMonotonicClock, HostWallClock, WasiCtx, WasiCtxView, WasiView};

use super::GuestLog;
use crate::sandbox::{Sandbox, Shared};

/// Maximum random bytes per host call: more than any policy needs, and fast to generate.
const MAX_RANDOM_BYTES: u64 = 64 << 10;

/// WASI, created on first use.
#[derive(Default)]
pub struct LazyWasi(Option<Box<WasiCtx>>);

/// Links WASI. Interfaces that need a grant are refused earlier, in the import check.
pub fn link(linker: &mut Linker<Sandbox>) -> wasmtime::Result<()> {
    wasmtime_wasi::p2::add_to_linker_async(linker)
}

impl WasiView for Sandbox {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        let Self { wasi, shared, call, table, .. } = self;
        let ctx = wasi.0.get_or_insert_with(|| {
            let (timestamp, seed) = match call {
                Some(call) => {
                    let context = &call.event.context;
                    let mut hasher = DefaultHasher::new();
                    (&shared.name, &context.call_ref, &context.timestamp).hash(&mut hasher);
                    (call.event.name.as_str(), call.event.phase).hash(&mut hasher);
                    (timestamp(&context.timestamp), hasher.finish())
                }
                None => (Duration::ZERO, 0),
            };
            Box::new(build(shared, timestamp, seed))
        });
        WasiCtxView { ctx, table }
    }
}

fn build(shared: &Shared, timestamp: Duration, seed: u64) -> WasiCtx {
    let mut builder = WasiCtx::builder();
    builder.stdout(Lines(shared.log.clone())).stderr(Lines(shared.log.clone())).max_random_size(MAX_RANDOM_BYTES);
    builder.allow_tcp(false).allow_udp(false).allow_ip_name_lookup(false);
    if !shared.grants.clock {
        builder.wall_clock(Frozen(timestamp)).monotonic_clock(Frozen(timestamp));
    }
    if !shared.grants.random {
        builder.secure_random(Seeded(seed)).insecure_random(Seeded(seed)).insecure_random_seed(u128::from(seed));
    }
    builder.build()
}

/// A clock fixed at the call's timestamp.
struct Frozen(Duration);

impl HostWallClock for Frozen {
    fn resolution(&self) -> Duration {
        Duration::from_millis(1)
    }

    fn now(&self) -> Duration {
        self.0
    }
}

impl HostMonotonicClock for Frozen {
    fn resolution(&self) -> u64 {
        1_000_000
    }

    fn now(&self) -> u64 {
        u64::try_from(self.0.as_nanos()).unwrap_or(u64::MAX)
    }
}

/// SplitMix64. Our own implementation, so that a recorded decision replays with the same numbers in every later
/// version.
struct Seeded(u64);

impl Seeded {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

impl TryRng for Seeded {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok((self.next() >> 32) as u32)
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(self.next())
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        for chunk in bytes.chunks_mut(8) {
            let number = self.next().to_le_bytes();
            chunk.copy_from_slice(&number[..chunk.len()]);
        }
        Ok(())
    }
}

/// Turns what a guest prints into log lines.
struct Lines(GuestLog);

struct LineWriter {
    log: GuestLog,
    line: Vec<u8>,
}

/// Maximum length of a line before it is written.
const MAX_GATHERED: usize = 4096;

impl IsTerminal for Lines {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for Lines {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(LineWriter { log: self.0.clone(), line: Vec::new() })
    }
}

impl LineWriter {
    fn flush_line(&mut self) {
        if !self.line.is_empty() {
            self.log.line(tracing::Level::INFO, "stdio", &String::from_utf8_lossy(&self.line));
            self.line.clear();
        }
    }
}

impl AsyncWrite for LineWriter {
    fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<std::io::Result<usize>> {
        for byte in bytes {
            if *byte == b'\n' || self.line.len() == MAX_GATHERED {
                self.flush_line();
            }
            if *byte != b'\n' {
                self.line.push(*byte);
            }
        }
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        self.flush_line();
        Poll::Ready(Ok(()))
    }
}

impl Drop for LineWriter {
    fn drop(&mut self) {
        self.flush_line();
    }
}

/// Parses an RFC 3339 UTC timestamp as the time since 1970. Anything else gives the epoch, so that a guest never gets
/// the real time by accident.
fn timestamp(text: &str) -> Duration {
    humantime::parse_rfc3339_weak(text)
        .ok()
        .and_then(|time| time.duration_since(std::time::UNIX_EPOCH).ok())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timestamps_become_durations() {
        assert_eq!(timestamp("1970-01-01T00:01:00.5Z"), Duration::from_millis(60_500));
        assert_eq!(timestamp("nonsense"), Duration::ZERO);
    }

    #[test]
    fn seeded_numbers_are_those_of_splitmix64() {
        let mut numbers = Seeded(1_234_567);
        assert_eq!(numbers.next(), 6_457_827_717_110_365_317);
        assert_eq!(numbers.next(), 3_203_168_211_198_807_973);
    }
}
