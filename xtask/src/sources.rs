//! The Rust files of the workspace, parsed once for all checks.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use syn::spanned::Spanned as _;
use syn::visit::Visit;

/// One file outside tests.
#[derive(Debug)]
pub(crate) struct Source {
    /// The path below the root, with `/`.
    pub(crate) path: String,
    /// Its text.
    pub(crate) text: String,
    /// Lines outside `#[cfg(test)]` items.
    pub(crate) lines: usize,
    /// Its functions outside tests.
    pub(crate) functions: Vec<Function>,
    /// Every path that its code outside tests names, as `std::fs::write`.
    pub(crate) paths: Vec<String>,
}

/// One function.
#[derive(Debug)]
pub(crate) struct Function {
    /// Its name.
    pub(crate) name: String,
    /// From the line of its signature to its last brace.
    pub(crate) lines: usize,
    /// Whether its body is a single `match`, a table in another form.
    pub(crate) one_match: bool,
}

/// Reads `crates/*/src` and `xtask/src`.
pub(crate) fn read(root: &Path) -> Result<Vec<Source>> {
    let mut files = Vec::new();
    for home in std::fs::read_dir(root.join("crates"))? {
        list(&home?.path().join("src"), &mut files)?;
    }
    list(&root.join("xtask/src"), &mut files)?;
    files.sort();
    files.iter().map(|path| parse(root, path)).collect()
}

fn list(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    for entry in std::fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let path = entry?.path();
        if path.ends_with("generated") {
            // Made by a program: `cargo run --release -p xtask -- proto`.
            continue;
        }
        if path.is_dir() {
            list(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    Ok(())
}

fn parse(root: &Path, file: &Path) -> Result<Source> {
    let text = std::fs::read_to_string(file)?;
    let syntax = syn::parse_file(&text).with_context(|| file.display().to_string())?;
    let path = file.strip_prefix(root)?.to_string_lossy().replace('\\', "/");
    let mut visitor = Visitor::default();
    visitor.visit_file(&syntax);
    let lines = text.lines().count().saturating_sub(visitor.test_lines);
    Ok(Source { path, text, lines, functions: visitor.functions, paths: visitor.paths })
}

#[derive(Default)]
struct Visitor {
    functions: Vec<Function>,
    paths: Vec<String>,
    test_lines: usize,
}

fn is_test(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let mut test = attribute.path().is_ident("test");
        if attribute.path().is_ident("cfg")
            && let syn::Meta::List(list) = &attribute.meta
        {
            test |= list.tokens.to_string().contains("test");
        }
        test
    })
}

fn line_count(span: proc_macro2::Span) -> usize {
    span.end().line + 1 - span.start().line
}

impl Visitor {
    fn function(&mut self, name: &syn::Ident, from: proc_macro2::Span, block: &syn::Block) {
        let lines = block.span().end().line + 1 - from.start().line;
        let one_match = matches!(
            block.stmts.as_slice(),
            [syn::Stmt::Expr(syn::Expr::Match(_), _)]
                | [syn::Stmt::Local(_), syn::Stmt::Expr(syn::Expr::Match(_), _)]
        );
        self.functions.push(Function { name: name.to_string(), lines, one_match });
    }

    /// The full paths of a `use` tree.
    fn use_tree(&mut self, prefix: &str, tree: &syn::UseTree) {
        match tree {
            syn::UseTree::Path(path) => self.use_tree(&format!("{prefix}{}::", path.ident), &path.tree),
            syn::UseTree::Name(name) => self.paths.push(format!("{prefix}{}", name.ident)),
            syn::UseTree::Rename(name) => self.paths.push(format!("{prefix}{}", name.ident)),
            syn::UseTree::Glob(_) => self.paths.push(format!("{prefix}*")),
            syn::UseTree::Group(group) => group.items.iter().for_each(|item| self.use_tree(prefix, item)),
        }
    }
}

impl<'ast> Visit<'ast> for Visitor {
    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        if is_test(&item.attrs) {
            self.test_lines += line_count(item.span());
        } else {
            syn::visit::visit_item_mod(self, item);
        }
    }

    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        if !is_test(&item.attrs) {
            self.function(&item.sig.ident, item.sig.span(), &item.block);
            syn::visit::visit_item_fn(self, item);
        }
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        self.function(&item.sig.ident, item.sig.span(), &item.block);
        syn::visit::visit_impl_item_fn(self, item);
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        if !is_test(&item.attrs) {
            self.use_tree("", &item.tree);
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let names: Vec<String> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        self.paths.push(names.join("::"));
        syn::visit::visit_path(self, path);
    }
}
