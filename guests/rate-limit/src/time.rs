//! Timestamps of RFC 3339 and durations, without a clock.

/// The timestamp as milliseconds since 1970.
pub fn milliseconds(text: &str) -> Option<i64> {
    let (date, time) = text.split_once(['T', 't', ' '])?;
    let mut date = date.splitn(3, '-').map(|part| part.parse::<i64>().ok());
    let (year, month, day) = (date.next()??, date.next()??, date.next()??);
    let zone = time.find(['Z', 'z', '+', '-'])?;
    let (time, zone) = time.split_at(zone);
    let mut time = time.splitn(3, ':');
    let hour: i64 = time.next()?.parse().ok()?;
    let minute: i64 = time.next()?.parse().ok()?;
    let (second, fraction) = time.next().map(|rest| rest.split_once('.').unwrap_or((rest, "0")))?;
    let second: i64 = second.parse().ok()?;
    let thousandths: i64 = format!("{fraction:0<3}").get(..3)?.parse().ok()?;
    let plausible = (1970..=9999).contains(&year) && (1..=12).contains(&month) && (1..=31).contains(&day);
    if !plausible || !(0..24).contains(&hour) || !(0..60).contains(&minute) || !(0..=60).contains(&second) {
        return None;
    }
    let minutes = (days(year, month, day) * 24 + hour) * 60 + minute - offset(zone)?;
    Some((minutes * 60 + second) * 1000 + thousandths)
}

/// A timestamp in UTC, rounded up to the second.
pub fn timestamp(milliseconds: i64) -> String {
    let seconds = (milliseconds + 999).div_euclid(1000);
    let (day, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let (year, month, date) = civil(day);
    format!("{year:04}-{month:02}-{date:02}T{:02}:{:02}:{:02}Z", second / 3600, second / 60 % 60, second % 60)
}

/// A duration for display.
pub fn duration(milliseconds: i64) -> String {
    match milliseconds {
        ..1_000 => format!("{milliseconds} ms"),
        1_000..120_000 => format!("{} s", (milliseconds + 999) / 1_000),
        120_000..7_200_000 => format!("{} min", (milliseconds + 59_999) / 60_000),
        _ => format!("{} h", (milliseconds + 3_599_999) / 3_600_000),
    }
}

/// Minutes east of UTC.
fn offset(zone: &str) -> Option<i64> {
    if zone.eq_ignore_ascii_case("z") {
        return Some(0);
    }
    let (hours, minutes) = zone.get(1..)?.split_once(':')?;
    let minutes = hours.parse::<i64>().ok()? * 60 + minutes.parse::<i64>().ok()?;
    Some(if zone.starts_with('-') { -minutes } else { minutes })
}

/// Days from 1970-01-01 to a date, with years that begin in March so that leap days come last.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = year - i64::from(month <= 2);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    year * 365 + year / 4 - year / 100 + year / 400 + day_of_year - 719_468
}

/// The date of a day, the reverse of [`days`].
fn civil(day: i64) -> (i64, i64, i64) {
    let mut year = 1970 + day.div_euclid(366);
    while days(year + 1, 1, 1) <= day {
        year += 1;
    }
    let mut month = 1;
    while month < 12 && days(year, month + 1, 1) <= day {
        month += 1;
    }
    (year, month, day - days(year, month, 1) + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timestamps_are_read() {
        for (text, expected) in [
            ("1970-01-01T00:00:00Z", 0),
            ("2026-01-01T00:00:00Z", 1_767_225_600_000),
            ("2024-02-29T12:30:15.25Z", 1_709_209_815_250),
            ("2024-03-01T00:00:00.123456789Z", 1_709_251_200_123),
            ("2026-01-01T02:00:00+02:00", 1_767_225_600_000),
            ("2025-12-31t19:30:00-04:30", 1_767_225_600_000),
        ] {
            assert_eq!(milliseconds(text), Some(expected), "{text}");
        }
        for text in ["", "2026", "2026-01-01", "2026-13-01T00:00:00Z", "2026-01-01T00:00Z", "2026-01-01T00:00:00", "x"]
        {
            assert_eq!(milliseconds(text), None, "{text}");
        }
    }

    #[test]
    fn timestamps_are_written() {
        for text in ["1970-01-01T00:00:00Z", "2024-02-29T23:59:59Z", "2024-12-31T00:00:01Z", "2100-03-01T00:00:00Z"] {
            assert_eq!(milliseconds(text).map(timestamp).as_deref(), Some(text));
        }
        assert_eq!(timestamp(1), "1970-01-01T00:00:01Z");
    }
}
