//! The table of prefixes, and what must follow each of them.

use crate::format::{Format, Formats};
use crate::shapes::{self, Shape};

/// A prefix, and what must follow it.
pub(crate) struct Rule {
    /// The format it finds.
    pub(crate) format: Format,
    /// At least three bytes; in lower case if case does not matter.
    pub(crate) prefix: &'static str,
    /// Where the prefix may be.
    pub(crate) start: Start,
    /// What must follow.
    pub(crate) shape: Shape,
}

/// Where a prefix may be.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Start {
    /// Not inside a word.
    Word,
    /// Anywhere.
    Anywhere,
    /// Anywhere, in any case.
    AnyCase,
}

const fn rule(format: Format, prefix: &'static str, shape: Shape) -> Rule {
    Rule { format, prefix, start: Start::Word, shape }
}

/// All rules.
pub(crate) const RULES: [Rule; 32] = [
    rule(Format::AnthropicKey, "sk-ant-", shapes::anthropic),
    rule(Format::AwsAccessKey, "AKIA", shapes::aws_id),
    rule(Format::AwsAccessKey, "ASIA", shapes::aws_id),
    rule(Format::AwsAccessKey, "ABIA", shapes::aws_id),
    rule(Format::AwsAccessKey, "ACCA", shapes::aws_id),
    Rule {
        format: Format::AwsAccessKey,
        prefix: "secret",
        start: Start::AnyCase,
        shape: shapes::aws_secret_after_name,
    },
    rule(Format::GithubPat, "ghp_", shapes::github),
    rule(Format::GithubPat, "gho_", shapes::github),
    rule(Format::GithubPat, "ghu_", shapes::github),
    rule(Format::GithubPat, "ghs_", shapes::github),
    rule(Format::GithubPat, "ghr_", shapes::github),
    rule(Format::GithubPat, "github_pat_", shapes::github_fine_grained),
    rule(Format::GitlabPat, "glpat-", shapes::gitlab),
    rule(Format::GoogleApiKey, "AIza", shapes::google),
    rule(Format::HuggingfaceToken, "hf_", shapes::huggingface),
    rule(Format::Jwt, "eyJ", shapes::web_token),
    rule(Format::NpmToken, "npm_", shapes::npm),
    rule(Format::OpenaiKey, "sk-proj-", shapes::openai),
    rule(Format::OpenaiKey, "sk-svcacct-", shapes::openai),
    rule(Format::OpenaiKey, "sk-admin-", shapes::openai),
    rule(Format::OpenaiKey, "sk-", shapes::openai_old),
    Rule { format: Format::PrivateKey, prefix: "-----BEGIN ", start: Start::Anywhere, shape: shapes::private_key },
    rule(Format::PypiToken, "pypi-AgEIcHlwaS5vcmc", shapes::pypi),
    rule(Format::SendgridKey, "SG.", shapes::sendgrid),
    rule(Format::SlackToken, "xox", shapes::slack),
    rule(Format::SlackToken, "xapp-", shapes::slack_app),
    Rule {
        format: Format::SlackToken,
        prefix: "hooks.slack.com/services/",
        start: Start::Anywhere,
        shape: shapes::slack_webhook,
    },
    rule(Format::StripeKey, "sk_live_", shapes::stripe),
    rule(Format::StripeKey, "sk_test_", shapes::stripe),
    rule(Format::StripeKey, "rk_live_", shapes::stripe),
    rule(Format::StripeKey, "rk_test_", shapes::stripe),
    rule(Format::StripeKey, "whsec_", shapes::stripe_webhook),
];

/// A format as a set of bits.
pub(crate) const fn bit(format: Format) -> u32 {
    1 << format as u32
}

/// The selected formats as a set of bits.
pub(crate) fn mask(formats: &Formats) -> u32 {
    formats.0.iter().fold(0, |mask, format| mask | bit(*format))
}
