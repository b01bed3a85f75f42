//! A database for one test. The end-to-end tests use it too.

use std::sync::atomic::{AtomicU32, Ordering};

use tokio_postgres::NoTls;

use crate::skip::skip;

/// A new database on the server in `WEIR_POSTGRES`.
pub struct Database {
    server: String,
    name: String,
}

impl Database {
    /// Without a server, the test is skipped.
    pub async fn new() -> Option<Self> {
        Self::made("").await
    }

    /// The same, created with these options.
    pub async fn made(with: &str) -> Option<Self> {
        let Ok(server) = std::env::var("WEIR_POSTGRES") else {
            skip("WEIR_POSTGRES names no server of PostgreSQL", "cargo xtask test, which starts one");
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

    /// Runs statements in this database from another connection.
    pub async fn execute(&self, sql: &str) {
        execute(&self.url(), sql).await;
    }

    /// Removes it. Not in `drop`, which cannot be async.
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
