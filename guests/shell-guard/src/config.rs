//! The format of the configuration, and the settings derived from it.

use serde::Deserialize;
use weir_glob::Globs;

use crate::analysis::Settings;
use crate::paths::{HOME, Layout, names};
use crate::rule::Levels;

/// The configuration.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Names of tools that run commands, in lower case.
    pub tools: Globs,
    /// Names of arguments that hold commands, in lower case.
    pub arguments: Globs,
    /// The workspace's path; if absent, the folder named by the call.
    pub workspace: Option<String>,
    /// Folders outside the workspace where writing is allowed.
    pub allow: Vec<String>,
    /// Branches whose history is protected.
    pub protected_branches: Globs,
    /// The effect of a violation, per rule.
    pub rules: Levels,
}

impl Default for Config {
    fn default() -> Self {
        let tools = [
            "sh",
            "zsh",
            "cmd",
            "run",
            "*bash*",
            "*shell*",
            "*terminal*",
            "*exec*",
            "*command*",
            "*_sh",
            "run_script*",
        ];
        let arguments = [
            "command",
            "commands",
            "cmd",
            "cmds",
            "script",
            "scripts",
            "code",
            "shell",
            "bash",
            "command_line",
            "cmdline",
            "commandline",
            "shell_command",
            "bash_command",
        ];
        Self {
            tools: tools.into_iter().collect(),
            arguments: arguments.into_iter().collect(),
            workspace: None,
            allow: vec!["/tmp".to_owned(), "/var/tmp".to_owned()],
            protected_branches: ["main", "master", "trunk", "production", "release", "release/*"].into_iter().collect(),
            rules: Levels::default(),
        }
    }
}

impl Config {
    /// Checks what the types cannot.
    pub fn check(&self) -> Result<(), String> {
        if let Some(workspace) = &self.workspace
            && (!workspace.starts_with('/') || names(workspace).is_empty())
        {
            return Err(format!("`workspace` must be an absolute folder below `/`, not `{workspace}`"));
        }
        match self.allow.iter().find(|folder| !folder.starts_with(['/', '~'])) {
            Some(folder) => Err(format!("`allow` takes absolute folders or ones below `~`, not `{folder}`")),
            None => Ok(()),
        }
    }

    /// The rules' settings for a workspace.
    pub fn settings(&self, workspace: Option<&str>) -> Settings {
        let expanded = |folder: &String| match folder.strip_prefix('~') {
            Some(rest) => names(&format!("{HOME}{rest}")),
            None => names(folder),
        };
        Settings {
            layout: Layout {
                root: workspace.map(names).filter(|names| !names.is_empty()),
                allowed: self.allow.iter().map(expanded).collect(),
            },
            protected_branches: self.protected_branches.clone(),
        }
    }
}
