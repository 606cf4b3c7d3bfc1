//! Words of programs, on one line of a terminal, a menu or a notification: what cannot be seen is made visible there, as it
//! is in the window (`ui/src/parts/untrusted.ts`, whose tests hold both lists together).

use std::ops::RangeInclusive;

/// What shows nothing, or changes what stands beside it: formats (all that turn the direction of text), separators of
/// lines, what Unicode lets a font ignore, letters that are drawn as nothing, and code points that mean nothing in public.
/// Beside controls, of which `char` knows.
const UNSEEN: [RangeInclusive<char>; 29] = [
    '\u{ad}'..='\u{ad}',
    '\u{34f}'..='\u{34f}',
    '\u{600}'..='\u{605}',
    '\u{61c}'..='\u{61c}',
    '\u{6dd}'..='\u{6dd}',
    '\u{70f}'..='\u{70f}',
    '\u{890}'..='\u{891}',
    '\u{8e2}'..='\u{8e2}',
    '\u{115f}'..='\u{1160}',
    '\u{17b4}'..='\u{17b5}',
    '\u{180b}'..='\u{180f}',
    '\u{200b}'..='\u{200f}',
    '\u{2028}'..='\u{202e}',
    '\u{2060}'..='\u{206f}',
    '\u{2800}'..='\u{2800}',
    '\u{3164}'..='\u{3164}',
    '\u{e000}'..='\u{f8ff}',
    '\u{fdd0}'..='\u{fdef}',
    '\u{fe00}'..='\u{fe0e}',
    '\u{feff}'..='\u{feff}',
    '\u{ffa0}'..='\u{ffa0}',
    '\u{fff0}'..='\u{fffb}',
    '\u{fffe}'..='\u{ffff}',
    '\u{110bd}'..='\u{110bd}',
    '\u{110cd}'..='\u{110cd}',
    '\u{13430}'..='\u{1343f}',
    '\u{1bca0}'..='\u{1bca3}',
    '\u{1d173}'..='\u{1d17a}',
    '\u{e0000}'..='\u{10ffff}',
];

/// Asks for the coloured form of the sign before it: good there, and nothing anywhere else.
const COLOURED: char = '\u{fe0f}';

/// As many blanks may follow one another; more of them push what comes after out of sight.
const BLANKS: usize = 8;

/// `words` with `mark` in place of each character that cannot be seen, and of each blank too many. A blank is a blank,
/// however wide.
pub fn visible(words: &str, mark: char) -> String {
    let mut before = None;
    let mut blanks = 0;
    words
        .chars()
        .map(|c| {
            blanks = if c.is_whitespace() { blanks + 1 } else { 0 };
            let hidden = is_unseen(c) || blanks > BLANKS || (c == COLOURED && !before.is_some_and(is_picture));
            before = Some(c);
            if hidden {
                mark
            } else if c.is_whitespace() {
                ' '
            } else {
                c
            }
        })
        .collect()
}

fn is_unseen(c: char) -> bool {
    c.is_control() || UNSEEN.iter().any(|range| range.contains(&c))
}

/// Whether it has a coloured form, as near as one can tell without a table of them: a key of a telephone, or no letter.
fn is_picture(c: char) -> bool {
    matches!(c, '0'..='9' | '#' | '*')
        || !(c.is_ascii() || c.is_alphanumeric() || c.is_whitespace() || c == COLOURED || is_unseen(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_hide_nothing() {
        let controls = "\u{7}\u{1b}\u{7f}\u{85}";
        let others = "\u{ad}\u{61c}\u{180e}\u{200b}\u{200d}\u{200f}\u{2028}\u{2029}\u{202e}\u{2060}\u{2064}\u{2069}\
                      \u{2800}\u{3164}\u{e000}\u{fe00}\u{fe0f}\u{feff}\u{ffa0}\u{e0001}\u{e0041}\u{e007f}\u{e0100}\u{10fffd}";
        for hidden in controls.chars().chain(others.chars()) {
            assert_eq!(visible(&format!("a{hidden}b"), '?'), "a?b", "U+{:04X}", u32::from(hidden));
        }
    }

    #[test]
    fn words_push_nothing_out_of_sight() {
        assert_eq!(visible(&format!("a{}b", " ".repeat(8)), '?'), format!("a{}b", " ".repeat(8)));
        assert_eq!(visible(&format!("a{}b", "\u{2003}".repeat(10)), '?'), format!("a{}??b", " ".repeat(8)));
        assert_eq!(visible("a b c d e f g h i j", '?'), "a b c d e f g h i j");
    }

    #[test]
    fn words_that_people_write_stay_as_they_are() {
        for plain in ["Café Ω", "📦 Order bot", "❤\u{fe0f} 1\u{fe0f}\u{20e3}", "مساعد المكتب", "注文ボット", "e\u{301}"]
        {
            assert_eq!(visible(plain, '?'), plain);
        }
    }
}
