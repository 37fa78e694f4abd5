//! Questions to ask the synthetic base.

use yingda::domain::Article;

use crate::base::{SEED, VARIANTS};

/// Makes questions about the things of a base, in other words than those that stand in it.
pub fn questions(articles: &[Article], num: usize) -> Vec<String> {
    let mut rng = fastrand::Rng::with_seed(SEED + 1);
    let (leads, tails) = (["", "请问", "你好，", "想问下"], ["", "啊", "？", "，急", "呢，谢谢"]);
    let one = |_| {
        let article = &articles[rng.usize(..articles.len())];
        let text = &article.similar_questions[rng.usize(..article.similar_questions.len())];
        let (from, to) = VARIANTS[rng.usize(..VARIANTS.len())];
        let text = text.replacen(to, from, 1);
        format!("{}{text}{}", leads[rng.usize(..leads.len())], tails[rng.usize(..tails.len())])
    };
    (0..num).map(one).collect()
}
