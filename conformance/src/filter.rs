//! Filter expressions: which checks, in words joined with `|`, `&`, `!` and parentheses.

use crate::select::SelectError;
use crate::suite::{Card, CheckSet};

/// A filter expression: words joined with `|`, `&`, `!` and parentheses.
#[derive(Debug)]
pub(crate) enum Filter {
    Word(String),
    Not(Box<Self>),
    And(Box<Self>, Box<Self>),
    Or(Box<Self>, Box<Self>),
}

impl Filter {
    pub(crate) fn parse(text: &str) -> Result<Self, SelectError> {
        let mut parser = Parser {
            text,
            rest: text,
            depth: 0,
        };
        let filter = parser.either()?;
        if parser.rest.trim().is_empty() {
            Ok(filter)
        } else {
            Err(parser.error("there is something left over at the end"))
        }
    }

    /// Whether a check of the suite matches.
    pub(crate) fn matches(&self, suite: &dyn CheckSet, card: &Card<'_>) -> bool {
        match self {
            Self::Word(word) => word_matches(suite, card, word),
            Self::Not(inner) => !inner.matches(suite, card),
            Self::And(a, b) => a.matches(suite, card) && b.matches(suite, card),
            Self::Or(a, b) => a.matches(suite, card) || b.matches(suite, card),
        }
    }

    /// Refuses words that match no check at all.
    pub(crate) fn check_words(
        &self,
        suite: &dyn CheckSet,
        filter: &str,
    ) -> Result<(), SelectError> {
        match self {
            Self::Word(word)
                if suite
                    .cards()
                    .iter()
                    .any(|card| word_matches(suite, card, word)) =>
            {
                Ok(())
            }
            Self::Word(word) => Err(SelectError::Unknown {
                filter: filter.to_owned(),
                word: word.clone(),
                near: near_names(suite, word),
            }),
            Self::Not(inner) => inner.check_words(suite, filter),
            Self::And(a, b) | Self::Or(a, b) => {
                a.check_words(suite, filter)?;
                b.check_words(suite, filter)
            }
        }
    }
}

fn word_matches(suite: &dyn CheckSet, card: &Card<'_>, word: &str) -> bool {
    if let Some(level) = word.strip_prefix("level:") {
        return card.level().eq_ignore_ascii_case(level);
    }
    if let Some(class) = word.strip_prefix("class:") {
        return card.class.as_str() == class;
    }
    if let Some(name) = word.strip_prefix("drill:") {
        return card.drill == name;
    }
    if let Some(prefix) = word.strip_suffix('*') {
        return card.id.starts_with(prefix);
    }
    card.id == word
        || suite.resolve_id(word) == Some(card.id)
        || card.requirements.contains(&word)
        || card.id.split('-').nth(1) == Some(word)
}

fn near_names(suite: &dyn CheckSet, word: &str) -> Vec<String> {
    let word = word.to_ascii_lowercase();
    let mut scored: Vec<(usize, &str)> = suite
        .cards()
        .iter()
        .map(|card| (common(&word, &card.id.to_ascii_lowercase()), card.id))
        .filter(|(score, _)| *score >= 3)
        .collect();
    scored.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(b.1)));
    scored
        .into_iter()
        .take(3)
        .map(|(_, id)| id.to_owned())
        .collect()
}

/// The number of three-letter runs of `word` that occur in `id`.
fn common(word: &str, id: &str) -> usize {
    word.as_bytes()
        .windows(3)
        .filter(|run| id.as_bytes().windows(3).any(|w| w == *run))
        .count()
}

struct Parser<'a> {
    text: &'a str,
    rest: &'a str,
    depth: usize,
}

impl Parser<'_> {
    fn either(&mut self) -> Result<Filter, SelectError> {
        let mut left = self.both()?;
        while self.eat('|') {
            left = Filter::Or(Box::new(left), Box::new(self.both()?));
        }
        Ok(left)
    }

    fn both(&mut self) -> Result<Filter, SelectError> {
        let mut left = self.one()?;
        while self.eat('&') {
            left = Filter::And(Box::new(left), Box::new(self.one()?));
        }
        Ok(left)
    }

    fn one(&mut self) -> Result<Filter, SelectError> {
        self.depth += 1;
        if self.depth > 64 {
            return Err(self.error("it is nested too deeply"));
        }
        let filter = if self.eat('!') {
            Filter::Not(Box::new(self.one()?))
        } else if self.eat('(') {
            let inner = self.either()?;
            if !self.eat(')') {
                return Err(self.error("a parenthesis is not closed"));
            }
            inner
        } else {
            self.word()?
        };
        self.depth -= 1;
        Ok(filter)
    }

    fn word(&mut self) -> Result<Filter, SelectError> {
        self.rest = self.rest.trim_start();
        let end = self
            .rest
            .find(|c: char| c.is_whitespace() || "|&!()".contains(c))
            .unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        if word.is_empty() {
            return Err(self.error("a name is missing"));
        }
        self.rest = rest;
        Ok(Filter::Word(word.to_owned()))
    }

    fn eat(&mut self, expected: char) -> bool {
        self.rest = self.rest.trim_start();
        match self.rest.strip_prefix(expected) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn error(&self, why: &'static str) -> SelectError {
        SelectError::Syntax {
            filter: self.text.to_owned(),
            why,
        }
    }
}
