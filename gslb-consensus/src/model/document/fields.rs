//! Reads TOML tables field by field and collects every fault with its line and path.

use crate::model::fault::{Fault, Faults};
use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::fmt::Display;
use std::str::FromStr;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// A text being read, and what was found wrong with it.
pub struct Reading<'t> {
    text: &'t str,
    file: Option<String>,
    faults: RefCell<Vec<Fault>>,
}

impl<'t> Reading<'t> {
    /// Starts to read `text`, which came from `file` if that is known.
    #[must_use]
    pub fn new(text: &'t str, file: Option<&str>) -> Self {
        Self { text, file: file.map(str::to_owned), faults: RefCell::default() }
    }

    /// The root table; syntax faults are recorded, and the rest is still read.
    #[must_use]
    pub fn parse(&self) -> Spanned<DeTable<'t>> {
        let (table, errors) = DeTable::parse_recoverable(self.text);
        for error in errors {
            self.fault(error.span().map(|s| s.start), "", error.message().to_owned());
        }
        table
    }

    /// The fields of a root table.
    #[must_use]
    pub fn fields<'a>(&'a self, table: &'a Spanned<DeTable<'t>>) -> Fields<'a, 't> {
        Fields {
            reading: self,
            table: table.get_ref(),
            at: None,
            path: String::new(),
            seen: RefCell::default(),
            broken: Cell::new(false),
        }
    }

    /// Records a fault at a byte of the text.
    pub fn fault(&self, at: Option<usize>, path: &str, message: impl Into<String>) {
        let line = at.map(|at| self.line(at));
        let file = self.file.clone();
        self.faults.borrow_mut().push(Fault {
            file,
            line,
            path: path.to_owned(),
            message: message.into(),
        });
    }

    /// Records a fault that already knows its place in another text.
    pub fn foreign(&self, fault: Fault) {
        self.faults.borrow_mut().push(fault);
    }

    /// All faults, by line.
    #[must_use]
    pub fn finish(self) -> Faults {
        let mut faults = self.faults.into_inner();
        faults.sort();
        faults.dedup();
        Faults(faults)
    }

    fn line(&self, at: usize) -> u32 {
        let before = self.text.as_bytes().get(..at).unwrap_or_default();
        u32::try_from(before.iter().filter(|b| **b == b'\n').count() + 1).unwrap_or(u32::MAX)
    }
}

/// The fields of one table.
pub struct Fields<'a, 't> {
    reading: &'a Reading<'t>,
    table: &'a DeTable<'t>,
    at: Option<usize>,
    path: String,
    seen: RefCell<BTreeSet<&'static str>>,
    broken: Cell<bool>,
}

impl<'a, 't> Fields<'a, 't> {
    fn get(&self, key: &'static str) -> Option<&'a Spanned<DeValue<'t>>> {
        self.seen.borrow_mut().insert(key);
        self.table.get(key)
    }

    /// The path of a field of this table.
    #[must_use]
    pub fn path(&self, key: &str) -> String {
        match (self.path.is_empty(), key.is_empty()) {
            (true, _) => key.to_owned(),
            (false, true) => self.path.clone(),
            (false, false) => format!("{}.{key}", self.path),
        }
    }

    /// Records a fault at `key` (or at the table itself, if it has no such field).
    pub fn fault(&self, key: &str, message: impl Into<String>) {
        self.broken.set(true);
        let at = self.table.get(key).map(|v| v.span().start).or(self.at);
        self.reading.fault(at, &self.path(key), message);
    }

    /// Records a fault of a text that `key` holds or names.
    pub fn foreign(&self, fault: Fault) {
        self.broken.set(true);
        self.reading.foreign(fault);
    }

    /// The line at which the value of `key` starts.
    #[must_use]
    pub fn line_of(&self, key: &str) -> Option<u32> {
        self.table.get(key).map(|v| self.reading.line(v.span().start))
    }

    /// The file that is being read.
    #[must_use]
    pub fn file(&self) -> Option<String> {
        self.reading.file.clone()
    }

    /// Whether a fault was recorded through this table.
    #[must_use]
    pub fn is_broken(&self) -> bool {
        self.broken.get()
    }

    /// Whether the table has the field.
    #[must_use]
    pub fn has(&self, key: &'static str) -> bool {
        self.get(key).is_some()
    }

    /// Tells that fields are known here, though they are not read.
    pub fn also(&self, keys: &[&'static str]) {
        self.seen.borrow_mut().extend(keys);
    }

    /// A text, if the field is there.
    pub fn text(&self, key: &'static str) -> Option<&'a str> {
        let value = self.get(key)?.get_ref();
        let text = value.as_str();
        if text.is_none() {
            self.fault(key, format!("expected a text, found {}", article(value.type_str())));
        }
        text
    }

    /// A value read from a text, if the field is there.
    pub fn parsed<T: FromStr<Err: Display>>(&self, key: &'static str) -> Option<T> {
        let text = self.text(key)?;
        match text.parse() {
            Ok(value) => Some(value),
            Err(error) => {
                self.fault(key, format!("{text:?}: {error}"));
                None
            }
        }
    }

    /// A value read from a text; its absence is a fault.
    pub fn required<T: FromStr<Err: Display>>(&self, key: &'static str) -> Option<T> {
        if !self.has(key) {
            self.fault(key, "this field is required");
            return None;
        }
        self.parsed(key)
    }

    /// A whole number within bounds, or the default.
    pub fn number(&self, key: &'static str, min: i64, max: i64, default: i64) -> i64 {
        let Some(value) = self.get(key) else { return default };
        let number = value
            .get_ref()
            .as_integer()
            .and_then(|i| i64::from_str_radix(i.as_str(), i.radix()).ok());
        match number {
            Some(number) if (min..=max).contains(&number) => number,
            Some(number) => {
                self.fault(key, format!("{number} is not within {min} to {max}"));
                default
            }
            None => {
                self.fault(key, format!("expected a whole number from {min} to {max}"));
                default
            }
        }
    }

    /// A number of degrees, if the field is there.
    pub fn degrees(&self, key: &'static str) -> Option<f64> {
        let value = self.get(key)?.get_ref();
        let number = match (value.as_float(), value.as_integer()) {
            (Some(float), _) => float.as_str().parse().ok(),
            (None, Some(integer)) => integer.as_str().parse().ok(),
            (None, None) => None,
        };
        if number.is_none() {
            self.fault(key, "expected a number of degrees");
        }
        number
    }

    /// A yes or no, or the default.
    pub fn flag(&self, key: &'static str, default: bool) -> bool {
        let Some(value) = self.get(key) else { return default };
        value.get_ref().as_bool().unwrap_or_else(|| {
            self.fault(key, "expected true or false");
            default
        })
    }

    /// A duration within bounds, ms, or the default.
    pub fn duration_ms(&self, key: &'static str, min: u64, max: u64, default: u64) -> u64 {
        let Some(text) = self.text(key) else { return default };
        match super::units::parse_ms(text) {
            Some(ms) if (min..=max).contains(&ms) => ms,
            Some(_) => {
                let (min, max) = (super::units::format_ms(min), super::units::format_ms(max));
                self.fault(key, format!("{text:?} is not within {min} to {max}"));
                default
            }
            None => {
                self.fault(
                    key,
                    format!("{text:?} is no duration: write it as 500ms, 10s, 5m or 2h"),
                );
                default
            }
        }
    }

    /// The tables of an array of tables; none if the field is not there. `label` names one in paths by its `id`.
    pub fn tables(&self, key: &'static str, label: &str) -> Vec<Self> {
        let Some(value) = self.get(key) else { return Vec::new() };
        let Some(array) = value.get_ref().as_array() else {
            self.fault(key, format!("expected an array of tables: write [[{}]]", self.path(key)));
            return Vec::new();
        };
        let mut found = Vec::new();
        for (index, item) in array.iter().enumerate() {
            let Some(table) = item.get_ref().as_table() else {
                self.fault(key, "expected a table");
                continue;
            };
            let name = table
                .get(label)
                .and_then(|v| v.get_ref().as_str())
                .map_or(index.to_string(), str::to_owned);
            let path = format!("{}[{name}]", self.path(key));
            found.push(self.child(table, item.span().start, path));
        }
        found
    }

    /// A table, if the field is there.
    pub fn table(&self, key: &'static str) -> Option<Self> {
        let value = self.get(key)?;
        let Some(table) = value.get_ref().as_table() else {
            self.fault(key, "expected a table");
            return None;
        };
        Some(self.child(table, value.span().start, self.path(key)))
    }

    fn child(&self, table: &'a DeTable<'t>, at: usize, path: String) -> Self {
        Self {
            reading: self.reading,
            table,
            at: Some(at),
            path,
            seen: RefCell::default(),
            broken: Cell::new(false),
        }
    }

    /// The texts of an array, each read; none if the field is not there.
    pub fn list<T: FromStr<Err: Display>>(&self, key: &'static str) -> Vec<T> {
        let Some(value) = self.get(key) else { return Vec::new() };
        let Some(array) = value.get_ref().as_array() else {
            self.fault(key, "expected an array of texts");
            return Vec::new();
        };
        let mut found = Vec::new();
        for item in array.iter() {
            match item.get_ref().as_str().map(|t| (t, t.parse())) {
                Some((_, Ok(value))) => found.push(value),
                Some((text, Err(error))) => self.fault(key, format!("{text:?}: {error}")),
                None => self.fault(key, "expected an array of texts"),
            }
        }
        found
    }

    /// Ends the reading of this table: a field that nobody asked for is a fault.
    pub fn done(&self) {
        let seen = self.seen.borrow();
        for (key, _) in self.table {
            let name: &str = key.get_ref();
            if !seen.contains(name) {
                let known: Vec<&str> = seen.iter().copied().collect();
                self.broken.set(true);
                self.reading.fault(
                    Some(key.span().start),
                    &self.path(name),
                    format!("unknown field; known here: {}", known.join(", ")),
                );
            }
        }
    }
}

fn article(type_name: &str) -> String {
    let vowel = type_name.starts_with(['a', 'e', 'i', 'o', 'u']);
    format!("{} {type_name}", if vowel { "an" } else { "a" })
}
