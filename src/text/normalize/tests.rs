use super::*;

fn check(source: &str, expected: &str) {
    assert_eq!(normalize(source).as_str(), expected, "{source:?}");
}

#[test]
fn width_case_and_marks_are_one() {
    check("ＡＢＣ１２３，ＯＫ！", "abc123,ok!");
    check("退款。怎么办？", "退款。怎么办?");
    check("￥299", "¥299");
    check("¥299", "¥299");
    check("【订单】“号”《书》", "[订单]\"号\"<书>");
    check("İK", "ik");
    check("iPhone 15 Pro™", "iphone 15 pro");
}

#[test]
fn script_is_simplified_by_phrase() {
    check("請問退貨運費誰出", "请问退货运费谁出");
    check("我瞭解乾淨的乾坤", "我了解干净的乾坤");
    check("等妳回覆", "等你回复");
    check("軟體打不開,網路連線有問題", "软件打不开,网络连接有问题");
    check("查詢資料", "查询资料");
    check("筆記型電腦", "笔记本电脑");
    check("隨身碟", "u盘");
    check("瞭望塔", "瞭望塔");
    check("覆盖", "覆盖");
}

#[test]
fn pictures_and_controls_are_dropped() {
    check("退😡款👨‍👩‍👧‍👦1️⃣", "退款1");
    check("ok😀go", "ok go");
    check("ok😀,go", "ok,go");
    check("\u{feff}退\u{200b}款\u{0}\u{202e}", "退款");
    check("😀😀", "");
    check("　\n\t ", "");
    check("", "");
}

#[test]
fn spaces_part_only_letters() {
    check(" 我 要  退货 ", "我要退货");
    check("iphone  15\n怎么 退 a b", "iphone 15怎么退a b");
    check("你好 ， 在吗", "你好,在吗");
}

#[test]
fn runs_are_collapsed() {
    check("退款！！！！", "退款!");
    check("。。。。急急急急急。。。", "。急急。");
    check("啊啊啊啊快点~~~", "啊啊快点");
    check("谢谢~亲", "谢谢亲");
    check("3~5天,3～～5", "3~5天,3~5");
    check("aaaa1111一一一哈哈", "aaaa1111一一一哈哈");
    check("急急😀急急", "急急");
    check("想退……", "想退。");
}

#[test]
fn pinyin_in_brackets_is_dropped() {
    check("退(tui)款", "退款");
    check("退（tuì）款", "退款");
    check("退[tui]款", "退款");
    check("退款(tuikuan)吗", "退款吗");
    check("退款（tuì kuǎn）吗", "退款吗");
    check("退款(tui4 kuan3)", "退款");
    check("银行(hang)", "银行");
    check("绿(lv)色", "绿色");
    check("退(abc)款", "退(abc)款");
    check("套餐(5g)", "套餐(5g)");
    check("红色(大)", "红色(大)");
    check("退()款(", "退()款(");
}

#[test]
fn spans_lead_back() {
    for (source, word, original) in [
        ("我要退(tui)款", "退款", "退(tui)款"),
        ("我要退(tui)款", "退", "退"),
        ("急急急急退", "急急", "急急急急"),
        ("ＡＢ退", "b", "Ｂ"),
        ("請問😀退貨！！", "退货!", "退貨！！"),
        ("軟體好用", "软件", "軟體"),
        ("隨身碟貴", "盘", "隨身碟"),
        ("隨身碟貴", "贵", "貴"),
        ("退款", "款", "款"),
        ("a  b", " ", "  "),
    ] {
        let normalized = normalize(source);
        let start = normalized.as_str().find(word).unwrap();
        let span = normalized.source_span(Span::new(start, start + word.len()));
        assert_eq!(&source[span.range()], original, "{source}");
    }
    let normalized = normalize("退！！");
    assert_eq!(normalized.source_span(Span::new(4, 4)), Span::new(9, 9));
    assert_eq!(normalized.source_span(Span::new(0, 99)), Span::new(0, 9));
    assert!(normalize("😀").source_span(Span::new(0, 5)).is_empty());
}

fn random_text(rng: &mut fastrand::Rng) -> String {
    const ALPHABETS: [&str; 5] = [
        "隨身碟退款货急乾坤覆回瞭解淨圖麼么於倫徵調軟體網路電腦筆記型妳",
        "aZ０Ａ1.9 　~～!！?？,，。…()（）[]【】'-\"￥tuikan",
        "😀👍🏽\u{200d}\u{fe0f}\u{200b}\u{0}\u{301}\u{e000}™①\n\t",
        "éİßあアｱ한ЖΩﬁ𠮷㑮ùǚ×",
        "退款急",
    ];
    let mut text = String::new();
    for _ in 0..rng.usize(..24) {
        match rng.u8(..12) {
            0 => text.push_str(["(tui)", "（kuǎn）", "退款(tuikuan)", "~~", "乾(gan)", "筆記型電腦"][rng.usize(..6)]),
            1 => text.push(rng.char(..)),
            _ => {
                let letters: Vec<char> = ALPHABETS[rng.usize(..ALPHABETS.len())].chars().collect();
                let letter = letters[rng.usize(..letters.len())];
                text.extend(std::iter::repeat_n(letter, rng.usize(1..4)));
            }
        }
    }
    text
}

#[test]
fn random_text_is_normalized_once_for_all() {
    let mut rng = fastrand::Rng::with_seed(1);
    for _ in 0..10_000 {
        let source = random_text(&mut rng);
        let once = normalize(&source);
        assert_eq!(normalize(once.as_str()).as_str(), once.as_str(), "{source:?}");
    }
}

#[test]
fn random_spans_are_monotone_and_on_borders() {
    let mut rng = fastrand::Rng::with_seed(2);
    for _ in 0..5_000 {
        let source = random_text(&mut rng);
        let normalized = normalize(&source);
        let text = normalized.as_str();
        let mut last = Span::new(0, 0);
        for (start, c) in text.char_indices() {
            let span = normalized.source_span(Span::new(start, start + c.len_utf8()));
            assert!(source.get(span.range()).is_some_and(|part| !part.is_empty()), "{source:?}");
            assert!(span.start >= last.start && span.end >= last.end, "{source:?}");
            assert_eq!(normalized.source_span(Span::new(0, start + c.len_utf8())).end, span.end);
            assert_eq!(normalized.source_span(Span::new(start, text.len())).start, span.start);
            last = span;
        }
    }
}
