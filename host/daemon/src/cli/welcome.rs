//! What `weir demo` prints when it is ready: calls to paste, with the actual addresses.

use std::fmt::Write as _;
use std::net::SocketAddr;

use weir_demo::SAMPLE_TOKEN;

use crate::load::LoadedSet;

/// The page. Shows only calls to routes that exist in the folder.
pub fn welcome(gateway: SocketAddr, admin: SocketAddr, set: &LoadedSet) -> String {
    let names: Vec<&str> = set.policies.iter().map(|policy| policy.settings.name.as_str()).collect();
    let paths = |server: &str| {
        let found = set.routes.iter().find(|route| route.config.upstream.to_string() == format!("demo:{server}"));
        found.map(|route| format!("http://{gateway}{}", route.config.path.trim_end_matches('/')))
    };
    page(admin, &names, paths("mcp").as_deref(), paths("http").as_deref())
}

fn page(admin: SocketAddr, policies: &[&str], mcp: Option<&str>, http: Option<&str>) -> String {
    let mut page = String::new();
    let _ = writeln!(page, "\nPolicies in the path of every call: {}\n", policies.join(", "));
    if let Some(mcp) = mcp {
        let call = |name: &str, arguments: &str| {
            format!(
                "  curl -s {mcp} -H 'content-type: application/json' \\\n    -d '{{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{{\"name\":\"{name}\",\"arguments\":{arguments}}}}}'\n"
            )
        };
        let _ = writeln!(page, "Denied: a destructive command never reaches the tool.");
        let _ = writeln!(page, "{}", call("run_command", "{\"command\":\"rm -rf / --no-preserve-root\"}"));
        let _ = writeln!(page, "Redacted: the file holds a token; the answer does not.");
        let _ = writeln!(page, "{}", call("read_file", "{\"path\":\"deploy.env\"}"));
        let _ = writeln!(page, "Redacted: people's addresses stay in the database.");
        let _ = writeln!(page, "{}", call("query_sql", "{\"sql\":\"SELECT name, email, phone FROM customers\"}"));
    }
    if let Some(http) = http {
        let _ = writeln!(page, "Plain HTTP goes the same way: this token is stopped before it leaves.");
        let _ = writeln!(page, "  curl -s {http}/anything -d 'key={}'\n", SAMPLE_TOKEN.concat());
    }
    let _ = writeln!(page, "What was decided, in numbers:  curl -s http://{admin}/metrics | grep weir_policy_effects");
    let _ = writeln!(page, "What is loaded:                curl -s http://{admin}/v1/policies");
    let _ = writeln!(page, "Edit weir.toml in the folder: it is taken over at once. End with Ctrl-C.");
    page
}

#[cfg(test)]
mod tests {
    use weir_demo::SAMPLE_TOKEN;

    #[test]
    fn the_page() {
        let at = |port| std::net::SocketAddr::from(([127, 0, 0, 1], port));
        let page = super::page(
            at(9901),
            &["secret-scan", "audit-log"],
            Some("http://127.0.0.1:8080/mcp"),
            Some("http://127.0.0.1:8080/http"),
        );
        // The snapshot is a file of the sources, too.
        insta::assert_snapshot!(page.replace(&SAMPLE_TOKEN.concat(), "TOKEN"));
    }
}
