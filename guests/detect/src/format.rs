//! The secret formats, and how an operator selects them.
//!
//! Invariant: these names are used in configurations, findings and placeholders, so they never change.

use serde::Deserialize;

use crate::entropy::Limits;

/// A secret format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// Anthropic: `sk-ant-…`.
    AnthropicKey,
    /// AWS: access key ids (`AKIA…`, `ASIA…`), and secret access keys next to their name.
    AwsAccessKey,
    /// GitHub: `ghp_…` and its siblings, `github_pat_…`.
    GithubPat,
    /// GitLab: `glpat-…`.
    GitlabPat,
    /// Google: `AIza…`.
    GoogleApiKey,
    /// Hugging Face: `hf_…`.
    HuggingfaceToken,
    /// JSON Web Tokens: `eyJ….eyJ….…`.
    Jwt,
    /// npm: `npm_…`.
    NpmToken,
    /// OpenAI: `sk-proj-…`, `sk-svcacct-…`, `sk-admin-…` and the old `sk-…`.
    OpenaiKey,
    /// Private keys in PEM blocks.
    PrivateKey,
    /// PyPI: `pypi-AgEIcHlwaS5vcmc…`.
    PypiToken,
    /// SendGrid: `SG.….…`.
    SendgridKey,
    /// Slack: `xoxb-…` and its siblings, `xapp-…`, webhook addresses.
    SlackToken,
    /// Stripe: `sk_live_…`, `rk_live_…`, their `_test_` siblings, `whsec_…`.
    StripeKey,
    /// No known format, but random; reported by the high-entropy option, cannot be selected.
    #[serde(skip)]
    HighEntropy,
}

impl Format {
    /// Every selectable format.
    pub const ALL: [Self; 14] = [
        Self::AnthropicKey,
        Self::AwsAccessKey,
        Self::GithubPat,
        Self::GitlabPat,
        Self::GoogleApiKey,
        Self::HuggingfaceToken,
        Self::Jwt,
        Self::NpmToken,
        Self::OpenaiKey,
        Self::PrivateKey,
        Self::PypiToken,
        Self::SendgridKey,
        Self::SlackToken,
        Self::StripeKey,
    ];

    /// The name in configurations and findings.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::AnthropicKey => "anthropic_key",
            Self::AwsAccessKey => "aws_access_key",
            Self::GithubPat => "github_pat",
            Self::GitlabPat => "gitlab_pat",
            Self::GoogleApiKey => "google_api_key",
            Self::HuggingfaceToken => "huggingface_token",
            Self::Jwt => "jwt",
            Self::NpmToken => "npm_token",
            Self::OpenaiKey => "openai_key",
            Self::PrivateKey => "private_key",
            Self::PypiToken => "pypi_token",
            Self::SendgridKey => "sendgrid_key",
            Self::SlackToken => "slack_token",
            Self::StripeKey => "stripe_key",
            Self::HighEntropy => "high_entropy",
        }
    }
}

/// The selected formats. The default is all but `jwt`, since session tokens are part of normal traffic.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Formats(pub Vec<Format>);

impl Default for Formats {
    fn default() -> Self {
        Self(Format::ALL.into_iter().filter(|format| *format != Format::Jwt).collect())
    }
}

/// Whether random-looking strings are reported: `true`, `false` (the default) or an object with limits.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(untagged, expecting = "expected true, false or an object with `min_length` and `threshold`")]
pub enum HighEntropy {
    /// On with the default limits, or off.
    Switch(bool),
    /// On with these limits.
    Limits(Limits),
}

impl HighEntropy {
    pub(crate) fn limits(self) -> Option<Limits> {
        match self {
            Self::Switch(on) => on.then(Limits::default),
            Self::Limits(limits) => Some(limits),
        }
    }
}

impl Default for HighEntropy {
    fn default() -> Self {
        Self::Switch(false)
    }
}
