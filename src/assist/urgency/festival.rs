//! The days that customers name by a feast.
//!
//! Those of the lunar calendar are in a table, since neither a formula nor the calendar of holidays (which names the days
//! off) has them; beyond its years they are unknown and no time is read.

use jiff::civil::Date;

/// The names, the longer first where two begin alike.
pub(super) const NAMES: [&str; 18] = [
    "国庆节",
    "国庆",
    "春节",
    "过年",
    "年前",
    "除夕",
    "元旦",
    "五一",
    "端午节",
    "端午",
    "中秋节",
    "中秋",
    "圣诞节",
    "圣诞",
    "双十一",
    "双11",
    "618",
    "情人节",
];

/// Month and day.
type Day = (i8, i8);

/// First day of spring, dragon boats, mid-autumn.
const LUNAR: [(i16, Day, Day, Day); 11] = [
    (2025, (1, 29), (5, 31), (10, 6)),
    (2026, (2, 17), (6, 19), (9, 25)),
    (2027, (2, 6), (6, 9), (9, 15)),
    (2028, (1, 26), (5, 28), (10, 3)),
    (2029, (2, 13), (6, 16), (9, 22)),
    (2030, (2, 3), (6, 5), (9, 12)),
    (2031, (1, 23), (6, 24), (10, 1)),
    (2032, (2, 11), (6, 12), (9, 19)),
    (2033, (1, 31), (6, 1), (9, 8)),
    (2034, (2, 19), (6, 20), (9, 27)),
    (2035, (2, 8), (6, 10), (9, 16)),
];

/// Returns the next day of that name, today counting.
pub(super) fn next(name: &str, today: Date) -> Option<Date> {
    let in_year = |year: i16| -> Option<Date> {
        let lunar = LUNAR.iter().find(|row| row.0 == year);
        let (month, day) = match name {
            "国庆节" | "国庆" => (10, 1),
            "元旦" => (1, 1),
            "五一" => (5, 1),
            "圣诞节" | "圣诞" => (12, 25),
            "双十一" | "双11" => (11, 11),
            "618" => (6, 18),
            "情人节" => (2, 14),
            "端午节" | "端午" => lunar?.2,
            "中秋节" | "中秋" => lunar?.3,
            _ => lunar?.1,
        };
        let date = Date::new(year, month, day).ok()?;
        if name == "除夕" { date.yesterday().ok() } else { Some(date) }
    };
    [in_year(today.year()), in_year(today.year() + 1)].into_iter().flatten().find(|date| *date >= today)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn feasts_come_round() {
        let check = |name: &str, today: &str, want: Option<&str>| {
            let found = next(name, today.parse().expect("a day")).map(|date| date.to_string());
            assert_eq!(found.as_deref(), want, "{name} from {today}");
        };
        check("国庆", "2026-09-20", Some("2026-10-01"));
        check("国庆", "2026-10-02", Some("2027-10-01"));
        check("春节", "2026-02-17", Some("2026-02-17"));
        check("过年", "2026-02-18", Some("2027-02-06"));
        check("除夕", "2026-01-10", Some("2026-02-16"));
        check("元旦", "2026-12-30", Some("2027-01-01"));
        check("中秋节", "2026-09-01", Some("2026-09-25"));
        check("春节", "2040-01-01", None);
        for name in NAMES {
            assert!(next(name, "2026-03-01".parse().expect("a day")).is_some(), "{name}");
        }
    }
}
