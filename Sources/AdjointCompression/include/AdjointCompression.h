// The system's zlib, opened at run time.
//
// A build needs neither zlib's headers nor its library: the few declarations used here are in Inflate.c, and the library
// is looked up by name when a compressed file is read for the first time. Nothing here keeps state of its own.

#ifndef ADJOINT_COMPRESSION_H
#define ADJOINT_COMPRESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// A decompressor of one gzip file, and the library that it holds open. Not to be used by two threads at once.
typedef struct AdjointInflater AdjointInflater;

/// The outcome of one call of `adjoint_inflate`.
typedef enum __attribute__((enum_extensibility(closed))) AdjointInflateStatus {
  /// Room for output or input ran out; call again with more.
  AdjointInflateStatusProgress,
  /// A gzip member ended, and its length and CRC-32 agree with the data.
  AdjointInflateStatusMemberEnd,
  /// The data is not a valid gzip stream; `adjoint_inflater_message` says what zlib objects to.
  AdjointInflateStatusDamaged,
  /// zlib could not allocate its window.
  AdjointInflateStatusOutOfMemory,
} AdjointInflateStatus;

/// Whether this program can open libraries: not when it is linked statically. The C library that a library brings along may
/// not be the program's, and the two would not live together.
bool adjoint_opens_libraries(void);

/// Opens a library of this name or path, and prepares to decompress gzip.
/// Returns NULL when the library cannot be opened, is no zlib, or refuses (out of memory).
AdjointInflater *_Nullable adjoint_inflater_open(const char *_Nonnull library);

/// Decompresses from `input` to `output`; reports how many bytes it consumed and produced.
AdjointInflateStatus adjoint_inflate(
    AdjointInflater *_Nonnull inflater, const uint8_t *_Nullable input, size_t input_count, uint8_t *_Nonnull output,
    size_t output_count, size_t *_Nonnull consumed, size_t *_Nonnull produced);

/// Makes ready for another gzip member: a gzip file may hold several, one after the other. Returns 0 on success.
int adjoint_inflater_reset(AdjointInflater *_Nonnull inflater);

/// zlib's own words for the last error, such as "incorrect data check"; valid until the next call.
const char *_Nonnull adjoint_inflater_message(const AdjointInflater *_Nonnull inflater);

/// Frees the decompressor and closes the library.
void adjoint_inflater_close(AdjointInflater *_Nullable inflater);

#endif
