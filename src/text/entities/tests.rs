use EntityKind::*;

use super::*;

fn check(text: &str, expected: &[(EntityKind, &str, &str)]) {
    let products = ["iPhone 15", "iPhone 15 Pro", "小米手环", "WH-1000XM5"].map(str::to_owned);
    let found = Entities::new(&products).recognize(text);
    let found: Vec<(EntityKind, &str, &str)> =
        found.iter().map(|entity| (entity.kind, &text[entity.span.range()], entity.value.as_str())).collect();
    assert_eq!(found, expected, "{text}");
}

#[test]
fn phones() {
    check("电话13812345678谢谢", &[(Phone, "13812345678", "13812345678")]);
    check("+86 138-1234-5678", &[(Phone, "+86 138-1234-5678", "13812345678")]);
    check("１３８１２３４５６７８", &[(Phone, "１３８１２３４５６７８", "13812345678")]);
    check("vx13812345678", &[(Phone, "13812345678", "13812345678")]);
    check("021-62345678", &[(Phone, "021-62345678", "02162345678")]);
    check("打400-820-8820或4008208820或95588", &[]);
    check("1381234567", &[(OrderNumber, "1381234567", "1381234567")]);
    check("2138123456789", &[(OrderNumber, "2138123456789", "2138123456789")]);
}

#[test]
fn cards() {
    check("身份证11010519491231002X", &[(IdCard, "11010519491231002X", "11010519491231002X")]);
    check("11010519491231002x", &[(IdCard, "11010519491231002x", "11010519491231002X")]);
    check("110105194912310021", &[(OrderNumber, "110105194912310021", "110105194912310021")]);
    check("身份證號：110105194912310021", &[(IdCard, "110105194912310021", "110105194912310021")]);
    check("卡6222 0212 3456 7890 128", &[(BankCard, "6222 0212 3456 7890 128", "6222021234567890128")]);
    check("4111111111111111", &[(BankCard, "4111111111111111", "4111111111111111")]);
    check("4111111111111112", &[(OrderNumber, "4111111111111112", "4111111111111112")]);
    check("银行卡号4111111111111112", &[(BankCard, "4111111111111112", "4111111111111112")]);
    check("订单号4111111111111111", &[(OrderNumber, "4111111111111111", "4111111111111111")]);
}

#[test]
fn orders_and_parcels() {
    check("订单号是A1234567还没发", &[(OrderNumber, "A1234567", "A1234567")]);
    check("訂單編號：20240501123", &[(OrderNumber, "20240501123", "20240501123")]);
    check("order no. 112-3456789-1234567", &[(OrderNumber, "112-3456789-1234567", "112-3456789-1234567")]);
    check("SF1234567890123到哪了", &[(TrackingNumber, "SF1234567890123", "SF1234567890123")]);
    check("快递单号773012345678901", &[(TrackingNumber, "773012345678901", "773012345678901")]);
    check("运单号 yt1234567890123", &[(TrackingNumber, "yt1234567890123", "YT1234567890123")]);
    check("订单3天了,订单号是多少", &[]);
    check("iphone15promax多少钱", &[(Product, "iphone15promax", "iphone15promax")]);
}

#[test]
fn addresses_of_the_net() {
    check("发到a.b@qq.com吧", &[(Email, "a.b@qq.com", "a.b@qq.com")]);
    check("ａ＠ｑｑ．ｃｏｍ", &[(Email, "ａ＠ｑｑ．ｃｏｍ", "a@qq.com")]);
    check("看https://m.tb.cn/h.5x?id=1。好", &[(Url, "https://m.tb.cn/h.5x?id=1", "https://m.tb.cn/h.5x?id=1")]);
    check("上taobao.com买", &[(Url, "taobao.com", "taobao.com")]);
}

#[test]
fn money() {
    for (text, amount, value) in [
        ("退我三百块", "三百块", "300"),
        ("￥299.5太贵", "￥299.5", "299.5"),
        ("299元包邮", "299元", "299"),
        ("月供1.5万", "1.5万", "15000"),
        ("1,299.00元", "1,299.00元", "1299"),
        ("三块五", "三块五", "3.5"),
        ("3块5毛", "3块5毛", "3.5"),
        ("两毛钱", "两毛钱", "0.2"),
        ("一百五十块钱", "一百五十块钱", "150"),
        ("三百多块", "三百多块", "300"),
        ("两萬元", "两萬元", "20000"),
        ("rmb 88", "rmb 88", "88"),
        ("一块钱", "一块钱", "1"),
        ("618元红包", "618元", "618"),
        ("3千元", "3千元", "3000"),
        ("借1万元一天", "1万元", "10000"),
        ("十块三天", "十块", "10"),
    ] {
        check(text, &[(Money, amount, value)]);
    }
    for text in ["三块电池", "一块买", "1.5万人", "第三块屏幕", "5元素", "这块", "万元户"] {
        let found = Entities::new(&[]).recognize(text);
        assert!(found.iter().all(|entity| entity.kind != Money) || text == "万元户", "{text} {found:?}");
    }
}

#[test]
fn dates_and_times() {
    check("三個月後", &[(DateTime, "三個月後", "三个月后")]);
    for (text, date) in [
        ("昨天下午3点下的单", "昨天下午3点"),
        ("下周一能到吗", "下周一"),
        ("618买的", "618"),
        ("双十一活动", "双十一"),
        ("3月5号发货", "3月5号"),
        ("2026-05-01到期", "2026-05-01"),
        ("15:30送到", "15:30"),
        ("三天前签收", "三天前"),
        ("7天内退", "7天内"),
        ("24小时内发货", "24小时内"),
        ("2026年5月1日", "2026年5月1日"),
        ("三月五号", "三月五号"),
        ("十五号之前", "十五号"),
        ("上个月", "上个月"),
        ("晚上八点半", "晚上八点半"),
        ("星期天", "星期天"),
        ("明天上午送", "明天上午"),
        ("去年12月", "去年12月"),
        ("5号到", "5号"),
        ("两点半能到吗", "两点半"),
        ("2小时内发货", "2小时内"),
        ("大后天装机", "大后天"),
        ("昨天下午三点下的单", "昨天下午三点"),
        ("双十二", "双十二"),
    ] {
        check(text, &[(DateTime, date, date)]);
    }
    for text in [
        "便宜一点",
        "一周一次",
        "5号电池",
        "第3点",
        "早上好",
        "3号线",
        "a618b",
        "比例3:2",
        "1.618",
        "v2026-05-012",
        "七天无理由",
    ] {
        check(text, &[]);
    }
}

#[test]
fn products() {
    check("iphone15pro和IPHONE 15", &[(Product, "iphone15pro", "iPhone 15 Pro"), (Product, "IPHONE 15", "iPhone 15")]);
    check("小米手環怎么连", &[(Product, "小米手環", "小米手环")]);
    check("wh1000xm5降噪", &[(Product, "wh1000xm5", "WH-1000XM5")]);
    check("iphone155", &[]);
    check("iphone15promax", &[(Product, "iphone15promax", "iphone15promax")]);
}

/// Checks what of one kind is found.
pub(super) fn check_kind(kind: EntityKind, text: &str, expected: &[&str]) {
    let found = Entities::new(&[]).recognize(text);
    let found: Vec<&str> =
        found.iter().filter(|entity| entity.kind == kind).map(|entity| &text[entity.span.range()]).collect();
    assert_eq!(found, expected, "{text}");
}

#[test]
fn names_stand_where_words_say_so() {
    for (text, name) in [
        ("我叫李筱薇，想改地址", "李筱薇"),
        ("我叫王芳想问下快递", "王芳"),
        ("收货人：欧阳静", "欧阳静"),
        ("收货人刘洋电话是多少", "刘洋"),
        ("姓名：阿里木", "阿里木"),
        ("联系人:古丽·买买提", "古丽·买买提"),
        ("收件人 Tom Lee", "Tom Lee"),
        ("我叫小明", "小明"),
        ("我是陈思远，昨天来过电话", "陈思远"),
        ("张伟先生的件", "张伟"),
        ("給黃小明先生回電", "黃小明"),
        ("快递员田大壮态度差", "田大壮"),
        ("客服说的，叫石小兰", "石小兰"),
        ("宋佳 13862047715", "宋佳"),
        ("13862047715宋佳收", "宋佳"),
        ("收货人高峰", "高峰"),
        ("我是张晓明我的快递丢了", "张晓明"),
        ("客户王丽反映网速慢", "王丽"),
        ("我爸李建国，不会用手机银行", "李建国"),
    ] {
        check_kind(PersonName, text, &[name]);
    }
    for text in [
        "我叫你们处理",
        "我叫车去机场",
        "我叫申通来取",
        "我是会员",
        "我是石家庄的",
        "我是高中生",
        "我是全款买的",
        "张先生你好",
        "我姓张",
        "谢谢王师傅",
        "李宁的鞋",
        "王者荣耀",
        "联系人工客服",
        "收货人能改吗",
        "姓名和身份证不一致",
        "户名不符",
        "客服马上回",
        "安装师傅没来",
        "代驾师傅",
        "给张收据",
        "方便 13862047715",
        "李工 13862047715",
        "收货人：张*",
        "收货人：欧阳**",
        "联系人方式",
    ] {
        check_kind(PersonName, text, &[]);
    }
}

#[test]
fn addresses_have_a_house() {
    for (text, address) in [
        ("寄到浙江省杭州市西湖区文三路259号1幢1803室，谢谢", "浙江省杭州市西湖区文三路259号1幢1803室"),
        ("地址：广东省 深圳市 南山区 科技园南路18号", "广东省 深圳市 南山区 科技园南路18号"),
        ("我住解放路12号", "解放路12号"),
        ("放阳光花园7号楼1单元1202门口", "阳光花园7号楼1单元1202"),
        ("寄廣東省佛山市順德區東樂路268號順德大廈", "廣東省佛山市順德區東樂路268號順德大廈"),
        ("搬到锦绣江南二期18-2-301了", "锦绣江南二期18-2-301"),
        ("家在王家庄村2组36号", "王家庄村2组36号"),
        ("北京朝阳区望京SOHO塔1 A座1501", "北京朝阳区望京SOHO塔1 A座1501"),
        ("收货地址：河北省邯郸市永年区临洺关镇东街村", "河北省邯郸市永年区临洺关镇东街村"),
        ("建国路1号", "建国路1号"),
    ] {
        check_kind(Address, text, &[address]);
    }
    for text in [
        "发到北京吗",
        "江苏省苏州市能装吗",
        "你们在南京路有店吗",
        "知道18号能到吗",
        "小区18号停电",
        "江苏省苏州市11月8号能装吗",
        "3号楼电梯坏了",
        "三室一厅多大",
        "花园3室2厅",
        "2号线地铁站",
        "一单元停电",
        "5号电池",
        "口袋公园来一座",
        "收货地址：暂时不填",
        "中心2023-11-08发的",
        "地址：浙江省杭州市西湖区******",
        "靠过道，D座",
    ] {
        check_kind(Address, text, &[]);
    }
}

#[test]
fn the_word_before_decides() {
    for (text, kind, value) in [
        ("车牌粤b·d8k52", LicensePlate, "粤b·d8k52"),
        ("京A12345的保险", LicensePlate, "京A12345"),
        ("护照E12345678", Passport, "E12345678"),
        ("加我微信liming_1990", SocialAccount, "liming_1990"),
        ("QQ 12345678", SocialAccount, "12345678"),
        ("验证码是482913", Credential, "482913"),
        ("密码Abc123!改不了", Credential, "Abc123!"),
        ("一代身份证110105750313667", IdCard, "110105750313667"),
        ("礼品卡和卡号6222021234567890123", BankCard, "6222021234567890123"),
    ] {
        check_kind(kind, text, &[value]);
    }
    for (text, kind) in [
        ("新RTX4070显卡", LicensePlate),
        ("护照过期了", Passport),
        ("微信8.0.42版", SocialAccount),
        ("WX2604118到哪了", SocialAccount),
        ("验证码10分钟有效", Credential),
        ("密码输错3次", Credential),
        ("一代110105750313667", IdCard),
        ("会员卡号6222028871803340187", BankCard),
        ("流水号6222028871803340187", BankCard),
        ("订单号13862047715", Phone),
        ("https://a.cn/13862047715", Phone),
    ] {
        check_kind(kind, text, &[]);
    }
}

#[test]
fn models_need_no_list() {
    for (text, model) in [
        ("iPhone 15 Pro Max多少钱", "iPhone 15 Pro Max"),
        ("Mate60 Pro+有货吗", "Mate60 Pro+"),
        ("小米14 Ultra能分期吗", "小米14 Ultra"),
        ("华为Mate 60", "华为Mate 60"),
        ("RTX4070花屏", "RTX4070"),
        ("KFR-35GW不制冷", "KFR-35GW"),
        ("XM-100怎么重置", "XM-100"),
        ("型号BCD501", "BCD501"),
    ] {
        check_kind(Product, text, &[model]);
    }
    for text in
        ["错误码AB-100", "优惠码SAVE-2023", "航班MU-5137", "小米3斤", "A4纸", "5G套餐", "苹果5箱", "订单号AB-12345"]
    {
        check_kind(Product, text, &[]);
    }
}

#[test]
fn many_in_one_message() {
    check(
        "我昨天花299元买的iPhone 15,订单A12345678,电话138 1234 5678",
        &[
            (DateTime, "昨天", "昨天"),
            (Money, "299元", "299"),
            (Product, "iPhone 15", "iPhone 15"),
            (OrderNumber, "A12345678", "A12345678"),
            (Phone, "138 1234 5678", "13812345678"),
        ],
    );
}

#[test]
fn random_text_gives_ordered_spans_apart() {
    let mut rng = fastrand::Rng::with_seed(23);
    let parts = [
        "138",
        "1234",
        "5678",
        "１",
        "-",
        " ",
        ".",
        "@",
        "qq.com",
        "订单",
        "單號",
        "元",
        "块",
        "一",
        "三",
        "百",
        "月",
        "号",
        "点",
        "半",
        "昨天",
        "周",
        "SF",
        "X",
        "62",
        "4111111111111111",
        "https://",
        "iphone15",
        "萬",
        "😀",
        "𠮷",
        ",",
        "毛",
        "下午",
    ];
    let entities = Entities::new(&["iPhone 15".to_owned()]);
    for _ in 0..3_000 {
        let text: String = (0..rng.usize(..12)).map(|_| parts[rng.usize(..parts.len())]).collect();
        let mut at = 0;
        for entity in entities.recognize(&text) {
            assert!(entity.span.start >= at && !entity.span.is_empty() && !entity.value.is_empty(), "{text}");
            assert!(text.get(entity.span.range()).is_some(), "{text}");
            at = entity.span.end;
        }
    }
}
