//! Times training steps on made-up data and prints one JSON object; `scripts/compare/train_speed` puts PyTorch beside it.
//!
//! `train_speed WORK [BATCH] [SIZE] [STEPS]`. WORK is `resnet18` (SIZE is the images' side), `encoder` (SIZE is the number
//! of tokens), `conv`, or a preset for tables such as `mlp`.
#![expect(clippy::print_stdout, clippy::disallowed_methods, reason = "it measures time and shows the result")]

mod conv;
mod steps;
mod table;

pub(crate) type Failure = Box<dyn std::error::Error>;

/// How large and how often.
pub(crate) struct Extents {
    pub(crate) batch: usize,
    pub(crate) size: usize,
    pub(crate) steps: usize,
}

/// The most memory that the process has had, as the system counts it; absent elsewhere than on Linux.
fn peak_mib() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse::<f64>().ok().map(|kib| kib / 1024.0)
}

fn main() -> Result<(), Failure> {
    // As the binary does.
    let _agreed = plumb_kernels::memory::keep_freed();
    let _joined = plumb_kernels::threads::join_pool();
    let mut arguments = std::env::args().skip(1);
    let work = arguments.next().ok_or("name the work: resnet18, encoder, conv or a preset")?;
    let mut number = |default| arguments.next().map_or(Ok(default), |text| text.parse::<usize>());
    let mut extents = |batch, size, steps| {
        Ok::<_, Failure>(Extents { batch: number(batch)?, size: number(size)?, steps: number(steps)? })
    };
    let mut result = match work.as_str() {
        "resnet18" => steps::resnet18(&extents(32, 32, 12)?)?,
        "encoder" => steps::encoder(&extents(16, 128, 16)?)?,
        "conv" => {
            let of = extents(8, 56, 20)?;
            conv::conv(of.batch, of.steps)
        }
        preset => table::preset(preset, extents(256, 32, 390)?.batch)?,
    };
    result["peak_mib"] = peak_mib().into();
    result["threads"] = rayon::current_num_threads().into();
    println!("{result}");
    Ok(())
}
