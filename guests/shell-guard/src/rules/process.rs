//! Shutting down the machine, killing processes, and fork bombs.

use crate::analysis::Analysis;
use crate::arguments::Arguments;
use crate::command::line;
use crate::rule::Rule;
use crate::shell::{Command, Pipeline};
use crate::value::Field;

/// Checks a command.
pub fn check(analysis: &mut Analysis<'_>, name: &str, fields: &[Field]) {
    let has = |words: &[&str]| fields.iter().any(|field| words.contains(&field.text.as_str()));
    let off = match name {
        "shutdown" => !has(&["-c", "--help", "--show"]),
        "reboot" | "poweroff" | "halt" => !has(&["--help", "-w", "--wtmp-only"]),
        "init" | "telinit" => has(&["0", "6"]),
        "systemctl" => has(&["poweroff", "reboot", "halt", "kexec", "suspend", "hibernate", "rescue", "emergency"]),
        _ => false,
    };
    if off {
        analysis.found(Rule::Power, format!("`{}` stops or restarts the machine", line(name, fields)));
    }
    let all = match name {
        // `-1` means every process, unless it is the signal and others follow.
        "kill" => {
            let arguments: Vec<_> =
                fields.iter().map(|field| field.text.as_str()).filter(|text| *text != "--").collect();
            matches!(arguments.as_slice(), [_, .., "-1"]) || fields.len() > arguments.len() && arguments.contains(&"-1")
        }
        "killall5" => true,
        "pkill" => Arguments::new(fields, &["s", "signal", "u"])
            .operands
            .iter()
            .any(|field| matches!(field.text.as_str(), "." | ".*" | "")),
        _ => false,
    };
    if all {
        analysis.found(Rule::KillAll, format!("`{}` ends every process", line(name, fields)));
    }
}

/// Whether a function with this body is a fork bomb: it calls itself in the background, or twice at once.
pub fn is_fork_bomb(name: &str, body: &[Pipeline]) -> bool {
    body.iter().any(|pipeline| {
        let calls = pipeline.commands.iter().filter(|command| calls(command, name)).count();
        calls > 1 || (calls == 1 && pipeline.background)
    })
}

fn calls(command: &Command, name: &str) -> bool {
    match command {
        Command::Simple(simple) => simple.words.first().and_then(|word| word.bare()) == Some(name),
        Command::Group { body, .. } => {
            body.iter().any(|pipeline| pipeline.commands.iter().any(|command| calls(command, name)))
        }
        Command::Function { .. } => false,
    }
}
