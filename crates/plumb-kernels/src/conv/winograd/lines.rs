//! The five linear maps of F(4x4, 3x3) along one axis (Lavin, Gray 2016, <https://arxiv.org/abs/1509.09308>, with the
//! points 0, 1, -1, 2, -2 and infinity), each for a vector of channels, and how a map of a line becomes one of a square.

use std::mem::MaybeUninit;

use pulp::Simd;

/// Outputs of a tile along one axis.
pub(super) const OUT: usize = 4;
/// Inputs that they depend on, and products that give them.
pub(super) const IN: usize = 6;
/// Taps of the kernel.
pub(super) const TAPS: usize = 3;

/// Applies `line` to the columns, then to the rows of a square of `N` by `N` vectors; `store` gets `M` by `M`.
///
/// Plain loops: the closures of `array::from_fn` would be compiled for the plain target.
#[inline(always)]
#[expect(clippy::needless_range_loop, reason = "two arrays are walked, one of them across")]
pub(super) fn square<S: Simd, const N: usize, const M: usize>(
    simd: S,
    line: impl Fn(S, [S::f32s; N]) -> [S::f32s; M],
    load: impl Fn(usize, usize) -> S::f32s,
    mut store: impl FnMut(usize, usize, S::f32s),
) {
    let mut half = [[const { MaybeUninit::uninit() }; N]; M];
    for j in 0..N {
        let mut column = [simd.splat_f32s(0.0); N];
        for i in 0..N {
            column[i] = load(i, j);
        }
        let column = line(simd, column);
        for i in 0..M {
            half[i][j].write(column[i]);
        }
    }
    for i in 0..M {
        let mut row = [simd.splat_f32s(0.0); N];
        for j in 0..N {
            // SAFETY: the loop above has written all of them.
            #[expect(
                unsafe_code,
                reason = "to fill the square with zeros first is a twentieth of a convolution"
            )]
            unsafe {
                row[j] = half[i][j].assume_init();
            }
        }
        let row = line(simd, row);
        for j in 0..M {
            store(i, j, row[j]);
        }
    }
}

/// `B' d`: inputs to factors.
#[inline(always)]
pub(super) fn input<S: Simd>(simd: S, d: [S::f32s; IN]) -> [S::f32s; IN] {
    let (two, four) = (simd.splat_f32s(2.0), simd.splat_f32s(4.0));
    let five = simd.splat_f32s(-5.0);
    let edge = |a, b, c| simd.mul_add_e_f32s(a, four, simd.mul_add_e_f32s(b, five, c));
    let (outer, inner) =
        (simd.sub_f32s(d[4], simd.mul_f32s(d[2], four)), simd.sub_f32s(d[3], simd.mul_f32s(d[1], four)));
    let (near, far) = (simd.sub_f32s(d[4], d[2]), simd.mul_f32s(simd.sub_f32s(d[3], d[1]), two));
    [
        edge(d[0], d[2], d[4]),
        simd.add_f32s(outer, inner),
        simd.sub_f32s(outer, inner),
        simd.add_f32s(near, far),
        simd.sub_f32s(near, far),
        edge(d[1], d[3], d[5]),
    ]
}

/// `G g`: taps to factors.
#[inline(always)]
pub(super) fn taps<S: Simd>(simd: S, g: [S::f32s; TAPS]) -> [S::f32s; IN] {
    let scale = |value, factor: f32| simd.mul_f32s(value, simd.splat_f32s(factor));
    let ends = simd.add_f32s(g[0], g[2]);
    let wide = simd.mul_add_e_f32s(g[0], simd.splat_f32s(1.0 / 24.0), scale(g[2], 1.0 / 6.0));
    let middle = scale(g[1], 1.0 / 12.0);
    [
        scale(g[0], 0.25),
        scale(simd.add_f32s(ends, g[1]), -1.0 / 6.0),
        scale(simd.sub_f32s(ends, g[1]), -1.0 / 6.0),
        simd.add_f32s(wide, middle),
        simd.sub_f32s(wide, middle),
        g[2],
    ]
}

/// `A' m`: products to outputs.
#[inline(always)]
pub(super) fn output<S: Simd>(simd: S, m: [S::f32s; IN]) -> [S::f32s; OUT] {
    let add = |a, b| simd.add_f32s(a, b);
    let times = |a, factor: f32, b| simd.mul_add_e_f32s(a, simd.splat_f32s(factor), b);
    let (near_sum, near) = (add(m[1], m[2]), simd.sub_f32s(m[1], m[2]));
    let (far_sum, far) = (add(m[3], m[4]), simd.sub_f32s(m[3], m[4]));
    [
        add(add(m[0], near_sum), far_sum),
        times(far, 2.0, near),
        times(far_sum, 4.0, near_sum),
        add(times(far, 8.0, near), m[5]),
    ]
}

/// `A y`, the transposed map of [`output`]: gradients of the outputs to those of the products.
#[inline(always)]
pub(super) fn output_back<S: Simd>(simd: S, y: [S::f32s; OUT]) -> [S::f32s; IN] {
    let times = |a, factor: f32, b| simd.mul_add_e_f32s(a, simd.splat_f32s(factor), b);
    let (even, odd) = (simd.add_f32s(y[0], y[2]), simd.add_f32s(y[1], y[3]));
    let (far_even, half_odd) = (times(y[2], 4.0, y[0]), times(y[3], 4.0, y[1]));
    let two = simd.splat_f32s(2.0);
    [
        y[0],
        simd.add_f32s(even, odd),
        simd.sub_f32s(even, odd),
        simd.mul_add_e_f32s(half_odd, two, far_even),
        simd.sub_f32s(far_even, simd.mul_f32s(half_odd, two)),
        y[3],
    ]
}

/// `G' u`, the transposed map of [`taps`]: gradients of the factors to those of the taps.
#[inline(always)]
pub(super) fn taps_back<S: Simd>(simd: S, u: [S::f32s; IN]) -> [S::f32s; TAPS] {
    let times = |a, factor: f32, b| simd.mul_add_e_f32s(a, simd.splat_f32s(factor), b);
    let (near_sum, near) = (simd.add_f32s(u[1], u[2]), simd.sub_f32s(u[2], u[1]));
    let (far_sum, far) = (simd.add_f32s(u[3], u[4]), simd.sub_f32s(u[3], u[4]));
    let zero = simd.splat_f32s(0.0);
    let sixth = times(near_sum, -1.0 / 6.0, zero);
    [
        times(u[0], 0.25, times(far_sum, 1.0 / 24.0, sixth)),
        times(near, 1.0 / 6.0, times(far, 1.0 / 12.0, zero)),
        simd.add_f32s(times(far_sum, 1.0 / 6.0, sixth), u[5]),
    ]
}
