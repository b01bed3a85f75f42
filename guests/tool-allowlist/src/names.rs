//! Tool names: the built-in list of dangerous ones, and similarity between names.
//!
//! The list covers tools that are irreversible, move money or disable protection, as far as the name alone shows that.
//! Merely powerful tools, such as a shell, a query or deleting one file, are not on it: a guard that checks the
//! arguments decides better.

use weir_glob::Glob;

/// Verbs for irreversible actions, and the objects that make them dangerous.
const DESTROYERS: [&str; 8] = ["delete", "drop", "destroy", "purge", "wipe", "erase", "truncate", "terminate"];
const VICTIMS: [&str; 22] = [
    "account",
    "backup",
    "bucket",
    "cluster",
    "collection",
    "database",
    "disk",
    "domain",
    "instance",
    "keyspace",
    "namespace",
    "org",
    "organization",
    "project",
    "repo",
    "repository",
    "schema",
    "server",
    "stack",
    "table",
    "tenant",
    "volume",
];

/// Whole phrases: moving money and disabling protection.
const PHRASES: [&str; 25] = [
    "create_payout",
    "drop_all",
    "delete_all",
    "factory_reset",
    "format_disk",
    "make_payment",
    "send_crypto",
    "send_funds",
    "send_money",
    "send_payment",
    "transfer_funds",
    "transfer_money",
    "transfer_repository",
    "withdraw_funds",
    "wire_transfer",
    "disable_2fa",
    "disable_audit",
    "disable_backup",
    "disable_encryption",
    "disable_firewall",
    "disable_logging",
    "disable_mfa",
    "disable_guardrails",
    "shutdown_host",
    "terraform_destroy",
];

/// Why a name is on the built-in list: the words that match.
pub fn dangerous(name: &str) -> Option<String> {
    let words = words(name);
    for (index, word) in words.iter().enumerate() {
        let victim = |next: &&String| VICTIMS.iter().any(|victim| **next == *victim || **next == plural(victim));
        if DESTROYERS.contains(&word.as_str())
            && let Some(next) = words[index + 1..].iter().take(2).find(victim)
        {
            return Some(format!("{word} {next}"));
        }
    }
    let joined = format!("_{}_", words.join("_"));
    let phrase = PHRASES.iter().find(|phrase| joined.contains(&format!("_{phrase}_")))?;
    Some(phrase.replace('_', " "))
}

/// Up to three allowed tools with a similar name.
pub fn close<'a>(name: &str, allowed: impl Iterator<Item = &'a Glob>) -> Vec<&'a str> {
    /// No real name is this long, and the cost is the product of both lengths.
    const LONGEST: usize = 128;
    if name.len() > LONGEST {
        return Vec::new();
    }
    let near = name.chars().count().div_ceil(3);
    let mut found: Vec<_> = allowed
        .filter_map(Glob::literal)
        .filter(|tool| tool.len() <= LONGEST)
        .map(|tool| (distance(name, tool), tool))
        .filter(|(distance, _)| *distance <= near)
        .collect();
    found.sort_unstable();
    found.dedup();
    found.into_iter().take(3).map(|(_, tool)| tool).collect()
}

/// The words of a name in lower case: `mcp__db.dropTable` is `mcp`, `db`, `drop`, `table`.
fn words(name: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut was_lower = false;
    for character in name.chars() {
        let boundary = !character.is_alphanumeric() || (was_lower && character.is_uppercase());
        if boundary && !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
        was_lower = character.is_lowercase();
        if character.is_alphanumeric() {
            word.extend(character.to_lowercase());
        }
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

fn plural(word: &str) -> String {
    match word.strip_suffix('y') {
        Some(stem) => format!("{stem}ies"),
        None => format!("{word}s"),
    }
}

/// The edit distance of two names (insertions, deletions, replacements), in lower case.
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.to_lowercase().chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (index, character) in left.to_lowercase().chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = index + 1;
        for (column, other) in right.iter().enumerate() {
            let replaced = diagonal + usize::from(character != *other);
            diagonal = row[column + 1];
            row[column + 1] = replaced.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[right.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dangerous_names_are_told_in_every_spelling() {
        for name in [
            "delete_repository",
            "deleteRepository",
            "mcp__github__delete_repo",
            "db.drop-table",
            "DropDatabase",
            "delete_s3_buckets",
            "purge-repositories",
            "send_payment",
            "stripe/createPayout",
            "disableMFA",
        ] {
            assert!(dangerous(name).is_some(), "{name}");
        }
    }

    #[test]
    fn useful_names_pass() {
        for name in [
            "Bash",
            "delete_file",
            "delete_branch",
            "read_table",
            "drop_shadow_effect",
            "list_deleted_projects",
            "backup_database",
            "get_project_delete_policy",
            "transform_table",
            "terminate_process",
            "create_payment_link_preview",
            "",
        ] {
            assert_eq!(dangerous(name), None, "{name}");
        }
    }

    #[test]
    fn close_names_come_nearest_first() {
        let allowed = weir_glob::Globs::from_iter(["read_file", "read_files", "write_file", "read_*"]);
        assert_eq!(close("readFile", allowed.iter()), ["read_file", "read_files"]);
        assert!(close("transfer_funds", allowed.iter()).is_empty());
        assert!(close(&"x".repeat(1_000), allowed.iter()).is_empty());
    }
}
