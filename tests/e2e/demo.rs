//! The demo's card: every line on it works as pasted.

use gslb_tests::operator::Said;
use gslb_tests::process::Process;
use gslb_tests::programs;
use std::process::Command;

/// The lines of the card that are made to be pasted.
fn lines(card: &str) -> Vec<String> {
    let lines: Vec<String> =
        card.lines().filter_map(|l| l.strip_prefix("  ")).map(str::to_owned).collect();
    assert!(lines.len() > 15, "the card holds {} lines:\n{card}", lines.len());
    lines
}

fn paste(line: &str) -> Said {
    let said = Said::of(&Command::new("sh").args(["-c", line]).output().unwrap());
    assert_eq!(said.code, 0, "{line}\n{said:?}");
    said
}

#[test]
fn every_line_of_the_card_works_as_pasted() {
    if let Some(why) = programs::missing(&["dig", "curl"]) {
        programs::skip("every_line_of_the_card_works_as_pasted", &why);
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(programs::gslb_node());
    // Its own temporary folder, so that what is left over can be seen.
    command.arg("demo").env("TMPDIR", folder.path());
    let mut demo = Process::start("demo", &mut command, &folder.path().join("log.txt"));
    demo.wait_for("Ctrl-C ends it all.");
    let lines = lines(&demo.log());
    let mut said: Vec<(String, String)> = Vec::new();
    for line in lines {
        let out = paste(&line).out;
        assert!(!out.trim().is_empty(), "{line} printed nothing");
        said.push((line, out));
    }
    clients_on_three_continents_get_three_answers(&said);
    a_region_died_between(&said);
    demo.signal("INT");
    assert!(demo.wait().success(), "{}", demo.log());
    let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().flatten().collect();
    assert_eq!(left.len(), 1, "only our own log is left: {left:?}");
}

fn clients_on_three_continents_get_three_answers(said: &[(String, String)]) {
    let asked = said.iter().filter(|(line, _)| {
        line.starts_with("dig ") && line.contains("+subnet=") && line.contains(" www.")
    });
    let mut answers: Vec<&str> = asked.take(3).map(|(_, out)| out.trim()).collect();
    answers.sort_unstable();
    answers.dedup();
    assert_eq!(answers.len(), 3, "{answers:?}");
}

/// The same `dig` line before the region was killed and after.
fn a_region_died_between(said: &[(String, String)]) {
    let killed = said.iter().position(|(line, _)| line.contains(" demo kill ")).unwrap();
    let (after, moved) = &said[killed + 1];
    let command = |line: &str| line.split('#').next().unwrap_or_default().trim().to_owned();
    let question = |line: &str| command(line).split_once(" www").map(|(_, rest)| rest.to_owned());
    let before = said[..killed].iter().find(|(line, _)| question(line) == question(after));
    let (_, first) = before.unwrap_or_else(|| panic!("{after} was asked before"));
    assert_ne!(first, moved, "{after}");
    assert!(said.iter().any(|(line, _)| line.contains(" demo revive ")));
}
