//! DER as a tree that tests take apart and put together again, wrongly if they wish.

#![allow(dead_code, reason = "each test takes what it needs")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of tests may panic as tests do")]
#![allow(unreachable_pub, missing_docs, reason = "a module of tests")]

#[derive(Clone, Debug)]
pub struct Node {
    pub tag: u8,
    pub content: Content,
    /// How its length is written.
    pub length: Length,
}

#[derive(Clone, Debug)]
pub enum Content {
    Nodes(Vec<Node>),
    Bytes(Vec<u8>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Length {
    /// As DER has it.
    Short,
    /// With a byte that is not needed, as BER allows.
    Long,
    /// Not at all, but with an end, as BER allows for nodes.
    Indefinite,
}

/// Reads DER that is known to be right.
pub fn parse(der: &[u8]) -> Vec<Node> {
    let mut nodes = Vec::new();
    let mut rest = der;
    while !rest.is_empty() {
        let (tag, first) = (rest[0], usize::from(rest[1]));
        let (header, length) = if first < 0x80 {
            (2, first)
        } else {
            let bytes = &rest[2..2 + first - 0x80];
            (2 + bytes.len(), bytes.iter().fold(0, |length, byte| length << 8 | usize::from(*byte)))
        };
        let content = &rest[header..header + length];
        let content =
            if tag & 0x20 != 0 { Content::Nodes(parse(content)) } else { Content::Bytes(content.to_vec()) };
        nodes.push(Node { tag, content, length: Length::Short });
        rest = &rest[header + length..];
    }
    nodes
}

pub fn write(nodes: &[Node]) -> Vec<u8> {
    nodes.iter().flat_map(Node::der).collect()
}

impl Node {
    pub fn holding(tag: u8, nodes: Vec<Self>) -> Self {
        Self { tag, content: Content::Nodes(nodes), length: Length::Short }
    }

    pub fn value(tag: u8, bytes: &[u8]) -> Self {
        Self { tag, content: Content::Bytes(bytes.to_vec()), length: Length::Short }
    }

    pub fn der(&self) -> Vec<u8> {
        let content = match &self.content {
            Content::Nodes(nodes) => write(nodes),
            Content::Bytes(bytes) => bytes.clone(),
        };
        let mut der = vec![self.tag];
        if self.length == Length::Indefinite {
            der.push(0x80);
            der.extend(content);
            der.extend([0, 0]);
            return der;
        }
        let bytes: Vec<u8> = content.len().to_be_bytes().into_iter().skip_while(|byte| *byte == 0).collect();
        match self.length {
            Length::Short if content.len() < 0x80 => der.push(content.len() as u8),
            Length::Short => {
                der.push(0x80 + bytes.len() as u8);
                der.extend(bytes);
            }
            _ => {
                der.push(0x81 + bytes.len() as u8);
                der.push(0);
                der.extend(bytes);
            }
        }
        der.extend(content);
        der
    }

    pub fn nodes(&self) -> &[Self] {
        match &self.content {
            Content::Nodes(nodes) => nodes,
            Content::Bytes(_) => &[],
        }
    }

    pub fn bytes(&self) -> &[u8] {
        match &self.content {
            Content::Nodes(_) => &[],
            Content::Bytes(bytes) => bytes,
        }
    }

    /// The node at these places, one a level.
    pub fn at(&self, path: &[usize]) -> &Self {
        path.iter().fold(self, |node, place| &node.nodes()[*place])
    }

    pub fn at_mut(&mut self, path: &[usize]) -> &mut Self {
        path.iter().fold(self, |node, place| match &mut node.content {
            Content::Nodes(nodes) => &mut nodes[*place],
            Content::Bytes(_) => unreachable!("no node there"),
        })
    }

    pub fn nodes_mut(&mut self) -> &mut Vec<Self> {
        match &mut self.content {
            Content::Nodes(nodes) => nodes,
            Content::Bytes(_) => unreachable!("no nodes there"),
        }
    }

    /// Every node, by its path, this one first.
    pub fn paths(&self) -> Vec<Vec<usize>> {
        let mut paths = vec![Vec::new()];
        for (place, node) in self.nodes().iter().enumerate() {
            paths.extend(node.paths().into_iter().map(|path| [vec![place], path].concat()));
        }
        paths
    }
}
