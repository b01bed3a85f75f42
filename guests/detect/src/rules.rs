//! The table of prefixes, and what is tried where one of them may begin.
//!
//! The prefilter names the few places where the first three bytes fit a format; the rules of that format are
//! then tried in the order of the table.

use std::ops::Range;

use crate::Match;
use crate::format::{Format, Formats};
use crate::prefilter;
use crate::shapes::{self, Shape};

/// A prefix, and what must follow it.
pub(crate) struct Rule {
    /// What is found by this rule.
    pub(crate) format: Format,
    /// At least three bytes; in lower case where case does not matter.
    pub(crate) prefix: &'static str,
    /// Where the prefix may stand.
    pub(crate) start: Start,
    shape: Shape,
}

/// Where a prefix may stand.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Start {
    /// Not within a word.
    Word,
    /// Anywhere.
    Anywhere,
    /// Anywhere, in any case.
    AnyCase,
}

const fn rule(format: Format, prefix: &'static str, shape: Shape) -> Rule {
    Rule { format, prefix, start: Start::Word, shape }
}

/// Every rule.
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

/// The chosen formats as a set of bits.
pub(crate) fn mask(formats: &Formats) -> u32 {
    formats.0.iter().fold(0, |mask, format| mask | bit(*format))
}

/// Reports what the enabled formats' rules find.
pub(crate) fn scan(text: &[u8], enabled: u32, mut visit: impl FnMut(Match)) {
    let mut from = 0;
    while let Some(found) = next(text, from, enabled) {
        from = found.range.end;
        visit(found);
    }
}

/// A secret that is only told by the name of the value that it is.
pub(crate) fn named(enabled: u32, name: &str, text: &str) -> Option<Match> {
    if enabled & bit(Format::AwsAccessKey) == 0 || !shapes::is_aws_secret_key(text.as_bytes()) {
        return None;
    }
    let name = name.to_ascii_lowercase();
    let named = name.contains("secret") && (name.contains("key") || name.contains("aws"));
    named.then_some(Match { format: Format::AwsAccessKey, range: 0..text.len() })
}

fn next(text: &[u8], from: usize, enabled: u32) -> Option<Match> {
    let mut position = from;
    loop {
        let (start, candidates) = prefilter::next(text, position)?;
        if candidates & enabled != 0
            && let Some(found) = candidate(text, start, candidates & enabled)
        {
            return Some(found);
        }
        position = start + 1;
    }
}

fn candidate(text: &[u8], position: usize, candidates: u32) -> Option<Match> {
    RULES.iter().filter(|rule| candidates & bit(rule.format) != 0).find_map(|rule| {
        let range = (rule.shape)(text, prefix(text, position, rule)?)?;
        Some(Match { format: rule.format, range })
    })
}

fn prefix(text: &[u8], position: usize, rule: &Rule) -> Option<Range<usize>> {
    let end = position + rule.prefix.len();
    let found = text.get(position..end)?;
    let same = match rule.start {
        Start::Word => found == rule.prefix.as_bytes() && starts_word(text, position),
        Start::Anywhere => found == rule.prefix.as_bytes(),
        Start::AnyCase => found.eq_ignore_ascii_case(rule.prefix.as_bytes()),
    };
    same.then_some(position..end)
}

fn starts_word(text: &[u8], position: usize) -> bool {
    position == 0 || !text[position - 1].is_ascii_alphanumeric() || shapes::is_escape_before(text, position)
}
