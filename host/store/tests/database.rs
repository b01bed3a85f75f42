//! A database for one test. The end-to-end tests use it, too.

use std::io::Write;
use std::sync::atomic::{AtomicU32, Ordering};

use tokio_postgres::NoTls;

/// A database of its own on the server that `WEIR_POSTGRES` names.
pub struct Database {
    server: String,
    name: String,
}

impl Database {
    /// Without a server the test is skipped, loudly; where `CI` is set it fails: what is never run proves nothing.
    pub async fn new() -> Option<Self> {
        Self::made("").await
    }

    /// The same, made with these options.
    pub async fn made(with: &str) -> Option<Self> {
        const REMEDY: &str = "export WEIR_POSTGRES=\"$(.ci/postgres start target/postgres)\"";
        let Ok(server) = std::env::var("WEIR_POSTGRES") else {
            let missing = "WEIR_POSTGRES names no server of PostgreSQL";
            assert!(
                std::env::var_os("CI").is_none(),
                "CI must not skip this test, but {missing}; it needs\n    {REMEDY}"
            );
            // Not through `eprintln!`, which is captured while a test passes.
            let message = format!("\n*** SKIPPED: {missing}; to run this test:\n    {REMEDY}\n\n");
            std::io::stderr().write_all(message.as_bytes()).unwrap();
            return None;
        };
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("weir_{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let this = Self { server, name };
        execute(&this.server, &format!("CREATE DATABASE {}{with}", this.name)).await;
        Some(this)
    }

    pub fn url(&self) -> String {
        let (place, _) = self.server.rsplit_once('/').unwrap();
        format!("{place}/{}", self.name)
    }

    /// Runs statements in this database, as somebody else would.
    pub async fn execute(&self, sql: &str) {
        execute(&self.url(), sql).await;
    }

    /// Removes it. Not in `drop`, which cannot wait.
    pub async fn remove(self) {
        execute(&self.server, &format!("DROP DATABASE {} WITH (FORCE)", self.name)).await;
    }
}

async fn execute(url: &str, sql: &str) {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    let connection = tokio::spawn(connection);
    client.batch_execute(sql).await.unwrap();
    drop(client);
    connection.await.unwrap().unwrap();
}
