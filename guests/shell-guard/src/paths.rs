//! Where a path leads: inside the workspace, to an absolute location, above the workspace, or unknown.
//!
//! Invariants: `.` and `..` are resolved textually; symbolic links are not followed. An unknown part of a path is kept
//! as [`UNKNOWN`] and treated as one plain name.

/// Marks unknown text, such as the value of a variable.
pub const UNKNOWN: char = '\u{0}';

/// The home folder, whatever its real path.
pub const HOME: &str = "/home/~";

/// A folder or file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// Path components below the workspace's root.
    Workspace(Vec<String>),
    /// Path components below `/`.
    Absolute(Vec<String>),
    /// Above a workspace whose path is unknown: how many levels up, and the components from there.
    Above(usize, Vec<String>),
    /// Unknown.
    Unknown,
}

/// The operator's folders.
#[derive(Debug, Clone, Default)]
pub struct Layout {
    /// The workspace's path components below `/`, if known.
    pub root: Option<Vec<String>>,
    /// Writable locations outside.
    pub allowed: Vec<Vec<String>>,
}

impl Layout {
    /// The location of a path relative to a folder.
    pub fn resolve(&self, from: &Place, path: &str) -> Place {
        let absolute = path.starts_with('/');
        if path.starts_with(UNKNOWN) {
            return Place::Unknown;
        }
        let mut place = if absolute { Place::Absolute(Vec::new()) } else { from.clone() };
        for name in path.split('/').filter(|name| !name.is_empty() && *name != ".") {
            place = if name == ".." { self.parent(place) } else { child(place, name) };
        }
        self.within(place)
    }

    /// Whether a location may be written.
    pub fn writable(&self, place: &Place) -> bool {
        match place {
            Place::Workspace(_) | Place::Unknown => true,
            Place::Above(..) => false,
            Place::Absolute(names) => {
                is_device(names)
                    || self.allowed.iter().any(|prefix| starts_with(names, prefix) && names.len() > prefix.len())
            }
        }
    }

    fn parent(&self, place: Place) -> Place {
        match place {
            Place::Workspace(mut names) => {
                if names.pop().is_some() {
                    return Place::Workspace(names);
                }
                match &self.root {
                    Some(root) => Place::Absolute(root[..root.len().saturating_sub(1)].to_vec()),
                    None => Place::Above(1, Vec::new()),
                }
            }
            Place::Absolute(mut names) => {
                names.pop();
                Place::Absolute(names)
            }
            Place::Above(levels, mut names) => {
                let levels = if names.pop().is_some() { levels } else { levels + 1 };
                Place::Above(levels, names)
            }
            Place::Unknown => Place::Unknown,
        }
    }

    /// An absolute location as one in the workspace, if it is there.
    fn within(&self, place: Place) -> Place {
        match (place, &self.root) {
            (Place::Absolute(names), Some(root)) if starts_with(&names, root) => {
                Place::Workspace(names[root.len()..].to_vec())
            }
            (place, _) => place,
        }
    }
}

impl Place {
    /// Whether this is a critical location: `/`, a system folder, a home folder, the workspace's root or above. A final
    /// name that matches all names counts as its folder.
    pub fn is_vital(&self) -> bool {
        match self {
            Self::Workspace(names) => {
                let names = folder(names, false);
                names.is_empty() || names == [".git"]
            }
            Self::Above(_, names) => folder(names, true).is_empty(),
            Self::Absolute(names) => match folder(names, true) {
                [] => true,
                [top] => is_system(top) || has_pattern(top),
                [top, second] => {
                    matches!(top.as_str(), "home" | "Users")
                        || (matches!(top.as_str(), "usr" | "var" | "System" | "Library" | "boot" | "etc")
                            && is_system_part(second))
                }
                _ => false,
            },
            Self::Unknown => false,
        }
    }

    /// Whether the location is a storage device.
    pub fn is_disk(&self) -> bool {
        let Self::Absolute(names) = self else { return false };
        let [dev, rest @ ..] = names.as_slice() else { return false };
        const DISKS: [&str; 11] = ["sd", "hd", "vd", "xvd", "nvme", "mmcblk", "disk", "rdisk", "mapper", "md", "mem"];
        dev == "dev"
            && rest.first().is_some_and(|name| DISKS.iter().any(|disk| name.starts_with(disk)) || has_pattern(name))
    }
}

/// The components of an absolute path.
pub fn names(path: &str) -> Vec<String> {
    path.split('/').filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

/// Whether a name matches many, like `*`.
pub fn has_pattern(name: &str) -> bool {
    name.contains(['*', '?', '[', UNKNOWN])
}

fn child(place: Place, name: &str) -> Place {
    let pushed = |mut names: Vec<String>| {
        names.push(name.to_owned());
        names
    };
    match place {
        Place::Workspace(names) => Place::Workspace(pushed(names)),
        Place::Absolute(names) => Place::Absolute(pushed(names)),
        Place::Above(levels, names) => Place::Above(levels, pushed(names)),
        Place::Unknown => Place::Unknown,
    }
}

/// The components without final ones that match everything in the folder; an unknown final name is dropped only if an
/// empty value would be dangerous.
fn folder(names: &[String], unknown_too: bool) -> &[String] {
    let everything = |name: &String| {
        let rest = name.trim_matches(|c| matches!(c, '*' | '?' | '.'));
        (rest.is_empty() && name.contains('*'))
            || matches!(name.as_str(), ".[!.]*" | "[!.]*" | "[^.]*" | ".??*")
            || (unknown_too && name.chars().all(|c| c == UNKNOWN))
    };
    let kept = names.iter().rposition(|name| !everything(name)).map_or(0, |last| last + 1);
    &names[..kept]
}

fn starts_with(names: &[String], prefix: &[String]) -> bool {
    names.len() >= prefix.len() && names.iter().zip(prefix).all(|(name, part)| name == part)
}

/// Devices that discard their input or lead back to the terminal.
fn is_device(names: &[String]) -> bool {
    match names {
        [dev, name] if dev == "dev" => {
            matches!(
                name.as_str(),
                "null" | "zero" | "full" | "stdout" | "stderr" | "stdin" | "tty" | "random" | "urandom"
            )
        }
        [dev, name, ..] => dev == "dev" && matches!(name.as_str(), "fd" | "shm" | "pts"),
        _ => false,
    }
}

fn is_system(name: &str) -> bool {
    const FOLDERS: [&str; 26] = [
        "Applications",
        "Library",
        "System",
        "Users",
        "Volumes",
        "bin",
        "boot",
        "dev",
        "etc",
        "home",
        "lib",
        "lib32",
        "lib64",
        "media",
        "mnt",
        "opt",
        "private",
        "proc",
        "root",
        "run",
        "sbin",
        "snap",
        "srv",
        "sys",
        "usr",
        "var",
    ];
    FOLDERS.contains(&name)
}

fn is_system_part(name: &str) -> bool {
    const FOLDERS: [&str; 14] = [
        "bin", "lib", "lib64", "local", "sbin", "share", "log", "spool", "www", "ssh", "ssl", "pam.d", "systemd",
        "grub",
    ];
    FOLDERS.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout(root: Option<&str>) -> Layout {
        Layout { root: root.map(names), allowed: vec![names("/tmp")] }
    }

    fn at(root: Option<&str>, path: &str) -> Place {
        layout(root).resolve(&Place::Workspace(Vec::new()), path)
    }

    #[test]
    fn paths_lead_where_they_say() {
        for (root, path, writable, vital) in [
            (None, "src/main.rs", true, false),
            (None, "./a/../b", true, false),
            (None, "..", false, true),
            (None, "../x", false, false),
            (None, "a/../../x", false, false),
            (None, "*", true, true),
            (None, "./", true, true),
            (None, "build/*", true, false),
            (None, ".git", true, true),
            (None, "/", false, true),
            (None, "//", false, true),
            (None, "/*", false, true),
            (None, "/./../*", false, true),
            (None, "/e?c", false, true),
            (None, "/etc", false, true),
            (None, "/etc/passwd", false, false),
            (None, "/home/ann", false, true),
            (None, "/home/~/*", false, true),
            (None, "/home/~/notes", false, false),
            (None, "/tmp/x", true, false),
            (None, "/tmp/../etc", false, true),
            (None, "/tmp", false, false),
            (None, "/tmpx", false, false),
            (None, "/dev/null", true, false),
            (Some("/home/ann/project"), "/home/ann/project/a", true, false),
            (Some("/home/ann/project"), "/home/ann/project", true, true),
            (Some("/home/ann/project"), "../project/a", true, false),
            (Some("/home/ann/project"), "../other", false, false),
            (Some("/home/ann/project"), "..", false, true),
        ] {
            let place = at(root, path);
            assert_eq!(layout(root).writable(&place), writable, "{path} writable: {place:?}");
            assert_eq!(place.is_vital(), vital, "{path} vital: {place:?}");
        }
    }

    #[test]
    fn what_is_not_known_is_not_guessed() {
        assert_eq!(at(None, "\0/x"), Place::Unknown);
        assert!(at(None, "/\0").is_vital());
        assert!(!at(None, "./\0").is_vital());
        assert!(at(None, "/tmp/\0") != Place::Unknown);
    }

    #[test]
    fn disks_are_devices_that_keep_data() {
        for (path, expected) in
            [("/dev/sda", true), ("/dev/nvme0n1", true), ("/dev/null", false), ("/dev/s*", true), ("dev/sda", false)]
        {
            assert_eq!(at(None, path).is_disk(), expected, "{path}");
        }
    }
}
