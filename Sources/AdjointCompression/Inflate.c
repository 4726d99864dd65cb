#include "AdjointCompression.h"

#include <dlfcn.h>
#include <stdlib.h>

// zlib's public interface, as far as it is used here: frozen since zlib 1.2 (2003) and part of its binary compatibility.
typedef struct {
  const uint8_t *next_in;
  unsigned avail_in;
  unsigned long total_in;
  uint8_t *next_out;
  unsigned avail_out;
  unsigned long total_out;
  const char *msg;
  void *state;
  void *zalloc;
  void *zfree;
  void *opaque;
  int data_type;
  unsigned long adler;
  unsigned long reserved;
} ZStream;

enum { ZOK = 0, ZStreamEnd = 1, ZNeedDictionary = 2, ZMemError = -4, ZBufError = -5, ZNoFlush = 0 };

// A window of 2^15 bytes, the largest; plus 16: expect a gzip header, and check length and CRC-32 at the end; negative: expect
// no header at all.
enum { ZlibWindowBits = 15, GzipWindowBits = 15 + 16, RawWindowBits = -15 };

// The counters of a ZStream are 32 bits wide.
static const size_t LargestPiece = (size_t)1 << 30;

typedef int (*InflateInit2)(ZStream *, int, const char *, int);
typedef int (*Inflate)(ZStream *, int);
typedef int (*InflateReset)(ZStream *);
typedef int (*InflateEnd)(ZStream *);
typedef int (*Compress)(uint8_t *, unsigned long *, const uint8_t *, unsigned long, int);

// zlib's own choice between speed and size.
enum { DefaultLevel = -1 };

struct AdjointInflater {
  void *library;
  Inflate inflate;
  InflateReset reset;
  InflateEnd end;
  ZStream stream;
};

#if defined(__ELF__)
// The linker makes it where there is anything to be linked at run time.
extern const char _DYNAMIC[] __attribute__((weak, visibility("hidden")));
bool adjoint_opens_libraries(void) { return _DYNAMIC != NULL; }
#else
bool adjoint_opens_libraries(void) { return true; }
#endif

static int window_bits(AdjointDeflateFormat format) {
  switch (format) {
    case AdjointDeflateFormatGzip: return GzipWindowBits;
    case AdjointDeflateFormatZlib: return ZlibWindowBits;
    case AdjointDeflateFormatRaw: return RawWindowBits;
  }
}

AdjointInflater *adjoint_inflater_open(const char *name, AdjointDeflateFormat format) {
  void *library = dlopen(name, RTLD_NOW | RTLD_LOCAL);
  if (!library) return NULL;
  InflateInit2 init = (InflateInit2)dlsym(library, "inflateInit2_");
  AdjointInflater *inflater = calloc(1, sizeof *inflater);
  if (inflater) {
    inflater->library = library;
    inflater->inflate = (Inflate)dlsym(library, "inflate");
    inflater->reset = (InflateReset)dlsym(library, "inflateReset");
    inflater->end = (InflateEnd)dlsym(library, "inflateEnd");
    // zlib compares the first character of the version, and the size of the structure, with its own.
    if (init && inflater->inflate && inflater->reset && inflater->end &&
        init(&inflater->stream, window_bits(format), "1", (int)sizeof(ZStream)) == ZOK) {
      return inflater;
    }
  }
  free(inflater);
  dlclose(library);
  return NULL;
}

AdjointInflateStatus adjoint_inflate(
    AdjointInflater *inflater, const uint8_t *input, size_t input_count, uint8_t *output, size_t output_count,
    size_t *consumed, size_t *produced) {
  ZStream *stream = &inflater->stream;
  const unsigned in = (unsigned)(input_count < LargestPiece ? input_count : LargestPiece);
  const unsigned out = (unsigned)(output_count < LargestPiece ? output_count : LargestPiece);
  stream->next_in = input;
  stream->avail_in = in;
  stream->next_out = output;
  stream->avail_out = out;
  stream->msg = NULL;
  const int result = inflater->inflate(stream, ZNoFlush);
  *consumed = in - stream->avail_in;
  *produced = out - stream->avail_out;
  switch (result) {
    case ZOK:
    case ZBufError:  // no progress was possible: not an error of the data
      return AdjointInflateStatusProgress;
    case ZStreamEnd:
      return AdjointInflateStatusMemberEnd;
    case ZMemError:
      return AdjointInflateStatusOutOfMemory;
    default:
      return AdjointInflateStatusDamaged;
  }
}

int adjoint_inflater_reset(AdjointInflater *inflater) { return inflater->reset(&inflater->stream); }

const char *adjoint_inflater_message(const AdjointInflater *inflater) {
  return inflater->stream.msg ? inflater->stream.msg : "not a valid stream";
}

void adjoint_inflater_close(AdjointInflater *inflater) {
  if (!inflater) return;
  inflater->end(&inflater->stream);
  dlclose(inflater->library);
  free(inflater);
}

size_t adjoint_deflate(
    const char *name, const uint8_t *input, size_t input_count, uint8_t *output, size_t output_count) {
  void *library = dlopen(name, RTLD_NOW | RTLD_LOCAL);
  if (!library) return 0;
  const Compress compress = (Compress)dlsym(library, "compress2");
  unsigned long count = output_count;
  const int result = compress ? compress(output, &count, input, input_count, DefaultLevel) : ZMemError;
  dlclose(library);
  return result == ZOK ? count : 0;
}

// Two steps of four bits for each byte: a table that fits on these lines.
uint32_t adjoint_crc32(uint32_t crc, const uint8_t *bytes, size_t count) {
  static const uint32_t table[16] = {
      0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4, 0x4db26158, 0x5005713c,
      0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c, 0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
  };
  crc = ~crc;
  for (size_t i = 0; i < count; i++) {
    crc ^= bytes[i];
    crc = table[crc & 15] ^ (crc >> 4);
    crc = table[crc & 15] ^ (crc >> 4);
  }
  return ~crc;
}
