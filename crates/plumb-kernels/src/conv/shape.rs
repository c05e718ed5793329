//! The extents of a convolution.

/// A convolution of `batch` images of `channels` by `height` by `width`, as `torch.nn.Conv2d` defines it; the padding
/// is zeros, the same on both sides of an axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConvShape {
    /// Images.
    pub batch: usize,
    /// Channels of the input.
    pub channels: usize,
    /// Height and width of the input.
    pub size: [usize; 2],
    /// Channels of the output.
    pub filters: usize,
    /// Height and width of the kernel.
    pub kernel: [usize; 2],
    /// Pixels from one place of the kernel to the next.
    pub stride: [usize; 2],
    /// Zeros added before and after each axis.
    pub padding: [usize; 2],
    /// Pixels from one tap of the kernel to the next.
    pub dilation: [usize; 2],
    /// Parts into which channels and filters are split; each part of the filters sees its part of the channels.
    pub groups: usize,
}

/// Why there is no such convolution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConvError {
    /// A stride, dilation, kernel side or number of groups of 0.
    Zero(&'static str),
    /// Channels or filters that the groups do not divide.
    Groups {
        /// Which of the two.
        what: &'static str,
        /// How many.
        count: usize,
        /// The groups.
        groups: usize,
    },
    /// A kernel that is larger than the padded image.
    Kernel {
        /// The kernel's extent with dilation.
        kernel: usize,
        /// The padded image's.
        image: usize,
    },
}

impl std::fmt::Display for ConvError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Zero(what) => write!(f, "a convolution's {what} must be at least 1"),
            Self::Groups { what, count, groups } => {
                write!(f, "{count} {what} cannot be split into {groups} groups")
            }
            Self::Kernel { kernel, image } => {
                write!(f, "a kernel that spans {kernel} pixels does not fit {image}")
            }
        }
    }
}

impl std::error::Error for ConvError {}

impl ConvShape {
    /// Whether the convolution exists for images of this size.
    pub fn check(&self) -> Result<(), ConvError> {
        self.check_layer()?;
        for axis in 0..2 {
            let (kernel, image) = (self.span(axis), self.size[axis] + 2 * self.padding[axis]);
            if kernel > image {
                return Err(ConvError::Kernel { kernel, image });
            }
        }
        Ok(())
    }

    /// Whether it exists for images that are large enough.
    pub fn check_layer(&self) -> Result<(), ConvError> {
        let sides = [("kernel", self.kernel), ("stride", self.stride), ("dilation", self.dilation)];
        if let Some((what, _)) = sides.into_iter().find(|(_, sides)| sides.contains(&0)) {
            return Err(ConvError::Zero(what));
        }
        if self.groups == 0 {
            return Err(ConvError::Zero("number of groups"));
        }
        for (what, count) in [("channels", self.channels), ("filters", self.filters)] {
            if !count.is_multiple_of(self.groups) {
                return Err(ConvError::Groups { what, count, groups: self.groups });
            }
        }
        Ok(())
    }

    /// Height and width of the output.
    pub fn output(&self) -> [usize; 2] {
        [0, 1]
            .map(|axis| (self.size[axis] + 2 * self.padding[axis] - self.span(axis)) / self.stride[axis] + 1)
    }

    /// Pixels that the kernel spans.
    fn span(&self, axis: usize) -> usize {
        self.dilation[axis] * (self.kernel[axis] - 1) + 1
    }

    /// Entries of the input.
    pub fn input_len(&self) -> usize {
        self.batch * self.size[0] * self.size[1] * self.channels
    }

    /// Entries of the output.
    pub fn output_len(&self) -> usize {
        self.pixels() * self.filters
    }

    /// Pixels of all outputs.
    pub(crate) fn pixels(&self) -> usize {
        let [height, width] = self.output();
        self.batch * height * width
    }

    /// Channels of a group.
    pub(crate) fn group_channels(&self) -> usize {
        self.channels / self.groups
    }

    /// Filters of a group.
    pub(crate) fn group_filters(&self) -> usize {
        self.filters / self.groups
    }

    /// Taps of the kernel.
    pub(crate) fn taps(&self) -> usize {
        self.kernel[0] * self.kernel[1]
    }

    /// Entries of the weight.
    pub(crate) fn weight_len(&self) -> usize {
        self.filters * self.group_channels() * self.taps()
    }
}
