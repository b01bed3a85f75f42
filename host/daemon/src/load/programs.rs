//! Checks whether a route's program can probably be started. It starts on demand, so a typo would otherwise show only
//! at the first call.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::{env, fs};

use weir_gateway::surface::mcp::Command;

/// Why it cannot be started, if so. Only a warning: it may be installed later.
pub fn obstacle(command: &Command) -> Option<String> {
    let Command { program, environment, directory, .. } = command;
    if let Some(directory) = directory.as_ref().filter(|directory| !directory.is_dir()) {
        return Some(format!("its cwd {} is not a folder", directory.display()));
    }
    if program.contains('/') {
        let message = || format!("its program {program} is not there, or is not executable");
        return (!is_executable(Path::new(program))).then(message);
    }
    let path = environment.get("PATH").map(Into::into).or_else(|| env::var_os("PATH")).unwrap_or_default();
    let found = env::split_paths(&path).any(|folder| is_executable(&folder.join(program)));
    (!found).then(|| format!("its program {program:?} is in no folder of PATH"))
}

fn is_executable(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
}
