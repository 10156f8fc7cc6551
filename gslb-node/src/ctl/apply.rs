//! Sending a traffic file, and printing what is declared.

use super::change_args::Apply;
use super::client::Client;
use super::error::CtlError;
use super::output::{Output, Tone};
use super::wait;
use crate::control::shape::{
    ChangeKind, ConfigApplied, ConfigParams, ObjectChange, ReadParams, WaitReply,
};
use gslb_consensus::model::{Config, document};
use serde::Serialize;
use std::io::Read;
use std::path::Path;

/// What `apply` prints for programs.
#[derive(Serialize)]
struct Told<'a> {
    #[serde(flatten)]
    applied: &'a ConfigApplied,
    wait: Option<&'a WaitReply>,
}

/// `gslbctl apply`: the file is read and checked before a node is looked for.
pub(super) async fn apply(
    args: Apply,
    client: impl FnOnce() -> Result<Client, CtlError>,
    output: Output,
) -> Result<(), CtlError> {
    let text = self_contained(&args.file)?;
    let client = client()?;
    let params = ConfigParams { expect: args.expect, dry_run: args.dry_run };
    let applied: ConfigApplied = client.put_toml("/v1/config", &params, text).await?;
    if !output.json {
        tell(&applied, output);
    }
    let waited =
        if args.dry_run { None } else { wait::wait(&client, &args.wait, applied.revision).await? };
    let told = Told { applied: &applied, wait: waited.as_ref() };
    output.show(&told, |o| wait::tell(waited.as_ref(), o))?;
    wait::verdict(waited.as_ref())
}

/// Reads a traffic file with the files that it names, checks it, and gives its canonical form.
fn self_contained(file: &Path) -> Result<String, CtlError> {
    let (shown, text) = if file == Path::new("-") {
        let mut text = String::new();
        let read = std::io::stdin().read_to_string(&mut text).map(|_| text);
        ("standard input".to_owned(), read)
    } else {
        (file.display().to_string(), std::fs::read_to_string(file))
    };
    let text = text.map_err(|error| CtlError::Usage(format!("{shown} cannot be read: {error}")))?;
    let folder = file.parent().unwrap_or(Path::new(""));
    let source =
        |name: &str| std::fs::read_to_string(folder.join(name)).map_err(|error| error.to_string());
    match document::read(&text, Some(&shown), &source) {
        // What an interrupted pipe or a wrong file name leads to; it would take every name off the air.
        Ok(config) if config == Config::default() => Err(CtlError::Usage(format!(
            "{shown} declares nothing: it would remove all that is declared; nothing was changed"
        ))),
        Ok(config) => Ok(document::write(&config)),
        Err(faults) => Err(CtlError::Faults(faults.0)),
    }
}

fn tell(applied: &ConfigApplied, output: Output) {
    for change in &applied.changes {
        let (mark, tone) = match change.change {
            ChangeKind::Added => ("+", Tone::Good),
            ChangeKind::Changed => ("~", Tone::Warn),
            ChangeKind::Removed => ("-", Tone::Bad),
        };
        output.line(&output.tone(tone, &format!("{mark} {}", change.path)));
        for line in &change.lines {
            let tone = if line.starts_with('+') { Tone::Good } else { Tone::Bad };
            output.line(&output.tone(tone, &format!("    {line}")));
        }
    }
    output.line(&summary(applied));
    applied.notes.iter().for_each(|note| output.line(&format!("note: {note}")));
}

fn summary(applied: &ConfigApplied) -> String {
    let count = |kind| applied.changes.iter().filter(|c: &&ObjectChange| c.change == kind).count();
    let (added, changed, removed) =
        (count(ChangeKind::Added), count(ChangeKind::Changed), count(ChangeKind::Removed));
    let (what, at) =
        (format!("{added} added, {changed} changed, {removed} removed"), applied.revision);
    match (applied.dry_run, applied.changes.is_empty()) {
        (true, true) => format!("nothing would change (compared with revision {at})"),
        (true, false) => {
            format!("would change: {what} (compared with revision {at}); nothing was sent")
        }
        (false, true) => format!("nothing changed: agreed at revision {at}"),
        (false, false) => format!("{what}: agreed at revision {at}"),
    }
}

/// `gslbctl export`.
pub(super) async fn export(
    client: &Client,
    ask: ReadParams,
    output: Output,
) -> Result<(), CtlError> {
    let text = client.get_text("/v1/config", &ask).await?;
    output.show(&serde_json::json!({ "toml": text }), |o| o.line(text.trim_end()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broken_file_names_every_fault_with_file_line_and_path() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("traffic.toml");
        std::fs::write(&file, "[[regions]]\nid = \"fra\"\nweight = 5000\n\n[[zones]]\nname = \"a.example\"\nfile = \"gone.zone\"\n").unwrap();
        let error = self_contained(&file).unwrap_err();
        assert_eq!(error.exit_code(), 2);
        let text = error.to_string().replace(&format!("{}/", dir.path().display()), "");
        assert!(text.contains("traffic.toml:3: regions[fra].weight: "), "{text}");
        assert!(
            text.contains("traffic.toml:7: zones[a.example].file: gone.zone: No such file"),
            "{text}"
        );
        assert!(text.ends_with("2 faults; nothing was changed"), "{text}");
    }

    #[test]
    fn a_file_that_is_not_there_or_declares_nothing_is_refused_before_a_node_is_asked() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("traffic.toml");
        let error = self_contained(&file).unwrap_err();
        assert!(error.exit_code() == 2 && error.to_string().contains("cannot be read"), "{error}");
        std::fs::write(&file, "# all of it is gone\n").unwrap();
        let error = self_contained(&file).unwrap_err();
        assert!(
            error.exit_code() == 2 && error.to_string().contains("declares nothing"),
            "{error}"
        );
    }

    #[test]
    fn zone_files_are_read_relative_to_the_traffic_file_and_sent_along() {
        let dir = tempfile::tempdir().unwrap();
        let zone = "@ 300 IN SOA ns hostmaster 1 3600 600 86400 60\n@ 300 IN NS ns\nns 300 IN A 192.0.2.1\n";
        std::fs::write(dir.path().join("a.zone"), zone).unwrap();
        let file = dir.path().join("traffic.toml");
        std::fs::write(&file, "[[zones]]\nname = \"a.example\"\nfile = \"a.zone\"\n").unwrap();
        let text = self_contained(&file).unwrap();
        assert!(text.contains("records = '''") && !text.contains("a.zone"), "{text}");
    }

    #[test]
    fn the_summary_says_whether_anything_was_sent() {
        let change = ObjectChange {
            change: ChangeKind::Changed,
            path: "regions[fra]".into(),
            lines: Vec::new(),
        };
        let revision = "1.42".parse().unwrap();
        let mut applied =
            ConfigApplied { dry_run: true, revision, changes: vec![change], notes: Vec::new() };
        let text = "would change: 0 added, 1 changed, 0 removed (compared with revision 1.42); nothing was sent";
        assert_eq!(summary(&applied), text);
        applied.dry_run = false;
        assert_eq!(summary(&applied), "0 added, 1 changed, 0 removed: agreed at revision 1.42");
        applied.changes.clear();
        assert_eq!(summary(&applied), "nothing changed: agreed at revision 1.42");
    }
}
