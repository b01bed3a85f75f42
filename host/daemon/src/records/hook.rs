//! The preprocess hook that calls a URL.

use async_trait::async_trait;
use bytes::Bytes;
use http::Uri;
use weir_http::Caller;
use weir_store::jobs::{Hook, Job};

/// Sends each job as JSON, by POST.
pub(super) struct UrlHook {
    url: Uri,
    client: Caller,
}

impl UrlHook {
    pub(super) fn new(url: Uri) -> Self {
        Self { url, client: Caller::new() }
    }

    /// One that can only fail.
    pub(super) fn nowhere() -> Self {
        Self::new(Uri::default())
    }
}

#[async_trait]
impl Hook for UrlHook {
    async fn run(&self, job: &Job) -> Result<(), String> {
        let status = self.client.post_json(self.url.clone(), Bytes::from(job.to_json())).await?;
        if status.is_success() { Ok(()) } else { Err(format!("{} answered {status}", self.url)) }
    }
}
