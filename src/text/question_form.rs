//! What kind of answer a question wants.

/// The form of a question: two texts of different form rarely have one answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum QuestionForm {
    /// No form that is known.
    #[default]
    Other,
    /// 能不能, 可以吗, 支持吗.
    Possible,
    /// 怎么, 如何.
    How,
    /// 多久, 几天, 什么时候.
    When,
    /// 多少钱, 费用, 收费吗.
    HowMuch,
    /// 在哪, 哪里.
    Where,
    /// 为什么, 咋回事.
    Why,
    /// 什么, 是什么意思, 哪些.
    What,
    /// 谁.
    Who,
}

/// The marks of each form; the first list that matches wins, so narrow ones come first.
const MARKS: [(QuestionForm, &[&str]); 8] = [
    (QuestionForm::Why, &["为什么", "为啥", "为何", "咋回事", "怎么回事", "什么原因", "啥原因", "怎么会"]),
    (
        QuestionForm::When,
        &["多久", "几天", "多长时间", "什么时候", "啥时候", "何时", "几点", "几号", "多少天", "时间", "哪天", "时效"],
    ),
    (
        QuestionForm::HowMuch,
        &["多少钱", "费用", "收费", "要钱", "花钱", "运费", "手续费", "免费", "多少", "几块", "价格", "贵不贵"],
    ),
    (QuestionForm::Where, &["在哪", "哪里", "哪儿", "去哪", "什么地方", "啥地方", "入口"]),
    (QuestionForm::Who, &["谁"]),
    (QuestionForm::How, &["怎么", "如何", "怎样", "咋", "怎麽", "步骤", "流程", "方法"]),
    (
        QuestionForm::Possible,
        &[
            "能不能",
            "可不可以",
            "可以吗",
            "能吗",
            "行不行",
            "行吗",
            "可否",
            "能否",
            "支持吗",
            "是否",
            "可以",
            "能",
            "有没有",
            "会不会",
            "要不要",
            "是不是",
        ],
    ),
    (QuestionForm::What, &["什么", "啥", "哪些", "哪个", "意思"]),
];

impl QuestionForm {
    /// Tells the form of a normalized text.
    pub fn of(normalized: &str) -> Self {
        let holds = |marks: &[&str]| marks.iter().any(|mark| normalized.contains(mark));
        MARKS.iter().find(|(_, marks)| holds(marks)).map_or(Self::Other, |(form, _)| *form)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, want: QuestionForm) {
        assert_eq!(QuestionForm::of(text), want, "{text}");
    }

    #[test]
    fn forms_are_told_by_their_marks() {
        check("怎么退货", QuestionForm::How);
        check("退货怎么回事", QuestionForm::Why);
        check("退款多久到账", QuestionForm::When);
        check("寄回去要不要钱", QuestionForm::HowMuch);
        check("换屏多少钱", QuestionForm::HowMuch);
        check("门店在哪", QuestionForm::Where);
        check("能退吗", QuestionForm::Possible);
        check("退货", QuestionForm::Other);
    }
}
