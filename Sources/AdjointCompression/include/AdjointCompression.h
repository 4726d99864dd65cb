// The system's zlib and libturbojpeg, opened at run time.
//
// A build needs neither zlib's headers nor its library: the few declarations used here are in Inflate.c, and the library
// is looked up by name when a compressed file is read for the first time. Nothing here keeps state of its own.

#ifndef ADJOINT_COMPRESSION_H
#define ADJOINT_COMPRESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// The wrapping of compressed data.
typedef enum __attribute__((enum_extensibility(closed))) AdjointDeflateFormat {
  /// gzip members (RFC 1952): files that end in .gz.
  AdjointDeflateFormatGzip,
  /// A zlib stream (RFC 1950): PNG images.
  AdjointDeflateFormatZlib,
  /// Nothing around it (RFC 1951): ZIP archives.
  AdjointDeflateFormatRaw,
} AdjointDeflateFormat;

/// A decompressor of one file, and the library that it holds open. Not to be used by two threads at once.
typedef struct AdjointInflater AdjointInflater;

/// The outcome of one call of `adjoint_inflate`.
typedef enum __attribute__((enum_extensibility(closed))) AdjointInflateStatus {
  /// Room for output or input ran out; call again with more.
  AdjointInflateStatusProgress,
  /// The stream or gzip member ended, and its length and checksum agree with the data where it has any.
  AdjointInflateStatusMemberEnd,
  /// The data is not valid; `adjoint_inflater_message` says what zlib objects to.
  AdjointInflateStatusDamaged,
  /// zlib could not allocate its window.
  AdjointInflateStatusOutOfMemory,
} AdjointInflateStatus;

/// Whether this program can open libraries: not when it is linked statically. The C library that a library brings along may
/// not be the program's, and the two would not live together.
bool adjoint_opens_libraries(void);

/// Opens a library of this name or path, and prepares to decompress.
/// Returns NULL when the library cannot be opened, is no zlib, or refuses (out of memory).
AdjointInflater *_Nullable adjoint_inflater_open(const char *_Nonnull library, AdjointDeflateFormat format);

/// Decompresses from `input` to `output`; reports how many bytes it consumed and produced.
AdjointInflateStatus adjoint_inflate(
    AdjointInflater *_Nonnull inflater, const uint8_t *_Nullable input, size_t input_count, uint8_t *_Nonnull output,
    size_t output_count, size_t *_Nonnull consumed, size_t *_Nonnull produced);

/// Makes ready for another gzip member: a gzip file may hold several, one after the other. Returns 0 on success.
int adjoint_inflater_reset(AdjointInflater *_Nonnull inflater);

/// zlib's own words for the last error, such as "incorrect data check"; valid until the next call.
const char *_Nonnull adjoint_inflater_message(const AdjointInflater *_Nonnull inflater);

/// Compresses to a zlib stream with the library of this name or path. Returns the number of bytes written; 0 when the library
/// cannot be opened, is no zlib, or the output has no room.
size_t adjoint_deflate(
    const char *_Nonnull library, const uint8_t *_Nullable input, size_t input_count, uint8_t *_Nonnull output,
    size_t output_count);

/// The CRC-32 of gzip, ZIP and PNG (ISO 3309) of bytes that follow those of which `crc` is one; 0 before the first.
uint32_t adjoint_crc32(uint32_t crc, const uint8_t *_Nullable bytes, size_t count);

/// Frees the decompressor and closes the library.
void adjoint_inflater_close(AdjointInflater *_Nullable inflater);

/// A reader of JPEG images, and the library that it holds open. Not to be used by two threads at once.
typedef struct AdjointJPEG AdjointJPEG;

/// Opens a libturbojpeg of this name or path; NULL when it cannot be opened, or is another library.
AdjointJPEG *_Nullable adjoint_jpeg_open(const char *_Nonnull library);

/// Reads the size of an image, and whether it is grey. Returns false where the data are no JPEG image.
bool adjoint_jpeg_header(
    AdjointJPEG *_Nonnull reader, const uint8_t *_Nonnull bytes, size_t count, int *_Nonnull height,
    int *_Nonnull width, bool *_Nonnull is_grey);

/// Reads the pixels of an image of that size, one byte for each if it is grey, else three. Returns false where they are
/// damaged.
bool adjoint_jpeg_read(
    AdjointJPEG *_Nonnull reader, const uint8_t *_Nonnull bytes, size_t count, uint8_t *_Nonnull pixels, int height,
    int width, bool is_grey);

/// The library's own words for the last error.
const char *_Nonnull adjoint_jpeg_message(const AdjointJPEG *_Nonnull reader);

/// Frees the reader and closes the library.
void adjoint_jpeg_close(AdjointJPEG *_Nonnull reader);

#endif
