use super::*;

#[test]
fn what_is_settled_voids_what_its_clause_told_before() {
    let desk = Desk::open();
    desk.check("货已经收到了，一插上就冒烟着火", &[(Safety, Urgent)]);
    desk.check("上次的问题解决了，今天充电又冒烟了", &[(Safety, Urgent)]);
    desk.check("退款已经到账，可充电的时候冒烟了", &[(Safety, Urgent)]);
    desk.check("冒烟了必须给我解决好了", &[(Safety, Urgent)]);
    for text in ["上次冒烟的事已经解决了", "打了三次电话终于解决了", "以前漏电的问题都解决了，谢谢"]
    {
        desk.check(text, &[]);
    }
    for text in ["今晚八点前必须给我搞定了", "今晚八点前给我搞定了", "今晚八点前搞定了"] {
        desk.check_deadline(WEDNESDAY, text, Some(("2026-11-25T20:00", Urgent)));
    }
}

#[test]
fn a_rule_of_a_team_stands_whatever_is_settled() {
    let text = "快递到了已经解决了";
    let found = cues::find(text);
    let settled = |kind: SignalKind| is_settled(text, &found, &Bare::new(kind, Span::new(0, 6), Urgent), false);
    assert!(settled(Safety) && settled(Deadline));
    assert!(!settled(SignalKind::Rule) && !settled(LegalOrMediaThreat));
}

#[test]
fn dangers_count_where_the_type_is_in_doubt() {
    let mut desk = Desk::open();
    let texts = [("充电的时候冒烟了", Safety), ("我要去12315投诉你们", LegalOrMediaThreat)];
    for (certainty, is_heard) in [(0.89, true), (0.9, false), (1.0, false)] {
        desk.certainty = certainty;
        for (text, kind) in texts {
            let want: &[_] = if is_heard { &[(kind, Urgent)] } else { &[] };
            desk.compare(text, &desk.levels(WEDNESDAY, InquiryType::Other, text), &want.to_vec());
        }
        let text = "今天必须来夸一夸";
        desk.compare(text, &desk.levels(WEDNESDAY, InquiryType::Other, text), &Vec::new());
    }
    for kind in [Safety, MoneyAtRisk, AccountAtRisk, LegalOrMediaThreat] {
        assert!(concerns(kind, Urgent, (InquiryType::Other, 0.5)), "{kind:?}");
    }
}

#[test]
fn hurry_is_not_taken_for_calm() {
    let desk = Desk::open();
    for text in [
        "怎么还不赶紧处理，今天必须送到",
        "还不赶快发货，今天必须送到",
        "赶不赶得上啊，今天必须送到",
        "我等不急了，今天必须送到",
    ] {
        desk.check_kind(text, Deadline, Some(Urgent));
    }
    for text in ["不赶，今天必须送到也行", "不急，今天必须送到的话再说", "不用赶紧，今天必须送到的先发"]
    {
        desk.check_kind(text, Deadline, None);
    }
}

#[test]
fn limits_and_parts_of_the_day_are_times() {
    let desk = Desk::open();
    let check = |text: &str, want: (&str, Urgency)| desk.check_deadline(WEDNESDAY, text, Some(want));
    check("限今晚之前退款", ("2026-11-25T18:00", Urgent));
    check("限本周内解决", ("2026-11-30T00:00", Important));
    check("限一周内退回", ("2026-12-02T10:00", Important));
    check("限三天内退款", ("2026-11-28T10:00", Important));
    check("一周之内必须解决", ("2026-12-02T10:00", Important));
    check("晚上必须送到", ("2026-11-26T00:00", Urgent));
    check("傍晚必须送到", ("2026-11-26T00:00", Urgent));
}

#[test]
fn long_messages_are_read_in_linear_time() {
    let desk = Desk::open();
    let text = format!("{}今天必须送到", "今天发货三次联系".repeat(2_000));
    let begin = std::time::Instant::now();
    desk.signals(WEDNESDAY, InquiryType::Consultation, &[], &text);
    assert!(begin.elapsed().as_secs() < 5, "{:?}", begin.elapsed());
    let clause = clause_around(&text, Span::new(2_400, 2_406));
    assert_eq!(clause, Span::new(2_400 - 180, 2_406 + 180));
    assert_eq!(clause_around("好,今天到,行", Span::new(4, 10)), Span::new(4, 13));
    let times = moment::moments(&text, 0, &desk.schedule, desk.at(WEDNESDAY));
    assert_eq!(times.len(), MAX_READ);
}

#[test]
fn old_turns_and_the_ends_of_long_ones_are_not_read() {
    let desk = Desk::open();
    let turn = |speaker: Speaker, text: &str| Turn { speaker, text: text.to_owned() };
    let parcel = "我的快递什么时候能到";
    let asked = |earlier: &str, num_since: usize| {
        let mut history = vec![turn(Speaker::Customer, earlier), turn(Speaker::Bot, "请稍等")];
        for _ in 0..num_since {
            history.extend([turn(Speaker::Customer, "怎么开发票"), turn(Speaker::Bot, "请稍等")]);
        }
        desk.signals(WEDNESDAY, InquiryType::Consultation, &history, parcel).iter().any(|signal| signal.is_from_history)
    };
    assert!(asked(parcel, 9) && !asked(parcel, 10));
    let (short, long) = (format!("{}{parcel}", "。".repeat(3)), format!("{}{parcel}", "好的呀。".repeat(60)));
    assert!(asked(&short, 0) && !asked(&long, 0));
}

#[test]
fn counts_beyond_all_bounds_are_none() {
    assert_eq!(moment::numeral("九九九九九九"), None);
    assert_eq!(moment::numeral("九九九"), Some(999));
    Desk::open().check_kind("打了九九九九九九九次电话", RepeatContact, None);
}
