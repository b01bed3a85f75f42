//! Finds the cases of a component.

use std::fs;
use std::path::{Path, PathBuf};

/// The case files in the given place, or in the default ones: `cases` next to the component, or `guests/NAME/cases` in
/// a parent folder.
pub fn find(component: &Path, given: Option<&Path>) -> Result<Vec<PathBuf>, String> {
    if let Some(given) = given {
        if given.is_file() {
            return Ok(vec![given.to_owned()]);
        }
        return files(given).map_err(|error| format!("{}: {error}", given.display()));
    }
    let absolute = fs::canonicalize(component).map_err(|error| format!("{}: {error}", component.display()))?;
    let name = absolute.file_stem().map(|stem| stem.to_string_lossy().replace('_', "-")).unwrap_or_default();
    let beside = absolute.parent().map(|folder| folder.join("cases"));
    let above = absolute
        .ancestors()
        .skip(1)
        .flat_map(|folder| [folder.join("guests").join(&name).join("cases"), folder.join(&name).join("cases")]);
    let found = beside.into_iter().chain(above).find(|folder| folder.is_dir());
    let Some(folder) = found else {
        return Err(format!(
            "{}: there is neither a folder `cases` beside it nor guests/{name}/cases above it; name one with --cases",
            component.display()
        ));
    };
    // Messages show paths relative to the current folder.
    let here = std::env::current_dir().ok();
    let folder = here.and_then(|here| folder.strip_prefix(here).map(Path::to_owned).ok()).unwrap_or(folder);
    files(&folder).map_err(|error| format!("{}: {error}", folder.display()))
}

/// The `.json` files of a folder, sorted.
fn files(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let entries = fs::read_dir(folder).map_err(|error| error.to_string())?;
    let mut files: Vec<PathBuf> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .collect();
    files.sort();
    if files.is_empty() { Err("it holds no .json file with cases".to_owned()) } else { Ok(files) }
}
