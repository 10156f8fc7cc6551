//! The words of an entry, and those that are a TTL.

/// The words of an entry, without comments and parentheses; quotes and escapes stay in them.
pub(super) fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let (mut quote, mut comment, mut escaped) = (false, false, false);
    for c in text.chars() {
        if comment {
            comment = c != '\n';
        } else if escaped {
            escaped = false;
            word.push(c);
        } else {
            match c {
                ';' if !quote => comment = true,
                '"' => {
                    quote = !quote;
                    word.push(c);
                }
                '\\' => {
                    escaped = true;
                    word.push(c);
                }
                '(' | ')' if !quote => {
                    words.extend((!word.is_empty()).then(|| std::mem::take(&mut word)))
                }
                c if c.is_whitespace() && !quote => {
                    words.extend((!word.is_empty()).then(|| std::mem::take(&mut word)));
                }
                c => word.push(c),
            }
        }
    }
    words.extend((!word.is_empty()).then_some(word));
    words
}

/// Seconds of a TTL word: digits, or digits with units as `1h30m`.
pub(super) fn seconds(word: &str) -> Option<u32> {
    let mut total: u32 = 0;
    let mut number: Option<u32> = None;
    for c in word.chars() {
        if let Some(digit) = c.to_digit(10) {
            number = Some(number.unwrap_or(0).checked_mul(10)?.checked_add(digit)?);
        } else {
            let unit = match c.to_ascii_lowercase() {
                's' => 1,
                'm' => 60,
                'h' => 3600,
                'd' => 86_400,
                'w' => 604_800,
                _ => return None,
            };
            total = total.checked_add(number.take()?.checked_mul(unit)?)?;
        }
    }
    match number {
        Some(rest) => total.checked_add(rest),
        None => (!word.is_empty() && word.chars().any(|c| c.is_ascii_digit())).then_some(total),
    }
}
