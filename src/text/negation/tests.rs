use super::*;

/// Compares each cue and its scope, as text.
fn check(text: &str, expected: &[(&str, &str)]) {
    let found = negations(text);
    let found: Vec<(&str, &str)> =
        found.iter().map(|negation| (&text[negation.cue.range()], &text[negation.scope.range()])).collect();
    assert_eq!(found, expected, "{text}");
}

#[test]
fn cues_have_scopes_within_the_clause() {
    check("为什么不能退款,急", &[("不能", "不能退款")]);
    check("没有收到货", &[("没有", "没有收到货")]);
    check("还没发货但是能退吗", &[("没", "没发货")]);
    check("无法登录怎么办", &[("无法", "无法登录怎么办")]);
    check("未收到验证码。可以重发吗", &[("未", "未收到验证码")]);
    check("别取消我的订单", &[("别", "别取消我的订单")]);
    check("不要开通", &[("不要", "不要开通")]);
    check("打不开", &[("不", "打不开")]);
    check("收不到快递", &[("不", "收不到快递")]);
    check("审核不过怎么办", &[("不", "不过怎么办")]);
    check("不满1.5公斤怎么算", &[("不", "不满1.5公斤怎么算")]);
    check("我不同意", &[("不", "不同意")]);
    check("非会员能买吗", &[("非", "非会员能买吗")]);
    check("页面无反应", &[("无", "无反应")]);
    check("暂无物流信息", &[("无", "无物流信息")]);
    check("没收到货也没有物流", &[("没", "没收到货也"), ("没有", "没有物流")]);
    check("不一二三四五六七八九十十一十二", &[("不", "不一二三四五六七八九十十一")]);
    check("我还没有", &[("没有", "没有")]);
    check("一点反应没有", &[("没有", "没有")]);
}

#[test]
fn fixed_words_and_questions_are_no_negations() {
    for text in [
        "不好意思",
        "质量不错",
        "不过我想退",
        "不但慢",
        "不仅贵",
        "没关系",
        "不客气",
        "有什么不同",
        "不然怎么办",
        "无论多少",
        "不管多少钱",
        "非常满意",
        "无线耳机",
        "别人的",
        "特别慢",
        "分别发货",
        "差不多",
        "七天无理由退货",
        "无门槛优惠券",
        "未来",
        "能不能退",
        "可不可以换",
        "是不是正品",
        "有没有货",
        "会不会掉色",
        "要不要运费",
        "退不退钱",
        "发没发货",
        "可以不可以退",
        "收到没收到",
        "到货了没有",
        "退款到了没?",
        "能退不",
        "不知道怎么退款",
        "不太清楚流程",
        "不是说包邮吗",
        "取消订单",
        "",
    ] {
        check(text, &[]);
    }
}

#[test]
fn two_negations_cancel() {
    for (text, word, is_denied) in [
        ("不能退款", "退款", true),
        ("不能不退款", "退款", false),
        ("没有不退款", "退款", false),
        ("没有人不退款", "退款", false),
        ("不得不退款", "退款", false),
        ("不退款不行", "退款", false),
        ("非退款不可", "退款", false),
        ("没收到货也没有物流", "物流", true),
        ("没收到货,要退款", "退款", false),
        ("打不开", "打", true),
    ] {
        let start = text.find(word).unwrap();
        assert_eq!(negated(&negations(text), Span::new(start, start + word.len())), is_denied, "{text}");
    }
}

#[test]
fn polarity_has_three_flags() {
    for (text, negated, wants_off, wants_on) in [
        ("怎么开通自动续费", false, false, true),
        ("怎么取消自动续费", false, true, false),
        ("取消订阅", false, true, false),
        ("申请取消订单", false, true, false),
        ("自动续费怎么关", false, true, false),
        ("无法取消订单", true, true, false),
        ("不要取消我的订单", true, false, false),
        ("不想开通会员了", true, true, false),
        ("不需要了", true, true, false),
        ("会员开通不了", true, false, true),
        ("我没申请过贷款", true, false, false),
        ("不用申请也能退吗", true, false, false),
        ("不能不退", false, false, false),
        ("怎么申请退款", false, false, true),
        ("先取消,再重新申请", false, true, true),
        ("能不能退", false, false, false),
        ("", false, false, false),
    ] {
        assert_eq!(polarity(text), Polarity { negated, wants_off, wants_on }, "{text}");
    }
}

#[test]
fn random_text_keeps_the_order() {
    let mut rng = fastrand::Rng::with_seed(17);
    let parts =
        ["不", "没", "有", "能", "要", "退", "款", "了", ",", "但", "别", "非", "可", "行", "a", "1", ".", "过", "是"];
    for _ in 0..2000 {
        let text: String = (0..rng.usize(..14)).map(|_| parts[rng.usize(..parts.len())]).collect();
        let mut at = 0;
        for negation in negations(&text) {
            assert!(negation.cue.start >= at && negation.scope.contains(negation.cue), "{text}");
            assert!(text.get(negation.scope.range()).is_some(), "{text}");
            at = negation.cue.end;
        }
    }
}
