//! A bundle as one file: a tar of regular files, sorted, mode 0644, owner, group and time 0, not compressed.
//!
//! There is one archive of given files, bit for bit. So a reader has nothing to interpret: of a header it takes path and size, and the
//! whole block must be the one that the writer makes of these two. Links, devices, folders, extensions (PAX, GNU) and every changed
//! byte of a header or a padding are refused by that comparison; `tar -xf` unpacks the file all the same.

use std::io::Read;

use crate::{BundleLimits, Files, Refusal, Why};

/// Bytes of a block.
const BLOCK: usize = 512;
/// Where a header states the path, the size and the type.
const PATH: std::ops::Range<usize> = 0..100;
const SIZE: std::ops::Range<usize> = 124..136;
const TYPE: usize = 156;
/// Bytes set aside before a file's own have come: a stated size alone reserves no more.
const SET_ASIDE: u64 = 1 << 20;

/// The one archive of these files.
pub fn write(files: &Files) -> Result<Vec<u8>, Refusal> {
    let mut out = Vec::with_capacity(files.bytes() as usize + (2 * files.len() + 2) * BLOCK);
    for (path, file) in files.iter() {
        let size = file.bytes().len() as u64;
        let header =
            header(path, size).ok_or_else(|| Refusal::of(Why::Path("a tar cannot hold it"), path))?;
        out.extend_from_slice(&header);
        out.extend_from_slice(file.bytes());
        out.resize(out.len() + padding(size), 0);
    }
    out.resize(out.len() + 2 * BLOCK, 0);
    Ok(out)
}

/// The header of a file; none for a path that does not fit.
fn header(path: &str, size: u64) -> Option<[u8; BLOCK]> {
    let mut header = tar::Header::new_ustar();
    header.set_path(path).ok()?;
    header.set_size(size);
    header.set_mode(0o644);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(0);
    header.set_entry_type(tar::EntryType::Regular);
    header.set_cksum();
    Some(*header.as_bytes())
}

fn padding(size: u64) -> usize {
    (BLOCK - (size % BLOCK as u64) as usize) % BLOCK
}

/// The files of an archive; `name` is what it is called where it is refused as a whole. One pass, no seek, no allocation that the
/// archive's own bytes do not back.
pub fn read(mut archive: impl Read, name: &str, limits: &BundleLimits) -> Result<Files, Refusal> {
    let whole = |why| Refusal::of(why, name);
    let mut files = Files::default();
    let mut last = String::new();
    loop {
        let block = block(&mut archive).map_err(whole)?;
        if block.iter().all(|&byte| byte == 0) {
            break;
        }
        let path = path(&block, limits)?;
        let refuse = |why| Refusal::of(why, &path);
        let size = size(&block).ok_or_else(|| refuse(Why::Archive("a size is no number")))?;
        if path == last {
            return Err(refuse(Why::Twice));
        }
        files.check(&path, size, limits).map_err(refuse)?;
        if path < last {
            return Err(refuse(Why::Archive("its files are not sorted")));
        }
        if header(&path, size) != Some(block) {
            return Err(refuse(Why::Archive("a header has other fields than path and size")));
        }
        let bytes = content(&mut archive, size).map_err(refuse)?;
        files.insert(&path, bytes, limits)?;
        last = path;
    }
    let rest = block(&mut archive).map_err(whole)?;
    let more = archive.read(&mut [0]).map_err(|e| whole(Why::Unreadable(e.to_string())))?;
    if rest.iter().any(|&byte| byte != 0) || more != 0 {
        return Err(whole(Why::Archive("something stands behind its end")));
    }
    Ok(files)
}

fn block(archive: &mut impl Read) -> Result<[u8; BLOCK], Why> {
    let mut block = [0; BLOCK];
    archive.read_exact(&mut block).map_err(|e| match e.kind() {
        std::io::ErrorKind::UnexpectedEof => Why::Archive("it ends too early"),
        _ => Why::Unreadable(e.to_string()),
    })?;
    Ok(block)
}

/// The path that a header states, when it is that of a regular file.
fn path(block: &[u8; BLOCK], limits: &BundleLimits) -> Result<String, Refusal> {
    let field = block.get(PATH).unwrap_or_default();
    let end = field.iter().position(|&byte| byte == 0).unwrap_or(field.len());
    let path = String::from_utf8_lossy(field.get(..end).unwrap_or_default()).into_owned();
    match block.get(TYPE) {
        Some(b'0') => {}
        other => return Err(Refusal::of(Why::NotAFile(kind(other.copied().unwrap_or_default())), path)),
    }
    crate::files::check_path(&path, limits).map_err(|why| Refusal::of(why, &path))?;
    Ok(path)
}

/// What an entry is that is no regular file.
fn kind(letter: u8) -> &'static str {
    match letter {
        b'1' => "a hard link",
        b'2' => "a symbolic link",
        b'3' | b'4' => "a device",
        b'5' => "a folder of its own",
        b'6' => "a pipe",
        b'x' | b'g' => "an extension of PAX",
        b'L' | b'K' | b'S' => "an extension of GNU",
        _ => "an entry of unknown type",
    }
}

fn size(block: &[u8; BLOCK]) -> Option<u64> {
    let digits = std::str::from_utf8(block.get(SIZE)?).ok()?;
    u64::from_str_radix(digits.trim_end_matches('\0'), 8).ok()
}

fn content(archive: &mut impl Read, size: u64) -> Result<Vec<u8>, Why> {
    let unreadable = |e: std::io::Error| Why::Unreadable(e.to_string());
    let mut bytes = Vec::with_capacity(size.min(SET_ASIDE) as usize);
    archive.take(size).read_to_end(&mut bytes).map_err(unreadable)?;
    let mut padded = Vec::new();
    archive.take(padding(size) as u64).read_to_end(&mut padded).map_err(unreadable)?;
    if bytes.len() as u64 != size || padded.len() != padding(size) {
        return Err(Why::Archive("it ends too early"));
    }
    if padded.iter().any(|&byte| byte != 0) {
        return Err(Why::Archive("something stands between its files"));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests;
