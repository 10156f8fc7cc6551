//! A source file, without its comments, texts and tests.

use gslb_tests::tree;
use std::path::{Path, PathBuf};

/// One Rust file of the tree.
pub(crate) struct Source {
    /// Its path from the root, with slashes.
    pub path: String,
    /// All of its text.
    pub text: String,
    for_tests: bool,
}

impl Source {
    fn read(path: &Path) -> Self {
        let text = std::fs::read_to_string(path).unwrap();
        let for_tests = declared_for_tests(path);
        Self { path: tree::shown(path), text, for_tests }
    }

    /// Every Rust file of the workspace.
    pub(crate) fn all() -> Vec<Self> {
        ["geo", "gslb-consensus", "gslb-node", "tests"]
            .iter()
            .flat_map(|folder| tree::files(folder, ".rs"))
            .map(|path: PathBuf| Self::read(&path))
            .collect()
    }

    /// Whether it is test code as a whole: the crate of tests, or a module that is built for tests only.
    pub(crate) fn is_test(&self) -> bool {
        self.path.starts_with("tests/")
            || self.path.contains("/tests/")
            || self.path.contains("/benches/")
            || self.for_tests
    }

    /// The lines before its inline tests.
    pub(crate) fn before_tests(&self) -> &str {
        let end = self.text.find("\n#[cfg(test)]\nmod ").unwrap_or(self.text.len());
        &self.text[..end]
    }

    /// The code before the inline tests, with comments and the contents of texts blanked out, line by line.
    pub(crate) fn code(&self) -> String {
        without_texts(self.before_tests(), Some(' '))
    }

    /// The same, with nothing in the place of comments and texts: what is left has its own width.
    pub(crate) fn bare_code(&self) -> String {
        without_texts(self.before_tests(), None)
    }
}

/// Whether the file that declares this module does so for tests only.
fn declared_for_tests(path: &Path) -> bool {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let folder = path.parent().unwrap();
    let forms = ["", "pub ", "pub(crate) "].map(|v| format!("#[cfg(test)]\n{v}mod {stem};"));
    let parents = [folder.join("mod.rs"), folder.join("lib.rs"), folder.with_extension("rs")];
    let declares = |text: String| forms.iter().any(|form| text.contains(form));
    parents.iter().any(|parent| std::fs::read_to_string(parent).is_ok_and(declares))
}

/// Puts `fill`, or nothing, for each character of comments and string literals; line breaks stay.
fn without_texts(text: &str, fill: Option<char>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let skip = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |at| at + 2)
        } else if let Some(length) = raw_literal(rest) {
            length
        } else if c == '"' {
            plain_literal(rest)
        } else if rest.starts_with("'\"'")
            || rest.starts_with("'\\\"'")
            || rest.starts_with("b'\"'")
        {
            rest[1..].find('\'').map_or(1, |at| at + 2).max(3)
        } else {
            out.push(c);
            rest = &rest[c.len_utf8()..];
            continue;
        };
        let (gone, after) = rest.split_at(skip);
        out.extend(gone.chars().filter_map(|c| if c == '\n' { Some(c) } else { fill }));
        rest = after;
    }
    out
}

/// Length of the raw string literal at the start of `rest`, if there is one.
fn raw_literal(rest: &str) -> Option<usize> {
    let after = rest.strip_prefix('r').or_else(|| rest.strip_prefix("br"))?;
    let hashes = after.len() - after.trim_start_matches('#').len();
    let body = after[hashes..].strip_prefix('"')?;
    let end = format!("\"{}", "#".repeat(hashes));
    let close = body.find(&end)? + end.len();
    Some(rest.len() - body.len() + close)
}

/// Length of the string literal at the start of `rest`.
fn plain_literal(rest: &str) -> usize {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

#[test]
fn comments_and_texts_are_blanked_and_code_stays() {
    let text = "a(\"b // c\"); // d\nlet r = r#\"e\"f\"#; '\"' g /* h */ i";
    let code = without_texts(text, Some(' '));
    assert_eq!(
        code.split_whitespace().collect::<Vec<_>>(),
        ["a(", ");", "let", "r", "=", ";", "g", "i"]
    );
    assert_eq!(code.lines().count(), 2);
}
