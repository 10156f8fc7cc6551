//! What each dependency is for is written beside it.

use gslb_tests::tree;

#[test]
fn every_dependency_carries_its_reason() {
    let text = std::fs::read_to_string(tree::root().join("Cargo.toml")).unwrap();
    let mut inside = false;
    for (number, line) in text.lines().enumerate() {
        if line.starts_with('[') {
            inside = line == "[workspace.dependencies]";
        } else if inside && line.contains('=') && !line.starts_with('#') {
            let ours = line.contains("path = ");
            let reason = line.rsplit_once(" # ").map(|(_, reason)| reason.trim());
            assert!(
                ours || reason.is_some_and(|r| r.len() > 3),
                "Cargo.toml:{}: {line}",
                number + 1
            );
        }
    }
}

#[test]
fn every_declared_dependency_is_used() {
    let root = std::fs::read_to_string(tree::root().join("Cargo.toml")).unwrap();
    let root: toml::Table = root.parse().unwrap();
    let declared = root["workspace"]["dependencies"].as_table().unwrap();
    let manifests: Vec<String> = ["geo", "gslb-consensus", "gslb-node", "tests"]
        .map(|p| std::fs::read_to_string(tree::root().join(p).join("Cargo.toml")).unwrap())
        .into();
    for name in declared.keys().filter(|name| *name != "gslb-tests") {
        let line = format!("\n{name}.workspace = true");
        assert!(manifests.iter().any(|m| m.contains(&line)), "{name} is declared and not used");
    }
    for manifest in &manifests {
        let table: toml::Table = manifest.parse().unwrap();
        let sections = ["dependencies", "dev-dependencies", "build-dependencies"];
        for section in sections.iter().filter_map(|s| table.get(*s)?.as_table()) {
            for (name, value) in section {
                let inherited = value.get("workspace").and_then(toml::Value::as_bool);
                assert_eq!(inherited, Some(true), "{name} is declared once, in the root");
            }
        }
    }
}
