//! Overwritten history and discarded work.

use crate::analysis::Analysis;
use crate::arguments::Arguments;
use crate::command::line;
use crate::rule::Rule;
use crate::value::{Field, shown};

/// Checks a command.
pub fn check(analysis: &mut Analysis<'_>, name: &str, fields: &[Field]) {
    if name != "git" {
        return;
    }
    let Some(start) = subcommand(fields) else { return };
    let (verb, rest) = (fields[start].text.as_str(), &fields[start + 1..]);
    match verb {
        "push" => push(analysis, rest),
        _ => discard(analysis, verb, rest),
    }
}

/// The position of the subcommand, after git's own options.
fn subcommand(fields: &[Field]) -> Option<usize> {
    let mut index = 0;
    loop {
        let text = fields.get(index)?.text.as_str();
        if !text.starts_with('-') {
            return Some(index);
        }
        let valued = matches!(text, "-C" | "-c" | "--git-dir" | "--work-tree" | "--namespace" | "--exec-path");
        index += 1 + usize::from(valued);
    }
}

fn push(analysis: &mut Analysis<'_>, fields: &[Field]) {
    let arguments = Arguments::new(fields, &["o", "push-option", "repo", "receive-pack", "exec"]);
    let forced = arguments.has(&["f", "force", "force-with-lease", "mirror"]);
    let deletes = arguments.has(&["d", "delete"]);
    let pruned = arguments.has(&["mirror", "all", "prune"]) && (forced || arguments.has(&["prune"]));
    let mut named = false;
    for field in arguments.operands.iter().skip(1) {
        named = true;
        let (plus, reference) = match field.text.strip_prefix('+') {
            Some(reference) => (true, reference),
            None => (false, field.text.as_str()),
        };
        let (source, target) = reference.split_once(':').unwrap_or((reference, reference));
        let target = target.strip_prefix("refs/heads/").unwrap_or(target);
        let removes = deletes || (source.is_empty() && reference.starts_with(':'));
        let verb = if removes {
            "deletes"
        } else if forced || plus {
            "overwrites the history of"
        } else {
            continue;
        };
        if analysis.settings.protected_branches.matches(target) {
            analysis.found(Rule::GitForcePush, format!("`git push` {verb} the protected branch `{}`", shown(target)));
        }
    }
    if pruned {
        analysis
            .found(Rule::GitForcePush, format!("`{}` overwrites or deletes every branch", line("git push", fields)));
    } else if !named && arguments.has(&["f", "force"]) {
        let message =
            "`git push --force` names no branch, so it may overwrite a protected one: name the branch".to_owned();
        analysis.found(Rule::GitForcePush, message);
    }
}

fn discard(analysis: &mut Analysis<'_>, verb: &str, fields: &[Field]) {
    let arguments = Arguments::new(fields, &["s", "source", "b", "B", "e"]);
    let everything = || arguments.operands.iter().any(|field| matches!(field.text.as_str(), "." | ":/" | "*" | "./"));
    let what = match verb {
        "reset" if arguments.has(&["hard"]) => "changes that are not committed",
        "clean" if arguments.has(&["f", "force"]) && !arguments.has(&["n", "dry-run"]) => "files that are not tracked",
        "checkout" if arguments.has(&["f", "force"]) || everything() => "changes that are not committed",
        "restore" if everything() && (!arguments.has(&["S", "staged"]) || arguments.has(&["W", "worktree"])) => {
            "changes that are not committed"
        }
        "stash" if arguments.operands.first().is_some_and(|verb| matches!(verb.text.as_str(), "drop" | "clear")) => {
            "stashed changes"
        }
        "branch" if arguments.has(&["D"]) => "commits that are not merged",
        "reflog"
            if arguments.operands.first().is_some_and(|verb| matches!(verb.text.as_str(), "expire" | "delete")) =>
        {
            "the way back to lost commits"
        }
        "filter-branch" | "filter-repo" => "the history as it was",
        "update-ref" if arguments.has(&["d"]) => "a reference",
        _ => return,
    };
    let mut words = vec![Field::plain(verb)];
    words.extend_from_slice(fields);
    analysis.found(Rule::GitDiscard, format!("`{}` throws away {what}", line("git", &words)));
}
