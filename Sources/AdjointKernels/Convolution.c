// Convolution: which convolutions have room in a thread's workspace.
#include "AdjointKernels.h"
#include "Workspace.h"

// GEMM_DEPTH, and the bytes of the widest vector.
enum { depth = 208, widest = 64 };

bool ak_convolves(const ak_windows *w, long kernels, long bytes) {
  const long taps = w->size[0] * w->size[1], row = w->grid[1];
  long reach[2], full[2];
  for (int axis = 0; axis < 2; axis++) {
    reach[axis] = (w->size[axis] - 1) * w->dilation[axis] + 1;
    full[axis] = (w->grid[axis] - 1) * w->stride[axis] + reach[axis];
  }
  if (row < 1 || w->grid[0] < 1 || reach[0] > AK_LEFT_BYTES || full[1] > AK_LEFT_BYTES) return false;
  // A panel of weights for all elements of a window, or for all kernels.
  if (taps * w->channels > AK_RIGHT_BYTES / widest || taps * kernels > AK_RIGHT_BYTES / widest) return false;
  // The places under one window, and those of one channel under the windows of a block.
  const long rows = depth / row + 2, images = rows / w->grid[0] + 2;
  const long height = rows * w->stride[0] + images * reach[0];
  if (w->size[1] * w->channels > AK_SUM_BYTES / bytes - widest) return false;
  return reach[0] * reach[1] * w->channels <= AK_LEFT_BYTES / bytes &&
         height <= AK_LEFT_BYTES && height * full[1] <= AK_LEFT_BYTES / bytes;
}

ak_padded ak_padded_of(const ak_windows *w, bool back) {
  const long high = (w->size[0] - 1) * w->dilation[0], wide = (w->size[1] - 1) * w->dilation[1];
  const long stride = w->stride[1], padding = w->padding[1];
  ak_padded padded = {.rows = back ? high / w->stride[0] + 1 : high + 1, .before = padding};
  if (back) padded.before = wide > padding ? (wide - padding + stride - 1) / stride : 0;
  const long last = back ? (w->width - 1 + padding) / stride : (w->grid[1] - 1) * stride - padding + wide;
  const long extent = back ? w->grid[1] : w->width;
  padded.columns = padded.before + (last < extent ? extent : last + 1);
  return padded;
}

bool ak_convolves_depthwise(const ak_windows *w) {
  if (w->grid[0] < 1 || w->grid[1] < 1 || w->size[0] * w->size[1] > AK_DEPTHWISE_PLACES) return false;
  for (int back = 0; back < 2; back++) {
    const ak_padded padded = ak_padded_of(w, back);
    if (padded.rows > AK_RIGHT_BYTES || padded.columns > AK_RIGHT_BYTES) return false;
    if ((padded.rows + 1) * padded.columns * widest > AK_RIGHT_BYTES) return false;
  }
  return true;
}
