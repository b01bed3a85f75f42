//! What serves every protocol names none: protocols come and go, and each has a folder of its own.

use weir_tests::repository::{SourceFile, files, root};

use super::report;

/// Where no protocol may be named, except in folders called `surface`.
const NEUTRAL: &[&str] = &["host/gateway/src", "host/http/src", "host/core/src", "host/record/src"];

/// Names of protocols, vendors and transports, in the parts of which they consist.
const NAMES: &[&[&str]] = &[
    &["mcp"],
    &["llm"],
    &["jsonrpc"],
    &["json", "rpc"],
    &["stdio"],
    &["openai"],
    &["open", "ai"],
    &["anthropic"],
    &["egress"],
];

/// Files that may name protocols, with the reason.
const EXCEPTIONS: &[(&str, &str)] = &[
    ("host/core/src/catalogue.rs", "the list of all events, so that a slip of the pen in a hook is noticed"),
    (
        "host/record/src/handoff/evaluate.rs",
        "a record writes a server that is a process as `stdio://`, which has no endpoint to trust",
    ),
];

#[test]
fn what_serves_every_protocol_names_none() {
    let folders: Vec<&str> = NEUTRAL.iter().copied().filter(|folder| root().join(folder).is_dir()).collect();
    let findings: Vec<String> = files(&folders, ".rs").iter().flat_map(names_protocols).collect();
    println!("{} lines outside of surfaces name a protocol", findings.len());
    report(findings);
}

#[test]
fn no_exception_is_left_over() {
    let needless = EXCEPTIONS.iter().filter(|(path, _)| {
        let text = std::fs::read_to_string(root().join(path)).unwrap_or_default();
        !text.lines().any(|line| name_in(line).is_some())
    });
    report(needless.map(|(path, _)| format!("{path}: names no protocol any more; remove its exception")).collect());
}

/// Lines of a file that name a protocol, be it in code, a comment or a string.
fn names_protocols(file: &SourceFile) -> Vec<String> {
    if file.path.contains("/surface/") || EXCEPTIONS.iter().any(|(path, _)| *path == file.path) {
        return Vec::new();
    }
    let finding = |(number, line): (usize, &str)| {
        let name = name_in(line)?;
        Some(format!(
            "{}:{}: names `{name}`; say what holds for every protocol, or move it below surface/",
            file.path,
            number + 1
        ))
    };
    file.text.lines().enumerate().filter_map(finding).collect()
}

fn name_in(line: &str) -> Option<String> {
    let runs = runs(line);
    let is_in = |name: &&&[&str]| runs.iter().any(|run| run.windows(name.len()).any(|parts| parts == **name));
    NAMES.iter().find(is_in).map(|name| name.join(" "))
}

/// The words of a line in small letters, cut where camel case starts a new one. Those of one run have nothing, a
/// hyphen, an underscore or a space between them.
fn runs(line: &str) -> Vec<Vec<String>> {
    let letters: Vec<char> = line.chars().collect();
    let at = |index: usize| letters.get(index).copied().unwrap_or('\0');
    let mut runs = vec![Vec::new()];
    let mut word = String::new();
    for index in 0..=letters.len() {
        let (now, next) = (at(index), at(index + 1));
        let before = index.checked_sub(1).map_or('\0', at);
        // `McpServer`, `MCPServer`; but `LLMs` is the plural of one word.
        let plural = next == 's' && !at(index + 2).is_lowercase();
        let starts = now.is_uppercase()
            && (before.is_lowercase()
                || before.is_numeric()
                || (before.is_uppercase() && next.is_lowercase() && !plural));
        if (starts || !now.is_alphanumeric()) && !word.is_empty() {
            let word = std::mem::take(&mut word);
            let shortened = word.strip_suffix('s').filter(|name| NAMES.contains(&[*name].as_slice()));
            let word = shortened.map_or(word.clone(), String::from);
            runs.last_mut().expect("there is always one").push(word);
        }
        if now.is_alphanumeric() {
            word.extend(now.to_lowercase());
        } else if !['-', '_', ' '].contains(&now) || !at(index + 1).is_alphanumeric() {
            runs.push(Vec::new());
        }
    }
    runs
}

#[test]
fn names_are_found_as_words_and_as_parts_of_them() {
    for line in [
        "mod mcp;",
        "McpServer::new()",
        "a_mcp_b",
        "MCPServer",
        "// of LLMs, too",
        "\"Mcp-Session-Id\"",
        "const MCP_ID: u8",
        "JSON-RPC",
        "json_rpc",
        "JsonRpcError",
        "\"jsonrpc\"",
        "\"stdio://x\"",
        "Stdio::null()",
        "OpenAI",
        "openai",
        "Anthropic's",
        "http/egress",
    ] {
        assert!(name_in(line).is_some(), "{line}");
    }
    for line in ["memcpy", "json(rpc)", "json: rpc", "studio", "regress", "jsonrpcx", "Json", "open main", ""] {
        assert_eq!(name_in(line), None, "{line}");
    }
    let file = |path: &str| SourceFile { path: path.into(), text: "\n//! MCP.\n".into() };
    let found = names_protocols(&file("host/gateway/src/dispatch.rs"));
    assert!(found.len() == 1 && found[0].contains("dispatch.rs:2: names `mcp`"), "{found:?}");
    assert_eq!(names_protocols(&file("host/gateway/src/surface/mcp/mod.rs")), Vec::<String>::new());
    assert_eq!(names_protocols(&file("host/core/src/catalogue.rs")), Vec::<String>::new());
}
