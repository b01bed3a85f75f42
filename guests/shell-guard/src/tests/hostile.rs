//! Attacks on the guard itself, and forms of arguments.

use serde_json::json;

use super::broken;
use crate::call;
use crate::config::Config;

#[test]
fn size_and_nesting_are_findings() {
    let nested_scripts = (0..12).fold("rm -rf /".to_owned(), |inner, _| format!("eval {}", quoted(&inner)));
    let sources = [
        "a;".repeat(200_000),
        "(".repeat(100_000),
        "{ ".repeat(100_000),
        "if ".repeat(100_000),
        "$(".repeat(1_000),
        "f() { f; f; f; f; }; f; f".to_owned(),
        format!("echo {}", "{a,b}".repeat(30)),
        nested_scripts,
        "sudo ".repeat(50) + "rm -rf /",
    ];
    for source in &sources {
        let found = broken(source);
        let complex = found.contains(&"too_complex") || found.contains(&"fork_bomb");
        assert!(complex || source.starts_with("f()"), "{} {found:?}", &source[..source.len().min(40)]);
    }
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

#[test]
fn many_light_findings_do_not_hide_a_grave_one() {
    let light: String = (0..40).map(|index| format!("git reset --hard {index}; ")).collect();
    let found = call::judge(&Config::default(), &json!({ "command": light + "rm -rf /" }), None);
    assert!(found.iter().any(|(_, broken)| broken.rule.name() == "destructive_delete"));
    assert!(found.len() < 10);
}

#[test]
fn no_text_makes_it_panic() {
    let pieces = [
        "rm", "-rf", "/", "'", "\"", "`", "$(", ")", "${", "}", "{", "|", "&", ";", "<<", "EOF", "\n", ">", "<", "<(",
        "\\", "$'", "\\x", "~", "*", "=", "x=", "if", "then", "fi", "done", "case", "esac", "in", "(", "#", "é",
        "\u{0}", "-c", "sh", "eval", "xargs", "--", "-", "@", "!", "%", "[", "]", "env", "-S", "find", "-exec", "git",
        "push", ":", "+",
    ];
    let mut state = 1_u32;
    for _ in 0..20_000 {
        let mut source = String::new();
        for _ in 0..12 {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            source.push_str(pieces[(state >> 16) as usize % pieces.len()]);
            if state & 1 << 15 == 0 {
                source.push(' ');
            }
        }
        let _ = broken(&source);
    }
}

#[test]
fn commands_are_found_in_every_form() {
    let config = Config::default();
    for (arguments, pointers) in [
        (json!({"command": "rm -rf /"}), vec!["/arguments/command"]),
        (json!({"command": ["rm", "-rf", "/"]}), vec!["/arguments/command"]),
        (json!({"command": ["bash", "-lc", "rm -rf /"]}), vec!["/arguments/command"]),
        (json!({"command": "rm", "args": ["-rf", "/"]}), vec!["/arguments/command"]),
        (json!({"commands": ["ls", "rm -rf /"]}), vec!["/arguments/commands/1"]),
        (json!({"command": ["cd /", "rm -rf /"]}), vec!["/arguments/command/1"]),
        (json!({"Cmd": "rm -rf /"}), vec!["/arguments/Cmd"]),
        (
            json!({"steps": [{"script": "rm -rf /"}, {"run/x": {"code": "rm -rf ~"}}]}),
            vec!["/arguments/steps/0/script", "/arguments/steps/1/run~1x/code"],
        ),
        (json!("{\"command\": \"rm -rf /\"}"), vec!["/arguments/command"]),
        (json!("rm -rf /"), vec!["/arguments"]),
        (json!({"description": "rm -rf /"}), vec![]),
        (json!({"command": 7}), vec![]),
        (json!({"command": ["echo", "rm -rf /"]}), vec![]),
        (json!({"command": ["ls", "; rm -rf /"]}), vec![]),
        (json!({"command": "rm -rf *", "cwd": "/"}), vec!["/arguments/command"]),
        (json!([]), vec![]),
    ] {
        let found = call::judge(&config, &arguments, None);
        let found: Vec<_> = found.iter().map(|(path, _)| path.as_str()).collect();
        assert_eq!(found, pointers, "{arguments}");
    }
}
