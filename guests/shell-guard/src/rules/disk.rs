//! Disks that are formatted, partitioned or overwritten.

use crate::analysis::Analysis;
use crate::arguments::Arguments;
use crate::command::line;
use crate::rule::Rule;
use crate::value::{Field, shown};

/// Checks a command.
pub fn check(analysis: &mut Analysis<'_>, name: &str, fields: &[Field]) {
    let arguments = Arguments::new(fields, &[]);
    let first = arguments.operands.first().map(|field| field.text.as_str());
    let disk = fields.iter().any(|field| analysis.place(field).is_disk());
    let formats = match name {
        "mke2fs" | "mkdosfs" | "newfs" | "blkdiscard" | "mkswap" => true,
        "wipefs" => disk && !arguments.has(&["n", "no-act"]) && arguments.has(&["a", "all", "o", "offset"]),
        "fdisk" | "gdisk" | "cfdisk" => disk && !arguments.has(&["l", "list"]),
        "sfdisk" => disk && !arguments.has(&["l", "list", "d", "dump"]),
        "sgdisk" => disk && !arguments.has(&["p", "print"]),
        "parted" => disk && !arguments.has(&["l", "list"]) && !fields.iter().any(|field| field.text == "print"),
        "diskutil" => {
            first.is_some_and(|verb| verb.starts_with("erase") || verb.starts_with("partition") || verb == "zeroDisk")
        }
        "cryptsetup" => first.is_some_and(|verb| matches!(verb, "luksFormat" | "erase" | "luksErase")),
        "pvcreate" | "pvremove" | "vgremove" | "lvremove" => disk || first.is_some(),
        "zpool" => first == Some("destroy"),
        "shred" | "scrub" | "badblocks" => disk,
        other => other == "mkfs" || other.starts_with("mkfs."),
    };
    let asks = arguments.has(&["help", "h", "V", "version"]);
    if formats && !asks && !fields.is_empty() {
        analysis.found(Rule::DiskWrite, format!("`{}` destroys what a disk holds", line(name, fields)));
    }
    if name == "dd" {
        for target in fields.iter().filter_map(|field| field.text.strip_prefix("of=")) {
            overwritten(analysis, name, &Field::plain(target));
        }
    }
    let targets = match name {
        "tee" => &arguments.operands[..],
        "cp" | "mv" => arguments.operands.last().map(std::slice::from_ref).unwrap_or_default(),
        _ => &[],
    };
    for target in targets {
        overwritten(analysis, name, target);
    }
}

/// Checks a file that is written.
pub fn overwritten(analysis: &mut Analysis<'_>, name: &str, target: &Field) {
    if analysis.place(target).is_disk() {
        analysis.found(Rule::DiskWrite, format!("`{}` overwrites the disk `{}`", shown(name), shown(&target.text)));
    }
}
