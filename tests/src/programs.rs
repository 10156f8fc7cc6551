//! The programs that tests start.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// Both programs of one version.
#[derive(Clone, Debug)]
pub struct Programs(PathBuf);

impl Programs {
    /// Those of this tree.
    #[must_use]
    pub fn built() -> Self {
        Self(built().to_owned())
    }

    /// Those in a folder.
    #[must_use]
    pub fn in_folder(folder: PathBuf) -> Self {
        Self(folder)
    }

    /// The daemon.
    #[must_use]
    pub fn node(&self) -> PathBuf {
        self.0.join("gslb-node")
    }

    /// The command line.
    #[must_use]
    pub fn ctl(&self) -> PathBuf {
        self.0.join("gslbctl")
    }
}

/// The built `gslb-node`.
#[must_use]
pub fn gslb_node() -> PathBuf {
    Programs::built().node()
}

/// The built `gslbctl`.
#[must_use]
pub fn gslbctl() -> PathBuf {
    Programs::built().ctl()
}

/// The target folder that cargo built this test in, and the folder of its profile there.
pub(crate) fn target() -> (PathBuf, String) {
    // TARGET/PROFILE/deps/THIS-TEST
    let this = std::env::current_exe().expect("a test knows its own path");
    let folder = this.ancestors().nth(2).expect("cargo puts tests into deps/");
    let target = folder.parent().expect("a profile has a folder in the target folder");
    let profile = folder.file_name().expect("a profile has a name");
    (target.to_owned(), profile.to_string_lossy().into_owned())
}

/// Builds the executables once, where and as cargo built this test, and gives their folder.
///
/// They belong to another package, so cargo does not tell a test where they are.
fn built() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let (target, profile) = target();
        let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or("cargo".into()));
        cargo
            .current_dir(crate::tree::root())
            // The whole workspace with a test: then features, and so what is built already, are those of `cargo test`.
            .args(["build", "--locked", "--quiet", "--workspace", "--bins", "--test", "tidy"])
            .arg("--target-dir")
            .arg(&target);
        if profile == "release" {
            cargo.arg("--release");
        }
        let status = cargo.status().expect("cargo can be started");
        assert!(status.success(), "gslb-node and gslbctl could not be built");
        target.join(profile)
    })
}

/// A program of the system, looked for in PATH and where Debian puts daemons.
#[must_use]
pub fn find(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(["/usr/sbin", "/usr/local/sbin", "/sbin"].map(PathBuf::from))
        .map(|folder| folder.join(name))
        .find(|path| path.is_file())
}

/// The library that shows a process the wrong time (libfaketime), where Debian puts it.
#[must_use]
pub fn wrong_clock() -> Option<PathBuf> {
    let arch = std::env::consts::ARCH;
    let path = format!("/usr/lib/{arch}-linux-gnu/faketime/libfaketimeMT.so.1");
    Some(PathBuf::from(path)).filter(|path| path.is_file())
}

/// Why a test that needs these programs cannot run here; none if it can.
#[must_use]
pub fn missing(names: &[&str]) -> Option<String> {
    let missing: Vec<&str> = names.iter().copied().filter(|n| find(n).is_none()).collect();
    (!missing.is_empty()).then(|| format!("not installed: {}", missing.join(", ")))
}

/// Says plainly, past the capture of test output, that a test did not run.
pub fn skip(test: &str, why: &str) {
    use std::io::Write as _;
    let _ = writeln!(std::io::stderr(), "SKIPPED {test}: {why}");
}
