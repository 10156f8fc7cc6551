//! The canonical text of a configuration.

use crate::configs::config;
use crate::tape::tape;
use gslb_consensus::model::{Config, check, document};
use proptest::prelude::*;
use proptest::strategy::ValueTree;

fn no_sources(path: &str) -> Result<String, String> {
    Err(format!("{path}: an export stands alone"))
}

fn read(text: &str) -> Result<Config, TestCaseError> {
    document::read(text, None, &no_sources)
        .map_err(|faults| TestCaseError::fail(format!("{faults}\n{text}")))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..Default::default() })]

    #[test]
    fn the_export_is_read_as_the_same_configuration_and_written_as_the_same_bytes(mut tape in tape(400)) {
        let config = config(&mut tape);
        prop_assume!(check::check(&config).0.is_empty());
        let text = document::write(&config);
        let again = read(&text)?;
        prop_assert_eq!(&again, &config, "{}", text);
        prop_assert_eq!(document::write(&again), text);
    }

    #[test]
    fn a_text_cut_anywhere_is_refused_or_read_and_never_panics(mut tape in tape(200), cut in any::<prop::sample::Index>()) {
        let text = document::write(&config(&mut tape));
        let mut end = cut.index(text.len() + 1);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        if let Err(faults) = document::read(&text[..end], None, &no_sources) {
            prop_assert!(!faults.0.is_empty());
        }
    }
}

#[test]
fn most_of_the_drawn_configurations_are_valid() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let drawn = (0..200).map(|_| tape(400).new_tree(&mut runner).unwrap().current());
    let faults: Vec<String> =
        drawn.map(|mut tape| check::check(&config(&mut tape)).to_string()).collect();
    let valid = faults.iter().filter(|f| f.is_empty()).count();
    assert!(valid > 150, "{valid} of 200; {:?}", faults.iter().find(|f| !f.is_empty()));
}
