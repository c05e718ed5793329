//! What a program of Linux needs to be started: read from its ELF headers, of which no byte is believed.

/// Entries of a table of headers: a program has some ten.
const MOST_HEADERS: usize = 256;
/// Entries of the dynamic section: some thirty.
const MOST_ENTRIES: usize = 4096;
/// Bytes of a name.
const MOST_NAME: usize = 4096;

/// Types of program headers and of dynamic entries (System V ABI, chapter 5).
const PT_LOAD: u32 = 1;
const PT_DYNAMIC: u32 = 2;
const PT_INTERP: u32 = 3;
const DT_NULL: u64 = 0;
const DT_NEEDED: u64 = 1;
const DT_STRTAB: u64 = 5;
const DT_RPATH: u64 = 15;
const DT_RUNPATH: u64 = 29;

/// What a program, or a library, says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Elf {
    /// The processor, as an image names it: `amd64`, `arm64`.
    pub architecture: &'static str,
    /// The loader that starts it; none for one that needs no other file.
    pub loader: Option<String>,
    /// The libraries that it needs, by name.
    pub needed: Vec<String>,
    /// Where it wants libraries looked for before the usual folders.
    pub search: Option<String>,
}

/// Why a file is no program of Linux.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ElfError {
    /// It is another kind of file.
    #[error("it is no program of Linux")]
    Other,
    /// It is one for a machine that is not known here.
    #[error("it is a program for a machine that is not known here (ELF machine {0})")]
    Machine(u16),
    /// Its headers contradict themselves or the file.
    #[error("its ELF headers are damaged ({0})")]
    Damaged(&'static str),
}

/// A stretch of the file and where it is put in memory.
struct Segment {
    kind: u32,
    offset: usize,
    address: u64,
    bytes: usize,
}

/// Reads the headers of a program or a library.
pub fn read(file: &[u8]) -> Result<Elf, ElfError> {
    // 64 bits, little end first: what the machines below are.
    if file.get(..6) != Some(b"\x7fELF\x02\x01") {
        return Err(ElfError::Other);
    }
    let architecture = match u16_at(file, 18).ok_or(ElfError::Damaged("it ends too early"))? {
        62 => "amd64",
        183 => "arm64",
        243 => "riscv64",
        other => return Err(ElfError::Machine(other)),
    };
    let segments = segments(file)?;
    let loader = segments.iter().find(|segment| segment.kind == PT_INTERP);
    let loader = loader.map(|segment| text_at(file, segment.offset)).transpose()?;
    let mut elf = Elf { architecture, loader, needed: Vec::new(), search: None };
    if let Some(dynamic) = segments.iter().find(|segment| segment.kind == PT_DYNAMIC) {
        read_dynamic(file, dynamic, &segments, &mut elf)?;
    }
    Ok(elf)
}

fn segments(file: &[u8]) -> Result<Vec<Segment>, ElfError> {
    let early = ElfError::Damaged("it ends too early");
    let at = u64_at(file, 32).and_then(|at| usize::try_from(at).ok()).ok_or(early.clone())?;
    let size = usize::from(u16_at(file, 54).ok_or(early.clone())?);
    let count = usize::from(u16_at(file, 56).ok_or(early.clone())?);
    if size < 56 || count > MOST_HEADERS {
        return Err(ElfError::Damaged("its table of segments"));
    }
    let segment = |index: usize| {
        let at = index.checked_mul(size).and_then(|of| of.checked_add(at))?;
        let field = |by: usize| u64_at(file, at.checked_add(by)?);
        Some(Segment {
            kind: u32_at(file, at)?,
            offset: usize::try_from(field(8)?).ok()?,
            address: field(16)?,
            bytes: usize::try_from(field(32)?).ok()?,
        })
    };
    (0..count).map(|index| segment(index).ok_or(early.clone())).collect()
}

fn read_dynamic(file: &[u8], dynamic: &Segment, segments: &[Segment], elf: &mut Elf) -> Result<(), ElfError> {
    let mut entries = Vec::new();
    for index in 0..(dynamic.bytes / 16).min(MOST_ENTRIES) {
        let at = dynamic.offset.checked_add(index * 16).ok_or(ElfError::Damaged("its dynamic section"))?;
        let (tag, value) = u64_at(file, at)
            .zip(u64_at(file, at.saturating_add(8)))
            .ok_or(ElfError::Damaged("its dynamic section"))?;
        if tag == DT_NULL {
            break;
        }
        entries.push((tag, value));
    }
    let names =
        entries.iter().find(|(tag, _)| *tag == DT_STRTAB).and_then(|(_, at)| offset_of(*at, segments));
    for (tag, value) in entries {
        if !matches!(tag, DT_NEEDED | DT_RPATH | DT_RUNPATH) {
            continue;
        }
        let at = names.zip(usize::try_from(value).ok()).and_then(|(names, by)| names.checked_add(by));
        let name = text_at(file, at.ok_or(ElfError::Damaged("its table of names"))?)?;
        if tag == DT_NEEDED {
            elf.needed.push(name);
        } else {
            elf.search = Some(name);
        }
    }
    Ok(())
}

/// Where in the file an address of the memory comes from.
fn offset_of(address: u64, segments: &[Segment]) -> Option<usize> {
    let holds = |of: &&Segment| {
        of.kind == PT_LOAD && address.checked_sub(of.address).is_some_and(|by| by < of.bytes as u64)
    };
    let segment = segments.iter().find(holds)?;
    usize::try_from(address.checked_sub(segment.address)?).ok()?.checked_add(segment.offset)
}

fn text_at(file: &[u8], at: usize) -> Result<String, ElfError> {
    let damaged = ElfError::Damaged("a name in it");
    let rest = file.get(at..).ok_or(damaged.clone())?;
    let end = rest.iter().take(MOST_NAME).position(|&byte| byte == 0).ok_or(damaged.clone())?;
    let text = std::str::from_utf8(rest.get(..end).unwrap_or_default()).map_err(|_not_text| damaged)?;
    Ok(text.to_owned())
}

fn u16_at(file: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(file.get(at..at.checked_add(2)?)?.try_into().ok()?))
}

fn u32_at(file: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(file.get(at..at.checked_add(4)?)?.try_into().ok()?))
}

fn u64_at(file: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(file.get(at..at.checked_add(8)?)?.try_into().ok()?))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A program of one loaded segment that needs these libraries.
    pub(crate) fn program(loader: Option<&str>, needed: &[&str]) -> Vec<u8> {
        let headers = 2 + usize::from(loader.is_some());
        let mut names = vec![0];
        let offsets: Vec<usize> = needed
            .iter()
            .map(|name| {
                let at = names.len();
                names.extend(name.bytes().chain([0]));
                at
            })
            .collect();
        let text = loader.map(|text| [text.as_bytes(), b"\0"].concat()).unwrap_or_default();
        let names_at = 64 + 56 * headers;
        let text_at = names_at + names.len();
        let dynamic_at = text_at + text.len();
        let mut dynamic: Vec<u64> = offsets.iter().flat_map(|&at| [DT_NEEDED, at as u64]).collect();
        dynamic.extend([DT_STRTAB, 0x1000 + names_at as u64, DT_NULL, 0]);
        let all = dynamic_at + dynamic.len() * 8;
        let mut file = b"\x7fELF\x02\x01\x01".to_vec();
        file.resize(64, 0);
        file[18..20].copy_from_slice(&62u16.to_le_bytes());
        file[32..40].copy_from_slice(&64u64.to_le_bytes());
        file[54..56].copy_from_slice(&56u16.to_le_bytes());
        file[56..58].copy_from_slice(&(headers as u16).to_le_bytes());
        let mut header = |kind: u32, offset: usize, bytes: usize| {
            file.extend(kind.to_le_bytes());
            file.extend([0; 4]);
            for field in [offset as u64, 0x1000 + offset as u64, 0, bytes as u64, bytes as u64, 1] {
                file.extend(field.to_le_bytes());
            }
        };
        header(PT_LOAD, 0, all);
        header(PT_DYNAMIC, dynamic_at, dynamic.len() * 8);
        if loader.is_some() {
            header(PT_INTERP, text_at, text.len());
        }
        file.extend(names);
        file.extend(text);
        file.extend(dynamic.iter().flat_map(|word| word.to_le_bytes()));
        file
    }

    #[test]
    fn loader_and_libraries_are_found() {
        let elf = read(&program(Some("/lib64/ld-linux-x86-64.so.2"), &["libm.so.6", "libc.so.6"])).unwrap();
        assert_eq!(elf.architecture, "amd64");
        assert_eq!(elf.loader.as_deref(), Some("/lib64/ld-linux-x86-64.so.2"));
        assert_eq!(elf.needed, ["libm.so.6", "libc.so.6"]);
        let alone = read(&program(None, &[])).unwrap();
        assert!(alone.loader.is_none() && alone.needed.is_empty());
    }

    #[test]
    fn the_running_program_is_read_as_the_system_reads_it() {
        let own = std::fs::read(std::env::current_exe().unwrap()).unwrap();
        let elf = read(&own).unwrap();
        assert_eq!(elf.loader.is_some(), !elf.needed.is_empty());
    }

    #[test]
    fn no_cut_and_no_changed_byte_is_too_much() {
        let whole = program(Some("/lib/ld.so"), &["liba.so", "libb.so"]);
        for end in 0..whole.len() {
            let _any_answer = read(&whole[..end]);
        }
        for at in 0..whole.len() {
            for value in [0, 1, 0x7f, 0xff] {
                let mut changed = whole.clone();
                changed[at] = value;
                let _any_answer = read(&changed);
            }
        }
        assert_eq!(read(b"#!/bin/sh\n"), Err(ElfError::Other));
        let mut other = whole.clone();
        other[18] = 3;
        assert_eq!(read(&other), Err(ElfError::Machine(3)));
        let mut huge = whole;
        huge[56..58].copy_from_slice(&u16::MAX.to_le_bytes());
        assert!(matches!(read(&huge), Err(ElfError::Damaged(_))));
    }
}
