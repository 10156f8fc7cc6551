//! Every file under deploy/ is what it says.

use gslb_consensus::model::document;
use gslb_tests::{programs, tree};
use std::path::Path;
use std::process::Command;

/// What each file is tried with; one that is not here fails.
#[test]
fn every_sample_is_loaded_by_a_test() {
    let mut files: Vec<String> = tree::files("deploy", "").iter().map(|p| tree::shown(p)).collect();
    files.sort();
    assert_eq!(
        files,
        [
            "deploy/README.md",
            "deploy/examples/node.toml",
            "deploy/examples/observer.toml",
            "deploy/examples/shop.example.zone",
            "deploy/examples/traffic.toml",
            "deploy/systemd/gslb-node.service",
        ]
    );
}

#[test]
fn the_index_names_every_sample() {
    let index = std::fs::read_to_string(tree::root().join("deploy/README.md")).unwrap();
    for path in tree::files("deploy", "").iter().map(|p| tree::shown(p)) {
        let name = path.strip_prefix("deploy/").unwrap();
        assert!(name == "README.md" || index.contains(&format!("`{name}`")), "{name}");
    }
}

#[test]
fn the_traffic_file_is_read_with_its_zone_and_its_export_stands_alone() {
    let folder = tree::root().join("deploy/examples");
    let text = std::fs::read_to_string(folder.join("traffic.toml")).unwrap();
    let source = |path: &str| std::fs::read_to_string(folder.join(path)).map_err(|e| e.to_string());
    let config = document::read(&text, Some("traffic.toml"), &source);
    let config = config.unwrap_or_else(|faults| panic!("{faults}"));
    let export = document::write(&config);
    let again = document::read(&export, None, &|path| Err(path.to_owned()));
    assert_eq!(again.unwrap_or_else(|faults| panic!("{faults}")), config);
}

/// The fields of a TOML text, by section, set or only mentioned in a comment.
fn fields(text: &str) -> Vec<String> {
    let table: toml::Table = text.parse().unwrap();
    let mut fields = Vec::new();
    for (name, value) in &table {
        match value.as_table() {
            Some(inner) => fields.extend(inner.keys().map(|key| format!("{name}.{key}"))),
            None => fields.push(name.clone()),
        }
    }
    fields
}

#[test]
fn the_file_of_a_node_is_read_and_faults_of_this_machine_only_are_left() {
    for name in ["node", "observer"] {
        let sample = tree::root().join(format!("deploy/examples/{name}.toml"));
        assert!(fields(&std::fs::read_to_string(&sample).unwrap()).len() > 9);
        let out =
            Command::new(programs::gslb_node()).arg("check").arg("--config").arg(&sample).output();
        let out = out.unwrap();
        let said = String::from_utf8_lossy(&[out.stdout, out.stderr].concat()).into_owned();
        // The addresses of the sample are nobody's: the file is read, and only this machine is not that one.
        assert!(said.contains("no such address"), "{said}");
        for word in ["unknown field", "expected", "is not within", "required"] {
            assert!(!said.contains(word), "{said}");
        }
    }
}

/// The settings of a unit file: section, key, value.
fn settings(text: &str) -> Vec<(String, String, String)> {
    let mut section = String::new();
    let mut found = Vec::new();
    for line in text.lines().filter(|l| !l.is_empty() && !l.starts_with('#')) {
        if let Some(name) = line.strip_prefix('[').and_then(|l| l.strip_suffix(']')) {
            section = name.to_owned();
        } else {
            let (key, value) = line.split_once('=').unwrap_or_else(|| panic!("no setting: {line}"));
            found.push((section.clone(), key.to_owned(), value.to_owned()));
        }
    }
    found
}

#[test]
fn the_unit_runs_the_node_as_nobody_special_and_may_bind_port_53() {
    let path = tree::root().join("deploy/systemd/gslb-node.service");
    let settings = settings(&std::fs::read_to_string(&path).unwrap());
    let value = |section: &str, key: &str| {
        settings.iter().find(|(s, k, _)| s == section && k == key).map(|(_, _, v)| v.as_str())
    };
    let command = value("Service", "ExecStart").unwrap();
    assert_eq!(command, "/usr/local/bin/gslb-node --config /etc/gslb/node.toml");
    assert_eq!(value("Service", "User"), Some("gslb"));
    assert_eq!(value("Service", "AmbientCapabilities"), Some("CAP_NET_BIND_SERVICE"));
    assert_eq!(value("Service", "NoNewPrivileges"), Some("true"));
    assert_eq!(value("Service", "RestartPreventExitStatus"), Some("2"));
    assert_eq!(value("Install", "WantedBy"), Some("multi-user.target"));
    verify_by_systemd(&path);
}

/// Lets systemd read the unit too, where it is installed.
fn verify_by_systemd(path: &Path) {
    let Some(analyze) = programs::find("systemd-analyze") else { return };
    let out = Command::new(analyze).args(["verify", "--man=no"]).arg(path).output().unwrap();
    let said = String::from_utf8_lossy(&out.stderr);
    for word in ["Unknown", "Failed to parse", "Invalid"] {
        assert!(!said.contains(word), "{said}");
    }
}
