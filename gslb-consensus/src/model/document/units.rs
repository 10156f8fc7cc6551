//! Durations in text, as `1500ms`, `30s`, `5m`, `2h` or `3d`.

/// Milliseconds of a duration; `None` if it is none or does not fit.
#[must_use]
pub fn parse_ms(text: &str) -> Option<u64> {
    let split = text.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = text.split_at_checked(split)?;
    let scale: u64 = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(scale)
}

/// The shortest text of so many milliseconds in one unit.
#[must_use]
pub fn format_ms(ms: u64) -> String {
    for (scale, unit) in [(86_400_000, "d"), (3_600_000, "h"), (60_000, "m"), (1_000, "s")] {
        if ms > 0 && ms.is_multiple_of(scale) {
            return format!("{}{unit}", ms / scale);
        }
    }
    format!("{ms}ms")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_go_there_and_back() {
        for (text, ms) in
            [("1500ms", 1500), ("30s", 30_000), ("1m", 60_000), ("2h", 7_200_000), ("0ms", 0)]
        {
            assert_eq!(parse_ms(text), Some(ms));
            assert_eq!(format_ms(ms), text);
        }
        for bad in ["", "5", "s", "1.5s", "-1s", "99999999999999999999s", "5w"] {
            assert_eq!(parse_ms(bad), None, "{bad}");
        }
    }
}
