//! What is found and what is not. Samples are assembled at run time, so that nothing here looks like a leaked secret.

use super::*;

/// `count` characters of an alphabet in a fixed, irregular order.
fn filler(alphabet: &str, count: usize) -> String {
    let letters: Vec<char> = alphabet.chars().collect();
    (0..count).map(|index| letters[(index * 5 + index / letters.len() * 3 + 1) % letters.len()]).collect()
}

fn mixed(count: usize) -> String {
    filler("abcXYZ0189mnOP", count)
}

fn upper(count: usize) -> String {
    filler("ABCXYZ2347", count)
}

fn found(detectors: &Detectors, text: &str) -> Vec<(&'static str, String)> {
    let mut matches = Vec::new();
    detectors.find(text, |found| matches.push((found.format.name(), text[found.range].to_owned())));
    matches
}

fn everything() -> Detectors {
    Detectors::new(&Formats(Format::ALL.to_vec()), HighEntropy::default())
}

#[test]
fn secrets_are_found_wherever_they_stand() {
    let samples = [
        ("anthropic_key", format!("sk-ant-{}-{}", "api03", mixed(60))),
        ("aws_access_key", format!("{}{}", "AKIA", upper(16))),
        ("aws_access_key", format!("{}{}", "ASIA", upper(16))),
        ("github_pat", format!("{}{}", "ghp_", mixed(36))),
        ("github_pat", format!("{}{}", "gho_", mixed(36))),
        ("github_pat", format!("{}{}", "ghu_", mixed(36))),
        ("github_pat", format!("{}{}", "ghs_", mixed(60))),
        ("github_pat", format!("{}{}", "ghr_", mixed(36))),
        ("github_pat", format!("{}{}_{}", "github_pat_", mixed(22), mixed(59))),
        ("gitlab_pat", format!("{}{}", "glpat-", mixed(20))),
        ("google_api_key", format!("{}{}", "AIza", mixed(35))),
        ("huggingface_token", format!("{}{}", "hf_", filler("abcdefXYZ", 34))),
        ("jwt", format!("{}{}.eyJ{}.{}", "eyJ", mixed(20), mixed(20), mixed(43))),
        ("npm_token", format!("{}{}", "npm_", mixed(36))),
        ("openai_key", format!("{}{}", "sk-proj-", mixed(60))),
        ("openai_key", format!("{}{}", "sk-", mixed(48))),
        ("private_key", pem("RSA PRIVATE KEY", "\n")),
        ("private_key", pem("PRIVATE KEY", "\\n")),
        ("private_key", pem("PGP PRIVATE KEY BLOCK", "\r\n")),
        ("pypi_token", format!("{}{}", "pypi-AgEIcHlwaS5vcmc", mixed(60))),
        ("sendgrid_key", format!("{}{}.{}", "SG.", mixed(22), mixed(43))),
        ("slack_token", format!("{}{}-{}", "xoxb-123456789012-", "123456789012", mixed(24))),
        ("slack_token", format!("{}{}", "xapp-1-A0123456789-", mixed(30))),
        ("slack_token", format!("{}T{}/B{}/{}", "hooks.slack.com/services/", upper(9), upper(9), mixed(24))),
        ("stripe_key", format!("{}{}", "sk_live_", mixed(24))),
        ("stripe_key", format!("{}{}", "rk_test_", mixed(99))),
        ("stripe_key", format!("{}{}", "whsec_", mixed(32))),
    ];
    let around = [
        ("", ""),
        (" ", " "),
        ("token=", "&x=1"),
        ("\"", "\""),
        ("(", ")"),
        ("é", "é"),
        ("Bearer ", "\n"),
        ("line\\n", "\\n"),
        ("q%3D", "%20"),
        ("see ", "."),
        ("a_", ","),
    ];
    for (format, secret) in &samples {
        for (before, after) in around {
            if before == "a_" && *format == "jwt" {
                continue;
            }
            let text = format!("{before}{secret}{after}");
            assert_eq!(found(&everything(), &text), [(*format, secret.clone())], "{text}");
        }
        let text = format!("{secret} and again {secret}");
        assert_eq!(found(&everything(), &text).len(), 2, "{text}");
    }
}

fn pem(label: &str, line: &str) -> String {
    let dashes = "-".repeat(5);
    format!("{dashes}BEGIN {label}{dashes}{line}{}{line}{}=={line}{dashes}END {label}{dashes}", mixed(64), mixed(30))
}

#[test]
fn ordinary_text_is_left_alone() {
    let dashes = "-".repeat(5);
    let samples = [
        String::new(),
        "the quick brown fox asks for a risk-free task-proj-ect at half_price".to_owned(),
        "sk-learn, sk_live_ and ghp_ are prefixes; npm_config_cache, hf_hub_download, glpat-, xoxo-hugs-and-kisses"
            .to_owned(),
        format!("ghp_{}", mixed(35)),
        format!("xghp_{}", mixed(36)),
        format!("github_pat_{}", mixed(82)),
        format!("{}{}", "AKIA", upper(15)),
        format!("{}{}", "AKIA", upper(17)),
        format!("{}{}", "AKIA", mixed(16)),
        format!("XAKIA{}", upper(16)),
        format!("AIza{}", mixed(34)),
        format!("AIza{}", mixed(36)),
        format!("sk-{}", mixed(47)),
        format!("sk-{}", mixed(49)),
        format!("disk_live_{}", mixed(24)),
        format!("SG.{}.{}", mixed(21), mixed(43)),
        "eyJhbGciOiJIUzI1NiJ9 is only the head of a token".to_owned(),
        "hooks.slack.com/services/ is where webhooks live; hooks.slack.com/services/TEAM/BOT/x".to_owned(),
        "xoxb-this-is-a-name-without-any-number".to_owned(),
        format!("{dashes}BEGIN PUBLIC KEY{dashes}\n{}\n{dashes}END PUBLIC KEY{dashes}", mixed(64)),
        format!("{dashes}BEGIN CERTIFICATE{dashes}\n{}\n{dashes}END CERTIFICATE{dashes}", mixed(64)),
        format!("a file that begins with {dashes}BEGIN PRIVATE KEY{dashes} is a key"),
        format!("{dashes}BEGIN PRIVATE KEY{dashes}\n...\n{dashes}END PRIVATE KEY{dashes}"),
        "secret_key = da39a3ee5e6b4b0d3255bfef95601890afd80709".to_owned(),
        "a secret access key has forty characters".to_owned(),
        "/a/path/To/some/File123/secret/key/that/is/quite/long.txt".to_owned(),
    ];
    for text in &samples {
        assert_eq!(found(&everything(), text), [], "{text}");
    }
}

#[test]
fn aws_secrets_are_told_by_their_name() {
    let secret = format!("{}/{}+{}", mixed(20), mixed(10), mixed(8));
    for name in [
        "aws_secret_access_key = ",
        "SecretAccessKey\": \"",
        "secret key: ",
        "AWS_SECRET_ACCESS_KEY=",
        "secretKey\\\":\\\"",
    ] {
        let text = format!("[default]\n{name}{secret}\nregion = eu");
        assert_eq!(found(&everything(), &text), [("aws_access_key", secret.clone())], "{text}");
    }
    assert_eq!(found(&everything(), &format!("digest: {secret}")), []);

    let detectors = everything();
    let named = |name: Option<&str>, text: &str| {
        let mut count = 0;
        detectors.find_named(name, text, |_| count += 1);
        count
    };
    assert_eq!(named(Some("awsSecretAccessKey"), &secret), 1);
    assert_eq!(named(Some("AWS_SECRET"), &secret), 1);
    assert_eq!(named(Some("digest"), &secret), 0);
    assert_eq!(named(None, &secret), 0);
    assert_eq!(named(Some("secret_key"), &format!("{}{}", "ghp_", mixed(36))), 1);
}

#[test]
fn an_open_key_block_is_found_as_far_as_it_goes() {
    let dashes = "-".repeat(5);
    let block = format!("{dashes}BEGIN EC PRIVATE KEY{dashes}\n{}\n{}", mixed(64), mixed(10));
    assert_eq!(found(&everything(), &format!("{block} and so on")), [("private_key", block)]);
}

#[test]
fn formats_are_chosen() {
    let text = format!("{}{} {}{}", "ghp_", mixed(36), "AKIA", upper(16));
    let only = |format: Format| found(&Detectors::new(&Formats(vec![format]), HighEntropy::default()), &text);
    assert_eq!(only(Format::GithubPat).len(), 1);
    assert_eq!(only(Format::AwsAccessKey)[0].0, "aws_access_key");
    assert_eq!(only(Format::Jwt), []);
    assert_eq!(found(&Detectors::default(), &text).len(), 2);
    let token = format!("{}{}.eyJ{}.{}", "eyJ", mixed(20), mixed(20), mixed(43));
    assert_eq!(found(&Detectors::default(), &token), []);
}

#[test]
fn high_entropy_is_an_option() {
    let random = "Zk3vQ9xT1mLw8RyB5nHc7JdPa2Fg";
    let text = format!(
        "key {random}, uuid 0b8f3c1e-5a2d-4e6f-9c7b-1d3e5f708192, sha da39a3ee5e6b4b0d3255bfef95601890afd80709"
    );
    assert_eq!(found(&Detectors::default(), &text), []);
    let on = Detectors::new(&Formats::default(), HighEntropy::Switch(true));
    assert_eq!(found(&on, &text), [("high_entropy", random.to_owned())]);
    assert_eq!(found(&on, "a perfectly ordinary sentence about internationalization-and-localization"), []);
    assert_eq!(found(&on, &mixed(300).repeat(4)), []);
    let loose: HighEntropy = serde_json::from_str(r#"{"threshold":3.0}"#).unwrap();
    assert_eq!(found(&Detectors::new(&Formats(Vec::new()), loose), &text).len(), 3);
    let both = format!("{}{} {random}", "ghp_", mixed(36));
    assert_eq!(found(&on, &both).iter().map(|(name, _)| *name).collect::<Vec<_>>(), ["github_pat", "high_entropy"]);
}

#[test]
fn names_are_those_of_the_configuration() {
    for format in Format::ALL {
        assert_eq!(serde_json::from_str::<Format>(&format!("\"{}\"", format.name())).unwrap(), format);
    }
    assert!(serde_json::from_str::<Format>("\"high_entropy\"").is_err());
    assert!(serde_json::from_str::<HighEntropy>("3").unwrap_err().to_string().contains("true, false or an object"));
}

#[test]
fn hostile_text_ends_soon() {
    let dashes = "-".repeat(5);
    let pieces = ["eyJ-", "xoxb-", "sk-", "secretkey", "AIza", "a", "%20", "\\n", "glpat-", "ghp_"];
    let pieces =
        pieces.into_iter().map(str::to_owned).chain([format!("{dashes}BEGIN PRIVATE KEY{dashes}"), "é".to_owned()]);
    let start = std::time::Instant::now();
    for piece in pieces {
        found(&everything(), &piece.repeat(200_000 / piece.len()));
    }
    // A quadratic search of these texts takes minutes; the limit leaves room for slow machines.
    assert!(start.elapsed() < std::time::Duration::from_secs(20));
}
