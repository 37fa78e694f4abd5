//! The words that fillers are recognized by. Data only; what becomes of them is told where they are used.

/// Words about the talk itself; with at least one of them a clause may be dropped.
pub(super) const TELLS: &str = "
    嗯 恩 呃 额 啊 哎 哎呀 诶 欸 唉 哦 噢 喔 喂 嘿
    那个 这个 那个啥 这个啥 那啥 那什么 这不 就是 就是说 也就是说 然后 其实 反正 另外 对了 话说 还有 哦对 是的 对 好的 那么
    是吧 对吧 是不 呢 哈 是这样 这样 这么回事 这么个事 这么个情况 这情况 情况 意思 回事 准话 准信
    说 讲 说说 讲讲 说一下 说下 说个 跟你说 跟您说 听 听听 听我说 怎么说 咋说 怎么讲 咋讲 这么说 说实话 讲真 说真的 老实说 实话说
    问 问问 问一下 问下 问个 想问 了解一下 了解下 打听 打听一下
    明白 懂 清楚 知道 不懂 不太懂 搞不懂 不知道 不清楚 不太清楚 搞不清楚 弄不懂 说清楚没 没说清楚 说不清楚 说不清
    想想 想一下 想一想 稍等 等等 等一下 等下 等会儿 帮我看 帮我看看 帮忙看看 帮看 看一眼 看看 看一下 看下 真是 真的是 真的
";

/// Words of greeting, asking and thanking: a clause with one of them is courtesy, however little else is said.
pub(super) const COURTESIES: &str = "
    你好 您好 哈喽 请问 请教 请教一下 咨询 咨询一下 咨询下 谢谢 感谢 多谢 感激 拜托 辛苦 打扰 麻烦 劳烦 劳驾 不好意思 抱歉 早啊 祝 祝好 祝您
    祝你 不胜感激 在线等 挺急的 比较急 等回复 等你回复 等您回复 望回复 盼复 盼回复 请回复 求回复 回复一下 回复下 解答 解答一下 解答下 告知 告知一下 指教 指点
    么么哒 尊敬的 亲爱的 在吗 在不在 在么 有人吗 有人在吗 求助 帮帮忙 提前谢谢 先谢谢了
";

/// Words that may stand in a clause about the talk.
pub(super) const JOINS: &str = "
    我 你 您 我们 你们 咱 我这边 我这 我这儿 我这里 那 这 就 也 还 先 再 可能 大概 差不多 好像 可以 能 想 要 有 有个 是 的 了 着 吧
    呢 嘛 呀 哈 呗 啦 哟 喽 吗 么 没 一下 一下下 下 下哈 个 事 事儿 事情 问题 给 跟 帮 帮我 帮忙 请 让 求 望 盼 上 听 到 急
    太 非常 万分 十分 很 客服 人工 师傅 老师 领导 亲 大家 工作 生活 愉快 顺利 早上 上午 下午 中午 晚上 好 冒昧 提前 不胜 回复 等
";

/// Short words that open what is asked, whatever follows; longer ones stand in `data/text/fillers.txt`.
pub(super) const OPENINGS: &[&str] = &[
    "嗯", "呃", "诶", "欸", "唉", "哎呀", "哎", "哦对", "哦", "噢", "喔", "那啥", "那个", "这个", "就是", "其实",
    "然后", "另外", "反正", "讲真", "话说", "对了", "稍等", "问问",
];

/// Opens what is asked where a mark or another opening follows.
pub(super) const OPENINGS_OF_OTHERS: &[&str] =
    &["额", "喂", "啊", "哈", "我说", "等一下", "等下", "对", "好", "还有", "有个问题", "麻烦"];

/// Likewise what closes it, whatever stands before.
pub(super) const CLOSINGS: &[&str] = &["唉", "哎呀", "嗯"];

/// Likewise what says nothing between two words.
pub(super) const BETWEEN: &[&str] = &[
    "那啥", "那个", "这个", "就是", "然后", "其实", "反正", "到底", "大概", "好像", "呃", "嗯", "诶", "啊", "呀", "呢",
    "吧", "嘛", "哦",
];

/// These go on where a filler seems to end, or began before it.
pub(super) const WORDS_AFTER: &[(&str, &[&str])] = &[
    ("这个", &["月", "周", "年", "季", "星期", "礼拜", "时", "人", "号"]),
    ("那个", &["月", "周", "年", "季", "星期", "礼拜", "时", "人", "号"]),
    ("呢", &["子", "绒"]),
    ("吧", &["台", "唧"]),
    ("哈", &["密", "尔", "士", "佛", "根", "萨"]),
    ("儿", &["子", "童", "女", "科", "歌", "媳", "孙"]),
];
pub(super) const WORDS_BEFORE: &[(&str, &[&str])] = &[
    ("吧", &["酒", "网", "贴", "茶", "水"]),
    ("就是", &["不", "也", "要", "成"]),
    ("好像", &["你", "您", "不"]),
    ("到底", &["跑", "走", "拉", "见", "一", "贯彻"]),
    ("这个", &["哪"]),
];
