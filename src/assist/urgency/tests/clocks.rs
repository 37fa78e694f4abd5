use super::*;

#[test]
fn clocks_are_read_as_people_read_them() {
    let desk = Desk::open();
    let check = |now: &str, text: &str, want: Option<(&str, Urgency)>| desk.check_deadline(now, text, want);
    // Late in the evening tonight is what is left of it.
    check("2026-11-25T23:30", "今晚必须送到", Some(("2026-11-26T00:00", Urgent)));
    check("2026-11-25T23:30", "四点的火车", Some(("2026-11-26T04:00", Urgent)));
    check("2026-11-25T18:00", "下午五点前必须到", None);
    // Friday is today on a Friday, and next week's on a Saturday.
    check("2026-11-27T10:00", "周五必须到", Some(("2026-11-28T00:00", Urgent)));
    check("2026-11-28T10:00", "周五必须到", Some(("2026-12-05T00:00", Important)));
    check("2026-11-28T10:00", "这周五必须到", None);
    check("2026-11-25T10:00", "下周五必须到", Some(("2026-12-05T00:00", Important)));
    check("2026-11-29T10:00", "下周一要用", Some(("2026-11-30T00:00", Urgent)));
    check("2026-11-29T10:00", "本周内必须处理", Some(("2026-11-30T00:00", Urgent)));
    // Months and years end.
    check("2026-11-30T10:00", "月底前必须到", Some(("2026-12-01T00:00", Urgent)));
    check("2026-02-20T10:00", "月底前必须到", Some(("2026-03-01T00:00", Important)));
    check("2026-11-30T10:00", "3号之前必须到", Some(("2026-12-03T00:00", Important)));
    check("2026-12-28T10:00", "1月5日要用", Some(("2027-01-05T00:00", Important)));
    check("2026-02-20T10:00", "31号要用", None);
    check("2026-09-25T10:00", "国庆前要用", Some(("2026-10-01T00:00", Important)));
    check("2026-02-10T10:00", "除夕之前必须到", Some(("2026-02-16T00:00", Important)));
    check("2026-02-10T10:00", "春节前要穿", Some(("2026-02-17T00:00", Important)));
    // The night after the evening.
    check("2026-11-25T20:00", "今晚0点前必须付款", Some(("2026-11-26T00:00", Urgent)));
    check("2026-11-25T20:00", "今晚两点的火车", Some(("2026-11-26T02:00", Urgent)));
    check("2026-11-25T20:00", "今晚凌晨三点的飞机", Some(("2026-11-26T03:00", Urgent)));
    check("2026-11-25T20:00", "半夜十二点的飞机", Some(("2026-11-26T00:00", Urgent)));
    check("2026-11-25T20:00", "半夜三点的飞机", Some(("2026-11-26T03:00", Urgent)));
    check("2026-11-26T01:00", "半夜三点的飞机", Some(("2026-11-26T03:00", Urgent)));
    check("2026-11-25T20:00", "夜里十一点的飞机", Some(("2026-11-25T23:00", Urgent)));
    check("2026-11-25T10:00", "0点前必须付款", Some(("2026-11-26T00:00", Urgent)));
    check("2026-11-25T10:00", "今天0点前必须付款", Some(("2026-11-26T00:00", Urgent)));
    check("2026-11-25T10:00", "明天0点前必须付款", Some(("2026-11-26T00:00", Urgent)));
    check("2026-11-25T10:00", "下午十二点半前必须付款", Some(("2026-11-25T12:30", Urgent)));
    check("2026-11-25T22:00", "凌晨三点的飞机", Some(("2026-11-26T03:00", Urgent)));
    check("2026-11-25T22:00", "早上七点前必须送到", Some(("2026-11-26T07:00", Urgent)));
    check("2026-11-25T22:00", "今天早上七点前必须送到", None);
    // 年前 is before the New Year, and part of other words.
    check("2026-02-10T10:00", "年前必须到", Some(("2026-02-17T00:00", Important)));
    for text in ["三年前必须交的钱", "半年前必须交的钱", "去年前必须交的钱", "6180必须到", "618元必须到账"]
    {
        check("2026-02-10T10:00", text, None);
    }
    check("2026-06-10T10:00", "618必须到", Some(("2026-06-19T00:00", Important)));
}
