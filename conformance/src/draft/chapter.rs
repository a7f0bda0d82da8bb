//! A Markdown file as rules see it: sections, blocks of text, code and links, each with its line.

use pulldown_cmark::{CodeBlockKind, Event, HeadingLevel, Options, Parser, Tag, TagEnd};

use super::lines::Lines;

/// Most items that may be open in each other; deeper ones are read as text of the last.
const DEPTH_MAX: usize = 32;

/// A Markdown file.
#[derive(Debug, Clone, Default)]
pub struct Chapter {
    /// Path relative to the draft.
    pub path: String,
    /// Sections in order. The first one holds what stands before any heading.
    pub sections: Vec<Section>,
    /// Headings, paragraphs, list items and cells, in order.
    pub blocks: Vec<Block>,
    /// Fenced and indented code.
    pub codes: Vec<Code>,
    /// Links to other places.
    pub links: Vec<Link>,
}

/// A heading and what follows it.
#[derive(Debug, Clone, Default)]
pub struct Section {
    /// The heading's text; empty for what stands before the first.
    pub heading: String,
    /// The number that the heading begins with, as `2.1`; empty if there is none.
    pub number: String,
    /// Line of the heading.
    pub line: usize,
    /// 1 for the highest; 0 for what stands before the first heading.
    pub level: usize,
}

/// What a block is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Item {
    /// A heading.
    Heading,
    /// A paragraph.
    Paragraph,
    /// An item of a list.
    Item {
        /// How many lists it is in, from 1.
        depth: usize,
    },
    /// A cell of a table.
    Cell {
        /// Number of the table in the chapter, from 0.
        table: usize,
        /// Row, 0 for the header.
        row: usize,
        /// Column, from 0.
        column: usize,
    },
}

/// A piece of text that stands by itself.
#[derive(Debug, Clone)]
pub struct Block {
    /// What it is.
    pub item: Item,
    /// Index of its section.
    pub section: usize,
    /// First line.
    pub line: usize,
    /// The text without marks; line breaks are kept.
    pub text: String,
    /// The marked pieces.
    pub spans: Vec<Span>,
    /// Whether somebody else is quoted.
    pub quoted: bool,
}

/// A marked piece of a block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    /// Whether it is code; else it is bold.
    pub code: bool,
    /// Its text.
    pub text: String,
    /// Its line.
    pub line: usize,
    /// Byte of the block's text at which it begins.
    pub at: usize,
}

/// A block of code.
#[derive(Debug, Clone)]
pub struct Code {
    /// The first word after the fence; empty if there is none.
    pub language: String,
    /// Index of its section.
    pub section: usize,
    /// Line of the first line of code.
    pub line: usize,
    /// The code.
    pub text: String,
}

/// A link.
#[derive(Debug, Clone)]
pub struct Link {
    /// Where it leads.
    pub target: String,
    /// Its line.
    pub line: usize,
}

impl Chapter {
    /// Reads a Markdown text. Every text is one, so there is no error.
    pub fn parse(path: &str, text: &str) -> Self {
        let mut reader = Reader {
            chapter: Self {
                path: path.to_owned(),
                sections: vec![Section::default()],
                ..Self::default()
            },
            lines: Lines::of(text),
            open: None,
            depth: 0,
            quotes: 0,
            bold: None,
            cell: (0, 0, 0),
            code: None,
        };
        let options = Options::ENABLE_TABLES;
        for (event, range) in Parser::new_ext(text, options).into_offset_iter() {
            reader.event(event, range.start);
        }
        reader.close();
        reader.chapter
    }

    /// The section of a block or code.
    pub fn section(&self, index: usize) -> &Section {
        self.sections.get(index).unwrap_or(&self.sections[0])
    }

    /// The file's name without its folder.
    pub fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }

    /// The blocks and index of the last paragraph or heading before a block: what a list is about.
    pub(super) fn lead(&self, index: usize) -> Option<&Block> {
        let section = self.blocks.get(index)?.section;
        self.blocks[..index]
            .iter()
            .rev()
            .take_while(|block| block.section == section)
            .find(|block| matches!(block.item, Item::Paragraph | Item::Heading))
    }
}

struct Reader {
    chapter: Chapter,
    lines: Lines,
    open: Option<Block>,
    depth: usize,
    quotes: usize,
    bold: Option<(usize, usize)>,
    cell: (usize, usize, usize),
    code: Option<Code>,
}

impl Reader {
    fn event(&mut self, event: Event<'_>, at: usize) {
        match event {
            Event::Start(tag) => self.start(tag, at),
            Event::End(tag) => self.end(tag),
            Event::Text(text) => match &mut self.code {
                Some(code) => {
                    if code.text.is_empty() {
                        code.line = self.lines.line(at);
                    }
                    code.text.push_str(&text);
                }
                None => self.text(&text, at),
            },
            Event::Code(text) => {
                let start = self.open.as_ref().map_or(0, |block| block.text.len());
                self.text(&text, at);
                self.span(true, &text, at, start);
            }
            Event::SoftBreak | Event::HardBreak => self.text("\n", at),
            Event::Html(_)
            | Event::InlineHtml(_)
            | Event::InlineMath(_)
            | Event::DisplayMath(_)
            | Event::FootnoteReference(_)
            | Event::Rule
            | Event::TaskListMarker(_) => {}
        }
    }

    fn start(&mut self, tag: Tag<'_>, at: usize) {
        match tag {
            Tag::Heading { level, .. } => {
                self.close();
                self.chapter.sections.push(Section {
                    level: depth_of(level),
                    line: self.lines.line(at),
                    ..Section::default()
                });
                self.begin(Item::Heading, at);
            }
            Tag::Paragraph if self.depth == 0 => self.begin(Item::Paragraph, at),
            Tag::List(_) => {
                self.close();
                self.depth += 1;
            }
            Tag::BlockQuote(_) => self.quotes += 1,
            Tag::Item => {
                let depth = self.depth.min(DEPTH_MAX);
                self.begin(Item::Item { depth }, at);
            }
            Tag::CodeBlock(kind) => {
                self.close();
                let language = match kind {
                    CodeBlockKind::Fenced(info) => info
                        .split([' ', ','])
                        .next()
                        .unwrap_or_default()
                        .to_lowercase(),
                    CodeBlockKind::Indented => String::new(),
                };
                self.code = Some(Code {
                    language,
                    section: self.chapter.sections.len() - 1,
                    line: self.lines.line(at),
                    text: String::new(),
                });
            }
            Tag::TableHead => self.cell = (self.cell.0, 0, 0),
            Tag::TableRow => self.cell = (self.cell.0, self.cell.1 + 1, 0),
            Tag::TableCell => {
                let (table, row, column) = self.cell;
                self.begin(Item::Cell { table, row, column }, at);
            }
            Tag::Strong => {
                self.bold = self.open.as_ref().map(|block| (block.text.len(), at));
            }
            Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. } => {
                let line = self.lines.line(at);
                self.chapter.links.push(Link {
                    target: dest_url.into_string(),
                    line,
                });
            }
            _ => {}
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Heading(_) | TagEnd::Item => self.close(),
            TagEnd::Paragraph => self.close(),
            TagEnd::List(_) => {
                self.close();
                self.depth = self.depth.saturating_sub(1);
            }
            TagEnd::BlockQuote(_) => self.quotes = self.quotes.saturating_sub(1),
            TagEnd::TableCell => {
                self.close();
                self.cell.2 += 1;
            }
            TagEnd::Table => self.cell = (self.cell.0 + 1, 0, 0),
            TagEnd::CodeBlock => self.chapter.codes.extend(self.code.take()),
            TagEnd::Strong => {
                if let (Some((start, at)), Some(block)) = (self.bold.take(), &self.open) {
                    let text = block.text.get(start..).unwrap_or_default().to_owned();
                    self.span(false, &text, at, start);
                }
            }
            _ => {}
        }
    }

    fn begin(&mut self, item: Item, at: usize) {
        self.close();
        self.open = Some(Block {
            item,
            section: self.chapter.sections.len() - 1,
            line: self.lines.line(at),
            text: String::new(),
            spans: Vec::new(),
            quoted: self.quotes > 0,
        });
    }

    fn text(&mut self, text: &str, at: usize) {
        if self.open.is_none() {
            // What follows the first paragraph of an item.
            let item = match self.depth {
                0 => Item::Paragraph,
                depth => Item::Item {
                    depth: depth.min(DEPTH_MAX),
                },
            };
            if text.trim().is_empty() {
                return;
            }
            self.begin(item, at);
        }
        if let Some(block) = &mut self.open {
            block.text.push_str(text);
        }
    }

    fn span(&mut self, code: bool, text: &str, at: usize, start: usize) {
        let line = self.lines.line(at);
        if let Some(block) = &mut self.open {
            block.spans.push(Span {
                code,
                text: text.to_owned(),
                line,
                at: start,
            });
        }
    }

    fn close(&mut self) {
        self.bold = None;
        let Some(block) = self.open.take() else {
            return;
        };
        if block.item == Item::Heading
            && let Some(section) = self.chapter.sections.last_mut()
        {
            section.heading = block.text.trim().to_owned();
            section.number = number_of(&section.heading);
        }
        if !block.text.trim().is_empty() {
            self.chapter.blocks.push(block);
        }
    }
}

const fn depth_of(level: HeadingLevel) -> usize {
    match level {
        HeadingLevel::H1 => 1,
        HeadingLevel::H2 => 2,
        HeadingLevel::H3 => 3,
        HeadingLevel::H4 => 4,
        HeadingLevel::H5 => 5,
        HeadingLevel::H6 => 6,
    }
}

/// The number at the beginning of a heading, without a dot at its end.
fn number_of(heading: &str) -> String {
    let word = heading.split_whitespace().next().unwrap_or_default();
    let is_number = word.starts_with(|c: char| c.is_ascii_digit())
        && word.chars().all(|c| c.is_ascii_digit() || c == '.');
    if is_number {
        word.trim_end_matches('.').to_owned()
    } else {
        String::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
intro

# 2. Title

A **bold** word and `code`.

- one
  more
  - `two`: deep

| a | b |
|---|---|
| 1 | `2` |

```json
{}
```
[x](y.md)
";

    #[test]
    fn pieces_have_lines_and_sections() {
        let chapter = Chapter::parse("a.md", TEXT);
        let seen: Vec<(usize, usize, &str)> = chapter
            .blocks
            .iter()
            .map(|block| (block.line, block.section, block.text.as_str()))
            .collect();
        assert_eq!(
            seen,
            [
                (1, 0, "intro"),
                (3, 1, "2. Title"),
                (5, 1, "A bold word and code."),
                (7, 1, "one\nmore"),
                (9, 1, "two: deep"),
                (11, 1, "a"),
                (11, 1, "b"),
                (13, 1, "1"),
                (13, 1, "2"),
                (18, 1, "x"),
            ]
        );
        assert_eq!(chapter.sections[1].number, "2");
        assert_eq!(chapter.blocks[2].spans.len(), 2);
        assert_eq!(chapter.codes[0].line, 16);
        assert_eq!(chapter.links[0].target, "y.md");
    }
}
