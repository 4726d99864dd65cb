#include "AdjointCompression.h"

#include <dlfcn.h>
#include <stdlib.h>

// TurboJPEG's public interface, as far as it is used here: functions of version 2, which version 3 keeps.
typedef void *(*Open)(void);
typedef int (*Header)(void *, const uint8_t *, unsigned long, int *, int *, int *, int *);
typedef int (*Read)(void *, const uint8_t *, unsigned long, uint8_t *, int, int, int, int, int);
typedef char *(*Message)(void *);
typedef int (*Close)(void *);

// Of its enumerations: pixels of three bytes or of one, and the colours of a grey image.
enum { FormatRGB = 0, FormatGrey = 6, ColoursGrey = 2 };

struct AdjointJPEG {
  void *library;
  void *handle;
  Header header;
  Read read;
  Message message;
  Close close;
};

AdjointJPEG *adjoint_jpeg_open(const char *name) {
  void *library = dlopen(name, RTLD_NOW | RTLD_LOCAL);
  if (!library) return NULL;
  Open open = (Open)dlsym(library, "tjInitDecompress");
  AdjointJPEG *reader = calloc(1, sizeof *reader);
  if (reader) {
    reader->library = library;
    reader->header = (Header)dlsym(library, "tjDecompressHeader3");
    reader->read = (Read)dlsym(library, "tjDecompress2");
    reader->message = (Message)dlsym(library, "tjGetErrorStr2");
    reader->close = (Close)dlsym(library, "tjDestroy");
    if (open && reader->header && reader->read && reader->message && reader->close && (reader->handle = open())) {
      return reader;
    }
  }
  free(reader);
  dlclose(library);
  return NULL;
}

bool adjoint_jpeg_header(
    AdjointJPEG *reader, const uint8_t *bytes, size_t count, int *height, int *width, bool *is_grey) {
  int sampling = 0, colours = 0;
  if (reader->header(reader->handle, bytes, count, width, height, &sampling, &colours)) return false;
  *is_grey = colours == ColoursGrey;
  return true;
}

bool adjoint_jpeg_read(
    AdjointJPEG *reader, const uint8_t *bytes, size_t count, uint8_t *pixels, int height, int width, bool is_grey) {
  return !reader->read(
      reader->handle, bytes, count, pixels, width, 0, height, is_grey ? FormatGrey : FormatRGB, 0);
}

const char *adjoint_jpeg_message(const AdjointJPEG *reader) { return reader->message(reader->handle); }

void adjoint_jpeg_close(AdjointJPEG *reader) {
  reader->close(reader->handle);
  dlclose(reader->library);
  free(reader);
}
