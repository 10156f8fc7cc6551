//! Cuts zone-file text into entries, so that every faulty one can be named with its line.

/// One entry of a zone file: a directive or a record, over one line or several within parentheses.
#[derive(Debug, PartialEq, Eq)]
pub struct Entry<'a> {
    /// Line where it starts, from 1.
    pub line: u32,
    /// Its text, comments included.
    pub text: &'a str,
    /// Whether the entry starts with white space: its owner is the one before.
    pub continues_owner: bool,
}

/// Why the text cannot be cut.
#[derive(Debug, PartialEq, Eq)]
pub enum EntryError {
    /// A `(` that is never closed, at this line.
    OpenParenthesis(u32),
    /// A `"` that is never closed, at this line.
    OpenQuote(u32),
}

/// The entries of `text` (RFC 1035 5.1); blank lines and lone comments are left out.
///
/// Ends with an error if a parenthesis or a quote is open at the end.
pub fn entries(text: &str) -> impl Iterator<Item = Result<Entry<'_>, EntryError>> {
    let mut scan = Scan::new();
    let mut bytes = text.bytes().enumerate();
    let mut is_done = false;
    std::iter::from_fn(move || {
        for (at, byte) in bytes.by_ref() {
            let entry = if scan.step(byte) { scan.finish(text, at) } else { None };
            if byte == b'\n' {
                scan.line += 1;
            }
            if entry.is_some() {
                return entry.map(Ok);
            }
        }
        if std::mem::replace(&mut is_done, true) {
            return None;
        }
        if scan.quote {
            Some(Err(EntryError::OpenQuote(scan.start_line)))
        } else if scan.depth > 0 {
            Some(Err(EntryError::OpenParenthesis(scan.start_line)))
        } else {
            scan.finish(text, text.len()).map(Ok)
        }
    })
}

/// Where the cut is.
struct Scan {
    line: u32,
    start: usize,
    start_line: u32,
    depth: u32,
    quote: bool,
    comment: bool,
    escaped: bool,
    /// Whether the entry has anything but white space and comments.
    ink: bool,
}

impl Scan {
    const fn new() -> Self {
        Self {
            line: 1,
            start: 0,
            start_line: 1,
            depth: 0,
            quote: false,
            comment: false,
            escaped: false,
            ink: false,
        }
    }

    /// Takes one byte; true when it ends the entry.
    fn step(&mut self, byte: u8) -> bool {
        if byte == b'\n' {
            self.comment = false;
            self.escaped = false;
            return self.depth == 0 && !self.quote;
        }
        if self.comment {
            return false;
        }
        if self.escaped {
            self.escaped = false;
            return false;
        }
        match byte {
            b'\\' => self.escaped = true,
            b'"' => self.quote = !self.quote,
            b';' if !self.quote => {
                self.comment = true;
                return false;
            }
            b'(' if !self.quote => self.depth += 1,
            b')' if !self.quote => self.depth = self.depth.saturating_sub(1),
            _ => {}
        }
        self.ink |= !byte.is_ascii_whitespace();
        false
    }

    /// Gives the entry that ends at `end`, if there is one, and starts the next behind it.
    fn finish<'a>(&mut self, text: &'a str, end: usize) -> Option<Entry<'a>> {
        let entry = text.get(self.start..end).filter(|_| self.ink).map(|text| Entry {
            line: self.start_line,
            text,
            continues_owner: text.starts_with([' ', '\t']),
        });
        self.start = end + 1;
        self.start_line = self.line + 1;
        self.ink = false;
        entry
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_carry_their_lines_over_comments_quotes_and_parentheses() {
        let text = "; head\n@ SOA a b (\n 1 ; x ) \n 2 )\n\n t TXT \"a;(b\"\nx A 1.2.3.4";
        let line = |e: Result<Entry<'_>, EntryError>| e.map(|e| (e.line, e.continues_owner));
        let cut: Vec<(u32, bool)> = entries(text).map(line).collect::<Result<_, _>>().unwrap();
        assert_eq!(cut, [(2, false), (6, true), (7, false)]);
    }

    #[test]
    fn what_is_left_open_is_told_with_its_line() {
        let last = |text| entries(text).last().unwrap();
        assert_eq!(last("a A 1.2.3.4\nb TXT ( x\n"), Err(EntryError::OpenParenthesis(2)));
        assert_eq!(last("b TXT \"x\n"), Err(EntryError::OpenQuote(1)));
    }
}
